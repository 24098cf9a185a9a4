#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test sanity on the staged collection, with the ansible-test in PATH. Speaks TAP: a point for each of its tests.

    sanity.py STAGED FOLDER [--short]

STAGED is what "make stage" has made; FOLDER is for copies of it and for the environments that ansible-test installs (the first
time takes minutes and needs a package index). --short leaves pylint out. A copy with planted faults shows that faults are seen.
"""
from __future__ import annotations

import glob
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import tap

COLLECTION = "ansible_collections/pxcloud/pve"
PYTHON = "%d.%d" % sys.version_info[:2]
IGNORED = re.compile(r"\S+ \S+ # \S.*")

# A file, what is replaced in it, by what, and which test has to say something about it.
FAULTS = (
    ("plugins/modules/pxc_flavor.py", "short_description:", "shirt_description:", "validate-modules"),
    ("plugins/plugin_utils/runner.py", "\nclass RunnerBase", "\nimport sys;import os\nclass RunnerBase", "pep8"),
    ("meta/runtime.yml", "requires_ansible", "requires_unsible", "runtime-metadata"),
    ("playbooks/demo.yml", "\n- ", "\n-   - ", "yamllint"),
    ("README.md", "\n", "\r\n", "line-endings"),
)
STALE = "plugins/modules/pxc_vm.py pep8!skip # never needed\nplugins/modules/gone.py pep8:E501\n"


def place(staged: str, folder: str, ignores: bool = True) -> str:
    """A copy where ansible-test wants it: below ansible_collections, in a git of its own."""
    shutil.rmtree(folder, ignore_errors=True)
    root = os.path.join(folder, COLLECTION)
    shutil.copytree(staged, root, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    os.makedirs(os.path.join(root, "tests/sanity"))
    for path in glob.glob(os.path.join(HERE, "ignore-*.txt")) if ignores else ():
        shutil.copy(path, os.path.join(root, "tests/sanity"))
    subprocess.run(["git", "init", "-q", root], check=True)
    return root


def environment(folder: str) -> dict[str, str]:
    """A home of its own, where ansible-test keeps its environments, and the one thing in it that no package index has."""
    import ansible_test
    home = os.path.join(folder, "home")
    cache = os.path.join(home, ".ansible/test/cache")
    os.makedirs(cache, exist_ok=True)
    with open(os.path.join(list(ansible_test.__path__)[0], "_internal/python_requirements.py"), encoding="utf-8") as f:
        for version in re.findall(r"\bpip='([\d.]+)'", f.read()):
            shutil.copy(os.path.join(HERE, "get_pip.py"), os.path.join(cache, "get_pip_%s.py" % version.replace(".", "_")))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return dict(kept, HOME=home, LC_ALL="C.UTF-8")


def sanity(root: str, env: dict[str, str], *args: str) -> tuple[int, str, dict[str, list[str] | None]]:
    """What it printed, and {test: its problems, or None where it was skipped}."""
    done = subprocess.run(["ansible-test", "sanity", "--junit", "--color", "no", "--python", PYTHON, *args], cwd=root, env=env,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    found: dict[str, list[str] | None] = {}
    for path in sorted(glob.glob(os.path.join(root, "tests/output/junit/*.xml"))):
        name = re.sub(r"-python-[\d.]+$", "", os.path.basename(path)[len("ansible-test-sanity-"):-len(".xml")])
        cases = list(ET.parse(path).iter("testcase"))
        problems = [e.text or e.get("message") or "?" for case in cases for e in case if e.tag in ("failure", "error")]
        skipped = any(e.tag == "skipped" for case in cases for e in case)
        found[name] = problems or (None if skipped else [])
    return done.returncode, done.stdout.decode("utf-8", "replace"), found


def no_reason(path: str) -> list[str]:
    """Lines of a file of ignored findings that do not say why. Whether they are still needed, ansible-test itself says."""
    with open(path, encoding="utf-8") as f:
        return ["%s:%d: no reason (PATH TEST # reason)" % (os.path.basename(path), i)
                for i, line in enumerate(f, 1) if line.strip() and not IGNORED.fullmatch(line.rstrip("\n"))]


def check_ignores(points: tap.Points, folder: str) -> None:
    points.point("every ignored finding has a reason", [p for path in glob.glob(os.path.join(HERE, "ignore-*.txt")) for p in no_reason(path)])
    planted = os.path.join(folder, "ignore-planted.txt")
    with open(planted, "w", encoding="utf-8") as f:
        f.write(STALE)
    points.point("a missing reason would be seen", [] if len(no_reason(planted)) == 1 else ["it was not"])


def check_collection(points: tap.Points, core: str, staged: str, folder: str, env: dict[str, str], short: bool) -> bool:
    code, text, found = sanity(place(staged, os.path.join(folder, "clean")), env, *(["--skip-test", "pylint"] if short else []))
    if code and not any(found.values()):
        failed = [line for line in text.splitlines() if line.startswith(("ERROR:", "FATAL:"))]
        if re.search(r"pip.* (install|download).*returned exit status|No matching distribution|Could not find a version", text):
            points.skip("ansible-test sanity of %s" % core, "its requirements cannot be installed: %s" % " ".join(failed[-1:]))
            return False
        points.point("ansible-test sanity of %s runs" % core, failed or text.splitlines()[-5:])
        return False
    missing = dict.fromkeys(re.findall(r'Required program "([^"]+)" not found', text))
    for name, problems in found.items():
        if problems is None:
            points.skip("%s: %s" % (core, name), "no %s on this machine" % " and no ".join(missing) if missing else "nothing it applies to")
        else:
            points.point("%s: %s" % (core, name), problems)
    return True


def check_faults(points: tap.Points, core: str, staged: str, folder: str, env: dict[str, str]) -> None:
    root = place(staged, os.path.join(folder, "faults"), ignores=False)
    for path, old, new, _ in FAULTS:
        with open(os.path.join(root, path), encoding="utf-8", newline="") as f:
            text = f.read()
        if old not in text:
            points.point("%s: a fault can be planted in %s" % (core, path), ["%r is not in it any more" % old])
        with open(os.path.join(root, path), "w", encoding="utf-8", newline="") as f:
            f.write(text.replace(old, new, 1))
    with open(os.path.join(root, "tests/sanity/ignore-%s.txt" % ".".join(core.split()[-1].split(".")[:2])), "w", encoding="utf-8") as f:
        f.write(STALE)
    tests = [fault[3] for fault in FAULTS] + ["ignores"]
    _, text, found = sanity(root, env, *[a for test in tests for a in ("--test", test)])
    blind = [test for test in tests if not found.get(test)]
    points.point("%s: planted faults and stale ignores are seen" % core, ["nothing from " + ", ".join(blind), *text.splitlines()] if blind else [])


def main() -> int:
    staged, folder = (os.path.abspath(p) for p in sys.argv[1:3])
    points = tap.Points()
    done = subprocess.run(["ansible-test", "--version"], stdout=subprocess.PIPE, check=True)
    core = "core " + done.stdout.decode().split()[-1]
    env = environment(folder)
    folder = os.path.join(folder, core.split()[-1])
    os.makedirs(folder, exist_ok=True)
    check_ignores(points, folder)
    if check_collection(points, core, staged, folder, env, "--short" in sys.argv):
        check_faults(points, core, staged, folder, env)
    return points.end()


if __name__ == "__main__":
    sys.exit(main())
