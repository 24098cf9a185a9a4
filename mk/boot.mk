# SPDX-License-Identifier: GPL-3.0-or-later
# A VM for real: a Linux boots in QEMU (emulated, no KVM needed) from an RBD clone and says on its console what the seed made of it.
# The images are made once, of Debian's packages, and kept in $B/boot; the consoles of the last run lie beside them.
BOOT := tests/boot/image

$B/boot/tiny.qcow2: $(addprefix $(BOOT)/,tiny.sh disk.sh tiny-initrd tiny-init flatten.awk report count)
	$(Q)$(BOOT)/tiny.sh $@
$B/boot/debian.qcow2: $(addprefix $(BOOT)/,debian.sh disk.sh pxcboot.service report count)
	$(Q)$(SUDO) $(BOOT)/debian.sh $@

# Debian with cloud-init: about a minute for the image, one to two for each of the two boots.
test-boot: deps-boot
	$(Q)$(MAKE) --no-print-directory $B/boot/debian.qcow2
	$(Q)tests/run.py boot "tests/boot/boot.py $B debian"

# Debian's kernel and a shell that reads seeds: a few seconds.
test-boot-short: deps-boot
	$(Q)$(MAKE) --no-print-directory $B/boot/tiny.qcow2
	$(Q)tests/run.py boot-short "tests/boot/boot.py $B tiny"
.PHONY: test-boot test-boot-short
