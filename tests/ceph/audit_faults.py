#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of changes on a real Ceph: what is in it, and what happens when it cannot be written, or the run is killed.

    tests/ceph/audit_faults.py BUILD [--short]

What must hold: nothing is changed that is not on record before, and a record never goes.
"""
import json
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab as labs

ASK = {"ceph_timeout": 3, "task_timeout": 60}
JOB = {"actor": "alice", "actor_source": "awx", "job_id": "17"}


def objects(lab):
    return sorted(name for name in lab.rados("-p", "ceph", "ls").split() if name.startswith("pxc.audit."))


def record(lab):
    """All lines, in the order of writing; a line that is no JSON would end the test."""
    return [json.loads(line) for name in objects(lab) for line in lab.rados("-p", "ceph", "get", name, "/dev/stdout").splitlines()]


def describe(text, **more):
    return dict(ASK, name="demo", description=text, **more)


def reach(lab, can):
    """The OSD does not answer, or does again; what it has it keeps."""
    with open(os.path.join(lab.ceph, "run/osd.0.pid"), encoding="utf-8") as f:
        os.kill(int(f.read()), signal.SIGCONT if can else signal.SIGSTOP)


def described(lab):
    return lab.must("pxc_info", {"gather": ["projects"], "project": "demo"})["projects"][0]["description"]


def switched_on(lab):
    lab.refused(lab.run("pxc_cloud", {"audit_storage": "local"}), ["audit_storage", "of type rbd", "local is of type dir"], "no record on a folder")
    lab.refused(lab.run("pxc_cloud", {"audit_storage": "none"}), ["no storage of the cluster"], "nor on a storage that is not there")
    lab.must("pxc_project", describe("before"))
    lab.check(not objects(lab), "without audit_storage nothing is recorded in Ceph", objects(lab))
    lab.refused(lab.run("pxc_info", {"gather": ["audit"]}), ["audit_storage"], "and there is nothing to read")
    cloud = lab.must("pxc_cloud", {"audit_storage": "ceph"})["cloud"]
    again = lab.must("pxc_cloud", {"audit_storage": "ceph"})
    lab.check(not again["changed"] and again["cloud"]["audit_storage"] == "ceph", "it is switched on once", (cloud, again))


def two_lines_for_each(lab):
    task = dict(ASK, project="demo", cores=1, memory=512, vms=[{"name": "web", "power": "running"}, {"name": "db", "power": "stopped"}], **JOB)
    check = lab.must("pxc_vm", dict(task, _ansible_check_mode=True))
    lab.check(not record(lab) and check["pxc_audit"]["changes"] == [], "check mode leaves no line", record(lab))
    result = lab.must("pxc_vm", task)
    lines, changes = record(lab), result["pxc_audit"]["changes"]
    # What was made first for all (the seed's folder, a lock) has lines of its own.
    of = {name: [line for line in lines if line["object"] == "vm demo/" + name] for name in ("web", "db")}
    lab.check(all([line["event"] for line in of[name]] == ["begin", "end"] for name in of), "each VM has a begin and an end", lines)
    lab.check(len({line["run"] for line in lines}) == 1 and all(line["actor"] == "alice" and line["source"] == "awx" and line["job_id"] == "17"
                                                               for line in lines), "with who asked, in one run", lines)
    lab.check([line["event"] for line in lines] == sorted(line["event"] for line in lines), "all is announced before the first ends", lines)
    end = of["web"][1]
    mine = [c for c in changes if c["object"] == "vm demo/web"][0]
    lab.check(end["changed"] and end["action"] == "vm.create" and end["project"] == "demo" and end["before"] is None and len(end["after"]) == 16,
              "the end says what was done", end)
    lab.check(all(end.get(k) == mine.get(k) for k in ("action", "object", "before", "after", "upids", "project")),
              "the result says the same", (end, mine))
    known = {row["upid"] for row in lab.pve("GET", "/cluster/tasks")}
    lab.check(end["upids"] and set(end["upids"]) <= known, "its tasks are PVE's", (end["upids"], known))
    lab.must("pxc_vm", task)
    lab.check(record(lab) == lines, "a second run has nothing to record", record(lab)[len(lines):])


def read_back(lab):
    ours = lab.must("pxc_info", {"gather": ["audit"]})["audit"]
    lab.check([r["object"] for r in ours if r["object"].startswith("vm ")] in (["vm demo/db", "vm demo/web"], ["vm demo/web", "vm demo/db"]) and
              not any(r.get("unfinished") for r in ours), "pxc_info shows each change once", ours)
    lab.must("pxc_project", {"name": "other", "description": "x", **ASK, **JOB, "actor": "tester", "actor_login": "alice"})
    newest = lab.must("pxc_info", {"gather": ["audit"], "limit": 1})["audit"]
    lab.check(len(newest) == 1 and newest[0]["object"] == "project other" and newest[0]["action"] == "project.create" and newest[0]["actor"] == "alice" and
              newest[0]["on_behalf_of"] == "tester", "the newest first, with on whose behalf", newest)
    demo = lab.must("pxc_info", {"gather": ["audit"], "project": "demo"})["audit"]
    lab.check(demo and all(r["project"] == "demo" for r in demo), "of one project only", demo)
    as_bob = dict(gather=["audit"], project="demo", actor="bob")
    lab.must("pxc_project", {"name": "demo", "roles": {"member": ["bob"]}, **ASK})
    lab.refused(lab.run("pxc_info", as_bob), ["policy: bob (role member)", "audit records"], "members do not read it")
    lab.must("pxc_project", {"name": "demo", "roles": {"manager": ["bob"]}, **ASK})
    lab.check(lab.must("pxc_info", as_bob)["audit"], "managers read that of their project")
    lab.refused(lab.run("pxc_info", dict(as_bob, project=None)), ["policy: bob", "audit records"], "and not the whole")
    future = lab.must("pxc_info", {"gather": ["audit"], "audit_since": time.strftime("%Y-%m-%d", time.gmtime(time.time() + 172800))})["audit"]
    lab.check(future == [], "nothing since the day after tomorrow", future)
    lab.refused(lab.run("pxc_info", {"gather": ["audit"], "audit_since": "yesterday"}), ["audit_since", "2026-11-01"], "no time, no list")


def cut_before(lab):
    lab.must("pxc_project", describe("as it was"))
    size = len(record(lab))
    reach(lab, False)
    groups = lab.pve("GET", "/access/groups")
    lab.refused(lab.run("pxc_project", describe("in the dark")), ["storage ceph", "record of changes"], "without a record nothing is begun")
    lab.check(lab.pve("GET", "/access/groups") == groups, "no lock is left behind", lab.pve("GET", "/access/groups"))
    lab.check(not lab.run("pxc_project", describe("as it was")).get("failed"), "who changes nothing needs no record")
    reach(lab, True)
    lab.check(described(lab) == "as it was", "and nothing was changed", described(lab))
    lab.must("pxc_project", describe("in the light", ceph_timeout=30))
    lab.check(described(lab) == "in the light" and len(record(lab)) >= size + 2, "with Ceph back it goes on", record(lab)[size:])


def slow_write(lab, text):
    """A task whose only write takes some seconds, as soon as that is under way."""
    lab.ask("POST", "/sim/faults", body=b"PUT /pools slow=500000\n")
    size = len(record(lab))
    process = lab.start("pxc_project", describe(text))
    give_up = time.time() + 20
    while len(record(lab)) == size and time.time() < give_up:
        time.sleep(0.02)
    time.sleep(0.2)
    lab.check(len(record(lab)) == size + 1 and record(lab)[-1]["event"] == "begin", "what is under way is announced", record(lab)[size:])
    return process


def cut_between(lab):
    process = slow_write(lab, "between")
    reach(lab, False)
    result = lab.end(process)
    lab.ask("POST", "/sim/faults", body=b"")
    lab.check(result["changed"] and not result.get("failed") and any(w.startswith("AUDIT") and "are made" in w for w in result.get("warnings", [])),
              "a record that breaks off is a loud warning", result)
    lab.check(result["pxc_audit"]["changes"][0]["object"] == "project demo", "the result has it", result["pxc_audit"])
    reach(lab, True)
    found = lab.must("pxc_info", {"gather": ["audit"], "limit": 1, "ceph_timeout": 30})["audit"]
    # What was sent to the OSD while it slept it may still do.
    lab.check(found[0]["object"] == "project demo" and found[0]["run"] == record(lab)[-1]["run"], "and Ceph knows of it all the same", found)


def killed(lab):
    process = slow_write(lab, "killed")
    labs.kill(process)
    lab.ask("POST", "/sim/faults", body=b"")
    found = lab.must("pxc_info", {"gather": ["audit"], "limit": 1})["audit"]
    lab.check(found[0].get("unfinished") is True and "upids" not in found[0], "a killed run leaves its trace", found)
    time.sleep(5)
    lab.must("pxc_project", describe("after the kill"))
    found = lab.must("pxc_info", {"gather": ["audit"], "limit": 2})["audit"]
    lab.check([r.get("unfinished") for r in found] == [None, True], "the next run has its own record", found)


WITH_LOG = os.path.join(labs.ROOT, "tests/lib/with_log.py")


def start_with_log(lab, path, task):
    process = subprocess.Popen([WITH_LOG, path, os.path.join(lab.build, "bin/pxc"), "pxc_project"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               env=lab.env)
    process.stdin.write(json.dumps(task).encode())
    process.stdin.close()
    process.stdin = None
    return process


def log_lines(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as f:
        return [line for line in f.read().splitlines() if " pxc[" in line]


def in_syslog(lab):
    """The program itself, with a real /dev/log."""
    path = os.path.join(lab.dir, "syslog")
    process = start_with_log(lab, path, describe("in syslog", **JOB))
    result = lab.end(process)
    if process.returncode == 77:
        print("# mounts of one's own are not allowed here: nothing is known about syslog")
        return
    lines = log_lines(path)
    events = [json.loads(line[line.index("{"):]) for line in lines]
    lab.check(result["changed"] and [e["event"] for e in events] == ["begin", "end"] and all(line.startswith("<86>") for line in lines),
              "syslog has a begin and an end", (lines, result))
    lab.check([e["actor"] for e in events] == ["alice"] * 2 and events == record(lab)[-2:], "and says what Ceph says", (events, record(lab)[-2:]))
    lab.check(not any(lab.env["PXC_API_TOKEN_SECRET"] in line for line in lines), "without the token")
    lab.ask("POST", "/sim/faults", body=b"PUT /pools slow=500000\n")
    process = start_with_log(lab, path, describe("killed in syslog"))
    give_up = time.time() + 20
    while (not log_lines(path) or len(log_lines(path)) > 1) and time.time() < give_up:
        time.sleep(0.05)
    with open(path + ".pid", encoding="utf-8") as f:
        os.kill(int(f.read()), signal.SIGKILL)
    process.communicate()
    lab.ask("POST", "/sim/faults", body=b"")
    lab.check(len(log_lines(path)) == 1 and '"begin"' in log_lines(path)[0], "a killed run has left its begin", log_lines(path))


def full(lab):
    lab.ceph_cmd("config", "set", "osd", "osd_max_object_size", "4096")
    before, count = objects(lab), 0
    while objects(lab) == before and count < 60:
        lab.must("pxc_project", describe(f"number {count}"))
        count += 1
    lab.check(len(objects(lab)) == 2 and objects(lab)[1] == objects(lab)[0] + ".2", "a full object is followed by another", objects(lab))
    lab.must("pxc_project", describe("the last"))
    found = lab.must("pxc_info", {"gather": ["audit"], "project": "demo"})["audit"]
    begun = {(line["run"], line["n"]) for line in record(lab) if line.get("project") == "demo"}
    lab.check(len(found) == len(begun) > count + 3, "and both are read", [len(found), len(begun), count])


def switched_off(lab):
    lab.must("pxc_cloud", dict(ASK, audit_storage=""))
    size = len(record(lab))
    lab.must("pxc_project", describe("off"))
    lab.check(record(lab)[-1]["object"] == "cloud" and len(record(lab)) == size, "that it is switched off is the last on record", record(lab)[-2:])


def main():
    with labs.Lab(labs.build_dir()) as lab:
        lab.must("pxc_cloud", {"domain": "cloud.example.org", "storage": "ceph", "bridge": "vmbr0", "admins": ["alice", "tester"]})
        lab.must("pxc_project", {"name": "demo", "quota": {"instances": 10, "cores": 10, "ram_mb": -1, "volumes": -1, "volume_gb": -1}})
        for test in (switched_on, two_lines_for_each, read_back, cut_before, cut_between, killed, in_syslog, full, switched_off):
            try:
                test(lab)
            except (SystemExit, KeyError, IndexError, subprocess.CalledProcessError) as error:
                lab.check(False, f"{test.__name__} went through", repr(error))
        return lab.done()


if __name__ == "__main__":
    sys.exit(main())
