#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run test programs that speak TAP, show what failed, add the counts to build/results.tsv.

    tests/run.py [--jobs N] SUITE PROGRAM...   one line for the suite, details of failures only
    tests/run.py --sum                         the closing line: N passed, M failed[, K skipped]

With --jobs N programs run side by side, at most N at a time: for those that share nothing and wait much.

Nothing that any of them printed may show a secret: see tests/lib/outputs.py. That is one more test of each suite.

A program that ends with an error but reports no failed test counts as one failure, one that
succeeds without reporting anything as one pass (a script whose exit status is the verdict).
"""
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
import outputs

RESULTS = os.environ.get("PXC_RESULTS", "build/results.tsv")
LOGS = os.path.join(os.path.dirname(RESULTS), "log")
REPORTING = threading.Lock()
POINT = re.compile(r"^\s*(not ok|ok)\b(.*)$")


def outputs_of(suite):
    return os.path.abspath(os.path.join(LOGS, suite + ".outputs"))


def run(suite, program):
    env = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP", LC_ALL="C.UTF-8", PXC_TEST_OUTPUTS=outputs_of(suite))
    start = time.monotonic()
    done = subprocess.run([program] if os.path.exists(program) else program.split(), env=env, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = done.stdout.decode("utf-8", "replace")
    with REPORTING:
        return report(suite, program, done.returncode, f"=== {program} ({time.monotonic() - start:.0f} s)\n", text)


def report(suite, program, status, head, text):
    with open(os.path.join(LOGS, suite + ".log"), "a", encoding="utf-8") as log:
        log.write(head + text)
    passed = failed = skipped = 0
    for line in text.splitlines():
        point = POINT.match(line)
        if not point:
            continue
        if "# skip" in point[2].lower():  # cmocka says "not ok" of them
            skipped += 1
            print(f"  skipped: {program}: {point[2].strip()}")
        elif point[1] == "not ok":
            failed += 1
        else:
            passed += 1
    if status != 0 and not failed:
        failed += 1
    if status == 0 and not passed + failed + skipped:
        passed = 1
    if failed:
        print(f"--- {suite}: {program} (exit {status})\n{text.rstrip()}\n---")
    return passed, failed, skipped


def no_secret(suite):
    """(passed, failed, skipped) of the look at all that the suite has printed."""
    with open(os.path.join(LOGS, suite + ".log"), encoding="utf-8") as log:
        looked, known, found = outputs.leaks(outputs_of(suite), log.read())
    for line in found:
        print(f"--- {suite}: a secret was printed: {line}")
    with open(os.path.join(LOGS, suite + ".log"), "a", encoding="utf-8") as log:
        log.write(f"=== secrets\n{'not ok' if found else 'ok'} - {looked} outputs show none of {known} secrets\n")
    return not found, bool(found), 0


def main():
    if sys.argv[1:] == ["--sum"]:
        rows = [line.split("\t") for line in open(RESULTS, encoding="utf-8")] if os.path.exists(RESULTS) else []
        passed, failed, skipped = (sum(int(r[i]) for r in rows) for i in (1, 2, 3))
        print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
        return 1 if failed or not passed else 0
    jobs = int(sys.argv[2]) if sys.argv[1] == "--jobs" else 1
    suite, *programs = sys.argv[3:] if sys.argv[1] == "--jobs" else sys.argv[1:]
    start = time.monotonic()
    os.makedirs(LOGS, exist_ok=True)
    if os.path.exists(os.path.join(LOGS, suite + ".log")):
        os.unlink(os.path.join(LOGS, suite + ".log"))
    shutil.rmtree(outputs_of(suite), ignore_errors=True)
    os.makedirs(outputs_of(suite))
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        counts = list(pool.map(lambda program: run(suite, program), programs))
    counts.append(no_secret(suite))
    passed, failed, skipped = (sum(c[i] for c in counts) for i in range(3))
    with open(RESULTS, "a", encoding="utf-8") as out:
        out.write(f"{suite}\t{passed}\t{failed}\t{skipped}\n")
    print(f"{suite}: {passed} passed, {failed} failed, {skipped} skipped ({time.monotonic() - start:.0f} s)")
    return 1 if failed or not programs else 0


if __name__ == "__main__":
    sys.exit(main())
