# SPDX-License-Identifier: GPL-3.0-or-later
"""A pxcsim for a test: started with options and a world, asked by HTTPS, and ended with the test."""
from __future__ import annotations

import contextlib
import json
import os
import ssl
import subprocess
import urllib.parse
import urllib.request
from typing import Any, TypeVar

import outputs

Own = TypeVar("Own", bound="Sim")


class Sim:
    """with Sim("build", "--nodes", "3", world={"pools": {...}}) as sim: sim.api("GET", "/version")

    A world is what pxcsim reads with --world. Other keywords are those of subprocess.Popen.
    """

    def __init__(self, build: str, *options: str, world: dict[str, Any] | None = None, **popen: Any) -> None:
        self.build = os.path.abspath(build)
        given = ["--world", "/dev/stdin"] if world is not None else []
        self.process = subprocess.Popen([self.build + "/bin/pxcsim", "--port", "0", *given, *options], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, **popen)
        # Whatever happens, no simulator outlives the test that started it.
        try:
            self.info = self._ready(world)
            self.prepare()
        except BaseException:
            self.close()
            raise

    def _ready(self, world: dict[str, Any] | None) -> dict[str, Any]:
        """What its first line tells: url, port, token_id, token_secret, password (of root@pam), fingerprint, ca_path."""
        assert self.process.stdin and self.process.stdout
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(world).encode() if world is not None else b"")
            self.process.stdin.close()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"pxcsim did not start (status {self.process.wait()})")
        info: dict[str, Any] = json.loads(line)
        outputs.secret(info["token_secret"], info["password"])
        return info

    def prepare(self) -> None:
        """What a kind of test wants to be there: for who makes a kind of it."""

    def __enter__(self: Own) -> Own:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> int:
        """Its status."""
        self.process.terminate()
        status = self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                if stream:
                    stream.close()
        return status

    def connection(self) -> dict[str, Any]:
        """Options of a module, by token."""
        return {"api_urls": [self.info["url"]], "api_token_id": self.info["token_id"], "api_token_secret": self.info["token_secret"],
                "ca_path": self.info["ca_path"]}

    def environment(self, **more: str) -> dict[str, str]:
        """This program's, with the same connection."""
        return dict(os.environ, PXC_API_URLS=self.info["url"], PXC_API_TOKEN_ID=self.info["token_id"],
                    PXC_API_TOKEN_SECRET=self.info["token_secret"], PXC_CA_PATH=self.info["ca_path"], **more)

    def ask(self, method: str, path: str, /, body: bytes | None = None, **form: Any) -> bytes:
        """Somebody else's request, and the simulator's own below /sim. Raises urllib.error.HTTPError, whose reason is PVE's message."""
        text = urllib.parse.urlencode(form)
        if text and method == "GET":
            path = f"{path}?{text}"
        elif text:
            body = text.encode()
        request = urllib.request.Request(self.info["url"] + path, data=body, method=method)
        request.add_header("Authorization", f"PVEAPIToken={self.info['token_id']}={self.info['token_secret']}")
        # Tests look at what is done; that certificates are checked, csrc/'s own tests prove.
        with urllib.request.urlopen(request, context=ssl._create_unverified_context()) as reply:
            answer: bytes = reply.read()
            return answer

    def api(self, method: str, path: str, /, **form: Any) -> Any:
        """The data of a request to PVE's API."""
        return json.loads(self.ask(method, "/api2/json" + path, **form))["data"]
