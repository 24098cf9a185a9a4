# SPDX-License-Identifier: GPL-3.0-or-later
# The C as clang-tidy and cppcheck read it. Each looks only at what has changed since it last had nothing to say.
# clang-tidy's own checks take a third of a second for a file; clang's analyzer, which follows paths, ten times as much: not part of "make lint".
TIDY_LAYERS := $(LAYERS) tools
TIDY_SRC := $(wildcard csrc/*.c $(TIDY_LAYERS:%=csrc/%/*.c) $(TIDY_LAYERS:%=csrc/%/*/*.c) tests/lib/*.c)
tidy_flags = -std=gnu11 -D_GNU_SOURCE $(if $(filter csrc/main.c tests/%,$1),-Icsrc -Itests,-I$B/inc/$(word 2,$(subst /, ,$1)))
# The object is there for the headers: it is made anew when one of them has changed.
tidy_object = $(if $(filter csrc/main.c,$1),$B/bin/pxc,$(patsubst csrc/%.c,$B/%.o,$(1:tests/%.c=$B/tests/%.o)))
CHECKS_tidy    := -clang-analyzer-*
CHECKS_analyze := -bugprone-*,-cert-*,-misc-*,-performance-*

# What clang-tidy counts as suppressed it says on stderr.
define tidy
$B/$1/$2.ok: $2 $(call tidy_object,$2) .clang-tidy
	$(Q)mkdir -p $$(@D)
	$(Q)clang-tidy --quiet --warnings-as-errors='*' --checks='$(CHECKS_$1)' $2 -- $(call tidy_flags,$2) 2> $$@.err || \
		{ grep -v 'warnings* generated' $$@.err; exit 1; }
	$(Q)$(RM) $$@.err && touch $$@
endef
$(foreach s,$(TIDY_SRC),$(eval $(call tidy,tidy,$s))$(eval $(call tidy,analyze,$s)))
lint-tidy: $(TIDY_SRC:%=$B/tidy/%.ok)
	$(Q)echo "$@: nothing to say about $(words $^) files"
lint-analyze: $(TIDY_SRC:%=$B/analyze/%.ok)
	$(Q)echo "$@: nothing to say about $(words $^) files"
.PHONY: lint-tidy lint-analyze

# It keeps what it knows of each file, and of the headers that it reads.
CPPCHECK := cppcheck -q -j2 --error-exitcode=1 --enable=warning,performance,portability --inline-suppr --std=c11 -D_GNU_SOURCE \
	--library=tests/sanity/cppcheck.cfg --suppressions-list=tests/sanity/cppcheck.supp --template='{file}:{line}: {severity}: {message} [{id}]'
lint-cppcheck:
	$(Q)mkdir -p $B/cppcheck
	$(Q)$(CPPCHECK) --cppcheck-build-dir=$B/cppcheck -Icsrc -Itests csrc tests/lib
.PHONY: lint-cppcheck
