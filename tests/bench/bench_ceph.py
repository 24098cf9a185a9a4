#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of images and disks in Ceph: medians of alternating runs on one cluster, most of them as ratios.

    tests/bench/bench_ceph.py BUILD [--quick]        writes BUILD/bench-ceph.json: a list of {name, value, unit, limit, ok}

A ratio is our time over that of the other way, each run against the run beside it; so below 1.0 is faster. Within noise means
1.05 here. "At least n times as fast" is a ratio of at most 1/n. --quick takes one small round: does it run at all?

Every round begins with another way, the source lies in memory, and the OSD keeps the memory that it has: on a virtual machine
a page that is touched for the first time can cost more than the write that it is for, and would fall on one way by chance.
"""
import errno
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(sys.argv[1])
QUICK = "--quick" in sys.argv
ROUNDS = int(os.environ.get("BENCH_ROUNDS", 1 if QUICK else 5))
MIB = 1 << 20
SIZE = int(os.environ.get("BENCH_MIB", 64 if QUICK else 1024))  # MiB of the raw sources
NOISE = 1.05
GLANCE = os.path.join(BUILD, "glance/bin/python")
TOOL = os.path.join(BUILD, "tests/bench/import_bench")
# glibc gives freed memory back to the kernel at its own time otherwise; Ceph's usual allocator, which keeps it, is not Debian's.
KEEP_MEMORY = "glibc.malloc.arena_max=1:glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=8589934592"
FIGURES: list = []


def figure(name, value, unit, limit=None, at_least=False):
    ok = limit is None or (value >= limit if at_least else value <= limit)
    FIGURES.append({"name": name, "value": round(value, 3), "unit": unit, "limit": limit, "ok": ok})
    bound = "" if limit is None else f"  (limit {'>=' if at_least else '<='} {limit})"
    print(f"{'ok  ' if ok else 'MISS'} {name}: {value:.2f} {unit}{bound}", flush=True)


class Box:
    def __init__(self, folder, name, **settings):
        self.dir = os.path.join(folder, name)
        words = [f"{k}={v}" for k, v in settings.items()]
        subprocess.run(["bash", f"{ROOT}/tests/lib/cephbox.sh", "up", self.dir, "pool=bench", f"watch={os.getpid()}", *words], check=True,
                       env=dict(os.environ, GLIBC_TUNABLES=KEEP_MEMORY))
        self.conf = os.path.join(self.dir, "ceph.conf")

    def down(self):
        subprocess.run(["bash", f"{ROOT}/tests/lib/cephbox.sh", "down", self.dir], check=True)

    def rbd(self, *args):
        subprocess.run(["rbd", "--conf", self.conf, "--no-progress", *args], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def quietly(self, *args):
        return subprocess.run(["rbd", "--conf", self.conf, *args], check=False, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode

    def remove(self, image):
        """Glance protects a snapshot, and does not close the image, which counts as held open until Ceph misses it."""
        while self.quietly("rm", "bench/" + image) not in (0, errno.ENOENT):
            self.quietly("snap", "unprotect", f"bench/{image}@snap")
            self.quietly("snap", "purge", "bench/" + image)
            time.sleep(0.2)

    def uri(self, image):
        return f"rbd:bench/{image}:conf={self.conf}"


# --- the ways -----------------------------------------------------------------------------------------------------------

def ours(box, source, *options):
    done = subprocess.run([TOOL, "import", box.conf, "bench", "image", source, *options], check=False, stdout=subprocess.PIPE)
    if done.returncode:
        sys.exit(f"import_bench: {done.stdout.decode()}")
    return json.loads(done.stdout)


def rbd_import(box, source):
    box.rbd("import", source, "bench/image")


def qemu_wide(box, source):
    subprocess.run(["qemu-img", "convert", "-W", "-m", "16", "-O", "raw", source, box.uri("image")], check=True)


def as_pve(box, source, size):
    """What PVE does: create the image, then let qemu-img fill it with its ordinary settings."""
    box.rbd("create", "--size", f"{size}B", "bench/image")
    subprocess.run(["qemu-img", "convert", "-n", "-O", "raw", source, box.uri("image")], check=True)


def rados(box, source):
    subprocess.run([TOOL, "rados", box.conf, "bench", "object", source], check=True)


def clear_objects(box):
    subprocess.run(["bash", "-c", "rados --conf \"$0\" -p bench ls | grep '^object' | xargs -r -n 64 rados --conf \"$0\" -p bench rm",
                    box.conf], check=True)


def timed(box, name, way):
    box.remove("image")
    start = time.monotonic()
    way()
    took = time.monotonic() - start
    if name == "rados":
        clear_objects(box)
    return took


def race(box, ways, source, rounds=ROUNDS):
    """Run all ways, round by round, each round beginning with another; the medians of the first's time over each other's."""
    names = list(ways)
    first = names[0]
    times = {name: [] for name in names}
    timed(box, first, ways[first])
    for i in range(rounds):
        start = i % len(names)
        for name in names[start:] + names[:start]:
            with open(source, "rb") as f:
                while f.read(4 * MIB):
                    pass
            times[name].append(timed(box, name, ways[name]))
    box.remove("image")
    print("   " + ", ".join(f"{n} {statistics.median(t):.2f} s" for n, t in times.items()), flush=True)
    return {n: statistics.median(a / b for a, b in zip(times[first], times[n])) for n in names}


# --- the sources --------------------------------------------------------------------------------------------------------

def make_raw(path, kind):
    rng = random.Random(kind)
    with open(path, "wb") as f:
        for i in range(SIZE):
            if kind == "random":
                data = rng.randbytes(MIB)
            elif kind == "half zero":
                data = rng.randbytes(MIB) if i % 8 < 4 else bytes(MIB)
            else:  # mixed: data and nothing by turns, in pieces of 64 to 256 KiB
                data = b""
                while len(data) < MIB:
                    n = rng.choice([64, 128, 256]) << 10
                    data += rng.randbytes(n) if rng.random() < 0.5 else bytes(n)
                data = data[:MIB]
            f.write(data)


def system_files(most):
    """Contents of this machine's programs and libraries, most bytes of them in all, in an order that stays."""
    for folder, below, names in os.walk("/usr"):
        below.sort()
        for name in sorted(names):
            file = os.path.join(folder, name)
            if os.path.islink(file) or not os.path.isfile(file) or not 4096 <= os.path.getsize(file) <= 64 * MIB:
                continue
            with open(file, "rb") as f:
                data = f.read()
            most -= len(data)
            if most < 0:
                return
            yield data


