#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What playbooks/awx/ declares, and what schema.py says of AWX's API, against the modules of awx.awx, which are made for that API. Speaks TAP.

    with_ansible.py build/pytools:tests/pytools.txt test_data.py BUILD

The collection is in AWX_COLLECTION (a folder with plugins/modules in it), or is fetched once from the package index into BUILD/awx-collection;
without an index all is skipped. DIFFERENT says in which points the modules speak otherwise than the API, and why: a line of it that is
no longer needed fails the test, so that it says no more than the truth.
"""
from __future__ import annotations

import ast
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from typing import Any

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "lib")]
import schema

import tap

BUILD = os.path.abspath(sys.argv[1])
PLAYBOOKS = os.path.join(HERE, "../../playbooks")
PACKAGE, VERSION = "ansible==9.13.0", "23.9.0"  # the newest release of `ansible` that still has awx.awx, and which one that is
Options = dict[str, dict[str, Any]]

# The module of a kind, where it is not its name in the singular.
MODULES = {"inventories": "inventory"}
# The types of options that a field can have; a field that refers to an object has its name there.
TYPES = {"string": {"str"}, "boolean": {"bool"}, "integer": {"int"}, "choice": {"str", "int"}, "id": {"str"}, "json": {"dict"}}

VARIABLES = "the module takes a mapping and sends it as JSON, the API a text"
FOR_ABSENT = "the API does not make one without; the module can also be called to remove one, or to change a part of one"
# (kind, field): {what: (what is here, what the module has, why)}; what is option (its name), type, required, or choices (those that only one of them has).
DIFFERENT: dict[tuple[str, str], dict[str, tuple[Any, Any, str]]] = {
    ("credential_types", "kind"): {"choices": ([], ["ssh", "vault", "scm", "insights"], "the API refuses others for types that people make"),
                                   "required": (True, False, FOR_ABSENT)},
    ("execution_environments", "image"): {"required": (True, False, FOR_ABSENT)},
    ("execution_environments", "pull"): {"choices": ([""], [], "nothing is what the API answers when it was not said")},
    ("projects", "scm_type"): {"choices": ([""], ["manual"], "the module says manual where the API has nothing")},
    ("inventories", "variables"): {"type": ("string", "dict", VARIABLES)},
    ("inventory_sources", "source_vars"): {"type": ("string", "dict", VARIABLES)},
    ("inventory_sources", "source"): {"choices": (["file", "constructed"], [], "AWX makes those itself, for old scripts and for constructed inventories"),
                                      "required": (True, False, FOR_ABSENT)},
    ("notification_templates", "organization"): {"required": (True, False, FOR_ABSENT)},
    ("notification_templates", "notification_type"): {"choices": (["awssns"], [], "there since AWX 24"), "required": (True, False, FOR_ABSENT)},
    ("job_templates", "extra_vars"): {"type": ("string", "dict", VARIABLES)},
    ("schedules", "unified_job_template"): {"required": (True, False, FOR_ABSENT)},
    ("schedules", "rrule"): {"required": (True, False, FOR_ABSENT)},
    ("schedules", "job_type"): {"choices": ([None, ""], [], "nothing leaves it to the template")},
    # Not a field, but what playbooks/awx/tasks/surveys.yml does beside them.
    ("job_templates", "survey"): {"option": ("survey", "survey_spec", "the API has it at an address of its own")},
}
# Keys of a declared object that belong to a module of their own, or are no option of any.
BESIDE = {("teams", "roles"): "module role", ("credentials", "secrets"): "a part of inputs", ("notification_templates", "secrets"): "a part of "
          "notification_configuration"}
used: set[tuple[str, str, str]] = set()


def collection() -> tuple[str | None, str]:
    """(the folder of awx.awx, why there is none)."""
    given = os.environ.get("AWX_COLLECTION")
    if given:
        return given, ""
    folder = os.path.join(BUILD, "awx-collection")
    there = os.path.join(folder, "ansible_collections/awx/awx")
    if os.path.exists(there):
        return there, ""
    with tempfile.TemporaryDirectory(prefix="pxc-awx-data-") as place:
        done = subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "-q", "--no-deps", "--only-binary", ":all:",
                               "-d", place, PACKAGE], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        wheels = glob.glob(os.path.join(place, "*.whl"))
        if done.returncode != 0 or not wheels:
            last = done.stdout.decode("utf-8", "replace").strip().splitlines()[-1:]
            return None, "no package index with %s can be reached (%s)" % (PACKAGE, "".join(last))
        # Whole or not at all: what is not renamed does not count.
        with zipfile.ZipFile(wheels[0]) as wheel:
            wheel.extractall(place, [name for name in wheel.namelist() if name.startswith("ansible_collections/awx/awx/")])
        os.makedirs(os.path.dirname(there), exist_ok=True)
        shutil.copytree(os.path.join(place, "ansible_collections/awx/awx"), there + ".new", dirs_exist_ok=True)
        os.rename(there + ".new", there)
    return there, ""


def options(folder: str, kind: str) -> Options:
    """The options of the module of a kind, as its documentation has them; ansible-test holds that against its argument_spec."""
    name = MODULES.get(kind, kind[:-1])
    with open(os.path.join(folder, "plugins/modules", name + ".py"), encoding="utf-8") as f:
        tree = ast.parse(f.read())
    texts = [node.value.value for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
             and node.targets[0].id == "DOCUMENTATION" and isinstance(node.value, ast.Constant)]
    found: Options = yaml.safe_load(str(texts[0]))["options"]
    for option in list(found.values()):
        found.update(dict.fromkeys(option.get("aliases", []), option))
    return found


def compared(kind: str, field: str, what: str, here: Any, there: Any) -> Iterator[str]:
    """The same, or different as DIFFERENT says."""
    wanted_here, wanted_there, _why = DIFFERENT.get((kind, field), {}).get(what, (None, None, ""))
    if here != there:
        used.add((kind, field, what))
        if (here, there) != (wanted_here, wanted_there):
            yield "%s: %s: %s here, %s in the module" % (field, what, here, there)


def option_of(kind: str, field: str, known: Options) -> dict[str, Any] | None:
    _here, name, _why = DIFFERENT.get((kind, field), {}).get("option", (field, field, ""))
    if name != field:
        used.add((kind, field, "option"))
    return known.get(name)


def fields_differ(kind: str, known: Options) -> Iterator[str]:
    """What schema.py says of the fields of a kind, against the options of its module."""
    for field, facts in schema.FIELDS[kind].items():
        option = option_of(kind, field, known)
        if option is None:
            yield "%s: the module has no such option" % field
            continue
        there = option.get("type", "str")
        yield from compared(kind, field, "type", facts["type"], facts["type"] if there in TYPES[facts["type"]] else there)
        yield from compared(kind, field, "required", facts["required"], option.get("required", False))
        here, there = facts.get("choices", ()), option.get("choices", ())
        yield from compared(kind, field, "choices", [one for one in here if one not in there], [one for one in there if one not in here])
    for link in schema.LINKS.get(kind, {}):
        if (kind, link) not in BESIDE and known.get(link, {}).get("type") != "list":
            yield "%s: a list of objects here, %s in the module" % (link, known.get(link, {}).get("type", "not there"))
    for option_name, option in known.items():
        if option.get("required") and option_name not in schema.FIELDS[kind]:
            yield "%s: required by the module, not known here" % option_name


def object_differs(kind: str, declared: dict[str, Any], known: Options) -> Iterator[str]:
    """A declared object, against the options of the module of its kind."""
    for key, value in declared.items():
        if (kind, key) in BESIDE:
            continue
        option = option_of(kind, key, known)
        if option is None:
            yield "%s: the module has no such option" % key
            continue
        python = {"str": str, "bool": bool, "int": int, "dict": dict, "list": list}[option.get("type", "str")]
        if not isinstance(value, python) or (python is int and isinstance(value, bool)):
            yield "%s: %s is no %s" % (key, json.dumps(value), option.get("type", "str"))
        elif "choices" in option and value not in option["choices"]:
            yield "%s: %s is none of %s" % (key, json.dumps(value), option["choices"])
    for key, option in known.items():
        if option.get("required") and key not in declared and not any(alias in declared for alias in option.get("aliases", [])):
            yield "%s: required by the module, not declared" % key
    yield from refused(kind, declared)


def refused(kind: str, declared: dict[str, Any]) -> Iterator[str]:
    """What AWX looks at beyond the types of fields."""
    try:
        if kind == "credential_types":
            schema.check_inputs(declared["inputs"])
            schema.check_injectors(declared["inputs"], declared["injectors"])
            for name in set(declared["inputs"]["required"]) - {field["id"] for field in declared["inputs"]["fields"]}:
                yield "required names %s, which is no field" % name
        elif kind == "job_templates":
            schema.check_survey(declared["survey"])
        elif kind == "notification_templates":
            schema.check_notification(dict(declared, notification_configuration=dict(declared["notification_configuration"])))
        elif kind == "schedules":
            schema.check_rrule(declared["rrule"])
    except schema.Refused as problem:
        yield json.dumps(problem.args[0])


def declared(folder: str, **settings: Any) -> list[dict[str, Any]]:
    """awx_kinds as playbooks/awx.yml has it, with the objects of each kind."""
    with open(os.path.join(PLAYBOOKS, "awx.yml"), encoding="utf-8") as f:
        play = yaml.safe_load(f)[0]
    result = os.path.join(folder, "kinds.json")
    play.update(vars_files=[os.path.join(os.path.abspath(PLAYBOOKS), name) for name in play["vars_files"]], module_defaults={},
                tasks=[{"ansible.builtin.copy": {"content": "{{ awx_kinds | to_json }}", "dest": result, "mode": "0600"}}])
    for name, content in (("play.json", [play]), ("settings.json", settings)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            json.dump(content, f)
    done = subprocess.run(["ansible-playbook", os.path.join(folder, "play.json"), "-e", "@" + os.path.join(folder, "settings.json")],
                          env=dict(os.environ, ANSIBLE_LOCALHOST_WARNING="False", ANSIBLE_INVENTORY_UNPARSED_WARNING="False"),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stdout.decode("utf-8", "replace"))
    with open(result, encoding="utf-8") as f:
        kinds: list[dict[str, Any]] = json.load(f)
    return kinds


def roles_differ(folder: str, kinds: list[dict[str, Any]]) -> Iterator[str]:
    """Roles are named KIND OBJECT ROLE."""
    known = options(folder, "roles")
    for kind, roles in schema.ROLES.items():
        for role in roles:
            if role.removesuffix("_role") not in known["role"]["choices"]:
                yield "%s: there is no %s" % (kind, role)
    names = {(kind["endpoint"], one["name"]) for kind in kinds for one in kind["objects"]}
    for team in next(kind for kind in kinds if kind["endpoint"] == "teams")["objects"]:
        for text in team["roles"]:
            kind, _, rest = text.partition(" ")
            name, _, role = rest.rpartition(" ")
            if kind not in known or (kind, name) not in names or role not in schema.ROLES[kind]:
                yield "%s: %s" % (team["name"], text)


def schedules_differ(kinds: list[dict[str, Any]]) -> Iterator[str]:
    """A schedule answers the survey of its template."""
    objects = {kind["endpoint"]: kind["objects"] for kind in kinds}
    for schedule in objects["schedules"]:
        template = next(t for t in objects["job_templates"] if t["name"] == schedule["unified_job_template"])
        _found, ignored, wrong = schema.launch_variables(dict(template, extra_vars=json.dumps(template["extra_vars"])), template["survey"],
                                                         schedule["extra_data"])
        yield from (["%s: %s" % (schedule["name"], line) for line in wrong + ignored])


def main() -> int:
    points = tap.Points()
    folder, reason = collection()
    if not folder:
        points.skip("AWX's data against awx.awx " + VERSION, reason)
        return points.end()
    with open(os.path.join(folder, "MANIFEST.json"), encoding="utf-8") as f:
        found = json.load(f)["collection_info"]["version"]
    points.point("it is awx.awx " + VERSION, [] if found == VERSION else ["it is " + found])
    modules = {kind: options(folder, kind) for kind in schema.FIELDS}
    for kind, known in modules.items():
        points.point("%s: fields, types, choices, and what is required" % kind, fields_differ(kind, known))
    every = {"awx_image": "images.example.org/pxcloud-ee:0.6.0", "awx_pxc_urls": "https://pve1.example.org:8006", "awx_pxc_token_id": "pxc@pve!awx",
             "awx_pxc_token_secret": "a-s3cret", "awx_pxc_ca": "pem", "awx_reader_token_id": "pxc@pve!look", "awx_reader_token_secret": "a-s3cret",
             "awx_ceph_conf": "[global]", "awx_ceph_user": "pxc", "awx_ceph_keyring": "a-s3cret", "awx_webhook_url": "https://hook.example.org",
             "awx_webhook_secret": "a-s3cret"}
    for title, settings in (("all settings", every), ("choices", dict(every, awx_flavors=["m1.small"], awx_images=["debian"])), ("few settings", {})):
        with tempfile.TemporaryDirectory(prefix="pxc-awx-data-") as place:
            kinds = declared(place, **settings)
        points.point("with %s, each kind is one that AWX has" % title, [k["endpoint"] for k in kinds if k["endpoint"] not in schema.FIELDS])
        for of in kinds:
            wrong = ["%s: %s" % (one["name"], line) for one in of["objects"] for line in object_differs(of["endpoint"], one, modules[of["endpoint"]])]
            points.point("with %s, %s: %d declared" % (title, of["endpoint"], len(of["objects"])), wrong)
        points.point("with %s, roles" % title, roles_differ(folder, kinds))
        points.point("with %s, schedules answer their surveys" % title, schedules_differ(kinds))
    idle = {(kind, field, what) for (kind, field), facts in DIFFERENT.items() for what in facts} - used
    points.point("each difference that is told of is there", [" ".join(row) for row in sorted(idle)])
    return points.end()


if __name__ == "__main__":
    sys.exit(main())
