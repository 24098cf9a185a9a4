#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What playbooks make of a file and of what there is: which VMs are a stack's, and what a plan can be asked for. Needs no cluster. Speaks TAP."""
from __future__ import annotations

import os
import random
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "plugins/filter"), os.path.join(ROOT, "tests/lib")]
from sync_lines import sync_lines
from sync_objects import sync_objects

import tap

POINTS = tap.Points()
CLOUD = {"state": "present", "domain": "example.org"}
STACK = {"stack_name": "shop", "pve_cloud_domain": "example.org", "project": "acme"}


def report(good, title, *lines):
    POINTS.check(title, good, *lines)


def vm(name, stack="shop", project="acme", **more):
    return dict({"name": name, "stack": stack, "project": project, "managed": True, "vmid": 100}, **more)


def names(entries):
    return [entry["name"] for entry in entries]


def test_exact():
    """Whatever is called alike stays out of it."""
    alike = ["web", "web-1", "web1", "web-10", "WEB-1", "we*", "web.1", "", "-", "web-1 ", "*", "[w]eb-1"]
    rng, wrong = random.Random(7), []
    for _ in range(3000):
        wanted = rng.sample(alike, rng.randrange(4))
        there = [vm(rng.choice(alike), rng.choice(["shop", "shop2", "shop-old", "sho*", "Shop", "", "default"]), rng.choice(["acme", "acme2", "beta", ""]))
                 for _ in range(rng.randrange(12))]
        there += [{"name": "web-1", "managed": False, "vmid": 5, "tags": ["stack-shop", "pxc"]}, vm("web-1", managed=False), {"vmid": 6, "managed": False}]
        got = sync_objects(dict(STACK, vms=[{"name": n} for n in wanted]), {"cloud": CLOUD, "vms": there})
        own = {v["name"] for v in there if v.get("managed") and v["project"] == "acme" and v["stack"] == "shop"}
        if names(got["there"]) != sorted(own & set(wanted)) or names(got["extra"]) != sorted(own - set(wanted)) or len(got["kept"]) != len(got["extra"]):
            wrong = [wanted, there, got["there"], got["extra"]]
    report(not wrong, "a stack's VMs are those of this project and this stack, by whole names", *wrong)
    got = sync_objects(STACK, {"cloud": CLOUD, "vms": [vm("web-1", managed=False, tampered="edited", project="acme")]})
    report(not got["extra"] and got["damaged"] == ["vm web-1 (100): its annotation was changed by hand, it is left alone"],
           "one that was changed by hand is named", got)


def test_plan():
    data = dict(STACK, defaults={"flavor": "s", "networks": [{"network": "blue"}], "affinity": ["web"]},
                networks=[{"name": "blue"}], affinity=[{"name": "web"}],
                volumes=[{"name": "data", "size": 1, "attach_to": "db", "ssd": True}, {"name": "root", "size": 1},
                         {"name": "copy", "source": {"volume": {"name": "root"}}}],
                vms=[{"name": "web", "networks": [{"network": "blue"}, {"bridge": "vmbr0"}]}, {"name": "db", "boot_volume": "root", "cores": 2}])
    kept = repr(data)
    got = sync_objects(data, {"cloud": CLOUD, "vms": [], "networks": [{"name": "blue", "project": "beta"}, {"vnet": "x"}], "affinity": [], "volumes": []})
    report(got["plan"]["vms"] == [{"flavor": "s", "name": "web", "networks": [{"bridge": "vmbr0"}]}, {"flavor": "s", "name": "db", "cores": 2}],
           "what is not there yet is left out of the plan", got["plan"])
    report(got["plan"]["attached"] == [{"name": "data", "size": 1}] and got["plan"]["volumes"] == [{"name": "root", "size": 1}],
           "also what volumes refer to", got["plan"])
    report(sorted(got["later"]) == sorted(["vm web: joins network blue when there is one", "vm db: joins network blue when there is one",
                                           "vm web: joins affinity group web when there is one", "vm db: joins affinity group web when there is one",
                                           "vm db: boots from volume root when there is one", "volume copy: is made when there is volume root",
                                           "volume data: is attached to VM db when there is one"]), "and the plan says what", *got["later"])
    report(got["apply"]["vms"][0] == {"flavor": "s", "affinity": ["web"], "name": "web", "networks": [{"network": "blue"}, {"bridge": "vmbr0"}]}
           and got["apply"]["attached"] == [data["volumes"][0]] and repr(data) == kept, "what is done is the whole file", got["apply"])
    report(got["ends"]["networks"] == [] and got["ends"]["volumes"] == [], "what another project has does not go with the stack", got["ends"])
    found = {"cloud": CLOUD, "vms": [vm("db"), vm("web")], "networks": [{"name": "blue", "project": "acme"}],
             "affinity": [{"name": "web", "project": "acme"}],
             "volumes": [{"name": "root", "project": "acme"}, {"name": "data", "project": "acme"}, {"name": "copy", "project": "acme"}]}
    got = sync_objects(data, found)
    report(got["later"] == [] and got["plan"] == dict(got["apply"]), "when all is there the plan is the whole file", got)
    report(sorted(got["ends"]["volumes"]) == ["copy", "data", "root"] and got["ends"]["networks"] == ["blue"],
           "what the file names goes with the stack", got["ends"])
    got = sync_objects(data, dict(found, vms=[vm("db", stack="shop2"), vm("web", project="beta")]))
    report("volume data: is attached to VM db when there is one" in got["later"], "a VM of another stack is not the one", *got["later"])


