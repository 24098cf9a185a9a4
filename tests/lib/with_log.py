#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command with a syslog of its own: what it sends to /dev/log becomes the lines of a file.

    with_log.py FILE COMMAND...     exit status 77: mounts of one's own are not allowed here

In a mount namespace: /dev is a new one with the usual devices of the old, so that nothing outside is touched.
"""
from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time

INSIDE = "PXC_TEST_WITH_LOG"
DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "shm", "pts", "mqueue")


def mount(*args: str) -> None:
    subprocess.run(["mount", *args], check=True)


def own_dev() -> None:
    old = tempfile.mkdtemp(prefix="pxc-dev-")
    mount("--make-rprivate", "/")
    mount("--rbind", "/dev", old)
    mount("-t", "tmpfs", "none", "/dev")
    for name in DEVICES:
        source, target = os.path.join(old, name), os.path.join("/dev", name)
        if os.path.isdir(source):
            os.mkdir(target)
        elif os.path.exists(source):
            open(target, "w", encoding="utf-8").close()
        else:
            continue
        mount("--bind", source, target)
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2")):
        os.symlink(target, os.path.join("/dev", name))
    # What is bound from it stays.
    subprocess.run(["umount", "--lazy", "--recursive", old], check=False)
    os.rmdir(old)


def listen(path: str) -> socket.socket:
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind("/dev/log")
    os.chmod("/dev/log", 0o666)
    out = open(path, "w", encoding="utf-8", buffering=1)

    def take() -> None:
        while True:
            out.write(log.recv(65536).decode("utf-8", "replace").rstrip("\n\0") + "\n")

    threading.Thread(target=take, daemon=True).start()
    return log


def main() -> None:
    if not os.environ.get(INSIDE):
        if subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
            sys.exit(77)
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "-m", sys.executable, *sys.argv])
    del os.environ[INSIDE]
    own_dev()
    log = listen(sys.argv[1])
    child = subprocess.Popen(sys.argv[2:])
    with open(sys.argv[1] + ".pid", "w", encoding="utf-8") as f:
        f.write(str(child.pid))
    status = child.wait()
    # What was sent is there: datagrams of a local socket are in its queue when send() is back.
    while select.select([log], [], [], 0)[0]:
        time.sleep(0.01)
    sys.exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main()
