# SPDX-License-Identifier: GPL-3.0-or-later
"""Test points of a script, as tests/run.py counts them: a point has failed when a problem is listed with it."""
from __future__ import annotations

from collections.abc import Iterable


class Points:
    def __init__(self) -> None:
        self.number = 0
        self.failed = 0

    def point(self, title: str, problems: Iterable[str] = ()) -> bool:
        found = list(problems)
        self.number += 1
        self.failed += bool(found)
        print(f"{'not ok' if found else 'ok'} {self.number} - {title}")
        for problem in found:
            for line in problem.splitlines():
                print("# " + line)
        return not found

    def skip(self, title: str, reason: str) -> None:
        self.number += 1
        print(f"ok {self.number} - {title} # skip {reason}")

    def end(self) -> int:
        print(f"1..{self.number}", flush=True)
        return 1 if self.failed else 0
