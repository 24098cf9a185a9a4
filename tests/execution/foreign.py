#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program for aarch64, run by QEMU's user emulation: what it answers must be what the one for this machine answers. Speaks TAP.

    tests/execution/foreign.py BUILD QEMU SYSROOT

BUILD holds a collection with both programs, and foreign.so, which makes a session look like an aarch64.
"""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab
from ways import VOLATILE, differences, without

import outputs
import tap

BUILD, QEMU, SYSROOT = (os.path.abspath(p) for p in sys.argv[1:4])
BIN = os.path.join(BUILD, "ansible_collections/pxcloud/pve/plugins/plugin_utils/bin")
HERE, THERE = [os.path.join(BIN, "linux-x86_64/pxc")], [QEMU, "-L", SYSROOT, os.path.join(BIN, "linux-aarch64/pxc")]
M = "pxcloud.pve."
FLAVOR = {"name": "m1.small", "vcpus": 1, "memory": "2G", "disk": 10}


def answer(program, module, args):
    done = subprocess.run([*program, module], input=json.dumps(args).encode(), capture_output=True, check=False)
    text = outputs.keep(done.stdout.decode("utf-8", "replace"))
    try:
        return json.loads(text)
    except ValueError:
        return {"rc": done.returncode, "stdout": text, "stderr": done.stderr.decode("utf-8", "replace")}


def by_hand(connection):
    dumps = [subprocess.run([*p, "--dump-spec"], stdout=subprocess.PIPE, check=False).stdout for p in (HERE, THERE)]
    yield "its tables of arguments are the same", len(dumps[0]) > 10000 and dumps[0] == dumps[1], dumps[1][:500]
    cases = [("an argument is refused in the same words", "pxc_vm", {"project": "acme", "vms": [{"name": "a", "memroy": "1G"}]}),
             ("a type, too", "pxc_vm", dict(connection, project="acme", cores="many")),
             ("an empty cloud", "pxc_info", connection),
             ("a plan", "pxc_flavor", dict(connection, _ansible_check_mode=True, _ansible_diff=True, **FLAVOR)),
             ("the registry", "pxc_cloud", dict(connection, domain="example.org", _ansible_check_mode=True))]
    for sentence, module, args in cases:
        a, b = (without(answer(p, module, args), VOLATILE) for p in (HERE, THERE))
        found = list(differences(module, a, b))
        yield sentence, not found and "msg" in a or "changed" in a and not found, "\n".join(found) or a
    made = answer(THERE, "pxc_cloud", dict(connection, domain="example.org")), answer(THERE, "pxc_flavor", dict(connection, **FLAVOR))
    yield "it changes the cluster", all(m.get("changed") for m in made), made
    again = [answer(p, "pxc_flavor", dict(connection, **FLAVOR)) for p in (HERE, THERE)]
    yield "and both see nothing left to do", [a.get("changed") for a in again] == [False, False], again
    library = answer(THERE, "pxc_rbd_image", dict(connection, name="none", state="absent"))
    native = answer(HERE, "pxc_rbd_image", dict(connection, name="none", state="absent"))
    yield "its library for Ceph is loaded: it fails as here", not list(differences(
        "library", without(library, VOLATILE), without(native, VOLATILE))) and "pxc-ceph.so" not in json.dumps(library), (library, native)


def play(connection, *names):
    return [{"name": "All", "hosts": "node", "gather_facts": False, "module_defaults": {"group/pxcloud.pve.all": connection},
             "tasks": [{"name": n, M + "pxc_info": {}} for n in names]}]


def by_ssh(where, connection):
    session = {"LD_PRELOAD": os.path.join(BUILD, "foreign.so"), "FOREIGN_QEMU": QEMU, "FOREIGN_ROOT": SYSROOT}
    with lab.sshd(BUILD, where, **session) as node:
        results, text = lab.playbook(BUILD, where, {"node": node}, play(connection, "first", "second"), "-vvv",
                                     ANSIBLE_KEEP_REMOTE_FILES="True")
        kept = [os.path.join(d, f) for d, _, files in os.walk(node["ansible_remote_tmp"]) for f in files if f.startswith("AnsiballZ_")]
        machines = {subprocess.run(["od", "-An", "-tx2", "-j18", "-N2", p], stdout=subprocess.PIPE, check=False).stdout.strip() for p in kept}
        yield "a node that says it is an aarch64 gets that program", len(kept) == 2 and machines == {b"00b7"}, (kept, machines, text)
        local, _ = lab.playbook(BUILD, where, {"node": {"ansible_connection": "local"}}, play(connection, "first", "second"), "-vvv")
        found = list(differences("aarch64", without(local, VOLATILE), without(results, VOLATILE)))
        yield "and its results are those of this machine", results and not found and not results["first"].get("failed"), "\n".join(found) or text
        yield "it was asked what it is once", text.count("uname -sm") <= 2, [line for line in text.splitlines() if "uname" in line]
        other = os.path.join(where, "other")
        shutil.copytree(os.path.join(BUILD, "ansible_collections"), os.path.join(other, "ansible_collections"), symlinks=True)
        shutil.rmtree(os.path.join(other, "ansible_collections/pxcloud/pve/plugins/plugin_utils/bin/linux-aarch64"))
        results, text = lab.playbook(other, where, {"node": node}, play(connection, "first"), "-vvv")
        message = str(results and results["first"].get("msg"))
        yield "without that program the task says so", all(w in message for w in ("linux-aarch64", "node", "linux-x86_64", "make install")), message
        yield "before anything is copied", " PUT " not in text.partition("TASK [Keep]")[0], text


def main():
    with lab.folder() as where, lab.cluster(BUILD, where) as connection:
        verdicts = list(by_hand(connection))
        skipped = []
        try:
            verdicts += by_ssh(where, connection)
        except lab.Skip as reason:
            skipped = [("on a node by ssh", reason)]
        return tap.Points().checks(verdicts).end(skipped)


if __name__ == "__main__":
    sys.exit(main())
