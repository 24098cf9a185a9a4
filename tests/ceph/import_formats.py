#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every format that is imported, compared byte by byte with what went in; every one that is not, with why; and damaged ones.

    tests/ceph/import_formats.py BUILD [--short]
"""
import gzip
import hashlib
import lzma
import os
import random
import shutil
import struct
import subprocess
import sys
import time
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import import_lab
import lab as labs

SHORT = labs.short()
RNG = random.Random(20261122)
MIB = 1 << 20


def disk(size):
    """As disks are: data, holes, and both within one object."""
    out = bytearray(b"\xeb\x63" + RNG.randbytes(510))
    while len(out) < size:
        n = min(RNG.choice([4096, 65536, 1 << 17, MIB, 3 * MIB, 5 * MIB]), size - len(out))
        out += RNG.randbytes(n) if RNG.random() < 0.5 else bytes(n)
    return bytes(out)


DISK = disk(21 * MIB)


def run(*words, **how):
    return subprocess.run(list(map(str, words)), check=True, stdout=how.pop("stdout", subprocess.DEVNULL), **how)


def qemu_img(*words):
    run("qemu-img", *words)


def sha(path):
    with open(path, "rb") as f:
        return "sha256:" + hashlib.file_digest(f, "sha256").hexdigest() if hasattr(hashlib, "file_digest") \
            else "sha256:" + hashlib.sha256(f.read()).hexdigest()


def right(lab, what, path, data, fmt, **options):
    lab.is_right(what, lab.imports(path, **options), data, format=fmt, checksum=sha(path), source_bytes=os.path.getsize(path))


# --- what is taken -------------------------------------------------------------------------------------------------


def raw(lab):
    path = lab.file("disk.raw", DISK)
    result = lab.imports(path)
    grains = sum(DISK[i:i + 65536].count(0) != len(DISK[i:i + 65536]) for i in range(0, len(DISK), 65536))
    lab.check(result["written"] == grains << 16, "raw: zeros are left out, and nothing else", result)
    lab.is_right("raw", result, DISK, format="raw", checksum=sha(path), done=len(DISK), total=len(DISK))
    for size in (1, 511, 513, 4 * MIB - 1, 4 * MIB, 4 * MIB + 1, 9 * MIB + 700):
        data = b"\0" + RNG.randbytes(size - 1)
        right(lab, f"raw: of {size} bytes", lab.file("odd", data), data, "raw")
    right(lab, "raw: nothing but zeros", lab.file("zeros", bytes(9 * MIB)), bytes(9 * MIB), "raw")
    for name, edges in [("a hole in front", [(30, 3)]), ("holes everywhere", [(0, 1), (13, 1), (29, 2)]), ("a hole at its end", [(5, 2)]), ("only a hole", [])]:
        data = bytearray(40 * MIB + 4096)
        with open(lab.path("sparse"), "wb") as f:
            f.truncate(len(data))
            for at, n in edges:
                data[at * MIB:(at + n) * MIB] = piece = RNG.randbytes(n * MIB)
                f.seek(at * MIB)
                f.write(piece)
        right(lab, f"raw: {name}", lab.path("sparse"), bytes(data), "raw")
    right(lab, "raw: a file: URL", lab.path("disk.raw"), DISK, "raw")
    os.rename(path, lab.path("a disk%41 ü.raw"))
    lab.is_right("raw: a file: URL with escapes", lab.imports("file://localhost" + lab.dir + "/a%20disk%2541%20%C3%BC.raw"), DISK)
    os.rename(lab.path("a disk%41 ü.raw"), path)
    lab.is_right("raw: min_bytes", lab.imports(path, min=50 * MIB), DISK + bytes(29 * MIB))
    digest = hashlib.sha512(DISK).hexdigest().upper()
    lab.is_right("raw: sha512, in capitals", lab.imports(path, checksum="sha512:" + digest), DISK, checksum="sha512:" + digest.lower())
    lab.is_right("raw: one write at a time", lab.imports(path, depth=1), DISK)
    lab.is_right("raw: a sector of 64 at a time", lab.imports(path, depth=64), DISK)


def qcow2(lab):
    path = lab.path("disk.raw")
    cases = [("compressed", ["-c"]), ("zstd", ["-c", "-o", "compression_type=zstd"]), ("version 2", ["-o", "compat=0.10"]),
             ("small clusters", ["-o", "cluster_size=512"]), ("large clusters", ["-o", "cluster_size=2M"]),
             ("extended L2", ["-o", "extended_l2=on,cluster_size=128k"]),
             ("preallocated", ["-o", "preallocation=full"]), ("lazy refcounts", ["-o", "lazy_refcounts=on"])]
    for name, words in cases[:3] if SHORT else cases:
        qemu_img("convert", "-O", "qcow2", *words, path, lab.path("t.qcow2"))
        right(lab, f"qcow2: {name}", lab.path("t.qcow2"), DISK, "qcow2")
    qemu_img("convert", "-O", "qcow2", path, lab.path("disk.qcow2"))
    right(lab, "qcow2: plain, and larger in the end", lab.path("disk.qcow2"), DISK + bytes(19 * MIB), "qcow2", min=40 * MIB)
    shutil.copy(lab.path("disk.qcow2"), lab.path("t.qcow2"))
    qemu_img("snapshot", "-c", "inside", lab.path("t.qcow2"))
    run("qemu-io", "-c", "write -P 7 0 1M", lab.path("t.qcow2"))
    right(lab, "qcow2: with a snapshot in it: as it is now", lab.path("t.qcow2"), b"\7" * MIB + DISK[MIB:], "qcow2")
    qemu_img("create", "-q", "-f", "qcow2", lab.path("t.qcow2"), "1G")
    right(lab, "qcow2: nothing in it", lab.path("t.qcow2"), bytes(1 << 30), "qcow2")
    for name, words in [("sparse", []), ("stream", ["-o", "subformat=streamOptimized"])]:
        qemu_img("convert", "-O", "vmdk", *words, path, lab.path(name + ".vmdk"))
        right(lab, f"vmdk: {name}", lab.path(name + ".vmdk"), DISK, "vmdk")


def packed(lab):
    for inner in ("disk.raw", "disk.qcow2", "stream.vmdk"):
        fmt = inner.split(".")[1]
        for name, command in [("gzip", ["gzip", "-1", "-c"]), ("xz", ["xz", "-1", "-T2", "--block-size=3MiB", "-c"]), ("zstd", ["zstd", "-q", "-3", "-c"])]:
            with open(lab.path("t.packed"), "wb") as f:
                run(*command, lab.path(inner), stdout=f)
            right(lab, f"{fmt} in {name}", lab.path("t.packed"), DISK, f"{fmt}+{name}")
    half = len(DISK) // 2
    for name, pack, tails in [("gzip", gzip.compress, [b"", bytes(900), b"a signature as OpenWrt appends it"]),
                              ("xz", lambda d: lzma.compress(d, preset=0), [b"", bytes(4096)]), ("zstd", zstd, [b"", bytes(100)])]:
        for tail in tails:
            data = pack(DISK[:half]) + pack(DISK[half:]) + tail
            right(lab, f"raw in {name}, of two parts{', and something behind them' if tail else ''}", lab.file("t.packed", data), DISK, f"raw+{name}")
    path = lab.file("t.packed", gzip.compress(bytes(300 * MIB)))
    right(lab, "raw in gzip: 300 MiB of zeros", path, bytes(300 * MIB), "raw+gzip")


def iso(lab):
    if shutil.which("bsdtar"):
        os.makedirs(lab.path("tree"), exist_ok=True)
        lab.file("tree/file", RNG.randbytes(MIB))
        run("bsdtar", "-cf", lab.path("t.iso"), "--format=iso9660", "-C", lab.path("tree"), ".")
        with open(lab.path("t.iso"), "rb") as f:
            right(lab, "ISO 9660 is raw", lab.path("t.iso"), f.read(), "raw")


def names(lab):
    """Names that mean something to QEMU, to Ceph or to a shell."""
    for pool in ("a:b,c=d", "pool with $HOME"):
        run("bash", labs.CEPHBOX, "pool", lab.ceph, pool)
        lab.rbd("namespace", "create", "--pool", pool, "--namespace", "ns,1=x:y")
    for pool, image in [("a:b,c=d/ns,1=x:y", "image:a,b=c,,d\\e 'f' \"g\" $(id)"), ("pool with $HOME", "-p"), ("ceph", "ü")]:
        for path in ("disk.raw", "disk.qcow2"):
            lab.is_right(f"names: {pool} {image} {path}", lab.imports(lab.path(path), pool=pool, image=image), DISK)
    keyring = lab.path("key=ring: \\x.keyring")
    lab.ceph_cmd("auth", "get-or-create", "client.a,b=c", "mon", "profile rbd", "mgr", "profile rbd", "osd", "profile rbd pool=ceph", "-o", keyring)
    for path in ("disk.raw", "disk.qcow2"):
        lab.is_right(f"names: user and keyring, {path}", lab.imports(lab.path(path), user="a,b=c", keyring=keyring), DISK)
    lab.is_refused("names: a pool where the user has no rights", lab.imports(lab.path("disk.qcow2"), user="a,b=c", keyring=keyring, pool="pool with $HOME"),
                   "EDENIED", "profile rbd")


# --- what is refused -----------------------------------------------------------------------------------------------


def other_formats(lab):
    path = lab.path("disk.raw")
    for fmt, words in [("vpc", []), ("vpc", ["-o", "subformat=fixed"]), ("vhdx", []), ("vdi", []), ("qed", []), ("parallels", []), ("qcow", []),
                       ("vmdk", ["-o", "subformat=monolithicFlat"]), ("vmdk", ["-o", "subformat=twoGbMaxExtentSparse"])]:
        qemu_img("convert", "-O", fmt, *words, path, lab.path("t." + fmt))
        lab.is_refused(f"refused: {fmt} {' '.join(words)}", lab.imports(lab.path("t." + fmt)), "EINVAL", "t." + fmt,
                       "qemu-img convert" if fmt != "qcow" else "version 1")
    with open(lab.path("t.bz2"), "wb") as f:
        run("bzip2", "-1", "-c", path, stdout=f)
    run("tar", "-cf", lab.path("t.tar"), "-C", lab.dir, "disk.raw")
    run("tar", "-czf", lab.path("t.tar.gz"), "-C", lab.dir, "disk.raw")
    with open(lab.path("t.gz.xz"), "wb") as f:
        f.write(lzma.compress(gzip.compress(DISK[:MIB], 1), preset=0))
    lab.file("t.html", b"<!doctype HTML><p>no such image")
    lab.file("t.json", b'{"error": 1}')
    lab.file("t.sha256", b"d2d2 *image.raw\n")
    lab.file("t.empty", b"")
    for name, words in [("bz2", "bzip2"), ("tar", "a tar file"), ("tar.gz", "a tar file"), ("gz.xz", "compressed twice"), ("html", "web page"),
                        ("json", "a text"), ("sha256", 'begins "d2d2 *image.raw"'), ("empty", "it is empty")]:
        lab.is_refused("refused: " + name, lab.imports(lab.path("t." + name)), "EINVAL", "t." + name, words)
    lab.is_refused("refused: a folder", lab.imports(lab.dir), "EINVAL", lab.dir, "directory")
    lab.is_refused("refused: nothing there", lab.imports(lab.path("none")), "ENOTFOUND", "none")
    lab.is_refused("refused: a file of another host", lab.imports("file://host/x"), "EINVAL", "file:///path")
    for bad in ("md5:" + "0" * 32, "sha256:" + "0" * 63, "sha256:" + "g" * 64, "0" * 64):
        lab.is_refused(f"refused: checksum {bad[:12]}...", lab.imports(path, checksum=bad), "EINVAL", "sha512: and 128")
    lab.is_refused("refused: another checksum", lab.imports(path, checksum="sha256:" + "0" * 64), "EINVAL", sha(path), "0" * 64)


def put(path, at, data):
    with open(path, "r+b") as f:
        f.seek(at)
        f.write(data)


def hostile(lab):
    """Files that would read other files of the host, or are not what they say."""
    secret = lab.file("secret", b"secret" * 1000)
    t = lab.path("t.qcow2")

    def refused(what, *words, kind="EINVAL", path=t, **options):
        lab.is_refused("hostile: " + what, lab.imports(path, **options), kind, *words)

    qemu_img("create", "-q", "-f", "qcow2", "-u", "-b", secret, "-F", "raw", t, "8M")
    refused("qcow2 with a backing file", "backing file")
    qemu_img("create", "-q", "-f", "qcow2", "-o", "data_file=" + lab.path("t.data") + ",data_file_raw=on", t, "8M")
    refused("qcow2 with a data file", "another file")
    with open(t, "r+b") as f:
        data = f.read()
        f.seek(0)
        f.write(data.replace(lab.path("t.data").encode(), b"/etc/passwd".ljust(len(lab.path("t.data")), b"\0")))
    refused("qcow2 whose data file is /etc/passwd", "another file")
    qemu_img("create", "-q", "-f", "qcow2", t, "8M")
    put(t, 8, struct.pack(">QI", 512, 60))
    put(t, 512, b'json:{"driver":"file","filename":"/etc/passwd"}             ')
    refused("qcow2 whose backing file is JSON", "backing file")
    qemu_img("create", "-q", "-f", "qcow2", t, "8M")
    put(t, 32, struct.pack(">I", 2))  # LUKS
    refused("qcow2 that is encrypted", "encrypted")
    qemu_img("create", "-q", "-f", "qcow2", t, "60T")
    refused("qcow2 of 60 TiB", "60T", "8T")
    refused("qcow2 of 60 TiB, where 1 GiB is wanted", "60T", "1G", max=1 << 30)
    for what, at, value in [("size 0", 24, 0), ("size 2^64 - 1", 24, 2**64 - 1), ("size 2^63", 24, 2**63), ("L1 beyond the end", 40, 2**50),
                            ("L1 in the header", 40, 0),
                            ("refcounts beyond the end", 48, 2**50), ("incompatible features that nobody knows", 72, 1 << 40), ("marked corrupt", 72, 2)]:
        qemu_img("create", "-q", "-f", "qcow2", t, "8M")
        put(t, at, struct.pack(">Q", value))
        refused("qcow2: " + what)
    for what, at, value in [("version 9", 4, 9), ("clusters of 2^40", 20, 40), ("an L1 of 2^31 entries", 36, 2**31), ("snapshots without end", 60, 2**31)]:
        qemu_img("create", "-q", "-f", "qcow2", t, "8M")
        put(t, at, struct.pack(">I", value))
        refused("qcow2: " + what)
    v = lab.path("t.vmdk")
    qemu_img("convert", "-O", "vmdk", lab.path("disk.raw"), v)
    with open(v, "rb") as f:
        good = f.read()

    def vmdk(what, change, *words):
        with open(v, "wb") as f:
            f.write(change(good))
        refused("vmdk: " + what, *words, path=v)

    vmdk("a parent", lambda d: d.replace(b"parentCID=ffffffff", b'parentCID=00000001'), "hangs on another file")
    vmdk("a descriptor that names /etc/passwd", lambda d: d[:12] + bytes(8) + d[20:].replace(b'RW ', b'RW 8 FLAT "/etc/passwd" 0\n#', 1), "nothing of its size")
    vmdk("several files", lambda d: d.replace(b'createType="monolithicSparse"', b'createType="twoGbMaxExtent.."'), "several files")
    vmdk("a descriptor beyond the end", lambda d: d[:28] + struct.pack("<Q", 1 << 30) + d[36:], "descriptor")
    vmdk("a descriptor of 1 TiB", lambda d: d[:36] + struct.pack("<Q", 1 << 31) + d[44:], "descriptor")
    vmdk("8 ZiB", lambda d: d[:12] + struct.pack("<Q", 2**64 - 1) + d[20:], "its size")
    vmdk("1 PiB", lambda d: d[:12] + struct.pack("<Q", 2**41) + d[20:], "8T")
    lab.check(not os.path.exists(lab.path("t.data")) or os.path.getsize(lab.path("t.data")) == 8 * MIB, "hostile: nothing was written to a file")


def bombs(lab):
    start = time.monotonic()
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    data = b"".join(bomb.compress(bytes(MIB)) for _ in range(1200)) + bomb.flush()
    lab.is_refused("bomb: gzip of 1.2 GiB where 1 GiB is wanted", lab.imports(lab.file("t.packed", data), max=1 << 30), "EINVAL", "1G", "max_size")
    lab.is_refused("bomb: raw that is too large", lab.imports(lab.path("disk.raw"), max=20 * MIB), "EINVAL", "20M", "max_size")
    lab.is_right("bomb: just as large as it may be", lab.imports(lab.path("disk.raw"), max=21 * MIB), DISK)
    with open(lab.path("disk.qcow2"), "rb") as f:
        head = f.read(MIB)
    lab.is_refused("bomb: gzip of a qcow2 without end", lab.imports(lab.file("t.packed", gzip.compress(head) + data), max=1 << 30), "EINVAL", "1G", "max_size")
    # xz says in its header how much memory it wants: a dictionary of 3 GiB.
    packed = bytearray(lzma.compress(DISK[:MIB], preset=0))
    size = (packed[12] + 1) * 4
    packed[12 + 4] = 39
    packed[12 + size - 4:12 + size] = struct.pack("<I", zlib.crc32(packed[12:12 + size - 4]))
    lab.is_refused("bomb: xz that wants 3 GiB of memory", lab.imports(lab.file("t.packed", bytes(packed))), "EINVAL", "memory")
    packed = bytearray(subprocess.run(["zstd", "-q", "-1", "-c"], input=DISK[:MIB], check=True, stdout=subprocess.PIPE).stdout)
    packed[5] = 0x98
    lab.is_refused("bomb: zstd that wants 512 MiB of memory", lab.imports(lab.file("t.packed", bytes(packed))), "EINVAL", "memory")
    print(f"# bombs: {time.monotonic() - start:.1f} s")


def zstd(data):
    return subprocess.run(["zstd", "-q", "-1", "-c"], input=data, check=True, stdout=subprocess.PIPE).stdout


def damaged(lab):
    """Cut off and flipped, everywhere: never a crash, a hang or a wrong image that is called right."""
    for name, pack in [("gzip", gzip.compress), ("xz", lambda d: lzma.compress(d, preset=0)), ("zstd", lambda d: subprocess.run(
            ["zstd", "-q", "-1", "--check", "-c"], input=d, check=True, stdout=subprocess.PIPE).stdout)]:
        data = pack(DISK[:6 * MIB])
        ends = [9, 40, len(data) // 3, len(data) - 9, len(data) - 1]
        for end in ends[2:4] if SHORT else ends:
            lab.is_refused(f"damaged: {name} cut off at {end} of {len(data)}", lab.imports(lab.file("t.packed", data[:end])), "EINVAL", "t.packed")
        for _ in range(2 if SHORT else 6):
            at = RNG.randrange(12, len(data))
            broken = data[:at] + bytes([data[at] ^ 1 << RNG.randrange(8)]) + data[at + 1:]
            lab.is_refused(f"damaged: {name}, a bit at {at} of {len(data)}", lab.imports(lab.file("t.packed", broken)), "EINVAL", "t.packed")
        at = len(data) - 6
        broken = data[:at] + bytes([data[at] ^ 255]) + data[at + 1:]
        lab.is_refused(f"damaged: {name}, in the checksum at its end", lab.imports(lab.file("t.packed", broken)), "EINVAL", "t.packed")
    for name in ("disk.qcow2", "sparse.vmdk", "stream.vmdk"):
        with open(lab.path(name), "rb") as f:
            data = f.read()
        for part in (0.0001, 0.3, 0.9) if SHORT else (0.00003, 0.0001, 0.001, 0.01, 0.1, 0.3, 0.6, 0.9, 0.97):
            lab.is_refused(f"damaged: {name} cut off at {part:.5f}", lab.imports(lab.file("t.cut", data[:int(len(data) * part)])), "EINVAL", "t.cut")
        taken = 0
        for i in range(3 if SHORT else 25):
            broken = bytearray(data)
            for _ in range(4):
                at = RNG.randrange(4, 200) if i % 3 == 0 else RNG.randrange(4, 5 * 65536 if i % 3 == 1 else len(data))
                broken[at] = RNG.randrange(256)
            result = lab.imports(lab.file("t.flip", bytes(broken)), max=1 << 40)
            taken += result["ok"]
            lab.check(result["ok"] or result["kind"] == "EINVAL", f"damaged: {name}, four bytes ({i}): taken or refused, no more", result)
            lab.drop(result)
        print(f"# {name}: {taken} of the flips were not noticed, being in data or in what nobody reads")


# --- and around it -------------------------------------------------------------------------------------------------


def around(lab):
    path = lab.path("disk.raw")
    lab.rbd("create", "ceph/taken", "--size", "8M")
    lab.is_refused("an image that is not empty is left alone", lab.imports(path, image="taken"), "ECONFLICT", "ceph/taken")
    result = lab.imports(path, cancel_at=8 * MIB)
    lab.is_refused("raw: cancelled", result, "EINVAL", "cancelled")
    lab.check(8 * MIB <= result["done"] < 16 * MIB, "raw: and soon", result)
    big = lab.file("big.raw", disk(160 * MIB))
    qemu_img("convert", "-c", "-O", "qcow2", big, lab.path("big.qcow2"))
    result = lab.imports(lab.path("big.qcow2"), cancel_at=8 * MIB)
    lab.is_refused("qcow2: cancelled", result, "EINVAL", "cancelled")
    result = lab.imports(lab.path("big.qcow2"))
    lab.check(result["ok"] and result["steps"] > 20 and result["done"] == result["total"] == 160 * MIB, "qcow2: its progress is heard", result)
    lab.drop(result)
    for name in ("big.raw", "big.qcow2"):
        process = lab.begin(lab.path(name), depth=1)
        while process[0].poll() is None:
            time.sleep(0.02)
            os.utime(lab.path(name), (1, 1))
        lab.is_refused(f"{name}: changed while it was read, and the time set back", lab.finish(process), "EINVAL", "changed while it was read")
    lab.is_refused("qcow2 without qemu-img", lab.imports(lab.path("disk.qcow2"), env={"PATH": "/nonexistent"}), "ENOTFOUND", "qemu-utils", "qemu-block-extra")
    module = [os.path.join(d, "block-rbd.so") for d in ("/usr/lib/x86_64-linux-gnu/qemu", "/usr/lib/aarch64-linux-gnu/qemu")]
    module = [m for m in module if os.path.exists(m)]
    words = ["unshare", "--mount", "--map-root-user", "sh", "-c", f"mount --bind /dev/null {module[0] if module else ''} && exec \"$@\"", "sh"]
    if module and subprocess.run([*words, "true"], check=False, stderr=subprocess.DEVNULL).returncode == 0:
        tool, lab.tool = lab.tool, lab.path("tool.sh")
        hidden = "mount --bind /dev/null " + module[0] + " && exec \"$@\""
        lab.file("tool.sh", ("#!/bin/sh\nexec unshare --mount --map-root-user sh -c '" + hidden + "' sh " + tool + " \"$@\"\n").encode())
        os.chmod(lab.tool, 0o755)
        lab.is_refused("qcow2 where qemu-img has no RBD", lab.imports(lab.path("disk.qcow2")), "ENOTFOUND", "qemu-block-extra")
        lab.tool = tool
    else:
        print("ok - qcow2 where qemu-img has no RBD # SKIP no mount namespaces here")


def main():
    with import_lab.ImportLab(labs.build_dir(), size="2G") as lab:
        wanted = [a for a in sys.argv[2:] if not a.startswith("-")]
        for section in (raw, qcow2, packed, iso, names, other_formats, hostile, bombs, damaged, around):
            if not wanted or section.__name__ in wanted or section in (raw, qcow2):
                start = time.monotonic()
                section(lab)
                print(f"# {section.__name__}: {time.monotonic() - start:.1f} s", flush=True)
        lab.close_up()
        return lab.done()


if __name__ == "__main__":
    sys.exit(main())
