#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin: how Ansible starts the compiled program, and what comes back. Needs no cluster. Speaks TAP.

    test_runner.py COLLECTIONS     COLLECTIONS holds ansible_collections/pxcloud/pve, made by "make stage"
    ANSIBLE_PLAYBOOK=...           another ansible-playbook than the one in PATH
"""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import outputs

PLAYBOOK = os.environ.get("ANSIBLE_PLAYBOOK", "ansible-playbook")
NOWHERE = "https://127.0.0.1:1"  # nobody listens there
CLOSED = {"api_urls": NOWHERE, "api_token_id": "a@pve!t", "api_token_secret": "a-s3cret-4711", "api_timeout": 1}

# name: the task's keywords. Each runs the module against a port where nobody listens, and must fail with a clear sentence.
TASKS = {
    "in_place": {"pxcloud.pve.pxc_info": CLOSED},
    "ordinary_way": {"pxcloud.pve.pxc_info": CLOSED, "async": 30, "poll": 1},
    "unknown_option": {"pxcloud.pve.pxc_vm": dict(CLOSED, projct="acme")},
    "in_a_list": {"pxcloud.pve.pxc_vm": dict(CLOSED, vms=[{"name": "a", "memroy": "4G"}])},
    "wrong_type": {"pxcloud.pve.pxc_vm": dict(CLOSED, cores="many")},
    "missing": {"pxcloud.pve.pxc_vm": dict(CLOSED, vms=[{"name": "a"}])},
    "old_form": {"pxcloud.pve.pxc_vm": "project=acme name=web cores=x"},
    "environment": {"pxcloud.pve.pxc_info": {"api_token_id": "a@pve!t", "api_token_secret": "a-s3cret-4711", "api_timeout": 1},
                    "environment": {"PXC_API_URLS": NOWHERE}},
    "no_api": {"pxcloud.pve.pxc_info": {}},
    "date": {"pxcloud.pve.pxc_vm": dict(CLOSED, project="acme", name="web", metadata={"day": "{{ '2026-01-02' }}"})},
    "hidden": {"pxcloud.pve.pxc_vm": dict(CLOSED, cores="a-s3cret-4711")},
    "defaults": {"pxcloud.pve.pxc_info": {}, "module_defaults": {"group/pxcloud.pve.all": CLOSED}},
    "loop": {"pxcloud.pve.pxc_info": CLOSED, "loop": [1, 2]},
    "delegated": {"pxcloud.pve.pxc_info": CLOSED, "delegate_to": "localhost"},
}


def play(folder):
    tasks = [dict(task, name=name, register="r_" + name, ignore_errors=True) for name, task in TASKS.items()]
    all_results = ", ".join("'%s': r_%s" % (name, name) for name in TASKS)
    tasks.append({"name": "keep", "ansible.builtin.copy": {"dest": os.path.join(folder, "results.json"), "mode": "0600",
                                                           "content": "{{ {%s} | to_json }}" % all_results}})
    return [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks,
             "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}}]


def run(collections, folder, playbook, *args, **environment):
    path = os.path.join(folder, "play.yml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(playbook if isinstance(playbook, str) else json.dumps(playbook))
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PXC_", "PROXMOX_", "ANSIBLE_"))}
    env.update(ANSIBLE_COLLECTIONS_PATH=collections, ANSIBLE_COLLECTIONS_PATHS=collections, ANSIBLE_LOCALHOST_WARNING="0", HOME=folder,
               ANSIBLE_NOCOLOR="1", ANSIBLE_INJECT_INVOCATION="1", ANSIBLE_ASYNC_DIR=os.path.join(folder, "async"),
               ANSIBLE_LOCAL_TEMP=os.path.join(folder, "tmp"), ANSIBLE_INVENTORY_UNPARSED_WARNING="0", LC_ALL="C.UTF-8")
    env.update(environment)
    done = subprocess.run([PLAYBOOK, "-i", "localhost,", *args, path], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return outputs.keep(done.stdout.decode("utf-8", "replace"))


# sentence: arguments of ansible-playbook, the environment, the task's keywords, the play's, and then what is on record of who asked, or
# a part of the sentence it fails with.
BOTH = "{{ omit if awx_user_name is defined else 'svc:nightly' }}"
AWX = {"awx_job_id": 17, "awx_user_name": "alice"}
SOURCES = {
    "the login, when nobody says more": ({}, {}, {}, {}, ("ci-user", "login", None, None)),
    "the environment goes before the login": ({}, {"PXC_ACTOR": "bob"}, {}, {}, ("bob", "environment", None, None)),
    "and so does the task's": ({}, {}, {"environment": {"PXC_ACTOR": "bob"}}, {}, ("bob", "environment", None, None)),
    "AWX goes before both": (AWX, {"PXC_ACTOR": "bob"}, {"environment": {"PXC_ACTOR": "eve"}}, {}, ("alice", "awx", "17", None)),
    "so does Tower": ({"tower_job_id": 17, "tower_user_name": "alice"}, {"PXC_ACTOR": "bob"}, {}, {}, ("alice", "tower", "17", None)),
    "AWX goes before Tower": (dict(AWX, tower_job_id=18, tower_user_name="bob"), {}, {}, {}, ("alice", "awx", "17", None)),
    "the task's actor is the actor, and who launched it is on record": (
        AWX, {}, {"args": {"actor": "bob"}}, {}, ("alice", "awx", "17", "bob")),
    "also on the command line": ({}, {}, {"args": {"actor": "bob"}}, {}, ("ci-user", "login", None, "bob")),
    "who names himself speaks for nobody else": (AWX, {}, {"args": {"actor": "alice"}}, {}, ("alice", "awx", "17", None)),
    "a schedule runs as the service that the task names": (
        {"awx_job_id": 17}, {}, {"args": {"actor": "svc:nightly"}}, {}, ("svc:nightly", "task", "17", None)),
    "or module_defaults": ({"tower_job_id": 17}, {}, {}, {"module_defaults": {"group/pxcloud.pve.all": dict(CLOSED, actor="svc:nightly")}},
                           ("svc:nightly", "task", "17", None)),
    "a template for both leaves the name to people": (AWX, {}, {"args": {"actor": BOTH}}, {}, ("alice", "awx", "17", None)),
    "and has one for schedules": ({"awx_job_id": 17}, {}, {"args": {"actor": BOTH}}, {}, ("svc:nightly", "task", "17", None)),
    "in module_defaults, too": (AWX, {}, {}, {"module_defaults": {"group/pxcloud.pve.all": dict(CLOSED, actor=BOTH)}},
                                ("alice", "awx", "17", None)),
    "a schedule that names nobody is refused": ({"awx_job_id": 17}, {}, {}, {}, "like actor: svc:nightly"),
    "also when the environment names somebody": ({"awx_job_id": 17}, {"PXC_ACTOR": "svc:nightly"}, {}, {}, "like actor: svc:nightly"),
    "a schedule cannot run as a person": ({"awx_job_id": 17}, {}, {"args": {"actor": "alice"}}, {}, "cannot run as alice"),
    "AWX's variables are not taken from inventories or plays": (
        {"awx_job_id": 17}, {}, {}, {"vars": {"awx_user_name": "alice"}}, "like actor: svc:nightly"),
    "a task cannot say who launched it": (
        AWX, {}, {"args": {"actor": "bob", "actor_login": "ann", "actor_source": "login", "job_id": "1"}}, {}, ("alice", "awx", "17", "bob")),
    "nor when nothing is known": (
        {}, {}, {"args": {"actor_login": "ann", "actor_source": "awx", "job_id": "1"}}, {}, ("ci-user", "login", None, None)),
    "a name is no template": ({"awx_job_id": 17, "awx_user_name": "{{1+1}}"}, {}, {}, {}, ("{{1+1}}", "awx", "17", None)),
    "also one of the environment": ({}, {"PXC_ACTOR": "{{1+1}}"}, {}, {}, ("{{1+1}}", "environment", None, None)),
    "a name with a blank is refused": ({"awx_job_id": 17, "awx_user_name": "a b"}, {}, {}, {}, 'actor: "a b" has a blank'),
    "a person is not called like a service": (
        {"awx_job_id": 17, "awx_user_name": "svc:nightly"}, {}, {}, {}, "called like a service"),
}


def ask_each_source(collections, folder):
    """(sentence, truth): one playbook each, since extra variables and the environment are those of a run."""
    for sentence, (extra, environment, task, keywords, expected) in SOURCES.items():
        task = dict(task)
        task["pxcloud.pve.pxc_info"] = dict(CLOSED, **task.pop("args", {}))
        tasks = [dict(task, register="r", ignore_errors=True),
                 {"ansible.builtin.copy": {"dest": os.path.join(folder, "r.json"), "mode": "0600", "content": "{{ r | to_json }}"}}]
        play = [dict({"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}, **keywords)]
        with open(os.path.join(folder, "extra.json"), "w", encoding="utf-8") as f:
            json.dump(extra, f)
        output = run(collections, folder, play, "-e", "@" + os.path.join(folder, "extra.json"), LOGNAME="ci-user", **environment)
        try:
            with open(os.path.join(folder, "r.json"), encoding="utf-8") as f:
                result = json.load(f)
            os.unlink(os.path.join(folder, "r.json"))
        except OSError:
            result = {"msg": output}
        said = result.get("pxc_audit", {})
        if isinstance(expected, str):
            good = expected in result["msg"] and result.get("failed") and "connection refused" not in result["msg"]
        else:
            good = (said.get("actor"), said.get("source"), said.get("job_id"), said.get("on_behalf_of")) == expected
            good = good and said.get("changes") == [] and "connection refused" in result["msg"]
        yield sentence, good
        if not good:
            print("# %s: %s %s" % (sentence, said, result["msg"]))


def checks(results, output, invocation):
    """(sentence, truth)"""
    message = {name: str(r.get("msg", "")) for name, r in results.items()}
    refused = "127.0.0.1:1"
    yield "a local task runs the program in place", refused in message["in_place"] and results["in_place"]["failed"]
    yield "an asynchronous task goes the ordinary way", refused in message["ordinary_way"]
    yield "an unknown option is refused with the nearest name", (
        message["unknown_option"].startswith("Unsupported parameters for (pxcloud.pve.pxc_vm) module: projct.")
        and message["unknown_option"].endswith("Did you mean project?"))
    yield "an unknown option in a list is named with its path", "module: vms.memroy." in message["in_a_list"]
    yield "a wrong type is refused in Ansible's words", (
        message["wrong_type"] == "argument 'cores' is of type <class 'str'> and we were unable to convert to int: "
                                 "<class 'str'> cannot be converted to an int")
    yield "a missing option of an entry is named with the entry", (
        message["missing"] == "missing required arguments: project found in vms, entry 1 (a)")
    yield "the old form k=v arrives", "argument 'cores'" in message["old_form"]
    yield "the environment of the task reaches the program", refused in message["environment"]
    yield "without an API the sentence says what to set", "api_urls" in message["no_api"]
    yield "texts that look like dates arrive", refused in message["date"]
    yield "defaults of the group of modules are used", refused in message["defaults"]
    yield "a loop runs the program for each item", all(refused in r["msg"] for r in results["loop"]["results"])
    yield "a task delegated to localhost runs in place", refused in message["delegated"]
    yield "a secret is never in a message", "a-s3cret-4711" not in json.dumps(results) and "a-s3cret-4711" not in output
    yield "the arguments come back when much is asked for", "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" in invocation
    yield "and never with a secret", "a-s3cret-4711" not in invocation


def with_vault(collections, folder):
    """A value that is encrypted in the playbook itself: up to ansible-core 2.18 such a task cannot run without an action plugin."""
    password = os.path.join(folder, "password")
    with open(password, "w", encoding="utf-8") as f:
        f.write("open sesame\n")
    vault = os.path.join(os.path.dirname(shutil.which(PLAYBOOK) or PLAYBOOK), "ansible-vault")
    secret = subprocess.run([vault, "encrypt_string", "--vault-password-file", password, "a-s3cret-4711"],
                            capture_output=True, check=False)
    lines = ["- hosts: localhost", "  connection: local", "  gather_facts: false", "  tasks:", "    - pxcloud.pve.pxc_info:",
             "        api_urls: " + NOWHERE, "        api_timeout: 1", "        api_token_id: a@pve!t"]
    lines += ["        api_token_secret: " + secret.stdout.decode().strip().replace("\n", "\n  ")]
    text = run(collections, folder, "\n".join(lines) + "\n", "--vault-password-file", password, "-vvv")
    return "connection refused" in text and "a-s3cret-4711" not in text, text + secret.stderr.decode()


def without_program(collections, folder):
    """A collection that was built for another machine."""
    other = os.path.join(folder, "other")
    root = os.path.join(other, "ansible_collections/pxcloud/pve")
    shutil.copytree(os.path.join(collections, "ansible_collections"), os.path.join(other, "ansible_collections"), symlinks=True)
    bins = os.path.join(root, "plugins/plugin_utils/bin")
    os.rename(os.path.join(bins, "linux-" + os.uname().machine), os.path.join(bins, "linux-pdp11"))
    text = run(other, folder, [{"hosts": "localhost", "connection": "local", "gather_facts": False,
                                "tasks": [{"pxcloud.pve.pxc_info": CLOSED}]}])
    good = all(word in text for word in ("linux-pdp11", os.uname().machine, "make install")) and "exception" not in text
    return good, text


def cannot_start(collections, folder):
    """(sentence, truth, output): programs that a system refuses, in place and copied; each message must say what to do."""
    other = os.path.join(folder, "broken")
    root = os.path.join(other, "ansible_collections/pxcloud/pve")
    shutil.copytree(os.path.join(collections, "ansible_collections"), os.path.join(other, "ansible_collections"), symlinks=True)
    program = os.path.join(root, "plugins/plugin_utils/bin/linux-" + os.uname().machine, "pxc")
    with open(program, "rb") as f:
        good = f.read()
    task = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [{"pxcloud.pve.pxc_info": CLOSED}]}]
    for what, program_bytes, mode, words in (
            ("for another machine", good[:18] + b"\x08\x00" + good[20:], 0o755, ("for another machine",) * 2),
            ("whose library is missing", good.replace(b"libcurl.so.4", b"libcurl.so.0"), 0o755, ("lacks a library",) * 2),
            # As on a file system that is mounted noexec; a copy of it elsewhere may run.
            ("that may not run", good, 0o644, ("mounted noexec: install the collection elsewhere", NOWHERE))):
        with open(program, "wb") as f:
            f.write(program_bytes)
        os.chmod(program, mode)
        for (way, settings), said in zip((("in place", {}), ("copied", {"ANSIBLE_KEEP_REMOTE_FILES": "1", "ANSIBLE_REMOTE_TEMP": folder + "/kept"})), words):
            text = run(other, folder, task, **settings)
            told = said in " ".join(text.split())
            yield "a program %s, %s: the message says so" % (what, way), told and "Traceback" not in text, text


def main():
    collections = os.path.abspath(sys.argv[1])
    folder = tempfile.mkdtemp(prefix="pxc-runner-")
    number = failed = 0
    try:
        output = run(collections, folder, play(folder))
        try:
            with open(os.path.join(folder, "results.json"), encoding="utf-8") as f:
                results = json.load(f)
        except OSError:
            print("1..1\nnot ok 1 - the playbook ran\n# " + output.replace("\n", "\n# "))
            return 1
        verbose = run(collections, folder, [{"hosts": "localhost", "connection": "local", "gather_facts": False,
                                             "tasks": [{"pxcloud.pve.pxc_info": CLOSED}]}], "-vvv")
        verdicts = list(checks(results, output, verbose))
        good, text = without_program(collections, folder)
        verdicts.append(("a collection without a program for this machine says so", good))
        good, text = with_vault(collections, folder)
        verdicts.append(("a value encrypted in the task arrives, and is not shown", good))
        for sentence, good, shown in cannot_start(collections, folder):
            verdicts.append((sentence, good))
            if not good:
                print("# " + shown.replace("\n", "\n# "))
        verdicts += [("who asks: " + sentence, truth) for sentence, truth in ask_each_source(collections, folder)]
        print("1..%d" % len(verdicts))
        for sentence, truth in verdicts:
            number += 1
            failed += not truth
            print("%s %d - %s" % ("ok" if truth else "not ok", number, sentence))
        if failed:
            for name, result in results.items():
                print("# %s: %s" % (name, result.get("msg", result)))
            print("# " + "\n# ".join(verbose.splitlines()[-30:] + text.splitlines()[-10:]))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
