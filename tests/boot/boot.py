#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot a Linux from an RBD clone with a NoCloud seed, twice, and read on its console what it knows of itself. Speaks TAP.

    tests/boot/boot.py BUILD tiny|debian

Everything is real but the processor, which QEMU emulates: a Ceph cluster of one node, a disk that the firmware boots, in the guest
Debian's cloud-init (debian) or a shell that reads seeds (tiny). BUILD/boot has the images, made by make, and afterwards the consoles
as IMAGE-1.log and IMAGE-2.log. make_vm() is where the VM comes from; all else takes it as PVE describes it.
"""
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

import guest
import own

HERE = os.path.dirname(os.path.abspath(__file__))
CEPHBOX = os.path.join(HERE, "..", "lib", "cephbox.sh")
make_vm = own.make_vm

# Seconds for one boot, on a slow machine with other work to do.
DEADLINE = {"tiny": 180, "debian": 540}
WANT = {"name": "booted", "user": "alice", "ip": "192.0.2.10/24", "gateway": "192.0.2.1", "disk_gb": 3,
        "runcmd": "echo ran >> /var/lib/pxcboot/userdata"}


class Tap:
    def __init__(self):
        self.failed = 0

    def check(self, good, what, got=""):
        print(f"{'ok' if good else 'not ok'} - {what}", flush=True)
        if not good:
            self.failed += 1
            for line in str(got).splitlines():
                print(f"# {line}", flush=True)
        return good


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def ssh(folder, report, port):
    """Log in with the key of the seed, checking the host key that the console told; returns what the guest answers."""
    known = os.path.join(folder, "known_hosts")
    with open(known, "w", encoding="utf-8") as f:
        f.write(f"[127.0.0.1]:{port} {report.first('hostkey')}\n")
    done = subprocess.run(["ssh", "-F", "none", "-i", os.path.join(folder, "key"), "-p", str(port), "-o", "BatchMode=yes",
                           "-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=25",
                           f"{WANT['user']}@127.0.0.1", "id -un; hostname; sudo -n id -u"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
    return done.stdout.decode("utf-8", "replace").split("\n")


def check_identity(tap, report, config, key):
    """What must be so at every boot."""
    tap.check(report.first("hostname") == WANT["name"], f"the hostname is {WANT['name']}", report.lines)
    user = report.fields("user")
    tap.check(user.get("user") == WANT["user"], f"there is a user {WANT['user']}", report.lines)
    authorized = report.fields("authorized")
    tap.check(f"{WANT['user']} {key}" in report.all("key") and authorized.get("mode") == "600" and
              authorized.get("owner") == WANT["user"], "the key is in authorized_keys, readable by its owner only", report.lines)
    mac = guest.properties(config["net0"], "model")["virtio"].lower()
    tap.check(report.fields("addr") == {"addr": WANT["ip"], "mac": mac}, f"{WANT['ip']} is on the card of the VM", report.lines)
    tap.check(report.first("gateway") == f"{WANT['gateway']} answers=yes", "the gateway answers", report.lines)


def check_first(tap, image, report):
    size = WANT["disk_gb"] << 30
    disk = report.fields("disk")
    tap.check(disk.get("disk") == str(size), f"the root disk has the VM's {WANT['disk_gb']} GiB", report.lines)
    if image == "debian":
        tap.check(int(disk.get("rootsize", 0)) > size * 9 // 10, "the root file system was grown to it", report.lines)
        tap.check('"errors": []' in report.first("cloudinit") and "DataSourceNoCloud" in report.first("cloudinit"),
                  "cloud-init took the seed and saw no error", report.lines)
        warnings = [line for line in report.text.splitlines() if "[WARNING]" in line]
        tap.check(not warnings, "nor anything to warn of", "\n".join(warnings))
    tap.check(report.all("userdata") == ["ran"], "the user data's command ran", report.lines)
    instance = report.fields("instance")
    tap.check(re.fullmatch(r"[!-~]+", instance.get("instance", "")) and (instance["ran"], instance["boots"]) == ("1", "1"),
              "it is a new instance", report.lines)


def check_second(tap, first, second):
    before, after = first.fields("instance"), second.fields("instance")
    tap.check(before.get("instance") == after.get("instance"), "second boot: the same instance-id", [before, after])
    tap.check((after.get("ran"), after.get("boots")) == ("1", "2") and second.all("userdata") == ["ran"],
              "second boot: nothing that belongs to the first is done again", second.lines)


def check(tap, build, image, folder):
    conf = os.path.join(folder, "ceph", "ceph.conf")
    subprocess.run([CEPHBOX, "up", os.path.dirname(conf), f"pool={own.POOL}", f"watch={os.getpid()}"], check=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "alice@example.org", "-f", os.path.join(folder, "key")],
                   check=True)
    with open(os.path.join(folder, "key.pub"), encoding="utf-8") as f:
        key = f.read().strip()
    start = time.monotonic()
    config, pools = make_vm(folder, conf, os.path.join(build, "boot", image + ".qcow2"), dict(WANT, key=key))
    print(f"# scsi0 {config['scsi0']}, scsi30 {config['scsi30']}, made in {time.monotonic() - start:.1f} s", flush=True)

    port = free_port()
    args = guest.command(config, pools, conf, {"subnet": "192.0.2.0/24", "gateway": WANT["gateway"],
                                               "guest": WANT["ip"].split("/")[0], "ssh_port": port})
    answers = []
    reports = []
    for n in (1, 2):
        look = (lambda report: answers.append(ssh(folder, report, port))) if image == "debian" and n == 1 else None
        log = os.path.join(build, "boot", f"{image}-{n}.log")
        try:
            reports.append(guest.boot(args, log, DEADLINE[image], look))
        except guest.Failed as e:
            return tap.check(False, f"boot {n} of {image} ends in its report", e)
        tap.check(True, f"boot {n} of {image} from {config['scsi0'].split(',')[0]} reports after {reports[-1].seconds:.0f} s")
        check_identity(tap, reports[-1], config, key)
        if n == 1:
            check_first(tap, image, reports[0])
    if image == "debian":
        tap.check(answers == [[WANT["user"], WANT["name"], "0", ""]], f"{WANT['user']} logs in with the key, and sudo works", answers)
    return check_second(tap, *reports)


def main():
    build, image = os.path.abspath(sys.argv[1]), sys.argv[2]
    tap = Tap()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="pxc-boot-") as folder:
        try:
            check(tap, build, image, folder)
        finally:
            subprocess.run([CEPHBOX, "down", os.path.join(folder, "ceph")], check=False)
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
