# SPDX-License-Identifier: GPL-3.0-or-later
# The program for other architectures, by Debian's cross compiler: make cross; make dist ARCHES="x86_64 aarch64" packs both. The libraries
# are those that Debian has for the architecture, unpacked in $B/sysroot (90 packages, 40 MB), so nothing foreign is installed.
CROSS          := aarch64
CROSS_DEB      := arm64
CROSS_B        := $B/cross-$(CROSS)
CROSS_SYSROOT  := $(abspath $B)/sysroot/$(CROSS)
CROSS_PROGRAMS := $(CROSS_B)/bin/pxc $(CROSS_B)/bin/pxc-ceph.so

$(CROSS_SYSROOT):
	$(Q)mk/unpack.sh $@ $(CROSS_DEB) libc6-dev $(filter %-dev,$(DEB_BUILD))

# The generators run here, so this machine's make them first; all else is the same Makefile once more.
$(CROSS_PROGRAMS) &: FORCE | deps-cross $(CROSS_SYSROOT) $B/bin/argspec $B/bin/tables
	$(Q)$(MAKE) --no-print-directory B=$(CROSS_B) HOST_B=$B ARCH=$(CROSS) \
		CC="$(filter ccache,$(CC)) $(CROSS)-linux-gnu-gcc --sysroot=$(CROSS_SYSROOT)" AR=$(CROSS)-linux-gnu-ar $(CROSS_PROGRAMS)
cross: $(CROSS_PROGRAMS)

deps-cross:
	$(Q)$(call need,gcc-$(CROSS)-linux-gnu)
FORCE:
.PHONY: cross deps-cross FORCE
