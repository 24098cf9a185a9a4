#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot a Linux from an RBD clone with its seed, both made by the collection, and read on its console what it knows of itself.

    tests/boot/boot.py BUILD tiny|debian

Only the cluster's API is simulated, and the processor emulated: boot.yml imports the image into a real Ceph, clones it and writes
the seed; the volumes and the MAC address that QEMU gets are those that PVE's API tells of the VM; its firmware boots the disk, and in
the guest works Debian's cloud-init (debian) or a shell that reads seeds (tiny). Booted twice, as a VM is that was shut down; the tiny
one a third time with another seed. BUILD/boot has the images, made by make, and afterwards the consoles, IMAGE-1.log and so on.
Speaks TAP.
"""
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

import guest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "ceph"))
from compare_views import Api
from lab import Lab, SlowServer, outputs

# Seconds for one boot, on a slow machine with other work to do.
DEADLINE = {"tiny": 180, "debian": 540}
# What boot.yml says.
NAME, USER, ADDRESS, GATEWAY, DISK = "booted", "alice", "192.0.2.10/24", "192.0.2.1", 3 << 30


def make_key(folder):
    path = os.path.join(folder, "key")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "alice@example.org", "-f", path], check=True)
    with open(path + ".pub", encoding="utf-8") as f:
        return f.read().strip()


def play(lab, **variables):
    """Run boot.yml; how many of its tasks changed something."""
    env = dict(lab.env, ANSIBLE_COLLECTIONS_PATH=lab.build, ANSIBLE_LOCALHOST_WARNING="False", ANSIBLE_RETRY_FILES_ENABLED="False",
               ANSIBLE_INVENTORY_UNPARSED_WARNING="False", ANSIBLE_LOCAL_TEMP=os.path.join(lab.dir, "tmp"), ANSIBLE_NOCOLOR="1")
    done = subprocess.run(["ansible-playbook", os.path.join(HERE, "boot.yml"), "-e", json.dumps(variables)], env=env, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False)
    outputs.keep(done.stdout)
    if done.returncode:
        raise guest.Failed(done.stdout)
    return int(re.search(r"changed=(\d+)", done.stdout)[1])


def make_vm(lab, **variables):
    """The VM by the collection: its configuration as PVE tells it, and the pools of PVE's storages."""
    play(lab, **variables)
    api = Api(lab.env)
    vm = next(r for r in api.get("/cluster/resources?type=vm") if r.get("name") == NAME)
    pools = {s["storage"]: s["pool"] for s in api.get("/storage") if s["type"] == "rbd"}
    return api.get(f"/nodes/{vm['node']}/qemu/{vm['vmid']}/config"), pools


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def log_in(folder, report, port):
    """By the key of the seed, at the host whose key the console told; what the guest answers."""
    known = os.path.join(folder, "known_hosts")
    with open(known, "w", encoding="utf-8") as f:
        f.write(f"[127.0.0.1]:{port} {report.first('hostkey')}\n")
    done = subprocess.run(["ssh", "-F", "none", "-i", os.path.join(folder, "key"), "-p", str(port), "-o", "BatchMode=yes",
                           "-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=25",
                           f"{USER}@127.0.0.1", "id -un; hostname; sudo -n id -u"], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
    return done.stdout


def check_identity(lab, report, config, key):
    """What must be so at every boot."""
    said = "\n".join(report.lines)
    lab.check(report.first("hostname") == NAME, f"its hostname is {NAME}", said)
    lab.check(report.fields("user").get("user") == USER, f"there is a user {USER}", said)
    authorized = report.fields("authorized")
    lab.check(report.all("key") == [f"{USER} {key}"] and authorized.get("mode") == "600" and authorized.get("owner") == USER,
              "the key is in authorized_keys, which is its owner's alone", said)
    mac = guest.properties(config["net0"], "model")["virtio"].lower()
    lab.check(report.fields("addr") == {"addr": ADDRESS, "mac": mac}, f"{ADDRESS} is on the card with the VM's MAC address", said)
    lab.check(report.first("gateway") == f"{GATEWAY} answers=yes", "the gateway answers", said)


def check_first(lab, image, report):
    said = "\n".join(report.lines)
    disk, instance = report.fields("disk"), report.fields("instance")
    lab.check(disk.get("disk") == str(DISK), "the root disk has the size of the VM's", said)
    lab.check(instance.get("instance") and (instance["ran"], instance["boots"]) == ("1", "1"), "it is a new instance", said)
    lab.check(report.all("userdata") == ["first"], "the user data's command ran", said)
    if image == "debian":
        lab.check(int(disk.get("rootsize", 0)) > DISK * 9 // 10, "the root file system was grown to it", said)
        lab.check("DataSourceNoCloud" in report.first("cloudinit") and '"errors": []' in report.first("cloudinit"),
                  "cloud-init took the seed and saw no error", said)
        warnings = [line for line in report.text.splitlines() if "[WARNING]" in line and "DEPRECATED" not in line]
        lab.check(not warnings, "nor anything to warn of", "\n".join(warnings))


def check_again(lab, first, report):
    before, now = first.fields("instance"), report.fields("instance")
    lab.check(before.get("instance") == now.get("instance"), "second boot: the same instance-id", [before, now])
    lab.check((now.get("ran"), now.get("boots")) == ("1", "2") and report.all("userdata") == ["first"],
              "second boot: nothing that is done once is done again", "\n".join(report.lines))


def check_reseeded(lab, first, report):
    before, now = first.fields("instance"), report.fields("instance")
    lab.check(before.get("instance") != now.get("instance") and now.get("ran") == "2" and report.all("userdata") == ["first", "second"],
              "another seed: another instance, and the new user data's command ran", "\n".join(report.lines))


def check(lab, image):
    path = os.path.join(lab.build, "boot", image + ".qcow2")
    with open(path, "rb") as f:
        data = f.read()
    web = SlowServer(data, 1 << 40)
    key = make_key(lab.dir)
    variables = {"boot_source": web.url, "boot_sha256": hashlib.sha256(data).hexdigest(), "boot_key": key}
    start = time.monotonic()
    config, pools = make_vm(lab, **variables)
    root, seed = guest.properties(config["scsi0"], "volume")["volume"], guest.properties(config["scsi30"], "volume")["volume"]
    print(f"# root disk {root}, seed {seed}, made in {time.monotonic() - start:.1f} s", flush=True)
    parent = json.loads(lab.rbd("info", "--format", "json", f"{pools[root.split(':')[0]]}/{root.split(':')[1]}")).get("parent", {})
    lab.check(parent.get("image", "").startswith("pxc-img-boot"), "the root disk is a clone of the image", parent)

    port = free_port()
    network = {"subnet": "192.0.2.0/24", "gateway": GATEWAY, "guest": ADDRESS.split("/")[0], "ssh_port": port}
    args = guest.command(config, pools, lab.conf, network)

    def boot(n, look=None):
        report = guest.boot(args, os.path.join(lab.build, "boot", f"{image}-{n}.log"), DEADLINE[image], look)
        lab.check(True, f"boot {n} of {image} reports after {report.seconds:.0f} s")
        check_identity(lab, report, config, key)
        return report

    answers = []
    first = boot(1, (lambda report: answers.append(log_in(lab.dir, report, port))) if image == "debian" else None)
    check_first(lab, image, first)
    if image == "debian":
        lab.check(answers == [f"{USER}\n{NAME}\n0\n"], f"{USER} logs in with the key, and sudo works", answers)
    lab.check(play(lab, **variables) == 0, "the playbook again changes nothing")
    check_again(lab, first, boot(2))
    if image == "tiny":
        lab.check(play(lab, **variables, boot_word="second", boot_reseed=True) == 1, "the playbook with other user data reseeds")
        check_reseeded(lab, first, boot(3))


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with Lab(sys.argv[1]) as lab:
        try:
            check(lab, sys.argv[2])
        except guest.Failed as e:
            lab.check(False, "the VM is made, boots and reports")
            print("\n".join("# " + line for line in str(e).splitlines()), flush=True)
        return lab.done()


if __name__ == "__main__":
    sys.exit(main())
