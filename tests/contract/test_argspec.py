#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The generator refuses contracts that contradict themselves, with file and key. Speaks TAP.

    test_argspec.py ARGSPEC

Each case changes one thing in a contract that is right and says what the error must hold.
"""
from __future__ import annotations

import ast
import os
import subprocess
import sys
import tempfile

GOOD = """\
DOCUMENTATION:
  module: pxc_thing
  short_description: A thing
  description: [A thing.]
  extends_documentation_fragment: [pxcloud.pve.shared]
  options:
    things: {description: [Several.], type: list, elements: dict}
    name: {description: [Its name.], type: str, aliases: [label]}
    state:
      description: [What it should be.]
      type: str
      choices: [present, absent]
      default: present
    tags: {description: [Words.], type: list, elements: str}
    memory: {description: [A size.], type: str}
    login:
      description: [Who.]
      type: dict
      suboptions:
        user: {description: [A user.], type: str}
        password: {description: [A password.], type: str}
EXAMPLES: |
  - name: One
    pxcloud.pve.pxc_thing:
      name: x
      login: {user: y}
RETURN:
  thing: {description: It., returned: always, type: dict}
SPEC:
  supports_check_mode: true
  batch: {option: things, required: [name]}
  no_log: [login.password]
  bytes: {memory: MiB}
  suboptions:
    login: {required_together: [[user, password]]}
"""
FRAGMENT = """\
DOCUMENTATION:
  options:
    host:
      description: [Falls back to E(THING_HOST).]
      type: str
SPEC:
  env: {host: [THING_HOST]}
  inventory: [host]
