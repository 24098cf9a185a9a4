#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong around images and disks in Ceph, each on a real cluster, seen from the modules.

    tests/ceph/module_faults.py BUILD [--short]
"""
import hashlib
import os
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab as labs

ASK = {"ceph_timeout": 4, "task_timeout": 90}


def image(**more):
    return dict(ASK, storage="ceph", **more)


def killed_imports(lab, data, times):
    """Importers killed at random moments, all at once; then each again."""
    server = labs.SlowServer(data, 24 << 20)
    rng = random.Random(7)
    tasks = [image(name=f"killed-{i}", version="1", source=server.url, checksum="sha256:" + hashlib.sha256(data).hexdigest())
             for i in range(times)]
    running = []
    for task in tasks:
        running.append((lab.start("pxc_rbd_image", task), time.monotonic() + rng.uniform(0.02, 1.2 * len(data) / (24 << 20))))
    for process, when in sorted(running, key=lambda r: r[1]):
        time.sleep(max(0, when - time.monotonic()))
        labs.kill(process)
    left = [name for name in lab.images() if name.startswith("pxc-tmp-")]
    print(f"# killed runs left {len(left)} unfinished images and {len(lab.locks())} locks")
    server.rate = 1 << 30
    for i, process in enumerate([lab.start("pxc_rbd_image", task) for task in tasks]):
        result = lab.end(process)
        lab.check(not result.get("failed"), f"killed import {i}: the next run finishes it", result.get("msg"))
    for i in range(times):
        name = f"pxc-img-killed-{i}"
        lab.check(name in lab.images() and lab.export(name)[:len(data)] == data, f"killed import {i}: its content is right")
    lab.check(not [n for n in lab.images() if n.startswith("pxc-tmp-")], "no unfinished image is left", lab.images())
    lab.check(not lab.locks(), "no lock is left", lab.locks())
    result = lab.must("pxc_rbd_image", dict(ASK, storage="ceph", images=[{"name": t["name"], "version": "1"} for t in tasks]))
    lab.check(not result["changed"], "then nothing is left to do", result.get("steps"))
    server.close()


def two_at_once(lab, data):
    server = labs.SlowServer(data, 16 << 20)
    task = image(name="twice", version="1", source=server.url)
    results = [lab.end(p) for p in [lab.start("pxc_rbd_image", task), lab.start("pxc_rbd_image", task)]]
    lab.check(sorted(r.get("changed", None) for r in results) == [False, True] and not any(r.get("failed") for r in results),
              "two imports of one image at once: one does it, the other finds it", results)
    lab.check([n for n in lab.images() if "twice" in n] == ["pxc-img-twice"], "and there is one image", lab.images())
    server.close()


def held_open(lab):
    holder = subprocess.Popen(["qemu-io", "-f", "raw", f"rbd:ceph/pxc-img-twice:conf={lab.conf}"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE)
    while "watcher=" not in lab.rbd("status", "ceph/pxc-img-twice"):
        time.sleep(0.05)
    result = lab.run("pxc_rbd_image", image(name="twice", state="absent"))
    lab.refused(result, ["is open at 127.0.0.1"], "an image that another client has open is not removed, and it is said who")
    holder.communicate(b"quit\n")
    result = lab.run("pxc_rbd_image", image(name="twice", state="absent"))
    lab.check(not result.get("failed") and result["changed"] and "pxc-img-twice" not in lab.images(), "when it is closed it goes",
              result.get("msg"))


def in_use(lab, path):
    lab.must("pxc_rbd_image", image(name="used", version="1", source=path))
    lab.rbd("clone", "ceph/pxc-img-used@1", "ceph/somebodys", "--rbd-default-clone-format", "2")
    result = lab.run("pxc_rbd_image", image(name="used", state="absent"))
    lab.refused(result, ["ceph/somebodys"], "an image with clones is not removed, and they are named")
    lab.rbd("rm", "--no-progress", "ceph/somebodys")
    result = lab.run("pxc_rbd_image", image(name="used", state="absent"))
    lab.check(not result.get("failed") and "pxc-img-used" not in lab.images(), "without clones it goes", result.get("msg"))


def osd_silent(lab, path):
    pid = int(open(os.path.join(lab.ceph, "run/osd.0.pid"), encoding="utf-8").read())
    os.kill(pid, signal.SIGSTOP)
    try:
        start = time.monotonic()
        result = lab.run("pxc_rbd_image", image(name="silent", version="1", source=path))
        took = time.monotonic() - start
        lab.check(result.get("failed") and took < 60, f"an OSD that is silent: an error after {took:.0f} s, no hang", result.get("msg"))
        print("# " + result.get("msg", ""))
    finally:
        os.kill(pid, signal.SIGCONT)
    result = lab.run("pxc_rbd_image", image(name="silent", version="1", source=path))
    lab.check(not result.get("failed") and "pxc-img-silent" in lab.images(), "when it is back the next run does it", result.get("msg"))


def full(lab, path):
    lab.must("pxc_rbd_image", image(name="silent", state="absent"))
    lab.ceph_cmd("osd", "pool", "set-quota", "ceph", "max_bytes", str(1 << 20))
    lab.rados("-p", "ceph", "put", "filler", path)
    deadline = time.monotonic() + 30
    while "full" not in lab.ceph_cmd("health", "detail") and time.monotonic() < deadline:
        time.sleep(0.5)
    start = time.monotonic()
    result = lab.run("pxc_rbd_image", image(name="full", version="1", source=path))
    lab.check(result.get("failed") and time.monotonic() - start < 90, "a pool that is full: an error, no hang", result.get("msg"))
    print("# " + result.get("msg", ""))
    lab.ceph_cmd("osd", "pool", "set-quota", "ceph", "max_bytes", "0")
    deadline = time.monotonic() + 30
    while "full" in lab.ceph_cmd("health", "detail") and time.monotonic() < deadline:
        time.sleep(0.5)
    lab.rados("-p", "ceph", "rm", "filler")
    result = lab.run("pxc_rbd_image", image(name="full", version="1", source=path))
    lab.check(not result.get("failed"), "with room again the next run does it", result.get("msg"))
    lab.check(not [n for n in lab.images() if n.startswith("pxc-tmp-")], "and nothing unfinished is left", lab.images())


def no_way(lab, path):
    keyring = os.path.join(lab.dir, "wrong.keyring")
    with open(keyring, "w", encoding="utf-8") as f:
        f.write("[client.admin]\n\tkey = AQBnhD9nAAAAABAA0123456789abcdefghijkg==\n")
    result = lab.run("pxc_rbd_image", image(name="x", source=path, ceph_keyring=keyring))
    lab.refused(result, ["client.admin", "wrong.keyring"], "a wrong key is said, with user and file")
    result = lab.run("pxc_rbd_image", dict(ASK, name="x", source=path, storage="nopool"))
    lab.refused(result, ["nopool"], "a pool that is not there is said")
    dead = os.path.join(lab.dir, "dead.conf")
    with open(dead, "w", encoding="utf-8") as f:
        f.write(f"[global]\nmon_host = [v2:127.0.0.1:1,v1:127.0.0.1:2]\nkeyring = {lab.ceph}/keyring\n")
    start = time.monotonic()
    result = lab.run("pxc_rbd_image", image(name="x", source=path, ceph_conf=dead))
    took = time.monotonic() - start
    lab.check(result.get("failed") and "no monitor" in result.get("msg", "") and took < 30,
              f"monitors that do not answer: an error after {took:.0f} s", result.get("msg"))
    result = lab.run("pxc_rbd_image", image(name="x", source=path, ceph_conf="/nonexistent/ceph.conf"))
    lab.refused(result, ["/nonexistent/ceph.conf"], "a ceph.conf that is not there is said")
    result = lab.run("pxc_rbd_image", dict(ASK, name="x", source=path, storage="local"))
    lab.refused(result, ["local", "dir"], "a storage that is no rbd is said")
    result = lab.run("pxc_rbd_image", image(name="x", source=path), PXC_CEPH_DIR="/nonexistent")
    lab.check(not result.get("changed"), "without the library nothing is changed", result)


def bad_sources(lab):
    cases = []
    base = os.path.join(lab.dir, "base.raw")
    with open(base, "wb") as f:
        f.truncate(8 << 20)

    def qemu_img(*args):
        subprocess.run(["qemu-img", *args], check=True, stdout=subprocess.DEVNULL)

    backed = os.path.join(lab.dir, "backed.qcow2")
    qemu_img("create", "-q", "-f", "qcow2", "-b", "/etc/passwd", "-F", "raw", "-u", backed, "8M")
    cases.append((backed, ["backing file"], "qcow2 with a backing file: it could read files of the host"))
    huge = os.path.join(lab.dir, "huge.qcow2")
    qemu_img("create", "-q", "-f", "qcow2", huge, "5T")
    cases.append((huge, ["at most 2T"], "absurd virtual size"))
    broken = os.path.join(lab.dir, "broken.qcow2")
    qemu_img("convert", "-O", "qcow2", base, broken)
    with open(broken, "r+b") as f:
        f.seek(40)
        f.write(b"\xff" * 8)
    cases.append((broken, [], "corrupt qcow2"))
    cases.append((os.path.join(lab.dir, "none.raw"), ["none.raw"], "a file that is not there"))
    for path, words, what in cases:
        result = lab.run("pxc_rbd_image", image(name="bad", version="1", source=path))
        lab.refused(result, words, "refused: " + what)
    result = lab.run("pxc_rbd_image", image(name="bad", version="1", source=base, checksum="sha256:" + "0" * 64))
    lab.refused(result, ["checksum"], "refused: another checksum than it should have")
    lab.check(not [n for n in lab.images() if n.startswith("pxc-tmp-") or "bad" in n], "nothing of them is left", lab.images())


def vm(names):
    return dict(ASK, project="demo", cores=1, memory="512M", image={"name": "killed-0"}, user_data="#cloud-config\n", power="stopped",
                networks=[{"bridge": "vmbr0", "ip": "dhcp"}], vms=[{"name": n} for n in names])


def killed_vms(lab, times):
    """A task of four VMs from an image, killed at random moments; then again."""
    rng = random.Random(11)
    start = time.monotonic()
    lab.must("pxc_vm", vm([f"first-{i}" for i in range(4)]))
    whole = time.monotonic() - start
    for i in range(times):
        task = vm([f"k{i}-{n}" for n in range(4)])
        process = lab.start("pxc_vm", task)
        time.sleep(rng.uniform(0, whole))
        labs.kill(process)
        result = lab.run("pxc_vm", task)
        again = lab.run("pxc_vm", task)
        lab.check(not result.get("failed") and again.get("changed") is False,
                  f"killed task {i}: the next run finishes it, the one after has nothing to do", (result.get("msg"), again.get("msg"), again.get("steps")))
    disks = sorted(n for n in lab.images() if n.startswith("vm-"))
    known = lab.must("pxc_info", {"gather": ["vms"]})["vms"]
    used = sorted(d["volume"].split(":")[1] for v in known for d in v["disks"])
    lab.check(disks == used, "every disk in Ceph is in use by a VM, and every VM has its own", (set(disks) ^ set(used)))
    lab.check(not [n for n in lab.images() if n.startswith("pxc-tmp-")], "nothing unfinished is left", lab.images())
    removed = lab.run("pxc_vm", dict(ASK, project="demo", state="absent", vms=[{"name": v["name"]} for v in known]))
    lab.check(not removed.get("failed") and not [n for n in lab.images() if n.startswith("vm-")], "removed VMs leave no disk",
              (removed.get("msg"), lab.images()))


def main():
    times = 3 if labs.short() else 10
    data = labs.content(24 << 20, 3)
    with labs.Lab(labs.build_dir()) as lab:
        path = os.path.join(lab.dir, "image.raw")
        with open(path, "wb") as f:
            f.write(data)
        lab.must("pxc_cloud", {"domain": "cloud.example.org", "storage": "ceph", "bridge": "vmbr0"})
        lab.must("pxc_project", {"name": "demo", "quota": {"instances": -1, "cores": -1, "ram_mb": -1}})
        killed_imports(lab, data, times)
        two_at_once(lab, data)
        held_open(lab)
        in_use(lab, path)
        bad_sources(lab)
        killed_vms(lab, times)
        no_way(lab, path)
        osd_silent(lab, path)
        full(lab, path)
        return lab.done()


if __name__ == "__main__":
    sys.exit(main())
