#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""tests/run.py counts what programs say and how they end. Speaks TAP."""
from __future__ import annotations

import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/lib"))
import tap

# what it prints, its exit status, then (passed, failed, skipped)
CASES = {
    "a point": ("ok 1 - a", 0, (1, 0, 0)),
    "one that failed": ("ok 1 - a\nnot ok 2 - b", 1, (1, 1, 0)),
    "one that failed, and nothing in the status": ("not ok 1 - b", 0, (0, 1, 0)),
    "one that was skipped": ("ok 1 - a # skip no kernel", 0, (0, 0, 1)),
    "one that cmocka skipped": ("ok 1 - a\nnot ok 2 # SKIP b", 0, (1, 0, 1)),
    "nothing but a status": ("", 0, (1, 0, 0)),
    "a bad status": ("", 3, (0, 1, 0)),
    "a crash behind the last point": ("ok 1 - a", 139, (1, 1, 0)),
}


def main() -> int:
    points = tap.Points()
    for name, (said, status, (passed, failed, skipped)) in CASES.items():
        with tempfile.TemporaryDirectory(prefix="pxc-run-") as folder:
            path = os.path.join(folder, "case")
            with open(path, "w", encoding="utf-8") as f:
                f.write(f"#!/bin/sh\ncat <<END\n{said}\nEND\nexit {status}\n")
            os.chmod(path, 0o755)
            env = dict(os.environ, PXC_RESULTS=os.path.join(folder, "results.tsv"))
            runner = [sys.executable, os.path.join(ROOT, "tests/run.py")]
            done = subprocess.run([*runner, "case", path], env=env, check=False, capture_output=True, text=True)
            # One more passes: that no secret was printed.
            counted = f"case: {passed + 1} passed, {failed} failed, {skipped} skipped" in done.stdout
            last = subprocess.run([*runner, "--sum"], env=env, check=False, capture_output=True, text=True)
            total = f"{passed + 1} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")
            points.check(name, counted and last.stdout.splitlines()[-1] == total and {done.returncode, last.returncode} == {int(failed > 0)},
                         done.stdout, last.stdout)
    return points.end()


if __name__ == "__main__":
    sys.exit(main())
