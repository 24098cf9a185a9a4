# SPDX-License-Identifier: GPL-3.0-or-later
"""What programs under test have printed, and the secrets they were given: for tests/run.py, which looks for these in those.

A driver names each secret once, secret(value), and hands on what it reads of a module or a playbook, keep(output), since most of
that never reaches the driver's own output. A secret of a test's own has "s3cret" in it, and need not be named.
"""
from __future__ import annotations

import base64
import json
import os
import re
import threading
import urllib.parse
from collections.abc import Iterator
from typing import TypeVar

FOLDER = os.environ.get("PXC_TEST_OUTPUTS")  # set by tests/run.py
MARK = re.compile(r"[\w.-]*s3cret[\w.-]*")
LOCK = threading.Lock()
Text = TypeVar("Text", bytes, str)
KNOWN: dict[str, set[str]] = {}  # secrets of this process, and the forms each may have


def add(name: str, line: str) -> None:
    if FOLDER:
        # A file for each process: several may write at the same time.
        with LOCK, open(os.path.join(FOLDER, f"{name}.{os.getpid()}"), "a", encoding="utf-8") as f:
            f.write(line + "\n")


def secret(*values: str) -> str:
    for value in values:
        KNOWN[value] = set(forms(value))
        add("secrets", json.dumps(value))
    return values[0]


def keep(output: Text) -> Text:
    """Of one run of a program; bytes or text. Returns it."""
    text = output.decode("utf-8", "replace") if isinstance(output, bytes) else output or ""
    add("output", text)
    return output


def forms(value: str) -> Iterator[str]:
    """As it is, in a URL, in JSON, and in base64 wherever that begins."""
    raw = value.encode()
    yield value
    yield urllib.parse.quote(value, safe="")
    yield json.dumps(value)[1:-1]
    for skipped in range(3):
        # The first and the last few characters depend on what stands around.
        form = base64.b64encode(b"\0" * skipped + raw).decode().rstrip("=")[4 if skipped else 0:-2]
        if len(form) >= 6:
            yield form


def shown(text: str, secrets: dict[str, set[str]] | None = None) -> list[str]:
    """Where in the text secrets are: the words in front of each, never the secret itself."""
    found = [around(text, marked.start(), marked.end()) for marked in MARK.finditer(text)]
    for known in (KNOWN if secrets is None else secrets).values():
        found += [around(text, text.find(form), text.find(form)) for form in known if form in text]
    return found


def leaks(folder: str, *texts: str) -> tuple[int, int, list[str]]:
    """(texts looked at, secrets looked for, where some were found: never the secret itself)."""
    secrets: dict[str, set[str]] = {}
    all_texts = list(texts)
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            if name.startswith("secrets."):
                secrets.update((value, set(forms(value))) for value in map(json.loads, f))
            else:
                all_texts.append(f.read())
    return len(all_texts), len(secrets), [line for text in all_texts for line in shown(text, secrets)]


def around(text: str, begin: int, end: int) -> str:
    """The words in front of a secret; what is behind it only where its end is known."""
    return MARK.sub("<a secret>", re.sub(r"\s+", " ", text[max(0, begin - 100):begin])) + "<a secret>" + ("" if begin == end else text[end:end + 20])
