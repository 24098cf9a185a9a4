# SPDX-License-Identifier: GPL-3.0-or-later
"""The VM made by hand: image, clone and seed with Ceph's and QEMU's own tools, nothing of the collection.

It says what the harness and the boot images are worth by themselves: when this boots and the collection's VM does not, the fault is
in the collection.
"""
import os
import subprocess

POOL = "rbd"
STORAGE = "ceph"
IMAGE = "pxc-img-boot"
VMID = 101
MAC = "BC:24:11:00:00:65"
INSTANCE = "pxc-00000000-0000-4000-8000-000000000101"

USER_DATA = """#cloud-config
hostname: {name}
manage_etc_hosts: true
users:
  - name: {user}
    shell: /bin/bash
    sudo: ALL=(ALL) NOPASSWD:ALL
    lock_passwd: true
    ssh_authorized_keys:
      - {key}
runcmd:
  - {runcmd}
"""
META_DATA = """instance-id: {instance}
local-hostname: {name}
"""
# The MAC address in lower case: cloud-init compares it with the kernel's as text.
NETWORK_CONFIG = """version: 2
ethernets:
  net0:
    match: {{macaddress: "{mac}"}}
    set-name: eth0
    addresses: ["{ip}"]
    routes: [{{to: default, via: "{gateway}"}}]
    nameservers: {{addresses: [192.0.2.53]}}
"""


def run(*args):
    done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(args)}: {done.stdout.decode('utf-8', 'replace')}")


def seed(folder, want):
    """An ISO 9660 volume labelled cidata with the three files of NoCloud."""
    values = dict(want, mac=MAC.lower(), instance=INSTANCE)
    for name, text in (("user-data", USER_DATA), ("meta-data", META_DATA), ("network-config", NETWORK_CONFIG)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text.format(**values))
    iso = os.path.join(folder, "seed.iso")
    run("bsdtar", "-cf", iso, "--format", "iso9660", "--options", "volume-id=cidata", "-C", folder,
        "user-data", "meta-data", "network-config")
    return iso


def make_vm(folder, ceph_conf, image, want):
    """Returns the VM's configuration as PVE's GET .../config has it, and which pool a storage is."""
    def rbd(*args):
        run("rbd", "--conf", ceph_conf, "--rbd-default-clone-format", "2", *args)
    disk, seed_disk = f"vm-{VMID}-disk-0", f"vm-{VMID}-pxcseed"
    run("qemu-img", "convert", "-O", "raw", image, f"rbd:{POOL}/{IMAGE}:conf={ceph_conf}")
    rbd("snap", "create", "--no-progress", f"{POOL}/{IMAGE}@1")
    rbd("clone", f"{POOL}/{IMAGE}@1", f"{POOL}/{disk}")
    rbd("resize", "--no-progress", "--size", f"{want['disk_gb']}G", f"{POOL}/{disk}")
    rbd("import", "--no-progress", seed(folder, want), f"{POOL}/{seed_disk}")
    return {
        "name": want["name"], "memory": "512", "cores": 1, "boot": "order=scsi0", "scsihw": "virtio-scsi-single",
        "scsi0": f"{STORAGE}:{disk},size={want['disk_gb']}G", "scsi30": f"{STORAGE}:{seed_disk},ro=1",
        "net0": f"virtio={MAC},bridge=vmbr0",
    }, {STORAGE: POOL}
