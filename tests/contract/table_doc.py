# SPDX-License-Identifier: GPL-3.0-or-later
"""A page of docs/ with a part that is made of data of schemas/, between two marker lines; for the tests of such pages.

    <!-- NAME table: made from schemas/NAME.yml by "make NAME-doc", not to be edited -->
    <!-- end of the NAME table -->
"""
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))


def split(name, path):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    found = re.search(rf"(<!-- {name} table: [^\n]* -->\n)(.*?)(<!-- end of the {name} table -->\n)", text, re.S)
    if not found:
        raise SystemExit(f"{path}: the two lines around the table are not there")
    return text, found


def write(name, path):
    text, found = split(name, path)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text[:found.end(1)] + "\n" + sys.stdin.read() + "\n" + text[found.start(3):])


def check(tables, name, page, bad):
    """Is the page current, and is every text of bad refused with the words behind it? Speaks TAP."""

    def run(*args):
        return subprocess.run([tables, *args], capture_output=True, check=False, text=True)

    made = run(f"{name}-doc", os.path.join(ROOT, f"schemas/{name}.yml"))
    _, found = split(name, os.path.join(ROOT, page))
    good = made.returncode == 0 and found.group(2).strip() == made.stdout.strip()
    print(f"{'ok' if good else 'not ok'} - {page} shows the table (else: make {name}-doc)")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "bad.yml")
        for text, words in bad:
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            for table in (name, f"{name}-doc"):
                done = run(table, path)
                refused = done.returncode == 1 and not done.stdout and done.stderr.startswith(f"tables: {path}: ") and words in done.stderr
                print(f"{'ok' if refused else 'not ok'} - {table} refuses: {words}")
                if not refused:
                    print(f"# {done.returncode} {done.stderr}")
                good &= refused
    return good


def main(name, page, bad):
    if sys.argv[1] == "--write":
        write(name, sys.argv[2])
    else:
        sys.exit(not check(sys.argv[1], name, page, bad))
