#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program's argument tables against its documentation, as Ansible itself reads it. Speaks TAP.

    test_docs.py COLLECTIONS     COLLECTIONS holds ansible_collections/pxcloud/pve, made by "make stage"
    ANSIBLE_DOC=...              another ansible-doc than the one in PATH
"""
from __future__ import annotations

import json
import os
import subprocess
import sys

KEYS = ("type", "elements", "required", "default", "choices", "aliases")
DOC = os.environ.get("ANSIBLE_DOC", "ansible-doc")


def ansible_doc(collections, *args):
    env = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=collections, ANSIBLE_COLLECTIONS_PATHS=collections, ANSIBLE_LOCALHOST_WARNING="0")
    done = subprocess.run([DOC, "-t", "module", "--json", *args], env=env, capture_output=True, check=False)
    if done.returncode != 0:
        raise SystemExit("ansible-doc failed: %s" % done.stderr.decode())
    return json.loads(done.stdout)


def text_of(description):
    return "\n".join([description] if isinstance(description, str) else description)


def differences(path, table, documented):
    """One sentence for each thing that only one of them says."""
    for name in sorted(set(table) | set(documented)):
        where = "%s%s" % (path, name)
        if name not in documented or name not in table:
            yield "%s: %s" % (where, "not documented" if name in table else "only documented")
            continue
        ours, doc = table[name], documented[name]
        for key in KEYS:
            said, does = doc.get(key), ours.get(key)
            if key == "required":
                said, does = bool(said), bool(does)
            if key == "choices" and said is not None:
                said = [str(c) for c in said]
            if key == "aliases":
                said, does = said or [], does or []
            if said != does:
                yield "%s: %s is %r in the documentation, %r in the program" % (where, key, said, does)
        for variable in ours.get("env", []):
            if "E(%s)" % variable not in text_of(doc["description"]):
                yield "%s: %s is not documented" % (where, variable)
        yield from differences(where + ".", ours.get("options", {}), doc.get("suboptions") or {})


def check_module(name, table, page):
    doc = page["doc"]
    yield from differences("", table["options"], doc["options"])
    if not page.get("examples") or not page.get("return"):
        yield "no examples or no return values"
    if table["short_description"] != doc["short_description"]:
        yield "short_description differs"
    support = doc["attributes"]["check_mode"]["support"]
    if (support == "full") != table["supports_check_mode"]:
        yield "check_mode support is documented as %s" % support
    if "pxcloud.pve.all" not in doc["attributes"]["action_group"]["membership"]:
        yield "is not in the action group"
    if not doc.get("has_action"):
        yield "has no action plugin"
    for option in ("api_password", "api_otp", "api_token_secret"):
        if not table["options"][option]["no_log"]:
            yield "%s would be logged" % option


def main():
    collections = os.path.abspath(sys.argv[1])
    root = os.path.join(collections, "ansible_collections/pxcloud/pve")
    program = os.path.join(root, "plugins/plugin_utils/bin/linux-" + os.uname().machine, "pxc")
    tables = json.loads(subprocess.run([program, "--dump-spec"], stdout=subprocess.PIPE, check=True).stdout)
    pages = ansible_doc(collections, *["pxcloud.pve." + name for name in tables])
    listed = ansible_doc(collections, "--list", "pxcloud.pve")
    with open(os.path.join(root, "meta/runtime.yml"), encoding="utf-8") as f:
        runtime = f.read()
    number = failed = 0
    print("1..%d" % (2 * len(tables)))
    for name in tables:
        problems = list(check_module(name, tables[name], pages["pxcloud.pve." + name]))
        missing = [] if "pxcloud.pve." + name in listed else ["ansible-doc does not list it"]
        if "- %s\n" % name not in runtime:
            missing.append("meta/runtime.yml does not name it")
        for title, found in (("says what the program does", problems), ("is found", missing)):
            number += 1
            failed += bool(found)
            print("%s %d - the documentation of %s %s" % ("not ok" if found else "ok", number, name, title))
            for line in found:
                print("# " + line)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
