#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""module_defaults of group/pxcloud.pve.all: do they reach every module, and nothing else? Needs no cluster. Speaks TAP.

    test_defaults.py BUILD     BUILD holds ansible_collections/pxcloud/pve; the ansible-playbook is the first in PATH

Each module runs the first task of its own examples against a port where nobody listens. It must get as far as that when the group
says where the API is, and ask for the API when it does not.
"""
from __future__ import annotations

import base64
import json
import os
import re
import sys
import tempfile

import yaml

from common import COLLECTION, ROOT, read, run
from tap import Points

BUILD = os.path.abspath(sys.argv[1])
NOWHERE = "127.0.0.1:1"
CONNECTION = {"api_urls": "https://" + NOWHERE, "api_token_id": "a@pve!t", "api_token_secret": "a-s3cret-4711", "api_timeout": 1}
NO_API = "api_urls"
KEY = "ssh-ed25519 " + base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes(32)).decode()


def contracts():
    for name in sorted(os.listdir(os.path.join(ROOT, "plugins/modules"))):
        if name.endswith(".yml"):
            yield name[:-4], yaml.safe_load(read(ROOT, "plugins/modules", name))


def first_task(module, contract):
    """The arguments of the first example that is a task of this module, without templates if there is such a one. What these look for is a key."""
    tasks = [task["pxcloud.pve." + module] for task in yaml.safe_load(contract["EXAMPLES"]) if task.get("pxcloud.pve." + module) is not None]
    if not tasks:
        raise SystemExit("%s: no example is a task" % module)
    texts = sorted((json.dumps({k: v for k, v in args.items() if not k.startswith("api_")}) for args in tasks), key=lambda text: "{{" in text)
    return json.loads(re.sub(r"\{\{.*?\}\}", KEY, texts[0]))


def messages(tasks, defaults, folder):
    """{name: result} of tasks that may all fail."""
    tasks = [dict(task, name=name, register="r_" + name, ignore_errors=True) for name, task in tasks.items()]
    keep = {"ansible.builtin.copy": {"dest": os.path.join(folder, "results.json"), "mode": "0600",
                                     "content": "{{ {%s} | to_json }}" % ", ".join("'%s': r_%s" % (t["name"], t["name"]) for t in tasks)}}
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks + [keep],
            "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}}
    if defaults:
        play["module_defaults"] = defaults
    with open(os.path.join(folder, "play.yml"), "w", encoding="utf-8") as f:
        json.dump([play], f)
    code, said = run("ansible-playbook", "-i", "localhost,", os.path.join(folder, "play.yml"), cwd=folder,
                     env={"ANSIBLE_COLLECTIONS_PATH": BUILD, "ANSIBLE_COLLECTIONS_PATHS": BUILD, "HOME": folder})
    if code:
        raise SystemExit(said)
    return json.loads(read(folder, "results.json"))


def runtime(modules):
    data = yaml.safe_load(read(BUILD, COLLECTION, "meta/runtime.yml"))
    if sorted(data["action_groups"]["all"]) != sorted(modules):
        yield "the group has %s, there are contracts of %s" % (data["action_groups"]["all"], sorted(modules))
    lowest = re.fullmatch(r">=(\d+\.\d+)\.0", data["requires_ansible"])
    role = yaml.safe_load(read(ROOT, "roles/identity/meta/main.yml"))["galaxy_info"]["min_ansible_version"]
    if not lowest or lowest[1] != role:
        yield "requires_ansible is %s, the role wants %s" % (data["requires_ansible"], role)


def this_ansible():
    """Is the ansible-core that runs these tests one of those that the collection says it is for?"""
    lowest = yaml.safe_load(read(BUILD, COLLECTION, "meta/runtime.yml"))["requires_ansible"]
    version = re.search(r"\[core (\d+)\.(\d+)", run("ansible", "--version")[1])
    if tuple(map(int, version.groups())) < tuple(map(int, re.findall(r"\d+", lowest)[:2])):
        yield "%s is older than %s" % (version[0], lowest)


def too_old(folder):
    """A collection that asks for more than there is: Ansible must say so, or the line means nothing."""
    target = os.path.join(folder, COLLECTION)
    os.makedirs(os.path.join(target, "meta"))
    os.symlink(os.path.join(BUILD, COLLECTION, "plugins"), os.path.join(target, "plugins"))
    text = read(BUILD, COLLECTION, "meta/runtime.yml")
    with open(os.path.join(target, "meta/runtime.yml"), "w", encoding="utf-8") as f:
        f.write(re.sub(r"requires_ansible: .*", "requires_ansible: '>=99.0'", text))
    said = run("ansible", "-i", "localhost,", "localhost", "-c", "local", "-m", "pxcloud.pve.pxc_info",
               env={"ANSIBLE_COLLECTIONS_PATH": folder, "ANSIBLE_COLLECTIONS_PATHS": folder, "HOME": folder})[1]
    if "does not support Ansible version" not in said:
        yield said


def main():
    points = Points()
    modules = dict(contracts())
    points.point("meta/runtime.yml names every module and the oldest ansible-core", runtime(modules))
    points.point("this ansible-core is new enough", this_ansible())
    tasks = {m: {"pxcloud.pve." + m: first_task(m, c)} for m, c in modules.items()}
    others = {"ping": {"ansible.builtin.ping": {}}, "stat": {"ansible.builtin.stat": {"path": "/"}}, "debug": {"ansible.builtin.debug": {"msg": "good"}}}
    with tempfile.TemporaryDirectory(prefix="pxc-defaults-") as folder:
        with_group = messages(dict(tasks, **others), {"group/pxcloud.pve.all": CONNECTION}, folder)
        without = messages(tasks, None, folder)
        for m in modules:
            points.point("the group carries the connection to %s" % m, [] if NOWHERE in with_group[m]["msg"] else [with_group[m]["msg"]])
            points.point("without it %s asks for the API" % m, [] if NO_API in without[m]["msg"] and NOWHERE not in without[m]["msg"] else [without[m]["msg"]])
        points.point("modules of others get nothing of it", ("%s: %s" % (m, with_group[m]["msg"]) for m in others if with_group[m].get("failed")))
        own = messages({"info": {"pxcloud.pve.pxc_info": {"api_urls": "https://127.0.0.1:2"}}}, {"group/pxcloud.pve.all": CONNECTION}, folder)
        points.point("a task's own option goes before the group's", [] if "127.0.0.1:2" in own["info"]["msg"] else [own["info"]["msg"]])
        points.point("Ansible warns where it is too old", too_old(folder))
    return points.end()


if __name__ == "__main__":
    sys.exit(main())
