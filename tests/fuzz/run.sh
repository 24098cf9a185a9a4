#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/fuzz/run.sh BUILD SECONDS NAME...: run fuzzers one after the other, one line for each; 1 when one found something.
build=$1 seconds=$2
shift 2
status=0
for name; do
	corpus=$build/corpus/$name log=$build/$name.log
	mkdir -p "$corpus"
	# The cases of the unit tests are a good beginning.
	case $name in annot | registry | network)
		for case in tests/data/annotation/*/; do
			cp "$case/input.txt" "$corpus/$(basename "$case")"
		done ;;
	esac
	if "$build/tests/fuzz/${name}_fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
		-artifact_prefix="$build/crash-$name-" "$corpus" >"$log" 2>&1; then
		echo "ok - fuzz $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs in $seconds s, nothing found"
	else
		echo "not ok - fuzz $name, the input is kept:"
		tail -n 40 "$log" | sed "s/^/# /"
		status=1
	fi
done
exit $status