def test_cloud():
    data = {"pve_cloud_domain": "example.org", "registry": {"admins": ["ann", "@ops", "@old"]}, "groups": [{"name": "ops"}, {"name": "old"}],
            "projects": [{"name": "lab", "roles": {"manager": ["@ops"], "member": ["bob"]}}], "networks": [{"name": "lan", "shared_with": ["lab", "acme"]}]}
    got = sync_objects(data, {"cloud": {"state": "absent"}, "projects": [], "groups": []})
    report(got["plan"] == {} and got["later"] == ["registry: is made, for example.org", "group ops: is made when there is the registry",
                                                  "group old: is made when there is the registry", "project lab: is made when there is the registry",
                                                  "network lan: is made when there is the registry"], "nothing can be asked without a registry", got)
    got = sync_objects(data, {"cloud": CLOUD, "projects": [], "groups": [{"name": "old"}]})
    report(got["plan"]["registry"] == {"admins": ["ann", "@old"], "domain": "example.org"}
           and got["plan"]["projects"][0]["roles"] == {"manager": [], "member": ["bob"]}
           and got["plan"]["networks"][0]["shared_with"] == ["acme"]
           and len(got["later"]) == 3, "groups and projects that are not there yet", got["plan"], got["later"])
    report(got["apply"]["registry"]["admins"] == ["ann", "@ops", "@old"] and got["apply"]["projects"] == data["projects"],
           "are there when it is done", got["apply"])
    data = {"pve_cloud_domain": "example.org", "project": {"name": "acme"}, "networks": [{"name": "blue"}], "keypairs": [{"name": "ann"}]}
    got = sync_objects(data, {"cloud": CLOUD, "projects": [{"name": "acme2"}]})
    report(got["plan"]["projects"] == [{"name": "acme"}] and got["plan"]["networks"] == [] and len(got["later"]) == 2 and "registry" not in got["apply"],
           "a project that is not there yet is planned alone", got)
    got = sync_objects(data, {"cloud": CLOUD, "projects": [{"name": "acme"}]})
    report(got["plan"]["networks"] == [{"name": "blue"}] and got["later"] == [], "one that is there with what it has", got)


def test_lines():
    step = {"object": "vm a", "why": "start", "impact": "quiet"}
    results = [{"skipped": True}, {"steps": [step, dict(step, impact="waits")]},
               {"results": [{"steps": [dict(step, impact="destroys")]}, {"skipped": True}]}, {"steps": None}]
    report(sync_lines(results) == ["vm a: start", "vm a: start (destroys)"], "steps are lines", sync_lines(results))


test_exact()
test_plan()
test_cloud()
test_lines()
sys.exit(POINTS.end())
