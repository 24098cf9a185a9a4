# SPDX-License-Identifier: GPL-3.0-or-later
# What needs a Ceph of one node, beside the unit tests: faults seen from the modules, and figures.
CEPH_TOOLS := $B/tests/ceph/import_tool
$(CEPH_TOOLS) $B/tests/bench/import_bench: $B/tests/%: tests/%.c $(call libs,ceph base)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MF $@.d -Icsrc $(filter %.c %.a,$^) $(LDFLAGS) -lrados -l:libjansson.a -lcrypto -lpthread -ldl -o $@
$B/tests/bench/ceph_bench: tests/bench/ceph_bench.c $(call libs,ceph base)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MF $@.d -Icsrc $(filter %.c %.a,$^) $(LDFLAGS) -l:libjansson.a -lcrypto -lpthread -ldl -o $@

ceph: modules $(CEPH_TOOLS)
	$(Q)tests/run.py --jobs $(JOBS) ceph "tests/ceph/module_faults.py $B" "tests/ceph/volume_faults.py $B" "tests/ceph/audit_faults.py $B" \
		"tests/ceph/import_formats.py $B" "tests/ceph/import_faults.py $B"
ceph-short: modules $(CEPH_TOOLS)
	$(Q)tests/run.py --jobs $(JOBS) ceph "tests/ceph/module_faults.py $B --short" "tests/ceph/volume_faults.py $B --short" "tests/ceph/audit_faults.py $B --short" \
		"tests/ceph/import_formats.py $B --short" "tests/ceph/import_faults.py $B --short"

# Figures of images and disks, as medians of alternating runs: writes build/bench-ceph.json.
bench-ceph: modules $B/tests/bench/import_bench $B/tests/bench/ceph_bench $B/glance/.ok
	$(Q)PXC_CEPH_DIR=$(abspath $B/bin) tests/bench/bench_ceph.py $B
# What Glance stores images with, to be measured beside; Debian's Python, since Ceph's binding is Debian's.
$B/glance/.ok: mk/ceph.mk
	$(Q)$(call need,python3-rbd python3-venv)
	$(Q)/usr/bin/python3 -m venv --system-site-packages $(@D) && $(@D)/bin/pip -q install 'glance_store==5.7.0' && touch $@
.PHONY: ceph ceph-short bench-ceph
