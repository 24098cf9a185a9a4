#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The argument engine in C against Ansible's own ArgumentSpecValidator: same values, same first message.

    compare_validator.py VALIDATE      VALIDATE is the program made of tests/contract/validate.c

Speaks TAP. Run it with the Python of any ansible-core. Deliberate differences, taken out before comparing:
an option given as null counts as not given; an environment fallback is not looked at when an alias was given; a name
that comes near is suggested after the list of supported ones; sizes are a type of our own.
"""
from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys

from ansible.module_utils import __path__ as _unused  # noqa: F401  (says at once that there is no Ansible here)
from ansible.module_utils.common import warnings as ansible_warnings
from ansible.module_utils.common.arg_spec import ModuleArgumentSpecValidator
from ansible.module_utils.common.parameters import env_fallback
from ansible.module_utils.errors import UnsupportedError
from ansible.release import __version__ as ANSIBLE

VERSION = tuple(int(x) for x in re.findall(r"\d+", ANSIBLE)[:2])
BYTES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
RULES = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")


def size(unit):
    def bytes(value):  # pylint: disable=redefined-builtin
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT]?)", str(value))
        if isinstance(value, (bool, dict, list)) or not match:
            raise TypeError("%s is no size: write a number, or one with K, M, G or T, like 32G" % (value,))
        return int(float(match[1]) * (BYTES[match[2]] if match[2] else unit))
    return bytes


def python_spec(options):
    """The table as an argument_spec."""
    spec = {}
    for name, o in options.items():
        entry = {k: o[k] for k in ("type", "required", "no_log", "default", "choices", "aliases", "elements") if k in o}
        if entry["type"] == "int" and "choices" in entry:
            entry["choices"] = [int(c) for c in entry["choices"]]
        if "env" in o:
            entry["fallback"] = (env_fallback, o["env"])
        if "unit" in o:
            entry["type"] = size(o["unit"])
        if "options" in o:
            entry["options"] = python_spec(o["options"])
            entry.update(o["rules"])
        spec[name] = entry
    return spec


def without_null(spec, value):
    """null is the same as not given, at every level that has options."""
    if isinstance(value, list):
        return [without_null(spec, v) for v in value]
    if not isinstance(value, dict):
        return value
    result = {}
    for key, v in value.items():
        option = next((o for n, o in spec.items() if n == key or key in o.get("aliases", [])), {})
        if v is not None:
            result[key] = without_null(option["options"], v) if "options" in option else v
    return result


def tidy(spec, params):
    """What Ansible adds: options that are not there as None, aliases beside the names."""
    result = {}
    for name, value in params.items():
        if name not in spec or value is None:
            continue
        sub = spec[name].get("options")
        if sub and isinstance(value, dict):
            value = tidy(sub, value)
        elif sub and isinstance(value, list):
            value = [tidy(sub, v) if isinstance(v, dict) else v for v in value]
        result[name] = value
    return result


def ansible_says(table, case):
    spec = python_spec(table["options"])
    raw = without_null(spec, copy.deepcopy(case["raw"]))
    ansible_warnings._global_warnings = {} if isinstance(ansible_warnings._global_warnings, dict) else []
    saved = dict(os.environ)
    os.environ.update(case["env"])
    try:
        validator = ModuleArgumentSpecValidator(spec, **{r: table["rules"].get(r) for r in RULES})
        result = validator.validate({k: v for k, v in raw.items() if not k.startswith("_ansible_")})
    except (TypeError, ArithmeticError) as e:
        return {"crashed": str(e), "warnings": [], "secrets": set()}
    finally:
        os.environ.clear()
        os.environ.update(saved)
    out = {"warnings": [str(getattr(getattr(w, "event", w), "msg", w)) for w in ansible_warnings._global_warnings],
           "secrets": {str(v) for v in result._no_log_values if v != ""}}
    if result.errors.errors:
        text = result.errors.msg
        if isinstance(result.errors.errors[0], UnsupportedError):
            text = "Unsupported parameters for (%s) module: %s" % (table["module"], text)
        out["error"] = text
    else:
        out["params"] = tidy(spec, result.validated_parameters)
    return out


def plain(message):
    """Wording that differs between Ansible's versions, or is random in them."""
    if message is None:
        return None
    message = message.split(" Did you mean ")[0]
    if re.search(r"module: [\w.]+, ", message):
        message = message.split(" Supported parameters")[0]  # whose are listed depends on the order of a set
    message = re.sub(r"Valid booleans include: .*", "", message)
    message = re.sub(r"<class '(\w+)'>", r"\1", message)
    # From 2.17 on the value stands after the type that was wanted.
    message = re.sub(r"(unable to convert to \w+): .*", r"\1", message)
    return message


