#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The tiny boot image: Debian's cloud kernel, busybox, and a shell that reads a NoCloud seed. Boots in seconds without KVM.
#
#   tiny.sh OUT.qcow2
#
# The kernel is taken from Debian's package by apt, which is not installed; needs no privileges.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
here=$(dirname "$(realpath "$0")")
out=$(realpath -m "$1")
mkdir -p "$(dirname "$out")"
work=$(mktemp -d "$(dirname "$out")/tiny.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

# linux-image-cloud-amd64 depends on the package with the kernel in it.
package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: *\(linux-image-[0-9].*\)/\1/p' | head -n 1)
[ -n "$package" ] || { echo "tiny.sh: apt knows no linux-image-cloud-amd64: run apt-get update" >&2; exit 1; }
apt-get -qq download "$package" 2>apt.log || { cat apt.log >&2; exit 1; }
dpkg-deb -x "$package"_*.deb kernel
# Modules are in lib or usr/lib, and depmod looks in one of the two.
mkdir -p kernel/usr
[ -e kernel/lib ] && ln -s ../lib kernel/usr/lib || ln -s usr/lib kernel/lib
version=$(ls kernel/lib/modules)
depmod -b kernel "$version"

mkdir -p initrd/{bin,dev,proc,sys,root,modules}
cp /bin/busybox initrd/bin/
ln -s busybox initrd/bin/sh
install -m 755 "$here/tiny-initrd" initrd/init
# In the order they must be loaded; some kernels have some of them built in, some ship them packed.
for m in virtio_pci virtio_scsi sd_mod ext4 isofs virtio_net af_packet; do
	modprobe -d kernel -S "$version" -D "$m"
done | awk '$1 == "insmod" && !seen[$2]++ {print $2}' | while read -r file; do
	name=$(basename "${file%%.ko*}").ko
	case $file in
	*.xz) xz -dc "$file" ;;
	*.zst) zstd -qdc "$file" ;;
	*) cat "$file" ;;
	esac >"initrd/modules/$name"
	echo "$name" >>initrd/modules/order
done

mkdir -p root/{bin,sbin,lib,dev,proc,sys,tmp,etc,home,root} root/var/lib/cloud/scripts/{per-instance,per-boot}
install -m 755 "$here/tiny-init" root/sbin/init
install -m 755 "$here/report" root/sbin/report
install -m 644 "$here/flatten.awk" root/lib/flatten.awk
for d in per-instance per-boot; do install -m 755 "$here/count" root/var/lib/cloud/scripts/$d/count; done
echo 'root:x:0:0:root:/root:/bin/sh' >root/etc/passwd
echo 'root:x:0:' >root/etc/group
for tree in initrd root; do
	cp /bin/busybox $tree/bin/busybox
	for applet in $(/bin/busybox --list); do [ -e $tree/bin/"$applet" ] || ln -s busybox $tree/bin/"$applet"; done
done

bsdtar --format newc --uid 0 --gid 0 -C initrd -cf - . | gzip -9n >initrd.gz
"$here/disk.sh" "$out" 128 "$(echo kernel/boot/vmlinuz-*)" initrd.gz root
