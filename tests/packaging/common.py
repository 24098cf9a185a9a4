# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the packaging share: where things are, and a way to run programs of Ansible's."""
from __future__ import annotations

import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COLLECTION = "ansible_collections/pxcloud/pve"
sys.path.insert(0, os.path.join(ROOT, "tests/lib"))


def run(*command, env=None, cwd=None):
    """(exit, output and errors). Nothing that the user has set for Ansible counts."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PXC_", "PROXMOX_", "ANSIBLE_"))}
    environment.update(LC_ALL="C.UTF-8", ANSIBLE_NOCOLOR="1", ANSIBLE_LOCALHOST_WARNING="0", ANSIBLE_INVENTORY_UNPARSED_WARNING="0")
    environment.update(env or {})
    done = subprocess.run(command, env=environment, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as f:
        return f.read()
