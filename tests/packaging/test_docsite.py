#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages for docsites: made without a warning, one for each module, plugin and role, and a list of the guides. Speaks TAP.

    test_docsite.py BUILD     BUILD holds ansible_collections/pxcloud/pve; antsibull-docs and Sphinx are in PATH
"""
from __future__ import annotations

import glob
import html
import os
import re
import sys

from common import COLLECTION, ROOT, read, run
from tap import Points

BUILD = os.path.abspath(sys.argv[1])
STAGED = os.path.join(BUILD, COLLECTION)
SITE = os.path.join(BUILD, "docs/out/html")


def made():
    code, said = run(os.path.join(ROOT, "mk/docs.sh"), BUILD)
    if code or said.strip():
        yield "exit %d: %s" % (code, said)


def expected():
    """(file of a page, what must stand in it)"""
    for kind in ("modules", "inventory", "lookup", "callback"):
        for path in glob.glob(os.path.join(STAGED, "plugins", kind, "*.py")):
            name = os.path.basename(path)[:-3]
            if not name.startswith("_"):
                yield "%s_%s.html" % (name, "module" if kind == "modules" else kind), "pxcloud.pve." + name
    for path in glob.glob(os.path.join(STAGED, "roles/*/meta/argument_specs.y*ml")):
        name = path.split(os.sep)[-3]
        yield name + "_role.html", "pxcloud.pve." + name


def pages():
    wanted = dict(expected())
    if not any(f.endswith("_module.html") for f in wanted) or not any(f.endswith("_role.html") for f in wanted):
        yield "nothing is looked for"
    for name, words in wanted.items():
        path = os.path.join(SITE, name)
        if not os.path.exists(path):
            yield "there is no %s" % name
        elif words not in read(path):
            yield "%s is no page of %s" % (name, words)
    yield from ("%s is an error page" % f for f in os.listdir(SITE) if f.endswith(".html") and "plugin had a documentation error" in read(SITE, f).lower())


def roles():
    yield from ("%s has no meta/argument_specs.yml" % os.path.basename(r) for r in glob.glob(os.path.join(ROOT, "roles/*"))
                if not glob.glob(os.path.join(r, "meta/argument_specs.y*ml")))


def guides():
    text = html.unescape(read(SITE, "docsite/guides.html"))
    for page in sorted(glob.glob(os.path.join(ROOT, "docs/*.md"))):
        title = re.match(r"# (.+)", read(page))[1].replace("`", "")
        if "/docs/%s\"" % os.path.basename(page) not in text or title not in text.replace("\u2019", "'"):
            yield "%s (%s) is not in the list" % (os.path.basename(page), title)


def main():
    points = Points()
    points.point("documentation is linted and made into pages without a word", made())
    points.point("every module, plugin and role has its page", pages())
    points.point("every role says its arguments", roles())
    points.point("every guide is in the list of them", guides())
    return points.end()


if __name__ == "__main__":
    sys.exit(main())
