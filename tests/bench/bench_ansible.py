#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task costs under Ansible, beside ansible.builtin.ping: a table, and BUILD/bench-ansible.json.

    tests/bench/bench_ansible.py BUILD [--ssh] [--rounds N]

Each figure is (a playbook of 50 tasks - a playbook of none) / 50, the median of rounds in which all kinds take turns. ping does nothing;
pxc_info asks a simulated cluster, pxc_flavor looks for a change in check mode. --ssh adds an sshd on loopback, without and with pipelining.
The ansible-playbook is the first on PATH. Exits 0 when it could measure, whatever came out.
"""
import json
import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "execution"))
import lab

BUILD = os.path.abspath(sys.argv[1])
TASKS = 50
ROUNDS = int(sys.argv[sys.argv.index("--rounds") + 1]) if "--rounds" in sys.argv else 3
M = "pxcloud.pve."
KINDS = {
    "debug": {"ansible.builtin.debug": {"msg": "nothing"}},
    "ping": {"ansible.builtin.ping": {}},
    "pxc_info": {M + "pxc_info": {}},
    "pxc_flavor, check mode": {M + "pxc_flavor": {"name": "m1.small", "vcpus": 1, "memory": "2G", "disk": 10}, "check_mode": True},
}


class Bench:
    def __init__(self, where, connection):
        self.where, self.connection = where, connection
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("PXC_", "PROXMOX_", "ANSIBLE_"))}
        self.env.update(ANSIBLE_COLLECTIONS_PATH=BUILD, ANSIBLE_NOCOLOR="1", ANSIBLE_LOCAL_TEMP=os.path.join(where, "tmp"))

    def seconds(self, task, count, **environment):
        """Of one playbook with so many tasks of that kind."""
        play = {"name": "All", "hosts": "node", "gather_facts": False, "module_defaults": {"group/pxcloud.pve.all": self.connection},
                "tasks": [dict(task, name="One") for _ in range(count)]}
        path = os.path.join(self.where, "play.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump([play], f)
        start = time.perf_counter()
        done = subprocess.run(["ansible-playbook", "-i", os.path.join(self.where, "inventory.json"), path], env=dict(self.env, **environment),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False)
        if done.returncode:
            raise SystemExit(done.stdout.decode("utf-8", "replace")[-2000:])
        return time.perf_counter() - start

    def measure(self, kinds, node, rounds, tasks, **environment):
        """ms for each task, by kind."""
        inventory = {"all": {"hosts": {"node": dict(node, ansible_python_interpreter="{{ ansible_playbook_python }}")}}}
        with open(os.path.join(self.where, "inventory.json"), "w", encoding="utf-8") as f:
            json.dump(inventory, f)
        seen = {name: [] for name in kinds}
        for _ in range(rounds):
            none = self.seconds(kinds["ping"], 0, **environment)
            for name, task in kinds.items():
                seen[name].append((self.seconds(task, tasks, **environment) - none) / tasks * 1000)
        return {name: round(statistics.median(values), 1) for name, values in seen.items()}


def main():
    found = {}
    with lab.folder() as where, lab.cluster(BUILD, where) as connection:
        bench = Bench(where, connection)
        subprocess.run([f"{BUILD}/bin/pxc", "pxc_cloud"], input=json.dumps(dict(connection, domain="example.org")).encode(),
                       stdout=subprocess.DEVNULL, check=True)
        found["local"] = bench.measure(KINDS, {"ansible_connection": "local"}, ROUNDS, TASKS)
        if "--ssh" in sys.argv:
            few = {name: KINDS[name] for name in ("ping", "pxc_info")}
            with lab.sshd(BUILD, where) as node:
                found["ssh"] = bench.measure(few, node, ROUNDS, 10)
                found["ssh, pipelining"] = bench.measure(few, node, ROUNDS, 10, ANSIBLE_PIPELINING="True")
    version = subprocess.run(["ansible-playbook", "--version"], stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()[0]
    print(version)
    good = True
    for way, times in found.items():
        for name, ms in times.items():
            ratio = ms / times["ping"]
            late = way == "local" and name.startswith("pxc_") and ratio > 1
            good = good and not late
            print(f"  {way:16} {name:24} {ms:8.1f} ms a task   {ratio:5.2f} of ping{'   SLOWER' if late else ''}")
    with open(os.path.join(BUILD, "bench-ansible.json"), "w", encoding="utf-8") as f:
        json.dump({"ansible": version, "ms": found, "ok": good}, f, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
