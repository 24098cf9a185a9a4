#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Make a disk that a BIOS boots, without mounting anything: a FAT partition with syslinux, kernel and initrd, an ext4 one with a root.
#
#   disk.sh OUT.qcow2 SIZE_MIB KERNEL INITRD ROOTDIR [KERNEL_ARGUMENT...]
#
# The root is the last partition, labelled pxcroot, so that a guest can grow it. What the kernel and the guest say goes to the first
# serial port. The qcow2 is compressed, as the images are that people download.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
out=$1 size=$2 kernel=$3 initrd=$4 root=$5
shift 5
disk_id=5078636c boot_mib=64
root_uuid=70786300-0000-4000-8000-000000000002
raw=$out.raw
trap 'rm -f "$raw" "$raw".cfg' EXIT

rm -f "$raw"
truncate -s "${size}M" "$raw"
sfdisk -q "$raw" <<TABLE
label: dos
label-id: 0x$disk_id
start=1MiB, size=${boot_mib}MiB, type=c, bootable
type=83
TABLE
dd if=/usr/lib/SYSLINUX/mbr.bin of="$raw" bs=440 count=1 conv=notrunc status=none

cat >"$raw.cfg" <<CFG
SERIAL 0 115200
DEFAULT linux
LABEL linux
	KERNEL /vmlinuz
	INITRD /initrd
	APPEND root=PARTUUID=$disk_id-02 rw console=ttyS0,115200 quiet loglevel=3 panic=1 $*
CFG
mformat -i "$raw@@1M" -T $((boot_mib * 2048)) -H 2048 -h 255 -s 63 -N $disk_id -v PXCBOOT ::
mcopy -i "$raw@@1M" "$kernel" ::vmlinuz
mcopy -i "$raw@@1M" "$initrd" ::initrd
mcopy -i "$raw@@1M" "$raw.cfg" ::syslinux.cfg
syslinux --install --offset $((1 << 20)) "$raw"

mke2fs -q -t ext4 -L pxcroot -U $root_uuid -E "offset=$(((1 + boot_mib) << 20)),hash_seed=$root_uuid,lazy_itable_init=0" \
	-d "$root" "$raw" $(((size - 1 - boot_mib) * 1024))
qemu-img convert -c -O qcow2 "$raw" "$out.new"
mv "$out.new" "$out"
