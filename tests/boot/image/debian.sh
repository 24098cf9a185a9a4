#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The Debian boot image: the machine's own Debian release with cloud-init, netplan and sshd, all from Debian's packages by the apt
# sources that the machine has. Takes about a minute.
#
#   debian.sh OUT.qcow2
#
# Runs as root, for the files of a Debian belong to several users; mounts and starts nothing but what mmdebstrap does in its chroot.
# Made for serial ports and slow processors: no timers, no login prompt, an initrd with the drivers of these VMs only.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
here=$(dirname "$(realpath "$0")")
out=$(realpath -m "$1")
[ "$(id -u)" = 0 ] || { echo "debian.sh: run it as root" >&2; exit 1; }
mkdir -p "$(dirname "$out")"
work=$(mktemp -d "$(dirname "$out")/debian.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root

packages=systemd-sysv,udev,kmod,dbus,linux-image-cloud-amd64,initramfs-tools,zstd,cloud-init,cloud-guest-utils,fdisk,e2fsprogs
packages+=,netplan.io,iproute2,iputils-ping,openssh-server,sudo

# Run in the chroot's place, before the packages' own files are final.
cat >"$work/customize" <<'HOOK'
set -e
printf '%s\n' virtio_pci virtio_scsi sd_mod ext4 >"$1/etc/initramfs-tools/modules"
echo 'MODULES=list' >"$1/etc/initramfs-tools/conf.d/pxcboot"
chroot "$1" update-initramfs -u
HOOK

apt-get indextargets --format 'deb $(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' | sort -u >"$work/sources.list"
mmdebstrap --quiet --variant=minbase --include="$packages" \
	--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
	--dpkgopt='path-exclude=/usr/share/locale/*' --customize-hook="sh $work/customize \"\$1\"" \
	"$(. /etc/os-release && echo "$VERSION_CODENAME")" "$root" "$work/sources.list" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }

echo unnamed >"$root/etc/hostname"
echo LANG=C.UTF-8 >"$root/etc/default/locale"
: >"$root/etc/machine-id"
rm -f "$root"/etc/resolv.conf "$root"/etc/ssh/ssh_host_* "$root"/var/lib/dbus/machine-id
echo 'PARTUUID=5078636c-02 / ext4 rw 0 0' >"$root/etc/fstab"
for unit in serial-getty@ttyS0.service getty@tty1.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
	e2scrub_all.timer e2scrub_reap.service fstrim.timer systemd-tmpfiles-clean.timer systemd-pstore.service; do
	ln -sf /dev/null "$root/etc/systemd/system/$unit"
done

cat >"$root/etc/cloud/cloud.cfg.d/90_pxcboot.cfg" <<'CFG'
datasource_list: [NoCloud]
ssh_genkeytypes: [ed25519]
locale: C.UTF-8
CFG
for d in per-instance per-boot; do install -D -m 755 "$here/count" "$root/var/lib/cloud/scripts/$d/count"; done
install -m 755 "$here/report" "$root/usr/local/sbin/pxcboot"
install -m 644 "$here/pxcboot.service" "$root/etc/systemd/system/pxcboot.service"
systemctl -q --root="$root" enable pxcboot.service

# vmlinuz and initrd go where the boot loader reads them.
kernel=$(echo "$root"/boot/vmlinuz-*) initrd=$(echo "$root"/boot/initrd.img-*)
mv "$kernel" "$work/vmlinuz"
mv "$initrd" "$work/initrd"
size=$(((($(du -sm "$root" | cut -f1) + 400) / 4 + 1) * 4))
"$here/disk.sh" "$out" "$size" "$work/vmlinuz" "$work/initrd" "$root" systemd.show_status=no
