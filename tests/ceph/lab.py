# SPDX-License-Identifier: GPL-3.0-or-later
"""One Ceph, one simulated cluster on it, and the modules run as programs: what the tests of this folder share."""
import ctypes
import http.server
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/lib"))
import outputs
import sim

CEPHBOX = os.path.join(ROOT, "tests/lib/cephbox.sh")


PR_SET_PDEATHSIG = 1


def end_with_us():
    """For a child: whatever happens to this process, it does not outlive it."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Lab:
    """with Lab(build) as lab: lab.run("pxc_vm", {...}) -> result"""

    def __init__(self, build, speed="100", size="6G", faults=None):
        self.build = os.path.abspath(build)
        self.speed, self.size = speed, size
        self.points, self.failures = 0, 0

    def __enter__(self):
        self.temp = tempfile.TemporaryDirectory(prefix="pxc-ceph-")
        self.dir = self.temp.name
        self.ceph = os.path.join(self.dir, "ceph")
        self.box("up", "pool=ceph", "size=" + self.size, "mgr=1", f"watch={os.getpid()}", "linger=8")
        self.conf = os.path.join(self.ceph, "ceph.conf")
        self.sim = sim.Sim(self.build, "--nodes", "3", "--speed", self.speed, "--ceph", self.conf, "--state-dir", self.dir, world={"storages": {
            "ceph": {"type": "rbd", "pool": "ceph", "content": "images,rootdir"},
            "hdd": {"type": "rbd", "pool": "hdd", "content": "images,rootdir"},  # whoever wants it makes the pool
            "nopool": {"type": "rbd", "pool": "nopool", "content": "images,rootdir"},
            "local": {"type": "dir", "path": "/var/lib/vz", "content": "iso,import,images"}}}, preexec_fn=end_with_us)
        self.env = self.sim.environment(PXC_CEPH_CONF=self.conf, PXC_ACTOR="tester")
        return self

    def __exit__(self, *exc):
        self.sim.close()
        self.box("down")
        self.temp.cleanup()

    def box(self, verb, *args):
        subprocess.run(["bash", CEPHBOX, verb, self.ceph, *args], check=True, stdout=subprocess.DEVNULL)

    # --- the modules ---------------------------------------------------------------------------------------

    def start(self, module, args, **env):
        process = subprocess.Popen([module], executable=os.path.join(self.build, "bin/pxc"), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=dict(self.env, **env))
        process.stdin.write(json.dumps(args).encode())
        process.stdin.close()
        process.stdin = None
        return process

    @staticmethod
    def end(process):
        out = outputs.keep(process.communicate()[0])
        return json.loads(out) if out.strip() else {"failed": True, "msg": f"no answer, status {process.returncode}"}

    def run(self, module, args, **env):
        return self.end(self.start(module, args, **env))

    def must(self, module, args, **env):
        result = self.run(module, args, **env)
        if result.get("failed"):
            raise SystemExit(f"{module} {args}: {result.get('msg')}")
        return result

    # --- what others do in PVE, and to the simulator ----------------------------------------------------------

    def ask(self, method, path, body=None, **params):
        """One request; its data, or the text of the error."""
        try:
            text = self.sim.ask(method, path, body, **params)
            return json.loads(text).get("data") if text.strip() else None
        except urllib.error.HTTPError as error:
            return f"{error.code} {error.reason}"

    def pve(self, method, path, **params):
        return self.ask(method, "/api2/json" + path, **params)

    # --- Ceph by its own tools ------------------------------------------------------------------------------

    def rbd(self, *args):
        return subprocess.run(["rbd", "--conf", self.conf, *args], check=True, capture_output=True, text=True).stdout

    def rados(self, *args):
        return subprocess.run(["rados", "--conf", self.conf, *args], check=True, capture_output=True, text=True).stdout

    def ceph_cmd(self, *args):
        return subprocess.run(["ceph", "--conf", self.conf, *args], check=True, capture_output=True, text=True).stdout

    def images(self, pool="ceph"):
        return self.rbd("ls", pool).split()

    def meta(self, image):
        return json.loads(self.rbd("image-meta", "ls", "ceph/" + image, "--format", "json") or "{}")

    def export(self, image):
        return subprocess.run(["rbd", "--conf", self.conf, "export", "ceph/" + image, "-", "--no-progress"], check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout

    def locks(self):
        """Locks that somebody holds."""
        held = []
        for name in self.rados("-p", "ceph", "ls").split():
            if name.startswith("pxc.lock."):
                if json.loads(self.rados("-p", "ceph", "lock", "info", name, "pxc", "--format", "json")).get("lockers"):
                    held.append(name)
        return held

    # --- verdicts ---------------------------------------------------------------------------------------------

    def check(self, good, what, detail=""):
        self.points += 1
        self.failures += not good
        print(f"{'ok' if good else 'not ok'} - {what}", flush=True)
        if not good and detail:
            print("\n".join("# " + line for line in str(detail).splitlines()[:12]), flush=True)

    def refused(self, result, words, what):
        self.check(result.get("failed") and all(w in result.get("msg", "") for w in words), what, result.get("msg", result))

    def done(self):
        print(f"1..{self.points}")
        return 1 if self.failures else 0


class SlowServer:
    """Serves one file at so many bytes a second for each reader, with ranges."""

    def __init__(self, data, rate):
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_HEAD(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.send_header("Accept-Ranges", "bytes")
                self.end_headers()

            def do_GET(self):
                first = 0
                asked = self.headers.get("Range", "")
                if asked.startswith("bytes="):
                    first = int(asked[6:].split("-")[0])
                self.send_response(206 if first else 200)
                if first:
                    self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
                self.send_header("Content-Length", str(len(data) - first))
                self.send_header("ETag", '"one"')
                self.end_headers()
                step = 1 << 18
                try:
                    for at in range(first, len(data), step):
                        self.wfile.write(data[at:at + step])
                        time.sleep(step / server.rate)
                except OSError:
                    pass

        self.rate = rate
        self.httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.httpd.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.httpd.server_address[1]}/image.raw"
        threading.Thread(target=self.httpd.serve_forever, daemon=True).start()

    def close(self):
        self.httpd.shutdown()


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.communicate()


def build_dir():
    return sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build")


def short():
    return "--short" in sys.argv


def content(size, seed):
    """Bytes as a disk has them: some noise, much nothing."""
    rng = random.Random(seed)
    return b"".join(rng.randbytes(1 << 20) if rng.random() < 0.5 else bytes(1 << 20) for _ in range(size >> 20))