def make_qcow2(path):
    """A compressed image with what a system consists of: files of this machine, about 875 MiB of 2,252, with gaps."""
    raw = path + ".raw"
    with open(raw, "wb") as out:
        for n, data in enumerate(system_files((32 if QUICK else 875) * MIB)):
            out.write(data)
            out.seek((out.tell() + (64 << 10 if n % 4 == 0 else 0) + 4095) // 4096 * 4096)
        out.truncate(max((out.tell() + 511) // 512 * 512, (96 if QUICK else 2252) * MIB))
    subprocess.run(["qemu-img", "convert", "-c", "-W", "-m", "8", "-O", "qcow2", raw, path], check=True)
    size = os.path.getsize(raw)
    os.unlink(raw)
    return size


# --- the figures --------------------------------------------------------------------------------------------------------

def raw_figures(box, folder):
    source = os.path.join(folder, "source.raw")
    for kind in ("mixed", "half zero", "random"):
        make_raw(source, kind)
        # Like with like: none of the others looks at a checksum.
        r = race(box, {"ours": lambda: ours(box, source, "checksum=none"), "rbd": lambda: rbd_import(box, source),
                       "qemu": lambda: qemu_wide(box, source), "rados": lambda: rados(box, source)}, source)
        figure(f"raw {kind}: beside rbd import", r["rbd"], "ratio", NOISE)
        figure(f"raw {kind}: beside qemu-img convert -W -m 16", r["qemu"], "ratio", NOISE)
        figure(f"raw {kind}: beside plain RADOS objects, 16 in flight", r["rados"], "ratio", 1.3)
    r = race(box, {"ours": lambda: ours(box, source), "unchecked": lambda: ours(box, source, "checksum=none")}, source)
    figure("checksum verification (sha256), a store in memory on the same cores", r["unchecked"], "ratio")
    figure("memory of an import, raw", ours(box, source)["memory_kib"] / 1024, "MiB", 256)
    box.remove("image")


def glance(box, source):
    """Glance itself, by the library that it stores images with: an object at a time, and its two checksums."""
    subprocess.run([GLANCE, f"{ROOT}/tests/bench/glance.py", box.conf, "bench", "image", source], check=True)


def on_disk(folder):
    """On a store with a disk below it, as clouds have it; source is the random one."""
    source = os.path.join(folder, "source.raw")
    box = Box(folder, "blue", store="bluestore", size="6G")
    try:
        r = race(box, {"ours": lambda: ours(box, source), "unchecked": lambda: ours(box, source, "checksum=none"),
                       "one": lambda: ours(box, source, "checksum=none", "depth=1"), "glance": lambda: glance(box, source)}, source)
        figure("checksum verification (sha256), on BlueStore", r["unchecked"], "ratio", 1.2)
        figure("raw random on BlueStore: beside Glance (an object at a time, with its checksums)", 1 / r["glance"], "times as fast", 4.0,
               at_least=True)
        figure("raw random on BlueStore: beside an object at a time, neither with a checksum", r["unchecked"] / r["one"],
               "times as fast")
    finally:
        box.down()


def qcow2_figures(box, folder):
    source = os.path.join(folder, "cloud.qcow2")
    size = make_qcow2(source)
    r = race(box, {"ours": lambda: ours(box, source, "checksum=none"), "pve": lambda: as_pve(box, source, size), "qemu": lambda: qemu_wide(box, source)},
             source)
    figure("compressed qcow2: beside rbd create + qemu-img convert -n (PVE)", 1 / r["pve"], "times as fast", 1.5, at_least=True)
    figure("compressed qcow2: beside qemu-img convert -W -m 16", r["qemu"], "ratio", NOISE)
    figure("memory of an import, compressed qcow2 (with qemu-img)", ours(box, source)["memory_kib"] / 1024, "MiB", 256)
    box.remove("image")
    os.unlink(source)


LIMITS = {"list": 1000, "disk from an image": 50, "disks from an image": 3000}


def layer_figures(box):
    args = ["--images", "100", "--disks", "20"] if QUICK else []
    done = subprocess.run([os.path.join(BUILD, "tests/bench/ceph_bench"), "--conf", box.conf, "--pool", "bench", *args], check=True,
                          stdout=subprocess.PIPE, text=True)
    for line in done.stdout.splitlines():
        f = json.loads(line)
        figure(f["name"], f["value"], f["unit"], LIMITS.get(f["name"]))


def main():
    with tempfile.TemporaryDirectory(prefix="pxc-bench-") as folder:
        box = Box(folder, "mem", size="5G")
        try:
            raw_figures(box, folder)
            qcow2_figures(box, folder)
        finally:
            box.down()
        on_disk(folder)
        box = Box(folder, "small", size="1G")
        try:
            layer_figures(box)
        finally:
            box.down()
    with open(os.path.join(BUILD, "bench-ceph.json"), "w", encoding="utf-8") as f:
        json.dump(FIGURES, f, indent=1)
        f.write("\n")
    return 0 if all(f["ok"] for f in FIGURES) else 1


if __name__ == "__main__":
    sys.exit(main())
