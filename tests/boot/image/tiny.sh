#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The tiny boot image: Debian's cloud kernel, busybox, and a shell that reads a NoCloud seed. Boots in seconds without KVM.
#
#   tiny.sh OUT.qcow2
#
# Needs no privileges.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
out=$(realpath -m "$1")
mkdir -p "$(dirname "$out")"
work=$(mktemp -d "$(dirname "$out")/tiny.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

"$here/kernel.sh" kernel virtio_pci virtio_scsi sd_mod ext4 isofs virtio_net af_packet

mkdir -p root/{bin,sbin,lib,dev,proc,sys,tmp,etc,home,root} root/var/lib/cloud/scripts/{per-instance,per-boot}
install -m 755 "$here/tiny-init" root/sbin/init
install -m 755 "$here/report" root/sbin/report
install -m 644 "$here/flatten.awk" root/lib/flatten.awk
for d in per-instance per-boot; do install -m 755 "$here/count" root/var/lib/cloud/scripts/$d/count; done
echo 'root:x:0:0:root:/root:/bin/sh' >root/etc/passwd
echo 'root:x:0:' >root/etc/group
cp /bin/busybox root/bin/
for applet in $(/bin/busybox --list); do [ -e root/bin/"$applet" ] || ln -s busybox root/bin/"$applet"; done

"$here/disk.sh" "$out" 128 kernel/vmlinuz kernel/initrd.gz root
