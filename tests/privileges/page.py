# SPDX-License-Identifier: GPL-3.0-or-later
"""The table in docs/privileges.md, between its two marks: what each task needs, and where."""
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = os.path.join(ROOT, "docs/privileges.md")
BEGIN, END = "<!-- table: make test-privileges -->", "<!-- end of table -->"
ONE = re.compile(r"`([A-Z][\w.]+)` on ([^;|]*?)(\s*\(else a warning\))?\s*(?:;|$)")


def contract(module):
    return os.path.join(ROOT, "plugins/modules", module + ".yml")


def modules():
    return sorted(name[:-len(".yml")] for name in os.listdir(os.path.dirname(contract("pxc_"))) if name.endswith(".yml"))


def automation_role():
    """The privileges on PVE 9 of the role that the one user of the cloud has; None: there is no such table."""
    path = os.path.join(ROOT, "schemas/privileges.yml")
    if not os.path.exists(path):
        return None
    import yaml  # pylint: disable=import-outside-toplevel
    with open(path, encoding="utf-8") as f:
        role = [r for r in yaml.safe_load(f)["roles"] if r["name"] == "PXCAdmin"][0]
    return role["common"] + role.get("pve9", [])


def lines():
    if not os.path.exists(PAGE):
        return []
    with open(PAGE, encoding="utf-8") as f:
        return f.read().split("\n")


def table():
    """{"pxc_vm: start": text of the cell}"""
    all_lines, found = lines(), {}
    if BEGIN not in all_lines:
        return found
    for line in all_lines[all_lines.index(BEGIN):all_lines.index(END)]:
        cells = [c.strip() for c in line.strip("|").split("|")]
        if len(cells) == 3 and cells[0].startswith("`pxc_"):
            found[f"{cells[0].strip('`')}: {cells[1]}"] = cells[2]
    return found


def read():
    """{"pxc_vm: start": {privilege: {path}}}"""
    return {name: {p: set(re.findall(r"`(/[^`]*)`", where)) for p, where, _ in ONE.findall(cell)} for name, cell in table().items()}


def cells_of(name):
    return table().get(name, "")


def cells(row):
    """The cell of what was found: {privilege: (how, {path})}"""
    found = [f"`{p}` on " + ", ".join(f"`{path}`" for path in sorted(where)) + (" (else a warning)" if how == "warns" else "")
             for p, (how, where) in sorted(row.items())]
    return "; ".join(found)


def write(names, rows):
    all_lines, kept = lines(), table()
    kept.update({name: cells(row) for name, row in rows.items() if row is not None})
    order = {name: i for i, name in enumerate(names)}
    new = ["| module | task | privileges |", "|---|---|---|"]
    for name in sorted(kept, key=lambda n: order.get(n, len(order))):
        module, what = name.split(": ", 1)
        new.append(f"| `{module}` | {what} | {kept[name]} |")
    begin, end = all_lines.index(BEGIN), all_lines.index(END)
    with open(PAGE, "w", encoding="utf-8") as f:
        f.write("\n".join(all_lines[:begin + 1] + new + all_lines[end:]))
