#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an execution environment needs: do bindep.txt and requirements.txt name all that is loaded, and does ansible-builder take it? Speaks TAP.

    test_environment.py BUILD     after "make dist", by the Python that has ansible-builder and bindep
"""
from __future__ import annotations

import ast
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

import yaml
from bindep.depends import Depends
from packaging.requirements import Requirement

from common import COLLECTION, ROOT, read, run
from tap import Points

BUILD = os.path.abspath(sys.argv[1])
STAGED = os.path.join(BUILD, COLLECTION)
# Libraries that programs name: their packages in Debian 12, Debian 13, and where there is rpm. A new one must be looked up. None: always there.
LIBRARIES = {
    "libc.so.6": None, "libm.so.6": None, "ld-linux-x86-64.so.2": None, "ld-linux-aarch64.so.1": None,
    # On rpm: what dnf itself needs, libcurl or libcurl-minimal; to name one would exclude the other.
    "libcurl.so.4": ("libcurl4", "libcurl4t64", None),
    "libssl.so.3": ("libssl3", "libssl3t64", "openssl-libs"),
    "libcrypto.so.3": ("libssl3", "libssl3t64", "openssl-libs"),
    "librbd.so.1": ("librbd1", "librbd1", "librbd1"),
    "librados.so.2": ("librados2", "librados2", "librados2"),
    "libarchive.so.13": ("libarchive13", "libarchive13t64", "libarchive"),
    "libz.so.1": ("zlib1g", "zlib1g", "zlib"),
    "liblzma.so.5": ("liblzma5", "liblzma5", "xz-libs"),
    "libzstd.so.1": ("libzstd1", "libzstd1", "libzstd"),
}
# Programs that are started: qemu-img, which on Debian needs a second package for Ceph.
PROGRAMS = [("qemu-utils", "qemu-utils", "qemu-img"), ("qemu-block-extra", "qemu-block-extra", None)]
PLATFORMS = (["debian", "debian-12", "dpkg"], ["debian", "debian-13", "dpkg"], ["centos", "centos-10", "rpm"])
# What is there where ansible-core is.
WITH_ANSIBLE = {"ansible", "ansible_collections", "jinja2", "yaml", "packaging", "resolvelib", "cryptography", "_yaml"}


def programs():
    for path in glob.glob(os.path.join(STAGED, "plugins/plugin_utils/bin/*/*")):
        with open(path, "rb") as f:
            if f.read(4) == b"\x7fELF":
                yield path


def needed():
    """Library: the programs that name it."""
    found = {}
    for path in programs():
        said = subprocess.run(["readelf", "-d", path], stdout=subprocess.PIPE, check=True).stdout.decode()
        for name in re.findall(r"\(NEEDED\).*\[(.+)\]", said):
            found.setdefault(name, set()).add(os.path.basename(path))
    return found


def packages(platform):
    profiles = ["default"] + ["platform:" + p for p in PLATFORMS[platform]]
    return {rule[0] for rule in Depends(read(ROOT, "bindep.txt")).active_rules(profiles)}


def bindep_against(libraries):
    if not libraries:
        yield "there is no program in %s" % STAGED
    yield from ("%s (of %s): in no package that is known here" % (n, sorted(p)) for n, p in libraries.items() if n not in LIBRARIES)
    rows = PROGRAMS + [LIBRARIES[n] for n in libraries if LIBRARIES.get(n)]
    for platform, words in enumerate(PLATFORMS):
        wanted, named = {row[platform] for row in rows} - {None}, packages(platform)
        yield from ("bindep.txt: %s is not named for %s" % (p, words[1]) for p in sorted(wanted - named))
        yield from ("bindep.txt: nothing needs %s on %s" % (p, words[1]) for p in sorted(named - wanted))


def imports():
    """(file, first part of the name) of whatever Python of the collection imports, wherever in the file."""
    for folder, _, names in os.walk(STAGED):
        for name in names:
            if not name.endswith(".py"):
                continue
            for node in ast.walk(ast.parse(read(folder, name))):
                modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                modules += [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
                yield from ((os.path.relpath(os.path.join(folder, name), STAGED), m.split(".")[0]) for m in modules)


def requirements():
    lines = [line for line in read(ROOT, "requirements.txt").splitlines() if line and not line.startswith("#")]
    return {Requirement(line).name.lower().replace("-", "_") for line in lines}


def python_against(named):
    found = sorted(imports())
    if not any(module == "ansible" for _, module in found):
        yield "no Python is looked at"
    known = WITH_ANSIBLE | named | set(sys.stdlib_module_names)
    yield from ("%s imports %s, which requirements.txt does not name" % f for f in found if f[1].lower() not in known)


def context(folder):
    """The build context of the sample definition, and what its steps before the first installation of a package do."""
    shutil.copy(os.path.join(STAGED, "docs/execution-environment.yml"), folder)
    version = yaml.safe_load(read(ROOT, "galaxy.yml"))["version"]
    shutil.copy(os.path.join(BUILD, "dist/pxcloud-pve-%s.tar.gz" % version), os.path.join(folder, "pxcloud-pve.tar.gz"))
    code, said = run("ansible-builder", "create", "-f", "execution-environment.yml", "-c", "context", "--output-filename", "Containerfile", cwd=folder)
    if code:
        yield said
        return
    container = read(folder, "context/Containerfile")
    # The step that installs the collection, as it stands there, but into this folder.
    steps = re.findall(r"^RUN (.*ansible-galaxy collection install .*)$", container, re.M)
    if len(steps) != 1 or "WORKDIR /build" not in container:
        yield "no step installs collections:\n" + container
        return
    step = steps[0].replace("$ANSIBLE_GALAXY_CLI_COLLECTION_OPTS", "--offline").replace("/usr/share/ansible/collections", os.path.join(folder, "image"))
    code, said = run("sh", "-c", step, cwd=os.path.join(folder, "context/_build"), env={"HOME": folder})
    if code or not os.path.exists(os.path.join(folder, "image", COLLECTION, "MANIFEST.json")):
        yield "%s: %s" % (step, said)
        return
    # The last step, too, which is ours.
    steps = re.findall(r"^WORKDIR /usr/share/ansible/collections/(.*)\nRUN (.*ldd .*)$", container, re.M)
    if len(steps) != 1:
        yield "the sample does not try the program:\n" + container
    for place, step in steps:
        code, said = run("sh", "-ec", step, cwd=os.path.join(folder, "image", place))
        if code:
            yield "%s: %s" % (step, said)


def introspected(folder):
    """What the builder reads out of the installed collection, by its own script of the context."""
    pip, system = os.path.join(folder, "pip.txt"), os.path.join(folder, "bindep.txt")
    code, said = run(sys.executable, os.path.join(folder, "context/_build/scripts/introspect.py"), "introspect", os.path.join(folder, "image"),
                     "--write-pip", pip, "--write-bindep", system, cwd=folder)
    if code:
        yield said
        return

    def lines(text):
        return sorted(" ".join(line.split("#")[0].split()) for line in text.splitlines() if line.split("#")[0].strip())

    for written, own in ((system, "bindep.txt"), (pip, "requirements.txt")):
        if lines(read(written)) != lines(read(ROOT, own)):
            yield "of %s the builder reads %s" % (own, lines(read(written)))


def main():
    points = Points()
    points.point("bindep.txt names just the packages of the libraries that the programs load", bindep_against(needed()))
    points.point("requirements.txt names what the Python of the collection imports", python_against(requirements()))
    with tempfile.TemporaryDirectory(prefix="pxc-ee-") as folder:
        points.point("ansible-builder makes a build context of the sample, and its steps install the collection", context(folder))
        points.point("its introspection finds every line of bindep.txt and requirements.txt", introspected(folder))
    return points.end()


if __name__ == "__main__":
    sys.exit(main())
