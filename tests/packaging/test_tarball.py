#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tarball: does it hold what it says and nothing else, what hubs ask for, and does it survive an installation? Speaks TAP.

    test_tarball.py BUILD     after "make dist"; the ansible-galaxy is the first in PATH
"""
from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import tarfile
import tempfile

import yaml

from common import COLLECTION, ROOT, read, run
from tap import Points

BUILD = os.path.abspath(sys.argv[1])
LIMIT = 20 << 20  # Galaxy's
PROGRAM = re.compile(r"plugins/plugin_utils/bin/linux-\w+/pxc[\w.-]*$")
LINK = re.compile(r"plugins/modules/pxc_[a-z_]+$")
# What there may be, beside the programs and their links.
WANTED = re.compile(r"(MANIFEST|FILES)\.json$|(\.ansible-lint|LICENSE|README\.md|CHANGELOG\.md|bindep\.txt|requirements\.txt)$|meta/[a-z-]+\.yml$"
                    r"|changelogs/(config|changelog)\.yaml$|docs/[\w./-]+\.(md|svg|yml|rst|json|html)$|roles/\w+/[\w/]+\.(md|yml|j2)$"
                    r"|playbooks/[\w./-]+\.(yml|md|j2|json|html)$|schemas/\w+\.(json|yml)$|plugins/\w+/[a-z_]+\.(py|yml)$"
                    r"|plugins/plugin_utils/schemas/[\w.]+\.json$|tests/sanity/ignore-[\d.]+\.txt$")
# A hub refuses a collection without one of these (galaxy-importer: TAGS of certified content).
CATEGORIES = {"application", "cloud", "database", "eda", "infrastructure", "linux", "monitoring", "networking", "security", "storage", "tools", "windows"}
KEYS = ("namespace", "name", "version", "readme", "authors", "description", "license", "tags", "dependencies", "repository", "documentation",
        "homepage", "issues")


def metadata(info, galaxy):
    for key in KEYS:
        if key not in galaxy:
            yield "galaxy.yml: %s is missing" % key
        elif info.get(key) != galaxy[key]:
            yield "MANIFEST.json: %s is %r, galaxy.yml says %r" % (key, info.get(key), galaxy[key])
    if not CATEGORIES & set(galaxy["tags"]) or len(galaxy["tags"]) > 20:
        yield "tags: %s" % galaxy["tags"]
    yield from ("tag %s: only lower-case letters and digits" % t for t in galaxy["tags"] if not re.fullmatch(r"[a-z0-9]+", t))
    yield from ("%s is no URL" % k for k in ("repository", "documentation", "homepage", "issues") if not galaxy[k].startswith("https://"))
    if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}(-[0-9A-Za-z.-]+)?", galaxy["version"]):
        yield "version %s is no semantic version" % galaxy["version"]


def listed(tar, members):
    """FILES.json and what is there, by name, kind and checksum."""
    def sum_of(name):
        return hashlib.sha256(tar.extractfile(members[name]).read()).hexdigest()

    manifest = json.load(tar.extractfile("MANIFEST.json"))["file_manifest_file"]
    if sum_of("FILES.json") != manifest["chksum_sha256"]:
        yield "MANIFEST.json has another checksum of FILES.json"
    files = {f["name"]: f for f in json.load(tar.extractfile("FILES.json"))["files"] if f["name"] != "."}
    yield from ("%s is only listed" % n for n in set(files) - set(members))
    yield from ("%s is not listed" % n for n in set(members) - set(files) - {"MANIFEST.json", "FILES.json"})
    for name in set(files) & set(members):
        if (files[name]["ftype"] == "dir") != members[name].isdir():
            yield "%s is listed as a %s" % (name, files[name]["ftype"])
        elif files[name]["ftype"] == "file" and sum_of(name) != files[name]["chksum_sha256"]:
            yield "%s has another checksum" % name


def kinds(members):
    for name, m in members.items():
        if m.isdir():
            continue
        if LINK.match(name) and not m.issym():
            yield "%s is no link" % name
        elif m.issym():
            if not PROGRAM.match(os.path.normpath(os.path.join(os.path.dirname(name), m.linkname))):
                yield "%s leads to %s" % (name, m.linkname)
        elif PROGRAM.match(name):
            if m.mode & 0o777 != 0o755:
                yield "%s has mode %o" % (name, m.mode)
        elif not WANTED.match(name):
            yield "%s has no business here" % name
        elif not m.isfile() or m.mode & 0o111 and not name.endswith(".sh"):
            yield "%s: mode %o" % (name, m.mode)


def modules(members):
    """Each contract has its program, under its name. Programs and what is written in Python have a page and an action plugin."""
    names = {os.path.basename(n) for n in members if LINK.match(n)}
    pages = {os.path.basename(n)[:-3] for n in members if n.startswith("plugins/modules/") and n.endswith(".py")}
    contracts = {n[:-4] for n in os.listdir(os.path.join(ROOT, "plugins/modules")) if n.endswith(".yml")}
    if names != contracts:
        yield "links %s, contracts %s" % (sorted(names), sorted(contracts))
    yield from ("no page for %s" % n for n in names - pages)
    yield from ("no action plugin for %s" % n for n in names | pages if "plugins/action/%s.py" % n not in members)


def installed(tarball, folder):
    code, said = run("ansible-galaxy", "collection", "install", "--offline", "-p", folder, tarball, env={"HOME": folder})
    if code:
        yield said
        return
    code, said = run("ansible-galaxy", "collection", "verify", "--offline", "-p", folder, "pxcloud.pve", env={"HOME": folder})
    if code or "Successfully verified" not in said:
        yield said
    root = os.path.join(folder, COLLECTION)
    link = os.path.join(root, "plugins/modules/pxc_vm")
    if not os.path.islink(link) or not os.access(link, os.X_OK):
        yield "pxc_vm is no link to a program any more"
    code, said = run(os.path.realpath(link), "--dump-spec")
    if code or "pxc_vm" not in said:
        yield "the installed program does not run: " + said
    code, said = run("ansible-doc", "-t", "module", "--list", "pxcloud.pve", env={"ANSIBLE_COLLECTIONS_PATH": folder, "ANSIBLE_COLLECTIONS_PATHS": folder})
    if code or said.count("pxcloud.pve.pxc_") != len([n for n in os.listdir(os.path.join(root, "plugins/modules")) if n.endswith(".py")]):
        yield "ansible-doc does not list every module: " + said


def refused_when_changed(tarball, folder):
    """Is the check above one?"""
    with open(os.path.join(folder, COLLECTION, "README.md"), "a", encoding="utf-8") as f:
        f.write("changed\n")
    code, said = run("ansible-galaxy", "collection", "verify", "--offline", "-p", folder, "pxcloud.pve", env={"HOME": folder})
    if "README.md" not in said:
        yield "verify finds nothing wrong with a changed file (exit %d): %s" % (code, said)


def main():
    points = Points()
    galaxy = yaml.safe_load(read(ROOT, "galaxy.yml"))
    tarball = os.path.join(BUILD, "dist", "pxcloud-pve-%s.tar.gz" % galaxy["version"])
    size = os.path.getsize(tarball)
    print("# %s: %.2f MB" % (os.path.basename(tarball), size / 1e6))
    with tarfile.open(tarball) as tar:
        members = {m.name: m for m in tar.getmembers()}
        info = json.load(tar.extractfile("MANIFEST.json"))["collection_info"]
        points.point("galaxy.yml has all that hubs ask for, and the manifest says it", metadata(info, galaxy))
        points.point("FILES.json lists what is there, with its checksums", listed(tar, members))
    points.point("programs have mode 0755, modules are links to them, and nothing else came along", kinds(members))
    points.point("every module has its program, its page and its action plugin", modules(members))
    points.point("the tarball is smaller than Galaxy's limit", ["%d bytes" % size] if size > LIMIT else [])
    with tempfile.TemporaryDirectory(prefix="pxc-tarball-") as folder:
        points.point("it is installed, verified, and runs", installed(tarball, folder))
        points.point("a changed file is noticed", refused_when_changed(tarball, folder))
    return points.end()


if __name__ == "__main__":
    sys.exit(main())
