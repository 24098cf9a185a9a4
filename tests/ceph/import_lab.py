# SPDX-License-Identifier: GPL-3.0-or-later
"""One Ceph, and imports into it by import_tool: what the tests and the bench of imports share."""
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import badserver
import lab as labs

POOL = "ceph"
MEMORY = 256 << 10  # KiB, of an import and its child together


class ImportLab(labs.Lab):
    """with ImportLab(build) as lab: lab.imports(path, checksum=...) -> what the tool said"""

    def __enter__(self):
        self.temp = tempfile.TemporaryDirectory(prefix="pxc-import-", dir=os.environ.get("TMPDIR", "/var/tmp"))
        self.dir = self.temp.name
        self.ceph = os.path.join(self.dir, "ceph")
        self.box("up", "pool=" + POOL, "mgr=1", "size=" + self.size, f"watch={os.getpid()}", "linger=8")
        self.conf = os.path.join(self.ceph, "ceph.conf")
        self.env = dict(os.environ, PXC_TEST_CEPH_CONF=self.conf, PXC_CEPH_DIR=os.path.join(self.build, "bin"))
        self.tool = os.path.join(self.build, "tests/ceph/import_tool")
        self.count, self.most_memory, self.leaks, self.told = 0, 0, [], []
        return self

    def __exit__(self, *exc):
        self.box("down")
        self.temp.cleanup()

    def path(self, name):
        return os.path.join(self.dir, name)

    def file(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data)
        return self.path(name)

    def begin(self, source, image=None, pool=POOL, env=None, **options):
        """Starts the tool; finish() takes what it returns."""
        self.count += 1
        image = image or f"i{self.count}"
        words = [f"{k}={v}" for k, v in dict({"timeout": 8000, "work_dir": self.dir}, **options).items() if v is not None]
        process = subprocess.Popen([self.tool, pool, image, "source=" + source, *words], env=dict(self.env, **(env or {})),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return process, image, pool

    def finish(self, begun, timeout=150):
        process, image, pool = begun
        try:
            out, words = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return {"ok": False, "kind": "HANGS", "msg": f"no end after {timeout} s", "image": image, "pool": pool}
        result = json.loads(out) if out.strip() else {"ok": False, "kind": "CRASHED", "msg": f"status {process.returncode}: {words.decode()}"}
        result.update(image=image, pool=pool)
        self.told.append(result.get("msg", ""))
        self.told.append(words.decode("utf-8", "replace"))
        self.most_memory = max(self.most_memory, result.get("rss_kib", 0) + result.get("child_rss_kib", 0))
        if result.get("fds"):
            self.leaks.append(result)
        return result

    def imports(self, source, **options):
        return self.finish(self.begin(source, **options))

    def content(self, result):
        return subprocess.run(["rbd", "--conf", self.conf, "export", "--no-progress", f"{result['pool']}/{result['image']}", "-"], check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout

    def drop(self, result):
        subprocess.run(["rbd", "--conf", self.conf, "rm", "--no-progress", f"{result['pool']}/{result['image']}"], check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    # --- verdicts ----------------------------------------------------------------------------------------------

    def is_right(self, what, result, data, **expected):
        """It went well, and the image holds data (and zeros behind them up to a sector, or to its size)."""
        good, detail = result["ok"], result
        for key, value in expected.items():
            good = good and result.get(key) == value
        if good:
            have = self.content(result)
            padded = data + bytes(-len(data) % 512)
            padded += bytes(max(0, result["size"] - len(padded)))
            good = have == padded and result["size"] == len(padded)
            if not good:
                at = next((i for i, (a, b) in enumerate(zip(have, padded)) if a != b), min(len(have), len(padded)))
                detail = f"content differs at byte {at}; {len(have)} bytes, wanted {len(padded)}; {result}"
        self.check(good, what, detail)
        self.drop(result)

    def is_refused(self, what, result, kind, *words):
        kinds = (kind,) if isinstance(kind, str) else kind
        self.check(not result["ok"] and result["kind"] in kinds and all(w in result["msg"] for w in words), what, result)
        self.drop(result)

    def close_up(self):
        """What holds for all imports of a test."""
        secrets = [m for m in self.told if badserver.SECRET in m or badserver.SIGNATURE in m]
        self.check(not secrets, "no sentence shows a password or a signature", secrets)
        noise = [m for m in self.told if "AddressSanitizer" in m or "runtime error" in m]
        self.check(not noise, "no sanitizer complained", noise)
        self.check(not self.leaks, "no file is left open", self.leaks)
        left = [n for n in os.listdir(self.dir) if n.startswith("pxc-import-")]
        self.check(not left, "no work file is left", left)
        if "san" not in self.build.split("/"):
            self.check(self.most_memory < MEMORY, f"at most {MEMORY >> 10} MiB of memory, child included: {self.most_memory >> 10} MiB")
        print("# the longest sentences:")
        for words in sorted(set(filter(None, self.told)), key=len)[-3:]:
            print("#   " + words.strip())
