# SPDX-License-Identifier: GPL-3.0-or-later
# Every C test is one program that links all layers; it mirrors the file it tests.
TEST_LIBS = $(call libs,modules pve ansible cloud annot sim base)
unit_src  := $(wildcard tests/unit/*/*_test.c)
prop_src  := $(wildcard tests/property/*_test.c)
test_lib  := $(wildcard tests/lib/*.c)
TESTBIN    = $(patsubst tests/%.c,$B/tests/%,$1)
TESTLIB   := $(patsubst tests/lib/%.c,$B/tests/lib/%.o,$(test_lib))

$B/tests/lib/%.o: tests/lib/%.c
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -Icsrc -Itests -c $< -o $@

$B/tests/%: tests/%.c $(TESTLIB) $B/gen/specs.o $(TEST_LIBS)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MF $@.d -Icsrc -Itests $< $(TESTLIB) $B/gen/specs.o $(TEST_LIBS) $(LDFLAGS) $(LIBS_TEST) -o $@

# The C tests always run under ASan and UBSan, in an object tree of their own.
unit:
	$(Q)$(MAKE) --no-print-directory SAN=1 B=$B/san run-unit
property:
	$(Q)$(MAKE) --no-print-directory SAN=1 B=$B/san run-property
run-unit: $(call TESTBIN,$(unit_src))
	$(Q)tests/run.py unit $^
run-property: $(call TESTBIN,$(prop_src))
	$(Q)tests/run.py property $^
.PHONY: unit property run-unit run-property

# Recorded exchanges of a real PVE server, replayed against the simulator: make conformance PVE_TRUTH=dir
export PVE_TRUTH
export PXC_RESULTS := $B/results.tsv
conformance: $B/bin/pxcsim
	$(Q)PXCSIM=$B/bin/pxcsim tests/run.py conformance tests/conformance/replay.py
	$(Q)cat $B/log/conformance.log 2>/dev/null | grep -E 'agree|outside' || true

# pxc_vm killed before and after every request; short: every 7th.
crash: modules
	$(Q)tests/run.py crash "tests/crash/crash.py $B"
crash-short: modules
	$(Q)tests/run.py crash "tests/crash/crash.py $B --stride 7"

bench: modules $B/tests/bench/client_bench
	$(Q)tests/bench/bench.py $B
.PHONY: conformance crash crash-short bench

# Everything, with what it needs; the last line counts. Suites that take long run in a short form here: crash, fuzz.
SUITES := unit property contract fuzz-short conformance crash-short integration
test: deps
	$(Q)$(RM) $B/results.tsv
	$(Q)$(MAKE) --no-print-directory modules stage
	$(Q)good=0; for s in $(SUITES); do $(MAKE) --no-print-directory -k $$s || good=1; done; \
	tests/run.py --sum || good=1; exit $$good
.PHONY: test
