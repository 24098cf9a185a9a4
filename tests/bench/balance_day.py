#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A day of a simulated cluster whose loads move, with pxc_balance once an hour and without: seconds of real time.

    tests/bench/balance_day.py BUILD [--nodes N] [--vms N] [--seed N] [--hours N]    TAP

The guests begin heaped on the first nodes. In the day without, nobody moves them; in the day with, the module runs as a schedule would
run it. Memory must be even after the first run and stay so, at every later hour no more than a few guests may move, and no guest may
move to and fro.
"""
import argparse
import collections
import json
import os
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import outputs

HOUR_MS = 3600 * 1000


class Cluster:
    """A pxcsim whose time this script moves."""

    def __init__(self, build, folder, options):
        self.build, ready = build, os.path.join(folder, "ready.json")
        world = os.path.join(folder, "world.json")
        with open(world, "w", encoding="utf-8") as f:
            json.dump(heaped(options), f)
        if os.path.exists(ready):
            os.unlink(ready)
        self.process = subprocess.Popen(
            [f"{build}/bin/pxcsim", "--nodes", str(options.nodes), "--cores", "32", "--memory", "262144", "--port", "0", "--speed", "manual",
             "--loads", "day", "--seed", str(options.seed), "--start", "1767225600", "--world", world, "--ready", ready],
            stdout=subprocess.DEVNULL)
        while not os.path.exists(ready):
            if self.process.poll() is not None:
                raise SystemExit("pxcsim did not start")
            time.sleep(0.01)
        with open(ready, encoding="utf-8") as f:
            self.info = json.load(f)
        outputs.secret(self.info["token_secret"], self.info["password"])

    def call(self, method, path):
        request = urllib.request.Request(self.info["url"] + path, method=method)
        request.add_header("Authorization", f"PVEAPIToken={self.info['token_id']}={self.info['token_secret']}")
        with urllib.request.urlopen(request, context=ssl._create_unverified_context()) as reply:
            return json.load(reply)

    def advance(self, ms):
        self.call("POST", f"/sim/advance?ms={ms}")

    def nodes(self):
        return self.call("GET", "/api2/json/cluster/resources?type=node")["data"]

    def balance(self):
        """The module, while the cluster's time goes on."""
        options = {"api_urls": [self.info["url"]], "api_token_id": self.info["token_id"], "validate_certs": False, "actor": "day",
                   "api_token_secret": self.info["token_secret"], "state": "balanced", "cool_down": 0}
        run = subprocess.Popen([f"{self.build}/bin/pxc", "pxc_balance"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        done = threading.Event()

        def clock():
            while not done.wait(0.002):
                self.advance(1000)

        thread = threading.Thread(target=clock)
        thread.start()
        try:
            out, _ = run.communicate(json.dumps(options).encode())
        finally:
            done.set()
            thread.join()
        return json.loads(outputs.keep(out))

    def close(self):
        self.process.terminate()
        self.process.wait()


def heaped(options):
    """Two of three guests on the first half of the nodes."""
    half, guests = options.nodes // 2, []
    for i in range(options.vms):
        node = i % half if i % 3 else i % options.nodes
        guests.append({"vmid": 1000 + i, "node": f"pve{node + 1}", "status": "running",
                       "config": {"name": f"vm{i}", "memory": str((4, 8, 8, 16)[i % 4] * 1024), "cores": 2 + 2 * (i % 3)}})
    return {"guests": guests}


def spread(nodes, key, limit):
    """Standard deviation of the shares of the nodes, in points."""
    return statistics.pstdev(100 * n[key] * (1 if key == "cpu" else 1 / n[limit]) for n in nodes)


def day(build, folder, options, balanced):
    cluster, rows, moves = Cluster(build, folder, options), [], []
    try:
        cluster.advance(60000)
        for _ in range(options.hours):
            if balanced:
                result = cluster.balance()
                if result.get("failed"):
                    raise SystemExit(f"pxc_balance failed: {result['msg']}")
                moves.append([m["vmid"] for m in result["plan"] if m.get("changed")])
            else:
                moves.append([])
            cluster.advance(20000)
            nodes = cluster.nodes()
            rows.append((spread(nodes, "mem", "maxmem"), spread(nodes, "cpu", "maxcpu")))
            cluster.advance(HOUR_MS - 20000)
    finally:
        cluster.close()
    return rows, moves


def tell(number, good, name):
    print(f"{'ok' if good else 'not ok'} {number} - {name}", flush=True)
    return good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--nodes", type=int, default=8)
    parser.add_argument("--vms", type=int, default=120)
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pxc-day-") as folder:
        began = time.monotonic()
        without, _ = day(options.build, folder, options, False)
        rows, moves = day(options.build, folder, options, True)
        took = time.monotonic() - began
    often = collections.Counter(v for hour in moves[1:] for v in hour)
    print(f"# {options.hours} hours twice in {took:.1f} s; moves: {[len(m) for m in moves]}")
    print(f"# memory, points: without {statistics.mean(r[0] for r in without):.1f}, with {statistics.mean(r[0] for r in rows):.1f}")
    print(f"# processors, points: without {statistics.mean(r[1] for r in without):.1f}, with {statistics.mean(r[1] for r in rows):.1f}")
    print("1..4")
    good = tell(1, max(r[0] for r in rows) < 5, "memory is even at every hour")
    good &= tell(2, statistics.mean(r[1] for r in rows) < statistics.mean(r[1] for r in without), "processors are busier alike than without")
    good &= tell(3, all(len(m) <= options.vms // 20 for m in moves[1:]), "no later hour moves more than a twentieth of the guests")
    good &= tell(4, all(n <= 2 for n in often.values()), "no guest moves to and fro")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
