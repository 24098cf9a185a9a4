# SPDX-License-Identifier: GPL-3.0-or-later
# The suites that run the built programs, and `make test`, which runs them all.
export PVE_TRUTH
# Suites that build in a tree of their own add to the same counts.
PXC_RESULTS ?= $B/results.tsv
export PXC_RESULTS

# Recorded exchanges of a real PVE server, replayed against the simulator: make conformance PVE_TRUTH=dir
conformance: $B/bin/pxcsim
	$(Q)r=0; PXCSIM=$B/bin/pxcsim tests/run.py conformance tests/conformance/replay.py || r=1; \
	grep -E 'exchanges' $(dir $(PXC_RESULTS))log/conformance.log; exit $$r

# pxc_vm and pxc_sdn killed before and after every request (short: every 9th), and runs at once.
crash: modules
	$(Q)tests/run.py --jobs $(JOBS) crash "tests/crash/crash.py $B" "tests/crash/addresses.py $B"
crash-short: modules
	$(Q)tests/run.py --jobs $(JOBS) crash "tests/crash/crash.py $B --stride 9" "tests/crash/addresses.py $B"

# Many runs at once on one project, with locks in PVE and in Ceph (short: fewer of those that are killed).
concurrency: modules
	$(Q)tests/run.py concurrency "tests/concurrency/runs.py $B --rounds 3"
concurrency-short: modules
	$(Q)tests/run.py concurrency "tests/concurrency/runs.py $B --short"
test-concurrency: concurrency

# Every module with a token of exactly the privileges it needs, and without one of them at a time (short: what docs/privileges.md says).
test-privileges: modules
	$(Q)tests/run.py privileges "tests/privileges/privileges.py $B"
privileges-short: modules
	$(Q)tests/run.py privileges "tests/privileges/privileges.py $B --short"

bench: modules $B/tests/bench/client_bench
	$(Q)tests/bench/bench.py $B
	$(Q)tests/bench/bench_sdn.py $B
	$(Q)tests/bench/bench_tenancy.py $B
	$(Q)$(MAKE) --no-print-directory bench-ansible
bench-sdn: modules
	$(Q)tests/bench/bench_sdn.py $B

bench-inventory: modules stage
	$(Q)tests/contract/with_ansible.py system tests/bench/bench_inventory.py $B
	$(Q)$(PYTOOLS) tests/bench/bench_inventory.py $B

fuzz-short:
	$(Q)$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=4

# Everything, with what it needs; the last line counts. Suites that take long run in a short form here.
SUITES := unit property contract packaging balance conformance privileges-short crash-short concurrency-short ceph-short fuzz-short integration sanity-short \
	execution-short awx-schema awx-short test-boot-short test-netns-short report
test: deps
	$(Q)$(RM) $B/results.tsv
	$(Q)$(MAKE) --no-print-directory -j2 modules stage
	$(Q)good=0; for s in $(SUITES); do $(MAKE) --no-print-directory -k $$s || good=1; done; \
	tests/run.py --sum || good=1; exit $$good
.PHONY: conformance test-privileges privileges-short crash crash-short concurrency concurrency-short test-concurrency fuzz-short bench bench-sdn bench-inventory test
