# SPDX-License-Identifier: GPL-3.0-or-later
# One libFuzzer program for each tests/fuzz/*_fuzz.c, in an object tree of their own: make fuzz FUZZ_SECONDS=600 FUZZERS=annot
FUZZ_SECONDS ?= 20
FUZZERS ?= $(patsubst tests/fuzz/%_fuzz.c,%,$(wildcard tests/fuzz/*_fuzz.c))
FUZZ_FLAGS  := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -O1
FUZZ_PROGS   = $(FUZZERS:%=$B/tests/fuzz/%_fuzz)

fuzz:
	$(Q)$(MAKE) --no-print-directory CC=clang SAN=1 SANITIZE='$(FUZZ_FLAGS)' B=$B/fuzz run-fuzz

$(filter-out %/source_fuzz,$(FUZZ_PROGS)): $B/tests/%: tests/%.c $B/gen/specs.o $(TEST_LIBS)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -fsanitize=fuzzer -MF $@.d -Icsrc $< $B/gen/specs.o $(TEST_LIBS) $(LDFLAGS) -lmicrohttpd $(LIBS_MODULE) -o $@

# What reads sources of images is in the Ceph layer, which no other fuzzer has in it.
$B/tests/fuzz/source_fuzz: tests/fuzz/source_fuzz.c $(filter-out $(CEPH_BOX),$(CEPH_TEST))
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -fsanitize=fuzzer -MF $@.d -Icsrc $(filter %.c %.o %.a,$^) $(LDFLAGS) $(LIBS_CEPH) $(LIBS_MODULE) -o $@

# What was found interesting stays in $B/corpus for the next time; a finding is left in $B as crash-*.
run-fuzz: $(FUZZ_PROGS)
	$(Q)tests/run.py fuzz "tests/fuzz/run.sh $B $(FUZZ_SECONDS) $(FUZZERS)"
.PHONY: fuzz run-fuzz
