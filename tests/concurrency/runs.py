#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many runs at once on one project lose no update and pass no quota, also when some of them are killed.

    tests/concurrency/runs.py BUILD [--rounds N] [--runs N] [--seed N] [--short]    TAP; short: fewer runs that are killed

Real programs against a pxcsim over HTTPS, with a real Ceph beside it; everything twice: with locks that are groups of PVE, and with
locks in Ceph. Each of the runs adds one person to the project, makes one VM in it, and one flavor, all of them at the same time.
"""
import argparse
import os
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ceph"))
from lab import Lab

ROOM = 12  # VMs that the project has room for
PATIENCE = {"task_timeout": 300}


def person(i):
    return ("pxc_project", {"name": "acme", "roles": {"member": [f"person{i}"]}, "roles_mode": "add", **PATIENCE})


def flavor(i):
    return ("pxc_flavor", {"name": f"flavor{i}", "vcpus": 1, "memory": 256 + i, **PATIENCE})


def vm(i):
    return ("pxc_vm", {"project": "acme", "name": f"vm{i}", "cores": 1, "memory": 256, "power": "stopped", **PATIENCE})


def grow(i):
    return ("pxc_vm", {"project": "acme", "name": f"vm{i}", "cores": 2, **PATIENCE})


class Test:
    def __init__(self):
        self.points, self.good = 0, True

    def say(self, what, bad):
        self.points += 1
        self.good = self.good and not bad
        print(f"{'not ' if bad else ''}ok {self.points} - {what}" + (f" # {'; '.join(map(str, bad))[:2000]}" if bad else ""), flush=True)


def setup(lab, in_ceph, cores=-1):
    lab.must("pxc_cloud", {"domain": "example.org", "storage": "local", "bridge": "vmbr0", **({"lock_storage": "ceph"} if in_ceph else {})})
    lab.must("pxc_project", {"name": "acme", "quota": {"instances": ROOM, "cores": cores, "ram_mb": -1}})


def clean(lab, count):
    """What the last round has made goes again, and its roles."""
    lab.must("pxc_vm", {"project": "acme", "state": "absent", "vms": [{"name": f"vm{i}"} for i in range(count)]})
    lab.must("pxc_project", {"name": "acme", "roles": {"member": []}})
    lab.must("pxc_flavor", {"state": "absent", "flavors": [{"name": f"flavor{i}"} for i in range(count)]})


def at_once(lab, tasks):
    return [lab.end(p) for p in [lab.start(*t) for t in tasks]]


def failed(results):
    return [r["msg"] for r in results if r.get("failed")]


def vms(lab):
    return sorted(g["name"] for n in ("pve1", "pve2", "pve3") for g in lab.pve("GET", f"/nodes/{n}/qemu"))


def check_roles(lab, count):
    have = lab.must("pxc_info", {"gather": ["projects"], "project": "acme"})["projects"][0]["roles"]["member"]
    return [f"lost: {p}" for p in (f"person{i}" for i in range(count)) if p not in have]


def check_flavors(lab, count):
    have = {f["name"] for f in lab.must("pxc_info", {"gather": ["flavors"]})["flavors"]}
    return [f"lost: flavor{i}" for i in range(count) if f"flavor{i}" not in have]


def check_locks(lab):
    groups = [g["groupid"] for g in lab.pve("GET", "/access/groups") if g["groupid"].startswith("pxc-lock")]
    objects = subprocess.run(["rados", "--conf", lab.conf, "-p", "ceph", "ls"], check=True, capture_output=True, text=True).stdout.split()
    return [f"a lock is left: {name}" for name in groups + [o for o in objects if "lock" in o]]


def check_refused(messages, count):
    """Who found no room says so, and nothing else fails."""
    wanted = f"project acme: quota: instances used {ROOM} + asked 1 > limit {ROOM}"
    bad = [f"failed: {m}" for m in messages if wanted not in m]
    if len(messages) != max(0, count - ROOM):
        bad.append(f"{len(messages)} of {count} refused")
    return bad


def one_round(test, lab, where, count):
    test.say(f"{count} runs add one person each, {where}",
             failed(at_once(lab, [person(i) for i in range(count)])) + check_roles(lab, count))
    refused = failed(at_once(lab, [vm(i) for i in range(count)]))
    there = vms(lab)
    bad = check_refused(refused, count)
    if len(there) != min(count, ROOM):
        bad.append(f"{len(there)} VMs: {there}")
    test.say(f"{count} runs make one VM each where {ROOM} have room, {where}", bad)
    test.say(f"{count} runs make one flavor each, {where}",
             failed(at_once(lab, [flavor(i) for i in range(count)])) + check_flavors(lab, count))
    test.say(f"no lock is left, {where}", check_locks(lab))


def growing(test, lab, where):
    """Each VM that is there grows by one core at once; there is room for half of them."""
    names = [int(name[2:]) for name in vms(lab)]
    lab.must("pxc_project", {"name": "acme", "quota": {"cores": ROOM + ROOM // 2}})
    refused = failed(at_once(lab, [grow(i) for i in names]))
    cores = sum(g["cpus"] for n in ("pve1", "pve2", "pve3") for g in lab.pve("GET", f"/nodes/{n}/qemu"))
    bad = [m for m in refused if "quota: cores used" not in m]
    if cores != ROOM + ROOM // 2:
        bad.append(f"{cores} cores")
    lab.must("pxc_project", {"name": "acme", "quota": {"cores": -1}})
    test.say(f"{len(names)} VMs grow at once where half of them have room, {where}", bad)


def some_killed(test, lab, where, count, rng):
    """All kinds at once; every third is killed at some moment. Then those run again."""
    tasks = [make(i) for i in range(count) for make in (person, vm, flavor)]
    rng.shuffle(tasks)
    runs = [(t, lab.start(*t)) for t in tasks]
    doomed = sorted((rng.uniform(0.02, 2.5), k) for k in range(0, len(runs), 3))
    start = time.monotonic()
    for moment, k in doomed:
        time.sleep(max(0, start + moment - time.monotonic()))
        runs[k][1].send_signal(signal.SIGKILL)
    killed = {k for _, k in doomed}
    results = [(k, t, lab.end(p)) for k, (t, p) in enumerate(runs)]
    died = [t for k, t, r in results if k in killed and "no answer" in r.get("msg", "")]
    messages = [r["msg"] for _, t, r in results if r.get("failed") and "no answer" not in r["msg"]]
    messages += failed(lab.run(*t) for t in died)
    bad = check_roles(lab, count) + check_flavors(lab, count)
    wanted = "project acme: quota: instances used"
    bad += [f"failed: {m}" for m in messages if wanted not in m]
    there = vms(lab)
    # One that was killed may have had the room that another did not find; it is there when its task has run again.
    if len(there) != min(count, ROOM) and len(there) + len([m for m in messages if wanted in m]) != count or len(there) > ROOM:
        bad.append(f"{len(there)} VMs: {there}")
    test.say(f"{len(died)} of {len(tasks)} runs are killed on their way and run again, {where}", bad)
    test.say(f"no lock is left of them, {where}", check_locks(lab))


def moved(test, lab):
    """A run that cannot reach Ceph changes nothing; locks go back into PVE while others wait for them."""
    told = lab.run(*flavor(900), PXC_CEPH_CONF="/nonexistent/ceph.conf", CEPH_CONF="/nonexistent/ceph.conf")
    wanted = "the locks of this cloud lie in storage ceph (pxc_cloud: lock_storage), and nothing is changed without them: "
    bad = [] if told.get("failed") and wanted in told["msg"] else [f"told: {told.get('msg')}"]
    bad += [] if check_flavors(lab, 901)[-1:] == ["lost: flavor900"] else ["it made the flavor"]
    test.say("who cannot reach the locks changes nothing", bad)
    runs = [lab.start(*t) for t in [flavor(i) for i in range(10)] + [("pxc_cloud", {"lock_storage": "", **PATIENCE})] +
            [flavor(i) for i in range(10, 20)]]
    bad = failed([lab.end(p) for p in runs]) + check_flavors(lab, 20)
    cloud = lab.must("pxc_info", {"gather": ["cloud"]})["cloud"]
    bad += ["lock_storage is still set"] if "lock_storage" in cloud else []
    test.say("locks are put back into PVE while twenty runs wait for one", bad + check_locks(lab))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--short", action="store_true")
    options = parser.parse_args()
    test, rng = Test(), random.Random(options.seed)
    for in_ceph in (False, True):
        where = "locks in Ceph" if in_ceph else "locks in PVE"
        with Lab(options.build) as lab:
            setup(lab, in_ceph)
            for _ in range(options.rounds):
                one_round(test, lab, where, options.runs)
                growing(test, lab, where)
                clean(lab, options.runs)
                some_killed(test, lab, where, options.runs // 3 if options.short else options.runs, rng)
                clean(lab, options.runs)
            if in_ceph:
                moved(test, lab)
    print(f"1..{test.points}")
    return 0 if test.good else 1


if __name__ == "__main__":
    sys.exit(main())
