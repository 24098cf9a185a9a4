# SPDX-License-Identifier: GPL-3.0-or-later
# Zones and vnets as frames on a cable: what pxcsim says that two nodes would write is made with iproute2 in network namespaces. Where
# the kernel lacks bridges, VLANs or VXLAN, Debian's kernel does it in QEMU (emulated, no KVM needed); its image is made once, in a
# minute. Without either the suite counts as skipped.
NETNS_IMAGE := $(addprefix tests/netns/,image.sh init) tests/boot/image/kernel.sh tests/boot/image/tiny-initrd

$B/netns/root.ext4: $(NETNS_IMAGE) | deps-boot
	$(Q)$(SUDO) tests/netns/image.sh $(@D)
netns-image: $B/netns/root.ext4

test-netns test-netns-short: modules deps-netns
	$(Q)tests/netns/run.py --probe || $(MAKE) --no-print-directory netns-image || true
	$(Q)tests/run.py $(@:test-%=%) "tests/netns/run.py $B $(if $(filter %-short,$@),--short)"
.PHONY: test-netns test-netns-short netns-image
