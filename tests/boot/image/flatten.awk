# SPDX-License-Identifier: GPL-3.0-or-later
# The YAML or JSON that seeds are made of, as lines "KEY <tab> VALUE": KEY is the nearest mapping key before the value, so the items
# of a list all carry the list's. Enough for a seed; block scalars, anchors and tags are not understood.
function trim(s) { gsub(/^[ \t]+|[ \t\r]+$/, "", s); return s }
function unquote(s) { return s ~ /^".*"$/ || s ~ /^'.*'$/ ? substr(s, 2, length(s) - 2) : s }
function emit(s) { if (s != "") print key "\t" s }

# Inside [] and {}, which may go on over several lines.
function flow(s,   i, c) {
	for (i = 1; i <= length(s); i++) {
		c = substr(s, i, 1)
		if (quote != "") {
			if (c == quote) quote = ""
			else if (c == "\\" && quote == "\"") tok = tok substr(s, ++i, 1)
			else tok = tok c
		} else if (c ~ /["']/) quote = c
		else if (c ~ /[[{]/) depth++
		else if (c ~ /[]},]/) {
			emit(trim(tok)); tok = ""
			if (c != ",") depth--
		} else if (c == ":" && substr(s, i + 1, 1) ~ /^(|[ "'[{])$/) {
			key = trim(tok); tok = ""
		} else tok = tok c
	}
}

depth > 0 { flow($0); next }
/^[ \t]*(#|---|$)/ { next }
{
	s = trim($0)
	while (s ~ /^-( |$)/) s = trim(substr(s, 2))
	if (match(s, /^["']?[A-Za-z0-9_.-]+["']?:( |$)/)) {
		key = substr(s, 1, RLENGTH)
		sub(/:? *$/, "", key); key = unquote(key)
		s = trim(substr(s, RLENGTH + 1))
	}
	if (s ~ /^[[{]/) flow(s)
	else emit(unquote(s))
}
