# SPDX-License-Identifier: GPL-3.0-or-later
# How tasks are run: in place, copied, by ssh and on other machines. See docs/execution.md.
DEB_ARCH = $(shell dpkg --print-architecture)
$B/sysroot/sshd: | deps-ssh
	$(Q)mk/unpack.sh $@ $(DEB_ARCH) openssh-server libnss-wrapper
$B/sysroot/qemu:
	$(Q)mk/unpack.sh $@ $(DEB_ARCH) qemu-user-static

# One way against the other with an sshd on loopback, which is unpacked and not installed: a server for the whole machine is nobody's wish.
test-execution: modules stage $B/sysroot/sshd
	$(Q)tests/run.py execution $(foreach a,system $B/venv,"tests/contract/with_ansible.py $a tests/execution/ways.py $B")
execution-short: modules stage $B/sysroot/sshd
	$(Q)tests/run.py execution-short "tests/contract/with_ansible.py system tests/execution/ways.py $B"

# The program for aarch64, by QEMU: needs the cross compiler and 100 MB of packages, so it is not part of `make test`.
$B/foreign.so: tests/execution/foreign.c
	$(Q)$(CC) $(CFLAGS) -MF $B/foreign.d -fPIC -shared $< -o $@
test-cross: modules $B/sysroot/sshd $B/sysroot/qemu $B/foreign.so
	$(Q)$(MAKE) --no-print-directory stage ARCHES="$(ARCH) $(CROSS)"
	$(Q)tests/run.py cross $(foreach a,system $B/venv,"tests/contract/with_ansible.py $a tests/execution/foreign.py $B \
		$B/sysroot/qemu/usr/bin/qemu-$(CROSS)-static $(CROSS_SYSROOT)")
.PHONY: test-execution execution-short test-cross

# What a task costs beside ansible.builtin.ping, by both Ansibles (SSH=1: also by ssh).
bench-ansible: modules stage $(if $(SSH),$B/sysroot/sshd)
	$(Q)$(foreach a,system $B/venv,tests/contract/with_ansible.py $a tests/bench/bench_ansible.py $B $(if $(SSH),--ssh) &&) true
.PHONY: bench-ansible
