# SPDX-License-Identifier: GPL-3.0-or-later
# Every C test is one program that links all layers; it mirrors the file it tests.
TEST_LIBS = $(call libs,modules pve ansible cloud annot sim ceph base)
unit_src  := $(wildcard tests/unit/*/*_test.c tests/unit/*/*/*_test.c)
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

# Tests of the Ceph layer also talk to Ceph themselves, and know the layer's inner functions; no other layer is in them.
CEPH_BOX  := $(patsubst tests/lib/%.c,$B/tests/lib/%.o,$(wildcard tests/lib/ceph/*.c))
CEPH_TEST  = $(CEPH_BOX) \
	$(patsubst csrc/%.c,$B/pic/%.o,$(filter-out csrc/ceph/load.c csrc/ceph/table.c,$(wildcard csrc/ceph/*.c))) \
	$(call libs,ceph base)
# By name: which of two patterns that fit is taken differs between make 4.3 and 4.4.
$(patsubst tests/%.c,$B/tests/%,$(wildcard tests/unit/ceph/*_test.c)): $B/tests/%: tests/%.c $(CEPH_TEST)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MF $@.d -Icsrc -Itests $< $(CEPH_TEST) $(LDFLAGS) $(LIBS_CEPH) $(LIBS_TEST) -o $@

# The C tests always run under ASan and UBSan, in an object tree of their own; one Ceph serves all of them.
unit:
	$(Q)$(MAKE) --no-print-directory SAN=1 B=$B/san run-unit
property:
	$(Q)$(MAKE) --no-print-directory SAN=1 B=$B/san run-property
run-unit: $(call TESTBIN,$(unit_src)) $B/bin/pxc-ceph.so
	$(Q)PXC_CEPH_DIR=$(abspath $B/bin) LSAN_OPTIONS=suppressions=tests/lib/lsan.supp:print_suppressions=0 \
		tests/lib/with_ceph.sh $B/cephbox tests/run.py --jobs $(JOBS) unit $(filter-out %.so,$^)
run-property: $(call TESTBIN,$(prop_src)) $B/bin/pxc-ceph.so
	$(Q)PXC_CEPH_DIR=$(abspath $B/bin) tests/run.py --jobs $(JOBS) property $(filter-out %.so,$^)
.PHONY: unit property run-unit run-property
