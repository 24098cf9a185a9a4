#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same tasks in place, copied on a local connection, and by ssh: their results must be equal key by key. Speaks TAP.

    tests/execution/ways.py BUILD

The ansible-playbook is the first on PATH. As root, tasks become nobody; as anybody else root, where sudo asks for no password.
"""
from __future__ import annotations

import json
import os
import re
import socket
import stat
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab

import outputs
import tap

BUILD = sys.argv[1]
M = "pxcloud.pve."
FLAVOR = {"name": "m1.small", "vcpus": 1, "memory": "2G", "disk": 10}
# What is not the same twice, on any way.
VOLATILE = {"time", "run", "pid", "duration", "seconds", "elapsed"}
# What Ansible adds to a task that runs in the background, and of the Python that it needs for that.
OF_ASYNC = {"ansible_job_id", "started", "finished", "results_file", "ansible_facts", "stdout", "stderr", "stdout_lines", "stderr_lines"}


IN_BACKGROUND = ("polled", "polled_failure", "started", "ended", "become_in_background")


def become():
    if os.getuid() == 0:
        # Not nobody's own shell, which is nologin.
        return {"become": True, "become_user": "nobody", "become_method": "su", "become_flags": "-s /bin/sh"}
    if subprocess.run(["sudo", "-n", "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
        return {"become": True}
    return None


def have_sudo():
    try:
        return become()
    except FileNotFoundError:
        return None


def tasks(silent):
    """name: keywords; in this order."""
    nowhere = "https://127.0.0.1:1"
    silence = {"api_urls": [f"https://127.0.0.1:{silent}"], "api_timeout": 6}
    found = {
        "cloud": {M + "pxc_cloud": {"domain": "example.org"}},
        "made_in_check_mode": {M + "pxc_flavor": FLAVOR, "check_mode": True, "diff": True},
        "made": {M + "pxc_flavor": FLAVOR, "diff": True},
        "made_again": {M + "pxc_flavor": FLAVOR, "diff": True},
        "read": {M + "pxc_info": {}},
        "read_in_check_mode": {M + "pxc_info": {}, "check_mode": True},
        "refused": {M + "pxc_vm": {"project": "acme", "vms": [{"name": "a", "memroy": "1G"}]}},
        "hidden": {M + "pxc_info": {}, "no_log": True},
        "looped": {M + "pxc_flavor": dict(FLAVOR, name="{{ item }}"), "loop": ["m1.small", "m1.large"]},
        "environment": {M + "pxc_info": {"api_urls": "{{ omit }}", "api_timeout": 1}, "environment": {"PXC_API_URLS": nowhere}},
        "delegated": {M + "pxc_info": {}, "delegate_to": "other"},
        "until": {M + "pxc_info": {}, "until": "r_until is not changed", "retries": 2, "delay": 0},
        "polled": {M + "pxc_flavor": dict(FLAVOR, name="m1.polled"), "async": 60, "poll": 1, "diff": True},
        "polled_failure": {M + "pxc_info": {"api_urls": nowhere, "api_timeout": 1}, "async": 60, "poll": 1},
        "started": {M + "pxc_flavor": dict(FLAVOR, name="m1.started"), "async": 60, "poll": 0},
        "ended": {"ansible.builtin.async_status": {"jid": "{{ r_started.ansible_job_id }}"}, "until": "r_ended.finished",
                  "retries": 60, "delay": 1},
        "too_long": {M + "pxc_info": silence, "timeout": 2},
    }
    if have_sudo():
        found["become"] = dict({M + "pxc_info": {}}, **become())
        found["become_and_write"] = dict({M + "pxc_flavor": dict(FLAVOR, name="m1.become"), "diff": True}, **become())
        found["become_in_background"] = dict({M + "pxc_info": {}, "async": 60, "poll": 1}, **become())
    found["removed"] = {M + "pxc_flavor": {"state": "absent", "flavors": [{"name": "m1." + n} for n in (
        "small", "large", "polled", "started", "become")]}, "diff": True}
    return found


def without(value, keys):
    if isinstance(value, dict):
        return {k: without(v, keys) for k, v in value.items() if k not in keys}
    return [without(v, keys) for v in value] if isinstance(value, list) else value


def differences(name, a, b, path=""):
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(set(a) | set(b)):
            if key not in a or key not in b:
                yield f"{name}: {path}.{key} only in {'the second' if key in b else 'the first'}: {json.dumps(b.get(key, a.get(key)))[:300]}"
            else:
                yield from differences(name, a[key], b[key], f"{path}.{key}")
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b)):
            yield from differences(name, x, y, f"{path}[{i}]")
    elif a != b:
        yield f"{name}: {path}: {json.dumps(a)[:300]} / {json.dumps(b)[:300]}"


def one_way(where, hosts, silent, **environment):
    with lab.cluster(BUILD, where) as connection:
        named = [dict(keywords, name=name) for name, keywords in tasks(silent).items()]
        play = {"name": "All", "hosts": "node", "gather_facts": False, "tasks": named,
                "module_defaults": {"group/pxcloud.pve.all": connection}}
        url = re.escape(connection["api_urls"][0])
        results, text = lab.playbook(BUILD, where, hosts, [play], "-vvv", **environment)
        if results is None:
            raise SystemExit("1..1\nnot ok 1 - the playbook ran\n# " + text.replace("\n", "\n# "))
        # Ports differ from run to run.
        return json.loads(re.sub(url, "https://pxcsim", json.dumps(results))), text


def kept_files(where):
    """What ANSIBLE_KEEP_REMOTE_FILES leaves: {name: mode}, folders whose modes let others in."""
    found, open_folders = {}, []
    for place, _, files in os.walk(os.path.join(where, "remote")):
        for name in files:
            mode = stat.S_IMODE(os.stat(os.path.join(place, name)).st_mode)
            found[name] = mode
            if stat.S_IMODE(os.stat(place).st_mode) & 0o077:
                open_folders.append(place)
    return found, open_folders


def checks(ways, texts, where):
    first = ways["in place"]
    for name, result in first.items():
        expected = name in ("refused", "environment", "polled_failure", "too_long")
        yield f"in place, {name} {'fails' if expected else 'succeeds'}", bool(result.get("failed")) == expected, json.dumps(result)[:3000]
    for way in ("copied", "by ssh"):
        for name in first:
            keys = VOLATILE | (OF_ASYNC if name in IN_BACKGROUND else set())
            if name == "become_in_background":
                keys = keys | {"warnings"}  # of async_wrapper, when nobody may not look into the folder for temporary files
            found = list(differences(name, without(first[name], keys), without(ways[way][name], keys)))
            yield f"{way} as in place: {name}", not found, "\n".join(found)
    for way, text in texts.items():
        yield f"{way}: no secret in what -vvv shows", not outputs.shown(text), outputs.shown(text)
        yield f"{way}: arguments come back with -vvv", "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" in text, text
        yield f"{way}: nothing of a hidden task", "censored" in text, text
    yield "in place is in place", "in place" in texts["in place"] and "AnsiballZ_pxc_info" not in one_task(texts["in place"], "read"), \
        one_task(texts["in place"], "read")
    files, open_folders = kept_files(where)
    yield "files are kept where that is asked for", {"AnsiballZ_pxc_info", "args", "pxc-ceph.so"} <= set(files), files
    yield "only for their owner", not open_folders, open_folders
    yield "what machine it is was asked once", texts["by ssh"].count("'uname -sm'") + texts["by ssh"].count('"uname -sm"') <= 2, \
        [line for line in texts["by ssh"].splitlines() if "uname" in line]


def one_task(text, name):
    return text.partition(f"TASK [{name}]")[2].partition("TASK [")[0]


def main():
    ways, texts = {}, {}
    skipped = [] if have_sudo() else [("become", "not root, and sudo asks for a password")]
    with socket.socket() as silent, lab.folder() as where:
        silent.bind(("127.0.0.1", 0))
        silent.listen(16)
        port = silent.getsockname()[1]
        here = {"ansible_connection": "local"}
        os.mkdir(os.path.join(where, "async"))
        os.chmod(os.path.join(where, "async"), 0o1777)  # nobody has no home to keep jobs in
        try:
            ways["in place"], texts["in place"] = one_way(where, {"node": here, "other": here}, port)
            ways["copied"], texts["copied"] = one_way(where, {"node": here, "other": here}, port, ANSIBLE_KEEP_REMOTE_FILES="True",
                                                      ANSIBLE_REMOTE_TEMP=os.path.join(where, "remote"))
            with lab.sshd(BUILD, where) as there:
                ways["by ssh"], texts["by ssh"] = one_way(where, {"node": there, "other": there}, port)
        except lab.Skip as reason:
            print(f"1..1\nok 1 - tests/execution/ways.py # skip {reason}")
            return 0
        return tap.Points().checks(checks(ways, texts, where)).end(skipped)


if __name__ == "__main__":
    sys.exit(main())
