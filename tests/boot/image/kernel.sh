#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Debian's cloud kernel, and an initrd that loads drivers and goes to the root disk labelled pxcroot.
#
#   kernel.sh OUTDIR MODULE...     makes OUTDIR/vmlinuz and OUTDIR/initrd.gz
#
# The kernel is taken from Debian's package by apt, which is not installed; needs no privileges.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
here=$(dirname "$(realpath "$0")")
mkdir -p "$1"
out=$(realpath "$1")
shift
work=$(mktemp -d "$out/kernel.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

# linux-image-cloud-amd64 depends on the package with the kernel in it.
package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: *\(linux-image-[0-9].*\)/\1/p' | head -n 1)
[ -n "$package" ] || { echo "kernel.sh: apt knows no linux-image-cloud-amd64: run apt-get update" >&2; exit 1; }
apt-get -qq download "$package" 2>apt.log || { cat apt.log >&2; exit 1; }
dpkg-deb -x "$package"_*.deb kernel
# Modules are in lib or usr/lib, and depmod looks in one of the two.
mkdir -p kernel/usr
[ -e kernel/lib ] && ln -s ../lib kernel/usr/lib || ln -s usr/lib kernel/lib
version=$(ls kernel/lib/modules)
depmod -b kernel "$version"

mkdir -p initrd/{bin,dev,proc,sys,root,modules}
cp /bin/busybox initrd/bin/
for applet in $(/bin/busybox --list); do [ -e initrd/bin/"$applet" ] || ln -s busybox initrd/bin/"$applet"; done
install -m 755 "$here/tiny-initrd" initrd/init
# In the order they must be loaded; some kernels have some of them built in, some ship them packed.
for m in "$@"; do
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
bsdtar --format newc --uid 0 --gid 0 -C initrd -cf - . | gzip -9n >"$out/initrd.gz"
cp kernel/boot/vmlinuz-* "$out/vmlinuz"