"""

# sentence, old text, new text, words of the error
BAD = [
    ("a type that does not exist", "type: str, aliases", "type: string, aliases", ["options.name", "type string"]),
    ("a list without elements", "type: list, elements: str", "type: list", ["options.tags", "elements"]),
    ("elements of what is no list", "[A size.], type: str", "[A size.], type: str, elements: str", ["options.memory", "elements"]),
    ("a default that is no choice", "default: present", "default: gone", ["options.state", "default", "choices"]),
    ("a default of another type", "default: present", "default: 5", ["options.state", "default"]),
    ("a choice of another type", "[present, absent]", "[present, 5]", ["options.state", "choice 2"]),
    ("required with a default", "default: present", "default: present\n      required: true", ["options.state", "required"]),
    ("no description", "description: [Words.], ", "", ["options.tags", "description"]),
    ("a description that is a dict", "[Words.]", "[Words: more.]", ["options.tags", "quotes"]),
    ("a key that nobody reads", "description: [Words.]", "description: [Words.], desc: x", ["options.tags", "desc"]),
    ("suboptions of a text", "type: dict\n      suboptions", "type: str\n      suboptions", ["options.login", "suboptions"]),
    ("an alias that is taken", "aliases: [label]", "aliases: [state]", ["alias state"]),
    ("a secret that would be logged", "  no_log: [login.password]\n", "", ["options.login.password", "no_log"]),
    ("no_log of an option that is not there", "[login.password]", "[login.password, login.pin]", ["SPEC.no_log", "login.pin"]),
    ("bytes of an option that is not there", "{memory: MiB}", "{size: MiB}", ["SPEC.bytes", "size"]),
    ("a unit that does not exist", "MiB}", "MB}", ["SPEC.bytes.memory", "unit"]),
    ("a size that is no text", "[A size.], type: str", "[A size.], type: int", ["options.memory", "size"]),
    ("a rule about an option that is not there", "[user, password]", "[user, pin]", ["SPEC.suboptions", "login", "pin"]),
    ("suboptions that are not there", "    login: {required", "    logon: {required", ["SPEC.suboptions", "logon"]),
    ("a rule that does not exist", "required_together:", "required_apart:", ["SPEC.suboptions", "required_apart"]),
    ("an unknown part of SPEC", "  bytes:", "  octets:", ["SPEC", "octets"]),
    ("a batch option that is not there", "option: things", "option: stuff", ["SPEC.batch", "stuff"]),
    ("a batch that requires what is not there", "required: [name]", "required: [title]", ["SPEC.batch.required", "title"]),
    ("a required option beside a list", "aliases: [label]", "required: true", ["options.name", "batch"]),
    ("a condition beside a list", "  bytes:", "  required_if: [[state, present, [name]]]\n  bytes:", ["SPEC.required_if"]),
    ("the wrong module name", "module: pxc_thing", "module: pxc_other", ["pxc_other"]),
    ("a fragment that is not there", "pve.shared", "pve.other", ["other.yml"]),
    ("a fragment of somebody else", "pxcloud.pve.shared", "community.x.shared", ["community.x.shared"]),
    ("no return values", "RETURN:", "RETURNED:", ["RETURN"]),
    ("a return value without a type", ", returned: always, type: dict", ", returned: always", ["RETURN.thing", "type"]),
    ("a return value that Ansible reads itself", "  thing: {description: It.", "  unreachable: {description: It.",
     ["RETURN.unreachable", "Ansible"]),
    ("an example with a wrong option", "login: {user: y}", "logon: {user: y}", ["EXAMPLES: task 1", "logon"]),
    ("an example with a wrong suboption", "login: {user: y}", "login: {usr: y}", ["EXAMPLES: task 1", "login", "usr"]),
    ("examples of another module", "pxcloud.pve.pxc_thing:", "pxcloud.pve.pxc_stuff:", ["EXAMPLES", "pxc_thing"]),
    ("a key twice", "    tags:", "    name:", ["line", "twice"]),
    ("broken YAML", "type: dict}", "type: dict", ["line"]),
    ("a number that YAML 1.1 reads as octal", "default: present", "default: 017", ["line 13", "quotes"]),
    ("a time that YAML 1.1 reads as a number", "default: present", "default: 12:30", ["line 13", "quotes"]),
    ("a tag", "default: present", "default: !vault x", ["line 13", "tags"]),
    ("a text that ends a Python text", "[A thing.]", "[\"'''\"]", ["DOCUMENTATION", "'''"]),
]
FRAGMENT_BAD = [
    ("an environment variable that is not documented", "E(THING_HOST)", "the environment", ["options.host", "E(THING_HOST)"]),
    ("an environment variable of no option", "env: {host", "env: {port", ["SPEC.env", "port"]),
    ("an option of inventories that is not there", "inventory: [host", "inventory: [port", ["SPEC.inventory", "port"]),
]


def main():
    argspec = os.path.abspath(sys.argv[1])
    number = failed = 0
    print("1..%d" % (len(BAD) + len(FRAGMENT_BAD) + 5))

    def verdict(good, sentence, text=""):
        nonlocal number, failed
        number += 1
        failed += not good
        print("%s %d - %s" % ("ok" if good else "not ok", number, sentence))
        if not good:
            print("# " + text.replace("\n", "\n# "))

    with tempfile.TemporaryDirectory() as folder:
        contract = os.path.join(folder, "modules/pxc_thing.yml")
        fragment = os.path.join(folder, "doc_fragments/shared.yml")
        for path in (contract, fragment):
            os.makedirs(os.path.dirname(path))

        def run(mode, module=GOOD, shared=FRAGMENT, what=contract):
            for path, text in ((contract, module), (fragment, shared)):
                with open(path, "w", encoding="utf-8") as f:
                    f.write(text)
            done = subprocess.run([argspec, mode, what], capture_output=True, check=False)
            return done.returncode, done.stdout.decode(), done.stderr.decode()

        for mode, needs in (("c", ["spec_pxc_thing", "\"THING_HOST\"", ".unit = 1048576ull", ".batch = \"things\""]),
                            ("py", ["DOCUMENTATION = r'''", "GNU General Public License v3.0", "As O(login.user), for this entry."]),
                            ("action", ["class ActionModule(RunnerBase)", "MODULE = 'pxc_thing'"]),
                            ("runtime", ["requires_ansible: '>=2.14.0'", "- pxc_thing"]),
                            ("fragment", ["class ModuleDocFragment", "THING_HOST", "INVENTORY = r", "- name: THING_HOST"])):
            code, text, errors = run(mode, what=fragment if mode == "fragment" else contract)
            good = code == 0 and all(word in text for word in needs)
            if good and mode in ("py", "action", "fragment"):
                ast.parse(text)
            verdict(good, "a contract that is right gives %s" % mode, text + errors)
        for sentence, old, new, words in BAD:
            assert old in GOOD, sentence
            code, _text, errors = run("py", GOOD.replace(old, new, 1))
            words = words + ([] if "line" in " ".join(words) or "yml" in " ".join(words) else ["pxc_thing"])
            verdict(code == 1 and all(word in errors for word in words), "%s is refused" % sentence, errors)
        for sentence, old, new, words in FRAGMENT_BAD:
            assert old in FRAGMENT, sentence
            code, _text, errors = run("fragment" if "SPEC.inventory" in words else "c", shared=FRAGMENT.replace(old, new, 1),
                                      what=fragment if "SPEC.inventory" in words else contract)
            verdict(code == 1 and all(word in errors for word in words), "%s is refused" % sentence, errors)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