def cases():
    """(name, module, raw, env)"""
    values = [
        "", "text", " padded ", "yes", "No", "TRUE", "off", "t", "Y", "1", "0", "2", "-3", "+4", " 5 ", "1_000", "_1", "1__0", "0x10", "1.5",
        "1e3", "1.0", "inf", "a,b", "1,2", ",", "a=b", "a=b,c=d", "a=b c='d e'", "a='b", "a=b=c", "a", "a=b,c", "a\\,b=c", "  a=b  ",
        '{"a": 1}', '{"a": [1, {"b": null}]}', "{broken", '["a"]', "32G", "512", "~/x", "$HOME/y", "${HOME}/z", "$NOTSET/q", "${NOTSET}", "$", "~",
        "~root/x", "~nosuchuser/x", "a$HOME", "umlaut ü", "tab\there", "it's", 'say "x"',
        True, False, 0, 1, 2, -7, 9007199254740993, 1.0, 0.0, 1.5, -2.25, 1e15, 1e-7, 123456789.123, 0.1, 1e16, 123456.0, [], ["a", "b"],
        ["1", 2, 3.5, True], [[1]], [{"a": 1}], {}, {"a": 1}, {"a": {"b": [1, "x", None, True]}}, {"it's": 'a "b"'},
    ]
    names = ["a_str", "a_int", "a_bool", "a_float", "a_path", "a_raw", "a_json", "a_dict", "l_str", "l_int", "l_bool", "l_float", "l_dict", "l_raw",
             "l_path", "c_word", "c_int", "c_off", "c_list", "secret_word", "secret_list"]
    for name in names:
        for value in values:
            yield "%s from %r" % (name, value), "pxc_sample", {name: value}, {}
    for value in ["512", "32G", "1T", 512, "2 G", "x", "", True, [], 5.5]:
        yield "a_bytes from %r" % (value,), "pxc_sample", {"a_bytes": value}, {}
    table = [
        ({}, {}),
        ({"a_str": None}, {}),
        ({"nonsense": 1}, {}),
        ({"zzz": 1, "aaa": 2}, {}),
        ({"a_int": "x", "nonsense": 1}, {}),
        ({"_ansible_check_mode": True, "a_int": "3"}, {}),
        ({"aliased": "a"}, {}), ({"other": "a"}, {}), ({"other": "a", "another": "b"}, {}),
        ({"aliased": "a", "another": "b"}, {}),
        ({}, {"SAMPLE_ONE": "5"}), ({}, {"SAMPLE_TWO": "6"}), ({}, {"SAMPLE_ONE": "5", "SAMPLE_TWO": "6"}),
        ({"from_env": 1}, {"SAMPLE_ONE": "5"}), ({}, {"SAMPLE_ONE": "five"}),
        ({"with_default": None}, {}), ({"with_default": "8"}, {}), ({"list_default": "a,b"}, {}),
        ({"one": "1", "two": "2"}, {}), ({"one": "1", "two": "2", "three": "3", "four": "4"}, {}),
        ({"one": "1", "two": None}, {}), ({"one": "", "two": ""}, {}),
        ({"left": "1"}, {}), ({"left": "1", "right": "2"}, {}),
        ({"mode": "all"}, {}), ({"mode": "all", "need_a": "1"}, {}), ({"mode": "all", "need_a": "1", "need_b": "2"}, {}),
        ({"mode": "any"}, {}), ({"mode": "any", "need_b": "1"}, {}),
        ({"wants": "1"}, {}), ({"wants": "1", "need_a": "2"}, {}), ({"wants": "1", "need_a": "2", "need_b": "3"}, {}),
        ({"sub": {}}, {}), ({"sub": {"name": "x"}}, {}), ({"sub": {"name": "x", "zone": "y"}}, {}),
        ({"sub": {"name": "x", "area": "y"}}, {}), ({"sub": {"name": "x", "area": "y", "zone": "z"}}, {}),
        ({"sub": {"name": "x", "zone": "y", "size": "5", "color": "red"}}, {}),
        ({"sub": {"name": "x", "zone": "y", "size": "big"}}, {}), ({"sub": {"name": "x", "zone": "y", "color": "pink"}}, {}),
        ({"sub": {"name": "x", "zone": "y", "clor": "red"}}, {}), ({"sub": {"name": "x", "zone": "y", "bad": 1}, "worse": 2}, {}),
        ({"sub": "name=x zone=y password=hunter2"}, {}), ({"sub": '{"name": "x", "zone": "y", "password": "hunter2"}'}, {}),
        ({"sub": {"name": "x", "zone": "y", "password": "hunter2"}}, {}), ({"sub": {"name": None, "zone": "y"}}, {}),
        ({"sub": ["name=x"]}, {}), ({"sub": 5}, {}), ({"sub": None}, {}),
        ({"subs": []}, {}), ({"subs": [{}]}, {}), ({"subs": [{"id": "4"}]}, {}), ({"subs": {"id": 4}}, {}), ({"subs": "id=4"}, {}),
        ({"subs": ["id=4", {"first": "x"}]}, {}), ({"subs": [{"id": 1}, {"first": "1", "second": "2"}]}, {}),
        ({"subs": [{"id": 1, "kind": "b"}]}, {}), ({"subs": [{"id": 1, "kind": "b", "extra": 1.5}]}, {}),
        ({"subs": [{"id": 1, "kind": "c"}]}, {}), ({"subs": [{"id": "x"}]}, {}), ({"subs": [{"id": 1}, 5]}, {}), ({"subs": [None]}, {}),
        ({"subs": [{"id": 1, "deep": [{}]}]}, {}), ({"subs": [{"id": 1, "deep": [{"tag": "x"}]}]}, {}),
        ({"subs": [{"id": 1, "deep": [{"tag": "1", "token_secret": "geheim"}, {"tag": 2}]}]}, {}),
        ({"subs": [{"id": 1, "deep": [{"tag": 1, "tagg": 2}]}]}, {}), ({"subs": [{"id": 1, "deep": "tag=5"}]}, {}),
        ({"subs": [{"id": 1, "wrong": 1}, {"id": 2, "wrong": 1}]}, {}),
        ({"secret_word": 1234}, {}), ({"secret_list": ["one", "two", ""]}, {}), ({"secret_list": "p,q"}, {}),
        ({"a_int": "x", "a_bool": "y z"}, {}), ({"c_word": "pink", "left": "1"}, {}),
    ]
    for raw, env in table:
        yield "%s %s" % (json.dumps(raw), env or ""), "pxc_sample", raw, env
    real = [
        ("pxc_vm", {"project": "acme", "name": "web-1", "memory": "4G", "agent": "yes", "tags": "a,b"}, {}),
        ("pxc_vm", {"project": "acme", "vms": [{"name": "a", "disks": [{"size": "10", "ssd": "on"}]}]}, {}),
        ("pxc_vm", {"project": "acme", "vms": "name=a memory=2048"}, {}),
        ("pxc_vm", {"template": {"vmid": 9}, "image": {"url": "x"}}, {}),
        ("pxc_vm", {"nmae": "x"}, {}), ("pxc_vm", {"vms": [{"nmae": "x"}]}, {}), ("pxc_vm", {"power": True}, {}),
        ("pxc_vm", {"networks": [{"firewall": "maybe"}]}, {}), ("pxc_vm", {"networks": [{"model": "ne2000"}]}, {}),
        ("pxc_vm", {"cloud_init": {"user": "u", "password": "geheim", "ssh_keys": "a"}}, {}),
        ("pxc_vm", {}, {"PXC_API_URLS": "https://a,https://b", "PXC_API_TOKEN_SECRET": "s3"}),
        ("pxc_vm", {"api_url": "a"}, {}), ("pxc_vm", {"validate_certs": "no", "api_timeout": "5"}, {}),
        ("pxc_vm", {"api_password": "x", "api_token_secret": "y"}, {}),
        ("pxc_flavor", {"flavors": [{"name": "m", "ram_mb": 2048, "disk_gb": "10"}]}, {}), ("pxc_flavor", {"bios": "efi"}, {}),
        ("pxc_project", {"name": "p", "quota": {"cores": "4"}, "roles": {"member": "a,b"}}, {}),
        ("pxc_project", {"quota": {"cpus": 4}}, {}), ("pxc_cloud", {"overcommit": {"cpu": "4"}, "options": "a=b"}, {}),
        ("pxc_info", {"gather": ["vms", "nets"]}, {}), ("pxc_info", {"gather": "vms,usage", "limit": "5"}, {}),
    ]
    for module, raw, env in real:
        yield "%s %s %s" % (module, json.dumps(raw), env or ""), module, raw, env


