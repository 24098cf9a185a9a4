# SPDX-License-Identifier: GPL-3.0-or-later
# VMs that boot: a Linux in QEMU (emulated, no KVM needed) starts from the clone and the seed that the collection made, and says on its
# console what became of it. The images are made once, of Debian's packages, and stay in $B/boot, with the consoles of the last run.
BOOT := tests/boot/image

$B/boot/tiny.qcow2: $(addprefix $(BOOT)/,tiny.sh disk.sh kernel.sh tiny-initrd tiny-init flatten.awk report count) | deps-boot
	$(Q)mkdir -p $(@D) && $(BOOT)/tiny.sh $@
$B/boot/debian.qcow2: $(addprefix $(BOOT)/,debian.sh disk.sh pxcboot.service report count) | deps-boot
	$(Q)mkdir -p $(@D) && $(SUDO) $(BOOT)/debian.sh $@

# Debian with cloud-init: a minute for the image, one to two for each of its two boots.
test-boot: $B/boot/debian.qcow2 modules stage
	$(Q)tests/run.py boot "tests/boot/boot.py $B debian"

# Debian's kernel and a shell that reads seeds: 15 seconds for three boots.
test-boot-short: $B/boot/tiny.qcow2 modules stage
	$(Q)tests/run.py boot-short "tests/boot/boot.py $B tiny"
.PHONY: test-boot test-boot-short
