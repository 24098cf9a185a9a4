#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What the emulated machine of test-netns boots: Debian's cloud kernel with the drivers of bridges and tunnels, and a root disk with
# iproute2, tcpdump, ping, Python and ifupdown2, all from Debian's packages by the apt sources that the machine has.
#
#   image.sh OUTDIR     makes OUTDIR/vmlinuz, OUTDIR/initrd.gz and OUTDIR/root.ext4
#
# Runs as root, for the files of a Debian belong to several users; mounts and starts nothing but what mmdebstrap does in its chroot.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
here=$(dirname "$(realpath "$0")")
mkdir -p "$1"
out=$(realpath "$1")
[ "$(id -u)" = 0 ] || { echo "image.sh: run it as root" >&2; exit 1; }
work=$(mktemp -d "$out/image.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root

"$here/../boot/image/kernel.sh" "$out" virtio_pci virtio_blk ext4 af_packet veth bridge 8021q vxlan dummy vrf

apt-get indextargets --format 'deb $(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' | sort -u >"$work/sources.list"
mmdebstrap --quiet --variant=minbase --include=iproute2,iputils-ping,tcpdump,python3,ifupdown2 \
	--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
	--dpkgopt='path-exclude=/usr/share/locale/*' \
	"$(. /etc/os-release && echo "$VERSION_CODENAME")" "$root" "$work/sources.list" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
rm -rf "$root"/sbin/init "$root"/var/lib/apt/lists "$root"/var/cache/apt
install -m 755 "$here/init" "$root/sbin/init"
# As Proxmox's own package of ifupdown2 has it: a QinQ zone is a second VLAN-aware bridge.
sed -i 's/^multiple_vlan_aware_bridge_support=.*/multiple_vlan_aware_bridge_support=1/' "$root/etc/network/ifupdown2/ifupdown2.conf"

size=$(($(du -sm "$root" | cut -f1) * 5 / 4 + 32))
mke2fs -q -t ext4 -L pxcroot -E lazy_itable_init=0 -d "$root" "$work/root.ext4" "${size}M"
mv "$work/root.ext4" "$out/root.ext4"