def excused(case, theirs, ours):
    """Differences between Ansible's versions, where ours is the newer way."""
    error = theirs.get("error", "")
    if "crashed" in theirs:
        return "error" in ours  # choices of a list that is none: Ansible ends with a traceback
    if re.match("Value '.*' in the sub parameter field", error):
        return "error" in ours  # an entry that is no dict, met while secrets were looked for
    if isinstance(case["raw"].get("c_int"), bool):
        return "error" in ours  # False stays False in an int of Python's
    if VERSION < (2, 17) and re.search(r"to convert to int: <class '(float|str)'>", error):
        return "error" not in ours or "a_int" not in case["raw"]  # 2.17 and newer take 1.0 and "1.0" for 1
    if VERSION >= (2, 17) and re.search("int' is of|int: ", ours.get("error", "")) and "_" in json.dumps(list(case["raw"].values())):
        return True  # they drop every underscore
    if ours.get("error", "").endswith("cannot be converted to a float") and "inf" in json.dumps(case["raw"]):
        return True   # JSON has no infinity
    if isinstance(case["raw"].get("a_json"), (dict, list)):
        return "error" in ours or json.loads(theirs["params"]["a_json"]) == json.loads(ours["params"]["a_json"])
    return False


def main():
    program = sys.argv[1]
    tables = json.loads(subprocess.run([program, "--dump-spec"], stdout=subprocess.PIPE, check=True).stdout)
    os.environ["HOME"] = "/home/somebody"
    for name in list(os.environ):
        if name.startswith(("PXC_", "PROXMOX_", "SAMPLE_", "NOTSET")):
            del os.environ[name]
    table = [dict(name=n, module=m, raw=r, env=e) for n, m, r, e in cases()]
    lines = "".join(json.dumps({k: c[k] for k in ("module", "raw", "env")}) + "\n" for c in table)
    done = subprocess.run([program], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(table)
    print("1..%d" % len(table))
    failed = 0
    for number, (case, ours) in enumerate(zip(table, answers), 1):
        theirs = ansible_says(tables[case["module"]], case)
        good = plain(theirs.get("error")) == plain(ours.get("error"))
        if good and "error" not in ours:
            good = theirs.get("params") == ours["params"] and theirs["warnings"] == ours["warnings"]
        good = good or excused(case, theirs, ours)
        missed = theirs["secrets"] - set(ours["secrets"])
        good = good and not missed
        failed += not good
        print("%s %d - %s" % ("ok" if good else "not ok", number, case["name"].replace("#", "")))
        if not good:
            print("# ansible-core %s: %s" % (ANSIBLE, theirs.get("error", theirs.get("params"))))
            print("# ours: %s" % ours.get("error", ours["params"]))
            print("# warnings: %s %s, secrets missed: %s" % (theirs["warnings"], ours["warnings"], missed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
