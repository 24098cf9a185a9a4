#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does docs/policy.md show the table of schemas/policy.yml, and does the generator refuse bad data with file and line?

    tests/contract/test_policy_doc.py BUILD/bin/tables                checks; TAP
    tables policy-doc schemas/policy.yml | tests/contract/test_policy_doc.py --write docs/policy.md
"""
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
TABLE = re.compile(r"(<!-- policy table: [^\n]* -->\n)(.*?)(<!-- end of the policy table -->\n)", re.S)

# What is wrong, and what must be said of it.
BAD = [
    ("actions: []\n", "line 1: it must hold a list of actions"),
    ("other: 1\n", "line 1: it must hold a list of actions"),
    ("actions:\n  - {name: vm.x, needs: member, text: x}\n  - {name: vm, needs: member, text: x}\n", 'line 3: name: "vm" is not like'),
    ("actions:\n  - {name: vm.x, needs: owner, text: x}\n", "line 2: vm.x: needs must be"),
    ("actions:\n  - {name: vm.x, needs: member, text: x, changes: 1}\n", "line 2: vm.x: changes must be"),
    ("actions:\n  - {name: vm.x, needs: member}\n", "line 2: vm.x: text must be"),
    ("actions:\n  - {name: vm.x, needs: member, text: \"{vm}\"}\n", "line 2: vm.x: text must be"),
    ("actions:\n  - {name: vm.x, needs: member, text: \"100 %\"}\n", "line 2: vm.x: text must be"),
    ("actions:\n  - {name: vm.x, needs: member, text: x}\n\n  - {name: vm.x, needs: member, text: y}\n", "line 4: vm.x is there twice"),
    ("actions:\n  - {name: vm.x, needs: member, text: x, who: y}\n", "line 2: an action has no key who"),
    ("actions:\n  - vm.x\n", "line 1: behind it: action 1 is no mapping"),
    ("actions:\n  - {name: vm.x, needs: member, text: x}\n  - vm.y\n", "line 2: behind it: action 2 is no mapping"),
    ("actions:\n  - {name: vm.x\n", "line "),
]


def split(path):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    found = TABLE.search(text)
    if not found:
        raise SystemExit(f"{path}: the two lines around the table are not there")
    return text, found


def write(path):
    text, found = split(path)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text[:found.end(1)] + "\n" + sys.stdin.read() + "\n" + text[found.start(3):])


def check(tables):
    def run(*args):
        return subprocess.run([tables, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, universal_newlines=True)

    good = True
    made = run("policy-doc", os.path.join(ROOT, "schemas/policy.yml"))
    _, found = split(os.path.join(ROOT, "docs/policy.md"))
    current = made.returncode == 0 and found.group(2).strip() == made.stdout.strip()
    print(f"{'ok' if current else 'not ok'} - docs/policy.md shows the table (else: make policy-doc)")
    good &= current
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "bad.yml")
        for text, words in BAD:
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            for table in ("policy", "policy-doc"):
                done = run(table, path)
                refused = done.returncode == 1 and not done.stdout and done.stderr.startswith(f"tables: {path}: ") and words in done.stderr
                print(f"{'ok' if refused else 'not ok'} - {table} refuses: {words}")
                if not refused:
                    print(f"# {done.returncode} {done.stderr}")
                good &= refused
    return good


if __name__ == "__main__":
    if sys.argv[1] == "--write":
        write(sys.argv[2])
    else:
        sys.exit(not check(sys.argv[1]))
