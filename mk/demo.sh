#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Run playbooks/demo.yml twice against a simulated cluster of three nodes, whose disks lie in a real Ceph of one node. KEEP=1
# leaves both running.
set -euo pipefail
build=$1
state=$(realpath -m "$build/demo")
[ ! -d "$state/ceph" ] || tests/lib/cephbox.sh down "$state/ceph"
rm -rf "$state" && mkdir -p "$state"

tests/lib/cephbox.sh up "$state/ceph" pool=cloud size=8G
"$build/bin/pxcsim" --nodes 3 --port 0 --speed 20 --state-dir "$state" --ready "$state/ready.json" \
	--ceph "$state/ceph/ceph.conf" --ceph-pool cloud >"$state/pxcsim.log" 2>&1 &
sim=$!
cleanup() {
	[ -z "${KEEP:-}" ] || return 0
	kill "$sim" 2>/dev/null || true
	wait "$sim" 2>/dev/null || true
	tests/lib/cephbox.sh down "$state/ceph"
}
trap cleanup EXIT

# Something to import: a disk of 256 MiB with 40 MiB of content, compressed, as cloud images come.
truncate -s 256M "$state/disk.raw"
head -c 40M /dev/urandom | dd of="$state/disk.raw" conv=notrunc bs=1M seek=1 status=none
qemu-img convert -c -O qcow2 "$state/disk.raw" "$state/demo.qcow2"
rm "$state/disk.raw"
for _ in $(seq 100); do
	[ -s "$state/ready.json" ] && break
	sleep 0.1
done
[ -s "$state/ready.json" ] || { cat "$state/pxcsim.log"; exit 1; }

read_key() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$state/ready.json" "$1"; }
cat >"$state/env" <<ENV
export PXC_API_URLS=$(read_key url)
export PXC_API_TOKEN_ID=$(read_key token_id)
export PXC_API_TOKEN_SECRET=$(read_key token_secret)
export PXC_CA_PATH=$(read_key ca_path)
export PXC_CEPH_CONF=$state/ceph/ceph.conf
export ANSIBLE_COLLECTIONS_PATH=$(realpath "$build")
export ANSIBLE_LOCALHOST_WARNING=False ANSIBLE_INVENTORY_UNPARSED_WARNING=False
ENV
# shellcheck source=/dev/null
. "$state/env"

with_ceph=(-e demo_storage=ceph -e demo_image_source="$state/demo.qcow2")
echo "A simulated cluster of three nodes listens at $PXC_API_URLS, its disks lie in a Ceph of one node"
ansible-playbook playbooks/demo.yml "${with_ceph[@]}" 2>&1 | tee "$state/first.log"
echo
echo "The same playbook again: nothing is left to do."
ansible-playbook playbooks/demo.yml "${with_ceph[@]}" >"$state/second.log" 2>&1 || { cat "$state/second.log"; exit 1; }
tail -n 3 "$state/second.log"
grep -q 'changed=0 .*failed=0' "$state/second.log" || { cat "$state/second.log"; exit 1; }

cat <<TXT

To run the same playbook on a real cluster, make an API token there (README, "A first playbook"), then

  export PXC_API_URLS=https://pve1.example.org:8006 PXC_CA_PATH=pve-root-ca.pem
  export PXC_API_TOKEN_ID='pxc@pve!demo' PXC_API_TOKEN_SECRET=...
  make install
  ansible-playbook playbooks/demo.yml -e demo_storage=local-lvm -e demo_bridge=vmbr0

or, where there is Ceph (docs/ceph.md says what it needs), with an image to import:

  ansible-playbook playbooks/demo.yml -e demo_storage=ceph -e demo_image_source=https://.../debian-13-genericcloud-amd64.qcow2
TXT
if [ -n "${KEEP:-}" ]; then
	echo
	echo "The simulated cluster goes on running as process $sim (end it with: kill $sim; tests/lib/cephbox.sh down $state/ceph)."
	echo "To talk to it: . $state/env"
fi
