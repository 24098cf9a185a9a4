#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""galaxy-importer, what Galaxy and Automation Hub look at an upload with, on the built tarball. Speaks TAP.

    importer.py TARBALL FOLDER     FOLDER is for what it unpacks and finds

What it must find is read from the source tree, so that something new is looked for by itself. It runs ansible-doc and
ansible-lint (production profile) too.
"""
from __future__ import annotations

import glob
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import tap

MAX_TARBALL = 20_000_000  # Galaxy refuses more
MAX_FILE = 8_000_000  # of one file, unpacked: twice what the program has
CONFIG = """[galaxy-importer]
RUN_ANSIBLE_DOC = True
RUN_ANSIBLE_LINT = True
RUN_ANSIBLE_TEST = False
CHECK_REQUIRED_TAGS = True
"""
DOCUMENTED = ("module", "inventory", "lookup", "callback", "filter", "test")


def name_of(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0]


def expected() -> Iterator[tuple[str, str]]:
    """(type, name) of all that the source tree has for users; what is generated has the name of its contract."""
    for path in glob.glob("plugins/modules/*.yml"):
        yield "module", name_of(path)
        yield "action", name_of(path)
    for path in glob.glob("plugins/doc_fragments/*.yml"):
        yield "doc_fragments", name_of(path)
    for path in glob.glob("plugins/*/*.py"):
        kind = path.split(os.sep)[1]
        if kind not in ("plugin_utils", "module_utils") and name_of(path) != "__init__":
            yield "module" if kind == "modules" else kind, name_of(path)
    for path in glob.glob("playbooks/*.yml"):
        yield "playbook", os.path.basename(path)
    for path in glob.glob("roles/*/"):
        yield "role", os.path.basename(os.path.dirname(path))


def check_size(points: tap.Points, tarball: str) -> None:
    size = os.path.getsize(tarball)
    points.point(f"the tarball has {size / 1e6:.1f} MB", [f"more than {MAX_TARBALL / 1e6:.0f} MB"] if size > MAX_TARBALL else [])
    with tarfile.open(tarball) as packed:
        members = packed.getmembers()
    large = [f"{m.name} has {m.size / 1e6:.1f} MB" for m in members if m.size > MAX_FILE]
    points.point("no file in it is larger than %d MB" % (MAX_FILE / 1e6), large)
    outside = [f"{m.name} -> {m.linkname}" for m in members
               if m.name.startswith(("/", "..")) or m.issym() and (m.linkname.startswith("/") or os.path.normpath(
                   os.path.join(os.path.dirname(m.name), m.linkname)).startswith(".."))]
    points.point("no file or link in it leads outside", outside)


def run_importer(tarball: str, folder: str) -> tuple[int, list[str], dict[str, Any]]:
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(os.path.join(folder, "tmp"))
    config = os.path.join(folder, "galaxy-importer.cfg")
    with open(config, "w", encoding="utf-8") as f:
        f.write(CONFIG + f"ANSIBLE_LOCAL_TMP = {folder}/tmp\n")
    env = dict(os.environ, GALAXY_IMPORTER_CONFIG=config, LC_ALL="C.UTF-8", HOME=folder)
    done = subprocess.run([sys.executable, "-m", "galaxy_importer.main", tarball], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    try:
        with open(os.path.join(folder, "importer_result.json"), encoding="utf-8") as f:
            result = json.load(f)
    except OSError:
        result = {}
    return done.returncode, done.stdout.decode("utf-8", "replace").splitlines(), result


def check_content(points: tap.Points, result: dict[str, Any]) -> None:
    wanted = set(expected())
    found = {(c["content_type"], c["name"]) for c in result["contents"]}
    points.point("the importer finds %d things that the sources have" % len(wanted),
                 [f"{kind} {name} is not in what it found" for kind, name in sorted(wanted - found)])
    points.point("and nothing else", [f"{kind} {name} is nowhere in the sources" for kind, name in sorted(found - wanted)])
    pages = {(c["content_type"], c["content_name"]): c for c in result["docs_blob"]["contents"]}
    bare = []
    for kind, name in sorted(w for w in wanted if w[0] in DOCUMENTED):
        strings = (pages.get((kind, name)) or {}).get("doc_strings") or {}
        if not (strings.get("doc") or {}).get("options") or not strings.get("examples") or kind == "module" and not strings.get("return"):
            bare.append(f"{kind} {name}: no options, no examples or no return values")
    points.point("each of them has its documentation", bare)
    points.point("roles have theirs", [f"role {name}: no README" for kind, name in sorted(wanted)
                                       if kind == "role" and not (pages.get((kind, name)) or {}).get("readme_html")])


def main() -> int:
    tarball, folder = (os.path.abspath(p) for p in sys.argv[1:3])
    points = tap.Points()
    check_size(points, tarball)
    code, lines, result = run_importer(tarball, folder)
    said = [line for line in lines if line.startswith(("WARNING", "ERROR", "CRITICAL", "Traceback"))]
    if points.point("the importer accepts it", [] if code == 0 and result else lines[-20:]):
        check_content(points, result)
    points.point("without a warning", said)
    ran = [what for what in ("Getting doc strings via ansible-doc", "...ansible-lint run complete") if what not in lines]
    points.point("ansible-doc and ansible-lint were run", [f'it did not say "{what}"' for what in ran])
    return points.end()


if __name__ == "__main__":
    sys.exit(main())
