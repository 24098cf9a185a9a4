#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports from servers that misbehave, and into a Ceph that does: what arrives is right, or it is said what was wrong.

    tests/ceph/import_faults.py BUILD [--short]
"""
import hashlib
import os
import random
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import badserver
import import_lab
import lab as labs

SHORT = labs.short()
RNG = random.Random(20261121)
SIZE = 10 << 20
FILE = labs.content(SIZE - (1 << 20), 5) + RNG.randbytes(1 << 20)
OTHER = labs.content(SIZE - (1 << 20), 6) + RNG.randbytes(1 << 20)
OLD = badserver.date(9999)


def sha(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


# --- servers -------------------------------------------------------------------------------------------------------


def breaks_off(lab, web):
    good = [
        ("a whole answer", {}),
        ("without ETag and Last-Modified", {"etag": None}),
        ("in chunks", {"chunked": True}),
        ("slowly", {"rate": 12 << 20}),
        ("breaks off at three places", {"cut": [0.2, 0.5, 0.9]}),
        ("breaks off, Last-Modified only", {"cut": [0.4], "etag": None, "modified": OLD}),
        ("breaks off, weak ETag", {"cut": [0.4], "etag": 'W/"one"', "modified": OLD}),
        ("breaks off, Range is ignored: all comes again", {"cut": [0.3, 0.7], "ranges": False}),
        ("breaks off in chunks", {"cut": [0.6], "chunked": True}),
        ("breaks off, and nothing proves it is the same: begun anew", {"cut": [0.6], "etag": None}),
        ("breaks off, 206 begins elsewhere: begun anew", {"cut": [0.6], "wrong_start": -4096}),
        ("breaks off at its first byte", {"cut": [0, 0.00001]}),
        ("breaks off one byte before its end", {"cut": [1 - 0.5 / SIZE]}),
        ("stops in the middle", {"hang": [0.5]}),
        ("answers 503 twice", {"errors": [503, 503]}),
        ("answers 429 and says when", {"errors": [429], "retry_after": 1}),
    ]
    for what, how in good:
        url, served = web.serve(FILE, **how)
        result = lab.imports(url, stall=1000)
        lab.is_right("HTTP: " + what, result, FILE, format="raw", checksum=sha(FILE))
        if "breaks off at three places" in what:
            starts = [int(r[6:-1]) if r else 0 for r in served.asked]
            lab.check(starts == sorted(set(starts)) and starts[0] == 0 and len(starts) == 4, "HTTP: it goes on where it was", served.asked)
    for i in range(2 if SHORT else 8):
        url, served = web.serve(FILE, cut=sorted(RNG.random() for _ in range(4)))
        lab.is_right(f"HTTP: breaks off at random places ({i})", lab.imports(url), FILE, checksum=sha(FILE))


def changes(lab, web):
    later = (OTHER, '"two"')
    for what, how in [
        ("and If-Range is heeded", {}),
        ("and If-Range is ignored", {"if_range": False}),
        ("and Range is ignored", {"ranges": False}),
        ("Last-Modified only", {"etag": None, "modified": OLD, "if_range": False}),
    ]:
        then = later if "etag" not in how else (OTHER[:-1000], None)
        url, _ = web.serve(FILE, cut=[0.7], then=then, **how)
        lab.is_right(f"HTTP: changed between two tries, {what}: no mix", lab.imports(url), then[0], checksum=sha(then[0]))
    url, _ = web.serve(FILE, cut=[0.9], then=(OTHER[:3 << 20], '"two"'))
    lab.is_right("HTTP: shorter than what is here already", lab.imports(url), OTHER[:3 << 20])
    sequence = iter(range(99))
    served = badserver.Served(FILE)

    def ever_new(request):
        served.etag, served.cut = f'"{next(sequence)}"', [0.5] * 99
        served.answer(request)
    lab.is_refused("HTTP: changes every time", lab.imports(web.route(ever_new), tries=3), "EREMOTE", "changed", "3 attempts")
    url, _ = web.serve(FILE, cut=[0.5], etag=None, if_range=False, then=(OTHER, None))
    lab.is_refused("HTTP: changed, and only the checksum tells", lab.imports(url, checksum=sha(FILE)), "EINVAL", "another checksum", sha(FILE))


def lies(lab, web):
    url, _ = web.serve(FILE, lie=1000)
    lab.is_refused("HTTP: promises more than it has", lab.imports(url, tries=2), "EREMOTE", str(SIZE), str(SIZE + 1000), "2 attempts")
    url, _ = web.serve(FILE, lie=-1000)
    lab.is_refused("HTTP: promises less than it sends", lab.imports(url, checksum=sha(FILE)), "EINVAL", "another checksum")
    url, _ = web.serve(FILE, length=False)
    lab.is_refused("HTTP: does not say how long it is", lab.imports(url), "EINVAL", "give its checksum")
    lab.is_right("HTTP: does not say how long it is, the checksum is known", lab.imports(url, checksum=sha(FILE)), FILE)
    url, _ = web.serve(FILE, length=False, cut=[0.5])
    lab.is_refused("HTTP: and breaks off", lab.imports(url, checksum=sha(FILE)), "EINVAL", "another checksum")
    url, _ = web.serve(b"", etag=None)
    lab.is_refused("HTTP: an empty file", lab.imports(url), "EINVAL", "it is empty")
    for what, body in [("a page", b"<!DOCTYPE html><html><body>Sign in</body></html>"), ("a page behind space", b"\n\n <HTML>" + b" " * 5000),
                       ("JSON", b'{"error": "no such image"}'), ("a text", b"404 not found\n" * 100)]:
        url, _ = web.serve(body)
        lab.is_refused(f"HTTP: {what} with status 200", lab.imports(url), "EINVAL", "not an image")


def refuses(lab, web):
    lab.is_refused("HTTP: 404", lab.imports(web.url("/nowhere")), "ENOTFOUND", "/nowhere", "404", f"http://127.0.0.1:{web.port}")
    for status, kind in [(401, "EDENIED"), (403, "EDENIED"), (410, "ENOTFOUND"), (418, "EREMOTE")]:
        url, served = web.serve(FILE, errors=[status] * 9)
        lab.is_refused(f"HTTP: {status}", lab.imports(url), kind, str(status))
        lab.check(len(served.asked) == 1, f"HTTP: {status} is not asked twice", served.asked)
    url, served = web.serve(FILE, errors=[503] * 99)
    lab.is_refused("HTTP: 503 for ever", lab.imports(url, tries=3), "EREMOTE", "503", "3 attempts")
    lab.check(len(served.asked) == 3, "HTTP: tries is how often it is asked", served.asked)
    url, served = web.serve(FILE, cut=[0.3] + [0.3] * 99)
    lab.is_refused("HTTP: never gets further", lab.imports(url, tries=3), "EREMOTE", str(int(SIZE * 0.3)), str(SIZE), "3 attempts")
    url, _ = web.serve(FILE, hang=[0] * 9)
    start = time.monotonic()
    lab.is_refused("HTTP: sends nothing", lab.imports(url, stall=1000, tries=2), "ETIMEOUT", "sent nothing for 1 s")
    lab.check(time.monotonic() - start < 12, "HTTP: and does not keep us long", time.monotonic() - start)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        lab.is_refused("HTTP: nobody there", lab.imports(f"http://127.0.0.1:{closed.getsockname()[1]}/x", tries=2), "EREMOTE", "connect")
    lab.is_refused("HTTP: a host without an address", lab.imports("http://nowhere.invalid/x", tries=2), "EREMOTE", "nowhere.invalid")
    lab.is_refused("HTTP: no address at all", lab.imports("http://"), "EINVAL", "http://")
    odd = f"http://user:{badserver.SECRET}/x@127.0.0.1:{web.port}/files/0"
    lab.is_refused("HTTP: a password with a slash", lab.imports(odd, tries=1), ("EINVAL", "EREMOTE"))


def redirects(lab, web):
    url, _ = web.serve(FILE)
    lab.is_right("HTTP: a redirect is followed", lab.imports(web.redirect(web.redirect(url))), FILE)
    lab.is_refused("HTTP: redirects in a circle", lab.imports(web.redirect("?again")), "EREMOTE", "on and on")
    lab.is_refused("HTTP: a redirect to a file of this host", lab.imports(web.redirect("file:///etc/passwd")), "EDENIED", "leads on")
    lab.is_refused("HTTP: a redirect to another protocol", lab.imports(web.redirect("gopher://127.0.0.1/")), "EDENIED", "leads on")


def secure(lab, web):
    cert, key, both = lab.path("cert.pem"), lab.path("key.pem"), lab.path("both.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=127.0.0.1",
                    "-addext", "subjectAltName=IP:127.0.0.1"], check=True, stderr=subprocess.DEVNULL)
    with open(both, "wb") as out:
        out.write(open(cert, "rb").read() + open(key, "rb").read())
    with badserver.BadServer(both) as https:
        url, served = https.serve(FILE, cut=[0.5])
        lab.is_refused("HTTPS: nobody vouches for it", lab.imports(url), "EDENIED", "certificate")
        lab.check(not served.asked, "HTTPS: and nothing is asked of it", served.asked)
        lab.is_right("HTTPS: with its certificate", lab.imports(url, ca=cert), FILE)
        lab.is_refused("HTTPS: a file of certificates that is not there", lab.imports(url, ca="/nonexistent.pem"), "EINVAL", "/nonexistent.pem")
        plain, _ = web.serve(FILE)
        lab.is_refused("HTTPS: a redirect to HTTP", lab.imports(https.redirect(plain), ca=cert), "EDENIED", "https")
        lab.is_right("HTTP: a redirect to HTTPS", lab.imports(web.redirect(url), ca=cert), FILE)


def packed_and_formats(lab, web):
    raw = lab.file("web.raw", FILE)
    for name, make in [("gzip", ["gzip", "-1", "-c", raw]), ("xz", ["xz", "-0", "-T2", "--block-size=1MiB", "-c", raw]),
                       ("zstd", ["zstd", "-q", "-1", "-c", raw])]:
        data = subprocess.run(make, check=True, stdout=subprocess.PIPE).stdout
        url, _ = web.serve(data, cut=[0.3, 0.6])
        lab.is_right(f"HTTP: {name} that breaks off", lab.imports(url), FILE, format="raw+" + name, checksum=sha(data))
        url, _ = web.serve(data[:len(data) * 2 // 3])
        lab.is_refused(f"HTTP: {name} that lacks its end", lab.imports(url), "EINVAL", "too early")
        url, _ = web.serve(data, cut=[0.9], then=(data[:-1] + b"x", '"two"'))
        lab.is_refused(f"HTTP: {name} that is changed, and damaged then", lab.imports(url), "EINVAL", "decompressed")
    for name in ("qcow2", "vmdk"):
        subprocess.run(["qemu-img", "convert", "-O", name, raw, lab.path("web." + name)], check=True)
        with open(lab.path("web." + name), "rb") as f:
            data = f.read()
        url, _ = web.serve(data, cut=[0.4])
        lab.is_right(f"HTTP: {name} that breaks off", lab.imports(url), FILE, format=name, checksum=sha(data))
        url, _ = web.serve(OTHER, cut=[0.6], then=(data, '"two"'))
        lab.is_right(f"HTTP: raw that becomes {name} between two tries", lab.imports(url), FILE, format=name)
        url, _ = web.serve(data)
        lab.is_refused(f"HTTP: {name} with another checksum", lab.imports(url, checksum=sha(FILE)), "EINVAL", sha(data), sha(FILE))
        lab.is_refused(f"HTTP: {name}, a work folder that is not there", lab.imports(url, work_dir="/nonexistent"), "EINVAL", "/nonexistent", "work_dir")


def children(pid):
    """What has ended meanwhile, a thread or all of it, has none."""
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="utf-8") as f:
                found += [int(p) for p in f.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


def converts(pid):
    for child in children(pid):
        try:
            with open(f"/proc/{child}/cmdline", "rb") as f:
                if b"\0convert\0" in f.read():
                    return True
        except (FileNotFoundError, ProcessLookupError):
            pass
    return False


def lives(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def killed(lab, web):
    """Whatever it was doing: no work file stays, and qemu-img ends with it."""
    raw = lab.file("killed.raw", RNG.randbytes(48 << 20))
    subprocess.run(["qemu-img", "convert", "-c", "-O", "qcow2", raw, lab.path("killed.qcow2")], check=True)
    with open(lab.path("killed.qcow2"), "rb") as f:
        url, _ = web.serve(f.read(), rate=200 << 20)
    with_child = 0
    for delay in ([0.4, None] if SHORT else [0.2, 0.4, 0.6, 0.8, None, None]):  # None: as soon as qemu-img runs
        process, _, _ = lab.begin(url)
        if delay:
            time.sleep(delay)
        mine = children(process.pid)
        while not delay and process.poll() is None and not mine:
            time.sleep(0.002)
            mine = children(process.pid)
        when = f"killed after {delay} s" if delay else "killed with qemu-img"
        with_child += len(mine)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        time.sleep(0.2)
        lab.check(not [p for p in mine if lives(p)], f"{when}: its child ends with it", mine)
        lab.check(not [n for n in os.listdir(lab.dir) if n.startswith("pxc-import-")], f"{when}: no work file stays")
    lab.check(with_child > 0, f"{with_child} of them were killed with a child")


# --- Ceph ----------------------------------------------------------------------------------------------------------


def halfway(lab, web, name, stop, **options):
    """An import that is under way when stop() happens; its result, and how long it went on then."""
    url, _ = web.serve(lab.long, rate=24 << 20)
    others = lab.objects()  # of imports that were killed before
    begun = lab.begin(url if name == "raw" else lab.path("long.qcow2"), timeout=4000, **options)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and begun[0].poll() is None and not (lab.objects() >= others + 6 if name == "raw" else converts(begun[0].pid)):
        time.sleep(0.005)
    stop(begun[0].pid)
    start = time.monotonic()
    result = lab.finish(begun)
    return result, time.monotonic() - start


class Objects(import_lab.ImportLab):
    def objects(self):
        """Of data, in the pool."""
        return sum(n.startswith("rbd_data.") for n in self.rados("-p", import_lab.POOL, "ls").split())

    def pid(self, daemon):
        with open(os.path.join(self.ceph, "run", daemon + ".pid"), encoding="utf-8") as f:
            return int(f.read())

    def wait_for(self, what):
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline and not what():
            time.sleep(0.3)

    def clear(self):
        for image in self.rbd("ls", import_lab.POOL).split():
            self.drop({"pool": import_lab.POOL, "image": image})


def long_ones(lab):
    lab.long = RNG.randbytes(96 << 20)
    raw = lab.file("long.raw", lab.long)
    subprocess.run(["qemu-img", "convert", "-c", "-O", "qcow2", raw, lab.path("long.qcow2")], check=True)


def silent(lab, web, name):
    result, took = halfway(lab, web, name, lambda pid: os.kill(lab.pid("osd.0"), signal.SIGSTOP))
    os.kill(lab.pid("osd.0"), signal.SIGCONT)
    lab.check(not result["ok"] and result["kind"] == "ETIMEOUT" and took < 60,
              f"{name}: an OSD that is silent from the middle on: an error after {took:.0f} s", result)
    print("#   " + result.get("msg", ""))
    lab.ceph_cmd("osd", "down", "0")  # an only OSD that overslept never finds its leases valid again by itself
    lab.wait_for(lambda: "9 active+clean" in lab.ceph_cmd("pg", "stat"))
    lab.clear()
    result, took = halfway(lab, web, name, lambda pid: os.kill(lab.pid("mon.a"), signal.SIGSTOP))
    os.kill(lab.pid("mon.a"), signal.SIGCONT)
    lab.check(result["ok"] or result["kind"] == "ETIMEOUT", f"{name}: a monitor that is silent from the middle on: no hang ({took:.0f} s)", result)
    lab.clear()


def full(lab, web, name):
    def fill(pid):
        stopped = [pid, *children(pid)]
        for p in stopped:
            os.kill(p, signal.SIGSTOP)
        lab.rados("-p", import_lab.POOL, "put", "filler", lab.path("long.raw"))
        lab.ceph_cmd("osd", "pool", "set-quota", import_lab.POOL, "max_bytes", str(8 << 20))
        lab.wait_for(lambda: "full" in lab.ceph_cmd("health", "detail"))
        for p in stopped:
            os.kill(p, signal.SIGCONT)
    result, took = halfway(lab, web, name, fill)
    lab.check(not result["ok"] and result["kind"] == "EREMOTE" and "write: pool ceph is full" in result["msg"],
              f"{name}: the pool is full from the middle on: an error after {took:.0f} s", result)
    print("#   " + result.get("msg", ""))
    lab.ceph_cmd("osd", "pool", "set-quota", import_lab.POOL, "max_bytes", "0")
    lab.wait_for(lambda: "full" not in lab.ceph_cmd("health", "detail"))
    lab.rados("-p", import_lab.POOL, "rm", "filler")
    lab.clear()
    lab.is_right(f"{name}: with room again", lab.imports(lab.path("long." + name)), lab.long)


def ceph_fails(lab, web):
    long_ones(lab)
    for name in ["raw", "qcow2"]:
        full(lab, web, name)
        if not SHORT:
            silent(lab, web, name)


def ceph_dies(_, web):
    """Each in a Ceph of its own, since a memstore forgets."""
    for name in ["raw"] if SHORT else ["raw", "qcow2"]:
        with Objects(labs.build_dir(), size="1G") as lab:
            long_ones(lab)
            result, took = halfway(lab, web, name, lambda pid: lab.box("stop", "osd.0"))
            _.check(not result["ok"] and result["kind"] in ("ETIMEOUT", "EREMOTE") and took < 60,
                    f"{name}: an OSD that dies in the middle: an error after {took:.0f} s", result)
            print("#   " + result.get("msg", ""))
            lab.box("stop", "mon.a")
            start = time.monotonic()
            result = lab.imports(lab.path("long.raw"), timeout=3000)
            _.check(not result["ok"] and result["kind"] == "ETIMEOUT" and time.monotonic() - start < 30, "no monitor: an error in time", result)


def main():
    with Objects(labs.build_dir(), size="3G") as lab, badserver.BadServer() as web:
        for section in (breaks_off, changes, lies, refuses, redirects, secure, packed_and_formats, killed, ceph_fails, ceph_dies):
            wanted = [a for a in sys.argv[2:] if not a.startswith("-")]
            if not wanted or section.__name__ in wanted:
                start = time.monotonic()
                section(lab, web)
                print(f"# {section.__name__}: {time.monotonic() - start:.1f} s", flush=True)
        lab.close_up()
        return lab.done()


if __name__ == "__main__":
    sys.exit(main())
