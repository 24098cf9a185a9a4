#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command with one of the machine's ansible-cores: its tools first in PATH, and Python programs by its Python.

    with_ansible.py system COMMAND...        the ansible-core that is installed (Debian's)
    with_ansible.py FOLDER COMMAND...        the newest one, in a virtual environment in FOLDER, which is made when it is not there
    with_ansible.py FOLDER:LIST COMMAND...   the same, with what LIST names for pip beside it; made anew when LIST has changed

"Newest" is what the newest Python of the machine can run. Without a package index the command is skipped, in TAP and with
a reason.
"""
from __future__ import annotations

import fcntl
import glob
import os
import re
import shutil
import subprocess
import sys

# What the collection's own Python needs beside ansible-core.
PLAIN = "ansible-core\njsonschema\n"
PROBE = "import sys, ensurepip; print('%d.%d' % sys.version_info[:2])"


def version_of(python):
    done = subprocess.run([python, "-c", PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    match = re.fullmatch(r"(\d+)\.(\d+)", done.stdout.decode().strip()) if done.returncode == 0 else None
    return (int(match[1]), int(match[2])) if match else None


def newest_python():
    """The newest that can make virtual environments."""
    places = os.environ.get("PATH", "").split(os.pathsep) + glob.glob(os.path.expanduser("~/.pyenv/versions/*/bin"))
    found = {}
    for place in places:
        for path in glob.glob(os.path.join(place, "python3*")):
            if re.fullmatch(r"python3(\.\d+)?", os.path.basename(path)):
                found[os.path.realpath(path)] = path
    versions = [(version_of(path), path) for path in found.values()]
    versions = [v for v in versions if v[0] and v[0] >= (3, 9)]
    return max(versions)[1] if versions else None


def contents(path):
    try:
        with open(path, encoding="utf-8") as f:
            return f.read()
    except OSError:
        return ""


def make_environment(folder, wanted=None):
    """Its bin, or None and why not. WANTED is a list of pip's, or None for PLAIN."""
    tools = os.path.join(folder, "bin")
    kept = os.path.join(folder, "wanted.txt")
    packages = contents(wanted) if wanted else PLAIN
    if os.path.exists(os.path.join(tools, "ansible-playbook")) and contents(kept) == packages:
        return tools, None
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    with open(folder + ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # "make -j" may start several that need it
        if contents(kept) == packages:
            return tools, None
        return fill_environment(folder, wanted, packages)


def fill_environment(folder, wanted, packages):
    tools = os.path.join(folder, "bin")
    python = newest_python()
    if not python:
        return None, "no Python that can make a virtual environment (Debian: python3-venv)"
    shutil.rmtree(folder, ignore_errors=True)
    for command in ([python, "-m", "venv", folder],
                    [os.path.join(tools, "pip"), "--disable-pip-version-check", "install", "-q", *(["-r", wanted] if wanted else PLAIN.split())]):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            shutil.rmtree(folder, ignore_errors=True)
            last = done.stdout.decode("utf-8", "replace").strip().splitlines()[-1:]
            return None, "no newer ansible-core: no package index can be reached (%s)" % "".join(last)
    with open(os.path.join(folder, "wanted.txt"), "w", encoding="utf-8") as f:
        f.write(packages)
    return tools, None


def installed():
    """The folder of the installed ansible-playbook, and the Python that it runs by."""
    for place in ["/usr/bin"] + os.environ.get("PATH", "").split(os.pathsep):
        tool = os.path.join(place, "ansible-playbook")
        if os.access(tool, os.X_OK):
            with open(tool, "rb") as f:
                first = f.readline().decode("utf-8", "replace")
            if "python" in first:
                return place, first[2:].split()[-1] if "/env " not in first else shutil.which("python3")
    return None, None


def main():
    which, command = sys.argv[1], sys.argv[2:]
    if which == "system":
        tools, python = installed()
        reason = "ansible-core is not installed (make deps)"
    else:
        folder, _, wanted = which.partition(":")
        tools, reason = make_environment(os.path.abspath(folder), wanted and os.path.abspath(wanted))
        python = os.path.join(tools, "python") if tools else None
    if not tools:
        print("1..1\nok 1 - %s # skip %s" % (" ".join(command), reason))
        return 0
    env = dict(os.environ, PATH=tools + os.pathsep + os.environ.get("PATH", ""))
    if command[0].endswith(".py"):
        command = [python] + command
    sys.stdout.flush()
    return subprocess.run(command, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
