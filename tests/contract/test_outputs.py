#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""tests/run.py finds a secret in whatever the programs of a suite print, in each of its forms, and never prints it itself."""
import base64
import json
import os
import subprocess
import sys
import tempfile
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SECRET = "4f1c/äpfel+77-0b"
PROGRAM = """#!/usr/bin/env python3
import sys
sys.path.insert(0, {lib!r})
import outputs
outputs.secret({secret!r})
print("ok 1 - it ran")
{code}
"""
CASES = {
    "nothing": ("pass", True),
    "something like it": ("outputs.keep(b'4f1c/birnen+77-0b')", True),
    "what a module printed": ("outputs.keep(b'before ' + %r + b' after')" % SECRET.encode(), False),
    "what the driver printed": ("print('before', %r)" % SECRET, False),
    "in a URL": ("outputs.keep(%r)" % ("?p=" + urllib.parse.quote(SECRET, safe="")), False),
    "in JSON": ("outputs.keep(%r)" % json.dumps({"a": SECRET}), False),
    "in base64": ("outputs.keep(%r)" % base64.b64encode(b"user:" + SECRET.encode() + b"\nmore").decode(), False),
    "one that is known by its mark": ("outputs.keep('a-%s-b')" % ("s3" + "cret"), False),
}


def main():
    failed = 0
    with tempfile.TemporaryDirectory(prefix="pxc-outputs-") as folder:
        for i, (name, (code, good)) in enumerate(CASES.items(), 1):
            path = os.path.join(folder, f"case{i}")
            with open(path, "w", encoding="utf-8") as f:
                f.write(PROGRAM.format(lib=os.path.join(ROOT, "tests/lib"), secret=SECRET, code=code))
            os.chmod(path, 0o755)
            done = subprocess.run([sys.executable, os.path.join(ROOT, "tests/run.py"), "case", path], check=False, cwd=folder,
                                  env=dict(os.environ, PXC_RESULTS=os.path.join(folder, "results.tsv")), capture_output=True, text=True)
            right = (done.returncode == 0) == good and SECRET not in done.stdout and ("a secret was printed" in done.stdout) != good
            failed += not right
            print(f"{'ok' if right else 'not ok'} {i} - {name}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
