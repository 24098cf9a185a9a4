#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A long task at -v says how far it is, while it runs; without -v, asynchronous, or with no_log it says nothing, and the result is the
same. On a simulated cluster that takes its time. Speaks TAP.

    test_progress.py BUILD     BUILD holds ansible_collections/pxcloud/pve, made by "make stage"
"""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "report"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import lab

import outputs
import tap

LINE = re.compile(r"^pxc_vm: (\d+) of (\d+) done(, \d+ running)?(, \d+ failed)?(, about [\d:]+ left)?$")
COUNT = 40


def vms(power):
    return {"project": "acme", "cores": 1, "memory": 128, "disk_size": 1, "power": power, "vms": [{"name": f"v{i}"} for i in range(COUNT)]}


def play(folder, power, **keywords):
    path = os.path.join(folder, "play.yml")
    result = os.path.join(folder, "result.json")
    tasks = [{"name": "work", "pxcloud.pve.pxc_vm": vms(power), "register": "r", **keywords},
             {"name": "keep", "ansible.builtin.copy": {"content": "{{ r | to_json }}", "dest": result, "mode": "0600"}, "no_log": True}]
    with open(path, "w", encoding="utf-8") as f:
        json.dump([{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks,
                    "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}}], f)
    return path, result


def run(env, folder, options, power, **keywords):
    """(lines with the seconds at which they came, the result, when it ended)"""
    path, kept = play(folder, power, **keywords)
    began = time.monotonic()
    process = subprocess.Popen(["ansible-playbook", "-i", "localhost,", *options, path], env=env, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="replace")
    lines = [(time.monotonic() - began, outputs.keep(line).rstrip()) for line in process.stdout]
    process.wait()
    try:
        with open(kept, encoding="utf-8") as f:
            result = json.load(f)
        os.unlink(kept)
    except OSError:
        result = {"failed": True, "msg": "\n".join(line for _, line in lines)}
    return lines, result, time.monotonic() - began


def told(lines):
    return [(at, LINE.match(line)) for at, line in lines if line.startswith("pxc_vm:") or "pxc-progress" in line]


def keys(result):
    """What a result is made of, without what differs from run to run."""
    return sorted(k for k in result if not k.startswith("_") and k not in ("ansible_job_id", "results_file", "finished", "started"))


def interrupted(env, folder):
    """Ctrl-C while lines come: the program ends, too."""
    path, _ = play(folder, "running")
    process = subprocess.Popen(["ansible-playbook", "-i", "localhost,", "-v", path], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, start_new_session=True)
    for line in process.stdout:
        if LINE.match(line.rstrip()):
            time.sleep(0.5)  # the line is read while its writer still has Ansible's lock: who dies there leaves Ansible waiting for it
            os.killpg(process.pid, signal.SIGINT)
            break
    try:
        rest = process.communicate(timeout=60)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        rest = process.communicate()[0] + "\nansible-playbook did not end"
    left = subprocess.run(["pgrep", "-g", str(process.pid), "-x", "pxc_vm"], stdout=subprocess.PIPE, check=False).stdout
    return process.returncode != 0 and not left, rest


def checks(build, folder):
    lab.make_certificate(folder)
    cluster = lab.Cluster(build, folder, 1)
    try:
        cluster.must("pxc_project", {"name": "acme", "quota": {"instances": 100, "cores": 100}})
        # Into a pipe, Python writes what is shown by the page; on a terminal, and so in AWX, by the line.
        env = dict(lab.environment(cluster, build, folder), ANSIBLE_ASYNC_DIR=os.path.join(folder, "async"), PYTHONUNBUFFERED="1")
        lines, first, ended = run(env, folder, ["-v"], "running")
        said = told(lines)
        yield "a long task at -v tells how far it is", len(said) >= 2 and all(m for _, m in said), lines
        yield "in lines that go on", said and [int(m[1]) for _, m in said] == sorted(int(m[1]) for _, m in said) and all(
            int(m[2]) == COUNT for _, m in said), lines
        yield "every few seconds, and while it runs", said and said[0][0] < ended - 2 and all(
            b - a > 2 for (a, _), (b, _) in zip(said, said[1:])), said
        yield "it is done", not first.get("failed") and first["changed"] and len(first["vms"]) == COUNT, first.get("msg")
        lines, second, _ = run(env, folder, [], "stopped")
        yield "without -v nothing is told", not told(lines), lines
        yield "and the result is made of the same", keys(first) == keys(second) and not second.get("failed"), (keys(first), keys(second))
        lines, third, _ = run(env, folder, ["-v"], "running", no_log=True)
        yield "with no_log neither", not told(lines) and not third.get("failed"), lines
        lines, fourth, _ = run(env, folder, ["-v"], "stopped", **{"async": 120, "poll": 1})
        yield "nor asynchronous", not told(lines) and not fourth.get("failed"), (told(lines), fourth.get("msg"), lines[-3:])
        yield "where nothing is left behind in the result", not fourth.get("stderr"), fourth.get("stderr")
        yield ("Ctrl-C ends the program",) + interrupted(env, folder)
    finally:
        cluster.close()


def main():
    with tempfile.TemporaryDirectory(prefix="pxc-told-") as folder:
        return tap.Points().checks(checks(os.path.abspath(sys.argv[1]), folder)).end()


if __name__ == "__main__":
    sys.exit(main())
