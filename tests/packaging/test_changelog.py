#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The changelog: are the fragments good, is CHANGELOG.md what the tool makes of changelogs/, and would a release go well? Speaks TAP.

    test_changelog.py BUILD     BUILD holds ansible_collections/pxcloud/pve; antsibull-changelog is in PATH
"""
from __future__ import annotations

import glob
import os
import re
import shutil
import sys
import tempfile

import yaml

from common import COLLECTION, ROOT, read, run
from tap import Points

STAGED = os.path.join(os.path.abspath(sys.argv[1]), COLLECTION)
SCRIPT = os.path.join(ROOT, "mk/release.sh")


def load(path, *more):
    return yaml.safe_load(read(path, *more))


def numbers(version):
    return tuple(int(n) for n in version.split("-")[0].split("."))


def fragments(tree):
    return {os.path.basename(f): load(f) for pattern in ("*.yml", "*.yaml") for f in glob.glob(os.path.join(tree, "changelogs/fragments", pattern))}


def bad_fragments():
    code, said = run("antsibull-changelog", "lint", cwd=ROOT)
    if code or said.strip():
        yield said
    code, said = run("antsibull-changelog", "lint-changelog-yaml", "changelogs/changelog.yaml", cwd=ROOT)
    if code or said.strip():
        yield said


def versions(releases, modules):
    """One place says the version, and it is newer than all that is released or that documentation speaks of."""
    current = load(ROOT, "galaxy.yml")["version"]
    for version in releases:
        if numbers(version) > numbers(current) or (version == current and fragments(ROOT)):
            yield "%s is released already, galaxy.yml says %s" % (version, current)
    for name, doc in modules.items():
        since = doc["DOCUMENTATION"]["version_added"]
        if numbers(since) > numbers(current):
            yield "%s is said to be new in %s, galaxy.yml says %s" % (name, since, current)
        elif since in releases and name not in [m["name"] for m in releases[since].get("modules", [])]:
            yield "%s is not among the new modules of %s" % (name, since)


def same_as_generated(folder):
    shutil.copytree(os.path.join(ROOT, "changelogs"), os.path.join(folder, "changelogs"))
    code, said = run(SCRIPT, "--generate", STAGED, folder)
    if code:
        yield said
    elif read(folder, "CHANGELOG.md") != read(ROOT, "CHANGELOG.md"):
        yield "CHANGELOG.md is another; make changelog"


def plain(text):
    """Words only: the two files mark up in different ways."""
    return re.sub(r"[^a-z0-9]+", "", re.sub(r"<[^>]*>|\]\([^)]*\)", "", re.sub(r" <[^>]+>`__", "", text)).lower())


def release(folder):
    """In a copy: each entry is taken over, older releases stay as they are, and the fragments have gone."""
    before, entries = load(folder, "changelogs/changelog.yaml")["releases"], fragments(folder)
    with open(os.path.join(folder, "changelogs/fragments/test-of-a-release.yml"), "w", encoding="utf-8") as f:
        f.write("bugfixes:\n  - \"``pxc_vm`` - one more entry, see `a page <docs/locks.md>`__.\"\n")
    entries["test-of-a-release.yml"] = load(folder, "changelogs/fragments/test-of-a-release.yml")
    code, said = run(SCRIPT, STAGED, folder)
    if code:
        yield said
        return
    version, after = load(ROOT, "galaxy.yml")["version"], load(folder, "changelogs/changelog.yaml")["releases"]
    if {v: r for v, r in after.items() if v != version} != before:
        yield "a release that was there is another one now"
    page, changes = plain(read(folder, "CHANGELOG.md")), after.get(version, {}).get("changes", {})
    for name, sections in entries.items():
        for section, said in sections.items():
            for text in [said] if isinstance(said, str) else said:
                if text.rstrip() not in ([changes.get(section, "").rstrip()] if isinstance(said, str) else changes.get(section, [])):
                    yield "%s: %s is not in changelog.yaml" % (name, text)
                elif section != "trivial" and plain(text) not in page:
                    yield "%s: %s is not in CHANGELOG.md" % (name, text)
    yield from ("fragments/%s is still there" % f for f in fragments(folder))


def main():
    points = Points()
    releases = load(ROOT, "changelogs/changelog.yaml")["releases"]
    modules = {os.path.basename(f)[:-4]: load(f) for f in glob.glob(os.path.join(ROOT, "plugins/modules/*.yml"))}
    points.point("fragments and changelog.yaml are good", bad_fragments())
    points.point("the version is newer than every release, and each release names its new modules", versions(releases, modules))
    with tempfile.TemporaryDirectory(prefix="pxc-changelog-") as folder:
        points.point("CHANGELOG.md is what antsibull-changelog makes", same_as_generated(folder))
        points.point("a release takes every fragment and leaves the others alone", release(folder))
    return points.end()


if __name__ == "__main__":
    sys.exit(main())
