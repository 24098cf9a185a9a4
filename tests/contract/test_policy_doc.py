#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does docs/policy.md show the table of schemas/policy.yml, and does the generator refuse bad data with file and line?

    tests/contract/test_policy_doc.py BUILD/bin/tables                checks; TAP
    tables policy-doc schemas/policy.yml | tests/contract/test_policy_doc.py --write docs/policy.md
"""
import table_doc

# What is wrong, and what must be said of it.
BAD = [
    ("actions: []\n", "line 1: it must hold a list of actions"),
    ("other: 1\n", "line 1: it must hold a list of actions"),
    ("actions:\n  - {name: vm.x, needs: member, text: x}\n  - {name: vm, needs: member, text: x}\n", 'line 3: name: "vm" is not like'),
    ("actions:\n  - {name: vm.x, needs: owner, text: x}\n", "line 2: vm.x: needs must be"),
    ("actions:\n  - {name: vm.x, needs: member, text: x, changes: 1}\n", "line 2: vm.x: changes must be"),
    ("actions:\n  - {name: vm.x, needs: member}\n", "line 2: vm.x: text must be"),
    ("actions:\n  - {name: vm.x, needs: member, text: \"{vm}\"}\n", "line 2: vm.x: text must be"),
    ("actions:\n  - {name: vm.x, needs: member, text: \"of {project}\"}\n", "line 2: vm.x: text must be"),
    ("actions:\n  - {name: vm.x, needs: member, text: \"100 %\"}\n", "line 2: vm.x: text must be"),
    ("actions:\n  - {name: vm.x, needs: member, text: x}\n\n  - {name: vm.x, needs: member, text: y}\n", "line 4: vm.x is there twice"),
    ("actions:\n  - {name: vm.x, needs: member, text: x, who: y}\n", "line 2: an action has no key who"),
    ("actions:\n  - vm.x\n", "line 1: behind it: action 1 is no mapping"),
    ("actions:\n  - {name: vm.x, needs: member, text: x}\n  - vm.y\n", "line 2: behind it: action 2 is no mapping"),
    ("actions:\n  - {name: vm.x\n", "line "),
]


if __name__ == "__main__":
    table_doc.main("policy", "docs/policy.md", BAD)
