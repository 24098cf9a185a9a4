#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that describe a cloud, a project or a stack: the schemas, the sentences about mistakes, and pxc_load in Ansible. Speaks TAP.

    test_load.py BUILD [SECONDS]     BUILD holds the collection, made by "make stage", and bin/argspec; SECONDS for random files, 5 unless said

By the Python that runs it, and with the ansible-playbook, ansible-vault and ansible-doc that are first in PATH.
"""
from __future__ import annotations

import glob
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time

import jsonschema
import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(sys.argv[1])
SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 5
UTILS = os.path.join(BUILD, "ansible_collections/pxcloud/pve/plugins/plugin_utils")
sys.path[:0] = [UTILS, os.path.join(HERE, "..", "lib")]
import declared

import outputs
import tap

Validator = jsonschema.Draft202012Validator
KINDS = ("cloud", "project", "stack")
SCHEMAS = {kind: json.load(open(os.path.join(UTILS, "schemas", kind + ".schema.json"), encoding="utf-8")) for kind in KINDS}
HEAD = "stack_name: shop\npve_cloud_domain: cloud.example.org\nproject: acme\n"
# What stands behind the three lines of HEAD, and what is said about it.
MISTAKES = {
    "an unknown key": ("vms:\n  - name: a\n    memroy: 4G\n", ["6: vms[0].memroy: unknown key, did you mean memory?"]),
    "an unknown key like no other": ("zzzz: 1\n", ["4: zzzz: unknown key"]),
    "an unknown key deep inside": ("vms: [{name: a, disks: [{sise: 3G}]}]\n", ["4: vms[0].disks[0].sise: unknown key, did you mean size?"]),
    "no integer": ("vms:\n- name: a\n  cores: many\n", ["6: vms[0].cores: 'many' is not an integer"]),
    "octal is text": ("vms: [{name: a, cores: 017}]\n", ["4: vms[0].cores: '017' is not an integer"]),
    "base 60 is text": ("vms: [{name: a, cores: 12:30}]\n", ["4: vms[0].cores: '12:30' is not an integer"]),
    "a date is text": ("vms: [{name: a, description: 2026-11-22}]\n", []),
    "a fraction": ("vms: [{name: a, cores: 1.5}]\n", ["4: vms[0].cores: 1.5 is not an integer"]),
    "a truth that is no text": ("vms: [{name: a, description: no}]\n", ["4: vms[0].description: false is not a text here; put it in quotes"]),
    "a version that is no text": ("vms: [{name: a, image: {name: d, version: 1.10}}]\n",
                                  ["4: vms[0].image.version: 1.1 is not a text here; put it in quotes"]),
    "no truth": ("vms: [{name: a, agent: maybe}]\n", ["4: vms[0].agent: 'maybe' is not true or false"]),
    "nothing": ("vms:\n- name: a\n  cores:\n", ["6: vms[0].cores: has no value, it must be an integer"]),
    "no list": ("vms: {name: a}\n", ["4: vms: a dict is not a list"]),
    "no dict": ("vms: [a]\n", ["4: vms[0]: 'a' is not a dict"]),
    "no size": ("vms: [{name: a, memory: 4X}]\n", ["4: vms[0].memory: '4X' is no size, such as 512M or 4G"]),
    "sizes": ("vms: [{name: a, memory: 4G}, {name: b, memory: 512}, {name: c, memory: 1.5 GiB}]\n", []),
    "none of the choices": ("vms: [{name: a, bios: ovfm}]\n",
                            ["4: vms[0].bios: 'ovfm' is none of seabios, ovmf, did you mean ovmf?"]),
    "a name is missing": ("vms:\n- cores: 1\n", ["5: vms[0]: name is missing"]),
    "two that exclude each other": ("vms: [{name: a, storage: x, class: y}]\n", ["4: vms[0]: storage and class exclude each other"]),
    "one of two": ("volumes: [{name: a, source: {}}]\n", ["4: volumes[0].source: one of image, volume is missing"]),
    "a name that is there twice": ("vms:\n- name: a\n- name: b\n- name: a\n", ["7: vms[2].name: the name is there twice, first in line 5"]),
    "a key that is there twice": ("vms:\n- name: a\n  cores: 1\n  cores: 2\n", ["7: vms[0].cores: is there twice, first in line 6"]),
    "the whole file twice": (HEAD, ["4: stack_name: is there twice, first in line 1", "5: pve_cloud_domain: is there twice, first in line 2",
                                    "6: project: is there twice, first in line 3"]),
    "several, in order": ("vms:\n- name: a\n  x1: 1\n- cores: z\n", ["6: vms[0].x1: unknown key", "7: vms[1]: name is missing",
                                                                     "7: vms[1].cores: 'z' is not an integer"]),
    "what belongs to the file": ("vms: [{name: a, stack: b}]\n", ["4: vms[0].stack: unknown key"]),
    "a project of its own": ("networks: [{name: a, project: other}]\n", ["4: networks[0].project: unknown key"]),
    "a password is not shown": ("vms: [{name: a, cloud_init: {password: [hunter2]}}]\n", ["4: vms[0].cloud_init.password: a list is not a text"]),
    "nor one that is a number": ("vms: [{name: a, cloud_init: {password: 4.25}}]\n",
                                 ["4: vms[0].cloud_init.password: ******** is not a text here; put it in quotes"]),
    "a tab": ("vms:\n\t- name: a\n", ["5: a tab; YAML is indented with blanks"]),
    "a bracket too many": ("vms: []]\n", ["4: "]),
    "an open bracket": ("vms: [\n", ["5: "]),
    "an open quote": ("vms: 'a\n", ["5: "]),
    "two documents": ("---\na: 1\n", ["4: a second document begins here; the file must have one"]),
    "an unknown alias": ("vms: *a\n", ["4: found undefined alias"]),
    "anchors and merge keys": ("defaults: &d {cores: 1}\nvms:\n- <<: *d\n  name: a\n- {<<: [*d, {memory: 1G}], name: b, cores: 2}\n", []),
    "a mistake in an anchor": ("defaults: &d {corse: 1}\nvms:\n- <<: *d\n  name: a\n",
                               ["4: defaults.corse: unknown key, did you mean cores?", "4: vms[0].corse: unknown key, did you mean cores?"]),
    "a merge of nothing": ("vms:\n- <<: 1\n  name: a\n", ["5: vms[0]: << takes a dict, or a list of them"]),
    "an alias in itself": ("vms: &a [*a]\n", ["4: nested more than 40 deep, by its aliases"]),
    "a merge of itself": ("defaults: &a\n  <<: *a\n", ["nested more than 40 deep, by its aliases"]),
    "aliases of aliases": ("a: &a [1,1,1,1,1,1,1,1]\n" + "".join("%s: &%s [%s]\n" % (n, n, ",".join(["*" + p] * 8)) for p, n in zip("abcdefgh", "bcdefghi")),
                           ["means more than 200000 values, by its aliases"]),
    "merges of merges": ("a: &a {x1: 1, x2: 2}\n" + "".join("%s: &%s {<<: [%s]}\n" % (n, n, ",".join(["*" + p] * 9)) for p, n in zip("abcdefgh", "bcdefghi")),
                         ["means more than 200000 values, by its aliases"]),
    "deep": ("a: " + "[" * 2000 + "\n", ["4: nested more than 40 deep"]),
    "a list as a key": ("? [a]\n: 1\n", ["4: a key must be a word"]),
    "keys that look like something else": ("vms: [{name: a, metadata: {on: x, 8080: y, 1.0: z}}]\n", []),
    "a tag": ("vms: !!python/object/apply:os.system [id]\n", ["4: vms: the tag python/object/apply:os.system is not taken here"]),
    "another tag": ("vms: !x y\n", ["4: vms: the tag !x is not taken here"]),
    "bytes": ("vms: !!binary aGk=\n", ["4: vms: the tag binary is not taken here"]),
    "a character": ("vms: '\x01'\n", ["4: character U+0001 is not allowed in YAML"]),
    "half a character": ("vms: '\udc80'\n", ["4: byte 0x80 is not UTF-8"]),
    "not said to be encrypted": ("vms: [{name: a, description: !vault x}]\n", ["4: vms[0].description: is encrypted, and nothing here decrypts"]),
    "not a template": ("vms: [{name: a, description: '{{ lookup(1) }}'}]\n", []),
}
WHOLE = {
    "an empty file": (b"", ["1: the file is empty"]),
    "a comment alone": (b"# nothing\n", ["1: the file is empty"]),
    "a list": (b"- a\n", ["1: a list is not a dict"]),
    "a word": (b"word\n", ["1: 'word' is not a dict"]),
    "all is missing": (b"vms: []\n", ["1: project is missing", "1: pve_cloud_domain is missing", "1: stack_name is missing"]),
    "a pattern for a name": (HEAD.replace("shop", "'sho*'").encode(), ["1: stack_name: 'sho*' does not fit ^"]),
    "a name in capitals": (HEAD.replace("shop", "Shop").encode(), ["1: stack_name: 'Shop' does not fit ^"]),
    "another encoding": (HEAD.encode("utf-16"), ["1: byte 0xff is not UTF-8"]),
    "a mark at the beginning": (b"\xef\xbb\xbf" + HEAD.encode(), []),
    "lines of Windows": (HEAD.replace("\n", "\r\n").encode() + b"vms: {}\r\n", ["4: vms: a dict is not a list"]),
    "too large": (b"#" * (5 << 20), ["1: the file is larger than 4 MiB"]),
}
MODULES = ("vm", "sdn", "volume", "affinity", "keypair", "project", "group", "flavor", "rbd_image", "cloud")
POINTS = tap.Points()


def report(good, title, lines=()):
    POINTS.check(title, good, *lines)


def mistakes(data, kind="stack", **how):
    """The sentences about a file, without its name."""
    try:
        one = declared.Declared(data, "f.yml", **how)
        one.check(SCHEMAS[kind], Validator)
    except declared.Unfit as e:
        return e.sentences
    return []


def fits(found, wanted):
    found = [line[len("f.yml:"):] for line in found]
    return len(found) == len(wanted) and all(w in f if not re.match(r"\d+: ", w) else f.startswith(w) for f, w in zip(found, wanted))


def test_schemas():
    for kind, schema in SCHEMAS.items():
        try:
            Validator.check_schema(schema)
            report(schema["$schema"].endswith("2020-12/schema"), "the schema of a %s is one" % kind)
        except jsonschema.SchemaError as e:
            report(False, "the schema of a %s is one" % kind, [str(e)])
        texts = [key for key, value in schema["properties"].items() if not value.get("description") or "examples" not in value and key != "target_pve"]
        report(not texts or texts == ["keypairs"], "a %s is described to editors" % kind, texts)


def item_schema(folder, module):
    frame = os.path.join(folder, "frame.json")
    with open(frame, "w", encoding="utf-8") as f:
        json.dump({"x-options": {"module": module}}, f)
    contracts = sorted(glob.glob(os.path.join(ROOT, "plugins/modules/*.yml")))
    return json.loads(subprocess.run([os.path.join(BUILD, "bin/argspec"), "schema", frame, *contracts], stdout=subprocess.PIPE, check=True).stdout)


def test_frames(folder):
    """A frame that names what there is not ends the build, and says where."""
    frame = os.path.join(folder, "wrong.json")
    contracts = sorted(glob.glob(os.path.join(ROOT, "plugins/modules/*.yml")))
    for text, wanted in (('{"x-options": {"module": "pxc_x"}}', "there is no module pxc_x"),
                         ('{"a": [{"x-options": {"module": "pxc_vm", "without": ["x"]}}]}', "pxc_vm has no option x"),
                         ('{"a": 1,\n"a": 2}', "line 2: duplicate object key")):
        with open(frame, "w", encoding="utf-8") as f:
            f.write(text)
        done = subprocess.run([os.path.join(BUILD, "bin/argspec"), "schema", frame, *contracts], capture_output=True, check=False)
        said = done.stderr.decode()
        report(done.returncode == 1 and not done.stdout and said.startswith("argspec: %s: %s" % (frame, wanted)), "a frame: " + wanted, [said])


def plain(value):
    """Without what a template would fill in."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if not (isinstance(v, str) and "{{" in v)}
    return [plain(v) for v in value] if isinstance(value, list) else value


def test_examples(folder):
    """What the modules' own examples say, as files may say it; and nothing that the modules take is missing."""
    program = glob.glob(os.path.join(UTILS, "bin/*/pxc"))[0]
    tables = json.loads(subprocess.run([program, "--dump-spec"], stdout=subprocess.PIPE, check=True).stdout)
    shared = set(tables["pxc_vm"]["options"]) & set(tables["pxc_cloud"]["options"]) & set(tables["pxc_info"]["options"])
    for kind in MODULES:
        module = "pxc_" + kind
        schema = item_schema(folder, module)
        with open(os.path.join(ROOT, "plugins/modules/%s.yml" % module), encoding="utf-8") as f:
            contract = yaml.safe_load(f)
        batch = contract["SPEC"].get("batch", {}).get("option")
        wanted = {o for o in tables[module]["options"] if o not in shared and o != batch}
        have = {o for o in schema["properties"] if o in tables[module]["options"]}
        report(wanted == have, "files may say all that %s takes" % module, sorted(wanted ^ have))
        problems = []
        for task in yaml.safe_load(contract["EXAMPLES"]):
            args = plain(task.get("pxcloud.pve." + module) or {})
            args = {k: v for k, v in args.items() if k not in shared}
            for entry in args.pop(batch, []) + [args]:
                one = declared.Declared(json.dumps(entry).encode(), "f.yml")
                try:
                    one.check(schema, Validator)
                except declared.Unfit as e:
                    problems += ["%s: %s" % (task["name"], line) for line in e.sentences]
        report(not problems, "the examples of %s are what files may say" % module, problems)


def test_files():
    for path in sorted(glob.glob(os.path.join(ROOT, "playbooks/examples/*.yml"))):
        kind = os.path.basename(path).split(".")[-2]
        with open(path, "rb") as f:
            data = f.read()
        found = mistakes(data, kind)
        report(not found, "%s is right" % os.path.basename(path), found)
        named = re.search(r"\$schema=(\S+)", data.decode())
        staged = os.path.join(BUILD, "ansible_collections/pxcloud/pve/playbooks/examples", named[1]) if named else ""
        report(os.path.exists(staged), "%s names its schema" % os.path.basename(path), [staged])
    with open(os.path.join(ROOT, "docs/stacks.md"), encoding="utf-8") as f:
        blocks = re.findall(r"```yaml\n(# (\w+) file\n.*?)```", f.read(), re.S)
    problems = [line for text, kind in blocks for line in mistakes(text.encode(), kind)]
    report(len(blocks) >= 3 and not problems, "the files in docs/stacks.md are right (%d)" % len(blocks), problems)


def test_mistakes():
    for title, (text, wanted) in MISTAKES.items():
        found = mistakes((HEAD + text).encode("utf-8", "surrogateescape"))
        report(fits(found, wanted), title, found)
    for title, (data, wanted) in WHOLE.items():
        found = mistakes(data)
        report(fits(found, wanted), title, found)
    many = mistakes((HEAD + "".join("z%d: 1\n" % i for i in range(80))).encode())
    report(len(many) == 51 and many[-1] == "f.yml: and 30 more", "a file that is all wrong", many[-1:])
    hidden = mistakes((HEAD + "vms: [{name: a, cores: hunter2}]\n").encode(), hidden=True)
    report(hidden == ["f.yml:4: vms[0].cores: ******** is not an integer"], "of an encrypted file no value is shown", hidden)
    value = declared.Declared(b"a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}\ne: [017, 1_000, 0x1f, 1e3, .5, 12:30, 2026-11-22, 99999999999999999999, +7, 2.50]\n"
                              b"f: [yes, Off, ~, null, '1', !!str 1, !unsafe '{{ x }}']\n8080: =\n", "f.yml").value
    wanted = {"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}, "8080": "=",
              "e": ["017", "1_000", "0x1f", "1e3", ".5", "12:30", "2026-11-22", "99999999999999999999", 7, 2.5],
              "f": [True, False, None, None, "1", "1", "{{ x }}"]}
    report(value == wanted and [type(v) for v in value["e"]] == [type(v) for v in wanted["e"]], "values", [str(value)])


def mutate(rng, data, others):
    """A file, and what hands, editors and the devil make of it."""
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.choice((1, 2, 10, 100)))
        what = rng.randrange(7)
        if what == 0:
            del data[at:end]
        elif what == 1:
            data[at:at] = rng.choice((b"\t", b"\n", b" ", b"  ", b"-", b": ", b"{", b"[", b"]", b"}", b"'", b'"', b"|", b">", b"#", b"&a ", b"*a",
                                      b"<<: ", b"!x ",
                                      b"!vault ", b"---\n", b"...\n", b"\xff", b"\x00", b"\xe2\x82", b"? ", b"%TAG",
                                      b"@", b"`", b"\r", b"~", b"99999999999999999999999",
                                      b"\xc2\x85", b"\xe2\x80\xa8", b"!!int ", b"!!float ", b"!!timestamp ", b"!!set ", b"!!map ", b"!!null ", b"!!bool "))
        elif what == 2:
            data[at:at] = data[at:end] * rng.choice((1, 2, 30))
        elif what == 3 and data:
            data[min(at, len(data) - 1)] = rng.randrange(256)
        elif what == 4:
            lines = bytes(data).split(b"\n")
            rng.shuffle(lines)
            data = bytearray(b"\n".join(lines))
        elif what == 5:
            other = rng.choice(others)
            cut = rng.randrange(len(other) + 1)
            data[at:end] = other[cut:cut + rng.choice((5, 50, 500))]
        else:
            lines = bytes(data).split(b"\n")
            i = rng.randrange(len(lines))
            lines[i] = rng.choice((b"  " + lines[i], lines[i][1:], lines[i] + lines[i], b"- " + lines[i]))
            data = bytearray(b"\n".join(lines))
    return bytes(data)


def test_random():
    """Whatever is in a file, it is taken, or there is a sentence with a line of it."""
    others = [open(p, "rb").read() for p in sorted(glob.glob(os.path.join(ROOT, "playbooks/examples/*.yml")))]
    others += [(HEAD + text).encode("utf-8", "surrogateescape") for text, _ in MISTAKES.values()]
    seed = int(os.environ.get("PXC_SEED") or time.time_ns() % 1000000)
    rng, until, tried, wrong, taken = random.Random(seed), time.monotonic() + SECONDS, 0, [], 0

    def decrypt(data):
        raise ValueError("no vault secrets were found that could decrypt")

    while time.monotonic() < until and not wrong:
        data = mutate(rng, rng.choice(others), others)
        tried += 1
        try:
            found = mistakes(data, rng.choice(KINDS), decrypt=decrypt)
        except Exception as e:  # pylint: disable=broad-except
            wrong = ["%s: %s" % (type(e).__name__, e), repr(data)]
            continue
        taken += not found
        lines = len(re.split(b"\r\n|\n|\r|\xc2\x85|\xe2\x80\xa8|\xe2\x80\xa9", data)) + 1
        for sentence in found:
            match = re.fullmatch(r"f\.yml:(\d+): [^\n]+", sentence)
            if not match and not sentence.startswith("f.yml: and ") or match and not 1 <= int(match[1]) <= lines:
                wrong = [sentence, repr(data)]
    report(not wrong and taken > 0 and tried > taken,
           "random files: a value or sentences (seed %d, %d files, %d of them right)" % (seed, tried, taken), wrong)


def ansible(folder, tasks, *args, **environment):
    play = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]
    with open(os.path.join(folder, "play.yml"), "w", encoding="utf-8") as f:
        json.dump(play, f)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PXC_", "ANSIBLE_"))}
    env.update(ANSIBLE_COLLECTIONS_PATH=BUILD, ANSIBLE_LOCALHOST_WARNING="0", ANSIBLE_INVENTORY_UNPARSED_WARNING="0", ANSIBLE_NOCOLOR="1", HOME=folder,
               ANSIBLE_LOCAL_TEMP=os.path.join(folder, "tmp"), LC_ALL="C.UTF-8", **environment)
    done = subprocess.run(["ansible-playbook", *args, "play.yml"], cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode, outputs.keep(done.stdout.decode("utf-8", "replace"))


def load(path, **more):
    return dict({"name": "load", "pxcloud.pve.pxc_load": {"path": path, "schema": "stack"}, "register": "r"}, **more)


def test_ansible(folder):
    def write(name, text):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text)

    def vault(*args, text=None):
        return subprocess.run(["ansible-vault", *args, "--vault-password-file", "pw"], cwd=folder, input=text, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL,
                              check=True, text=True, env=dict(os.environ, HOME=folder)).stdout

    write("pw", "a-vault-password\n")
    write("good.yml", HEAD + "vms:\n- name: web\n  description: \"{{ lookup('pipe', 'touch TRACE') }}\"\n  metadata: {day: 2026-11-22}\n")
    secret = outputs.secret("s3cret-of-a-stack-4711")
    block = vault("encrypt_string", "--stdin-name", "password", text=secret).strip()
    indented = "\n".join("    " + line.strip() if i else line for i, line in enumerate(block.splitlines()))
    write("value.yml", HEAD + "vms:\n- name: web\n  cloud_init:\n    " + indented.replace("\n    ", "\n      ") + "\n")
    write("typed.yml", HEAD + "vms:\n- name: web\n  cores: " + indented.split(":", 1)[1].strip().replace("\n    ", "\n      ") + "\n")
    write("whole.yml", HEAD + "vms: [{name: web, description: " + secret + "}]\n")
    write("wrong.yml", HEAD + "vms: [{name: web, cores: " + secret + "}]\n")
    write("plain.yml", HEAD + "vms: [{name: web, cloud_init: {password: " + secret + "}}]\n")
    for name in ("whole.yml", "wrong.yml"):
        vault("encrypt", name)
    write("mistakes.yml", HEAD + "vms:\n- name: web\n  memroy: 4G\n  cores: many\n")

    keep = {"ansible.builtin.copy": {"content": "{{ r.loaded | to_json }}", "dest": os.path.join(folder, "kept.json"), "mode": "0600"},
            "name": "keep", "no_log": True}

    def kept():
        with open(os.path.join(folder, "kept.json"), encoding="utf-8") as f:
            return json.load(f)

    rc, out = ansible(folder,
                      [load("good.yml"), {"ansible.builtin.set_fact": {"x": "{{ r.loaded.vms }}"}}, {"ansible.builtin.debug": {"msg": "{{ x }}"}},
                       keep], "-v")
    report(rc == 0 and not os.path.exists(os.path.join(folder, "TRACE")) and "lookup(" in kept()["vms"][0]["description"]
           and kept()["vms"][0]["metadata"]["day"] == "2026-11-22", "a file is read, and nothing in it is a template", out.splitlines())
    report('"path": "%s' % os.path.join(folder, "good.yml") in out.replace("/private", "") and '"changed": false' in out,
           "it says where the file was", out.splitlines())
    rc, out = ansible(folder, [load("good.yml"), keep], "--check")
    report(rc == 0, "in check mode, too", out.splitlines())
    rc, out = ansible(folder, [load("mistakes.yml")])
    report(rc != 0 and "mistakes.yml:6: vms[0].memroy: unknown key, did you mean memory?" in out
           and "mistakes.yml:7: vms[0].cores: 'many' is not an integer" in out
           and "Traceback" not in out, "all mistakes at once", out.splitlines())
    for title, name in (("a value in a vault", "value.yml"), ("a file in a vault", "whole.yml")):
        rc, out = ansible(folder, [load(name), keep], "-vvv", "--vault-password-file", "pw")
        report(rc == 0 and secret in json.dumps(kept()) and secret not in out, title + " is read, and not shown", out.replace(secret, "(shown)").splitlines())
        rc, out = ansible(folder, [load(name)])
        report(rc != 0 and re.search(name + r":\d+: .*cannot be decrypted: no vault password was given", out) and "Traceback" not in out,
               title + " without a password", out.splitlines())
    write("pw2", "another\n")
    rc, out = ansible(folder, [load("value.yml")], "--vault-password-file", "pw2")
    report(rc != 0 and "value.yml:7: vms[0].cloud_init.password: cannot be decrypted: the vault password does not fit" in out,
           "with another password", out.splitlines())
    for name, line in (("typed.yml", 6), ("wrong.yml", 4)):
        rc, out = ansible(folder, [load(name)], "-vvv", "--vault-password-file", "pw")
        report(rc != 0 and "%s:%d: vms[0].cores: ******** is not an integer" % (name, line) in out and secret not in out,
               "what is wrong with a secret is said without it (%s)" % name, out.replace(secret, "(shown)").splitlines())
    rc, out = ansible(folder, [load("plain.yml"), keep], "-vvv")
    report(rc == 0 and secret not in out and secret in json.dumps(kept()), "nor is a password that is not encrypted",
           out.replace(secret, "(shown)").splitlines())
    rc, out = ansible(folder, [load("nowhere.yml")])
    report(rc != 0 and "nowhere.yml: there is no such file; looked for " + os.path.join(folder, "nowhere.yml") in out, "a file that is not there",
           out.splitlines())
    rc, out = ansible(folder, [load(folder)])
    report(rc != 0 and "cannot be read: Is a directory" in out, "a folder", out.splitlines())
    rc, out = ansible(folder, [load("good.yml", **{"pxcloud.pve.pxc_load": {"path": "good.yml", "schema": "stuck"}})])
    report(rc != 0 and "stuck" in out and "cloud, project, stack" in out, "a schema that there is not", out.splitlines())
    os.mkdir(os.path.join(folder, "jsonschema"))
    write("jsonschema/__init__.py", "raise ImportError('not here')\n")
    rc, out = ansible(folder, [load("good.yml")], PYTHONPATH=folder)
    report(rc != 0 and "needs the Python library jsonschema" in out and "python3-jsonschema" in out and "Traceback" not in out, "without jsonschema",
           out.splitlines())
    env = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=BUILD, HOME=folder)
    for kind, name in (("module", "pxc_load"), ("filter", "sync_objects"), ("filter", "sync_lines")):
        done = subprocess.run(["ansible-doc", "-t", kind, "--json", "pxcloud.pve." + name], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              check=False)
        page = done.stdout.decode("utf-8", "replace")
        report(done.returncode == 0 and '"short_description"' in page, "ansible-doc knows %s" % name, page.splitlines())


def main():
    test_schemas()
    test_files()
    test_mistakes()
    test_random()
    with tempfile.TemporaryDirectory(prefix="pxc-load-") as folder:
        test_frames(folder)
        test_examples(folder)
        test_ansible(os.path.realpath(folder))
    return POINTS.end()


if __name__ == "__main__":
    sys.exit(main())
