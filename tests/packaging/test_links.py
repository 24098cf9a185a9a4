#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every link between the pages of the tarball: does it lead to a file that is there too, and to a heading of it? Speaks TAP.

    test_links.py BUILD     after "make dist"
"""
from __future__ import annotations

import os
import re
import sys
import tarfile
import urllib.parse

import yaml

from common import ROOT, read
from tap import Points

# A link or an image of Markdown; what is in code is none.
FENCE = re.compile(r"^(```|~~~).*?^\1", re.M | re.S)
CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.S)
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
HEADING = re.compile(r"^#{1,6} +(.*?)(?: +#+)? *$", re.M)
ANCHOR = re.compile(r"<a (?:id|name)=\"([^\"]+)\"")


def links(text):
    for target in LINK.findall(CODE.sub("", FENCE.sub("", text))):
        yield re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", target)


def anchors(text):
    """As GitHub and the hubs make them of headings: lower case, blanks as dashes, no punctuation, the second of a name with -1."""
    text = FENCE.sub("", text)
    found = set(ANCHOR.findall(text))
    for title in HEADING.findall(text):
        title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", re.sub(r"\\(.)", r"\1", title))
        slug = re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")
        number, name = 0, slug
        while name in found:
            number += 1
            name = "%s-%d" % (slug, number)
        found.add(name)
    return found


def broken(page, pages, names):
    for target in links(pages[page]):
        url = urllib.parse.urlsplit(target)
        if url.scheme or url.netloc:
            if url.scheme not in ("http", "https", "mailto"):
                yield "%s: %s" % (page, target)
            continue
        path = os.path.normpath(os.path.join(os.path.dirname(page), urllib.parse.unquote(url.path))) if url.path else page
        if path not in names:
            yield "%s: %s is not in the tarball" % (page, target)
        elif url.fragment and url.fragment not in anchors(pages.get(path, "")):
            yield "%s: %s has no such heading" % (page, target)


def own_check():
    """A page with every sort of link that must be found wrong, and with some that must not."""
    pages = {"docs/a.md": "# A b\n## A `b`!\n[x](#a-b) [x](#a-b-1) [x](../b.md \"t\") [x](https://x/) `[x](no.md)`\n```\n[x](no.md)\n```\n", "b.md": ""}
    if list(broken("docs/a.md", pages, set(pages))):
        yield "good links are called broken: %s" % list(broken("docs/a.md", pages, set(pages)))
    pages["docs/a.md"] += "[x](b.md) [x](#a-c) [x](../b.md#b) ![x](c.svg) [x](../../b.md) [x](file:///b.md) [x](../c\\.md)\n"
    found = len(list(broken("docs/a.md", pages, set(pages))))
    if found != 7:
        yield "%d of 7 broken links are found" % found


def main():
    points = Points()
    version = yaml.safe_load(read(ROOT, "galaxy.yml"))["version"]
    with tarfile.open(os.path.join(sys.argv[1], "dist/pxcloud-pve-%s.tar.gz" % version)) as tar:
        names = {m.name for m in tar.getmembers()}
        pages = {n: tar.extractfile(n).read().decode() for n in names if n.endswith(".md")}
    linked = {os.path.normpath(os.path.join(os.path.dirname(p), urllib.parse.urlsplit(t).path)) for p in pages for t in links(pages[p])}
    points.point("broken links are found", own_check())
    points.point("every link of the %d pages leads to something in the tarball" % len(pages), (b for p in sorted(pages) for b in broken(p, pages, names)))
    points.point("every page is linked from another", ("%s is not" % p for p in sorted(pages) if p.startswith("docs/") and p not in linked))
    return points.end()


if __name__ == "__main__":
    sys.exit(main())
