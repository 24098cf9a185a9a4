# SPDX-License-Identifier: GPL-3.0-or-later
"""Test points of a script, as tests/run.py counts them: a point has failed when a problem is listed with it."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

SHOWN = 60  # lines


class Points:
    def __init__(self) -> None:
        self.number = 0
        self.failed = 0

    def point(self, title: str, problems: Iterable[str] = ()) -> bool:
        found = list(problems)
        self.number += 1
        self.failed += bool(found)
        print(f"{'not ok' if found else 'ok'} {self.number} - {title}", flush=True)
        for problem in found:
            for line in problem.splitlines()[-SHOWN:]:
                print("# " + line, flush=True)
        return not found

    def check(self, title: str, good: object, *shown: object) -> bool:
        """What is shown tells why it is not so."""
        return self.point(title, [] if good else [str(text) for text in shown] or ["it is not so"])

    def checks(self, several: Iterable[tuple[Any, ...]]) -> Points:
        """Each as check() takes it."""
        for one in several:
            self.check(*one)
        return self

    def skip(self, title: str, reason: object) -> None:
        self.number += 1
        print(f"ok {self.number} - {title} # skip {reason}")

    def end(self, skipped: Iterable[tuple[str, object]] = ()) -> int:
        """The exit status; skipped: titles with the reason."""
        for title, reason in skipped:
            self.skip(title, reason)
        print(f"1..{self.number}", flush=True)
        return 1 if self.failed else 0
