# SPDX-License-Identifier: GPL-3.0-or-later
"""A VM in QEMU, given as PVE gives its configuration: processors emulated, disks read by librbd, the console a pipe.

Nothing of the VM is decided here that its configuration says: volumes, their order of booting, controllers, MAC address, memory.
The network is QEMU's own with the gateway in it and closed towards the outside; one port of loopback leads to the guest's sshd.
"""
import os
import re
import select
import shutil
import subprocess
import time

MARK = "PXCBOOT "
# Linux 6.12 panics in QEMU 7.2 (TCG) sooner or later, with rubbish in EFLAGS; not where it has no cmpxchg16b to use.
CPU = "qemu64,-cx16"


class Failed(Exception):
    """The guest did not get as far as its report; says why, with the end of its console."""


def properties(text, first):
    """PVE's property string: "ceph:vm-101-disk-0,size=3G" -> {first: "ceph:vm-101-disk-0", "size": "3G"}."""
    pairs = [p.partition("=") for p in text.split(",")]
    return {(key if eq else first): (value if eq else key) for key, eq, value in pairs}


def disks(config):
    """[("scsi0", "ceph:vm-101-disk-0", False), ...]: slot, volume, read-only."""
    found = []
    for slot in sorted(k for k in config if re.fullmatch(r"scsi\d+", k)):
        drive = properties(config[slot], "file")
        found.append((slot, drive["file"], drive.get("ro") == "1"))
    return found


def command(config, pools, ceph_conf, network):
    """pools: storage -> RBD pool. network: {"subnet", "gateway", "guest", "ssh_port"}."""
    order = properties(config.get("boot", "order=scsi0"), "legacy").get("order", "").split(";")
    args = ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-accel", "tcg", "-cpu", CPU, "-nodefaults", "-nographic",
            "-no-reboot", "-name", config["name"], "-m", str(config.get("memory", 512)), "-smp", str(config.get("cores", 1)),
            "-monitor", "none", "-serial", "stdio"]
    for slot, volume, read_only in disks(config):
        storage, name = volume.split(":")
        number = slot[len("scsi"):]
        device = f"scsi-hd,bus=virtioscsi{number}.0,channel=0,scsi-id=0,lun={number},drive=drive-{slot}"
        if slot in order:
            device += f",bootindex={100 + order.index(slot)}"
        args += ["-drive", f"file=rbd:{pools[storage]}/{name}:conf={ceph_conf}:id=admin,format=raw,if=none,id=drive-{slot}"
                 + (",readonly=on" if read_only else ""),
                 "-device", f"virtio-scsi-pci,id=virtioscsi{number}", "-device", device]
    mac = properties(config["net0"], "model")["virtio"]
    return args + ["-netdev", f"user,id=net0,net={network['subnet']},host={network['gateway']},restrict=on,"
                   f"hostfwd=tcp:127.0.0.1:{network['ssh_port']}-{network['guest']}:22",
                   "-device", f"virtio-net-pci,netdev=net0,mac={mac},romfile="]


class Report:
    """What the guest said: first("hostname") -> "web", all("key") -> [...], each the text after "WORD=" to the end of the line."""

    def __init__(self, text, seconds):
        self.text = text
        self.lines = [line.split(MARK, 1)[1].strip() for line in text.splitlines() if MARK in line]
        self.seconds = seconds

    def all(self, word):
        return [line[len(word) + 1:] for line in self.lines if line.startswith(word + "=")]

    def first(self, word):
        return next(iter(self.all(word)), "")

    def fields(self, word):
        """Of a line "addr=192.0.2.10/24 mac=..." all pairs, as a dict."""
        line = next((x for x in self.lines if x.startswith(word + "=")), "")
        return dict(pair.split("=", 1) for pair in line.split() if "=" in pair)


def boot(args, log_path, deadline, look=None):
    """Run the guest until it powers off. look(report): what to do while it is up, after its report and before its end."""
    if not shutil.which("qemu-system-x86_64"):
        raise Failed("there is no qemu-system-x86_64: make deps-boot")
    start = time.monotonic()
    text, report = "", None
    with open(log_path, "wb") as log, subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                                       stderr=subprocess.STDOUT) as guest:
        try:
            while True:
                left = start + deadline - time.monotonic()
                if left <= 0 or not select.select([guest.stdout], [], [], left)[0]:
                    raise Failed(f"no end after {deadline} s; console:\n{text[-2000:]}")
                chunk = os.read(guest.stdout.fileno(), 65536)
                if not chunk:
                    break
                log.write(chunk)
                log.flush()
                text += chunk.decode("utf-8", "replace")
                if report is None and re.search(MARK + r"done\s", text):
                    report = Report(text, time.monotonic() - start)
                    if look:
                        look(report)
                    guest.stdin.write(b"\n")
                    guest.stdin.flush()
            code = guest.wait()
        finally:
            guest.kill()
    if code != 0 or report is None:
        raise Failed(f"qemu ended with {code} {'after' if report else 'before'} the report; console:\n{text[-2000:]}")
    return report
