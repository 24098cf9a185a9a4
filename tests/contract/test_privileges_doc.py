#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does docs/consumers.md show the tables of schemas/privileges.yml, and does the generator refuse bad data with file and line?

    tests/contract/test_privileges_doc.py BUILD/bin/tables            checks; TAP
    tables privileges-doc schemas/privileges.yml | tests/contract/test_privileges_doc.py --write docs/consumers.md

And does the contract of pxc_access offer just the consumers that there are?
"""
import os
import sys

import table_doc
import yaml

GOOD = {
    "replacements": "[{privilege: VM.Old, text: gone}]",
    "roles": "[{name: PXCOne, text: x, common: [VM.Audit]}]",
    "own": "[{name: mine, text: x, grants: [{path: /, role: PXCOne}]}]",
    "consumers": "[{name: csi, text: x, grants: [{path: \"/pool/{pool}\", role: PXCOne}]}]",
}


def bad(key, value, words):
    """All is well but one list, each on a line of its own in the order of GOOD."""
    return "".join(f"{k}: {value if k == key else v}\n" for k, v in GOOD.items()), words


BAD = [
    bad("roles", "[]", "line 1: roles must be a list"),
    bad("roles", "[x]", "line 1: roles: entry 1 is no mapping"),
    bad("roles", "[{name: PVEOne, text: x, common: [VM.Audit]}]", "line 2: the name of a role of ours begins with PXC"),
    bad("roles", "[{name: PXCOne, common: [VM.Audit]}]", "line 2: PXCOne: text is missing"),
    bad("roles", "[{name: PXCOne, text: x, common: [Audit]}]", 'line 2: PXCOne: "Audit" is no privilege'),
    bad("roles", "[{name: PXCOne, text: x, common: VM.Audit}]", "line 2: common must be a list"),
    bad("roles", "[{name: PXCOne, text: x, privs: [VM.Audit]}]", "line 2: there is no key privs here, only name text"),
    bad("roles", "[{name: PXCOne, text: x, pve: [VM.Audit]}]", "line 2: there is no key pve here"),
    bad("roles", "[{name: PXCOne, text: x}, {name: PXCOne, text: y}]", "line 2: PXCOne is there twice"),
    bad("replacements", "[{privilege: old, text: gone}]", "line 1: privilege and text are needed"),
    bad("own", "[{name: mine, text: x}]", "line 3: mine: either grants or refused"),
    bad("consumers", "[{name: csi, text: x, refused: no, grants: [{path: /, role: PXCOne}]}]", "line 4: refused must be a text"),
    bad("consumers", "[{name: csi, text: x, refused: why, grants: [{path: /, role: PXCOne}]}]", "line 4: csi: either grants or refused"),
    bad("consumers", "[{name: csi, text: x, grants: [/]}]", "line 4: csi: a grant is a mapping"),
    bad("consumers", "[{name: csi, text: x, grants: [{path: pool, role: PXCOne}]}]", "line 4: the path of a grant begins with /"),
    bad("consumers", "[{name: csi, text: x, grants: [{path: \"/pool/{vm}\", role: PXCOne}]}]", "line 4: nothing is known of {vm}"),
    bad("consumers", "[{name: csi, text: x, grants: [{path: /, role: PXCTwo}]}]", "line 4: there is no role PXCTwo"),
    bad("consumers", "[{name: csi, text: x, grants: [{path: /, role: PXCOne, only: 7}]}]", "line 4: only: PVE 8 or 9"),
    bad("consumers", "[{name: csi, text: x, grants: [{path: /, role: PXCOne}], needs: x}]", "line 4: needs must be a list"),
]


def same_consumers():
    """The choices of the option are the consumers, and every one has its section."""

    def read(path):
        with open(os.path.join(table_doc.ROOT, path), encoding="utf-8") as f:
            return yaml.safe_load(f)

    known = sorted(c["name"] for c in read("schemas/privileges.yml")["consumers"])
    offered = sorted(read("plugins/modules/pxc_access.yml")["DOCUMENTATION"]["options"]["consumer"]["choices"])
    print(f"{'ok' if known == offered else 'not ok'} - pxc_access offers the consumers of schemas/privileges.yml")
    return known == offered


if __name__ == "__main__":
    if sys.argv[1] != "--write" and not same_consumers():
        sys.exit(1)
    table_doc.main("privileges", "docs/consumers.md", BAD)
