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
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import outputs
import sim
import tap

HOUR_MS = 3600 * 1000


class Cluster(sim.Sim):
    """One whose time this script moves."""

    def __init__(self, build, options):
        super().__init__(build, "--nodes", str(options.nodes), "--cores", "32", "--memory", "262144", "--speed", "manual", "--loads", "day",
                         "--seed", str(options.seed), "--start", "1767225600", world=heaped(options))

    def advance(self, ms):
        self.ask("POST", f"/sim/advance?ms={ms}")

    def nodes(self):
        return self.api("GET", "/cluster/resources", type="node")

    def balance(self):
        """The module, while the cluster's time goes on."""
        options = dict(self.connection(), actor="day", state="balanced", cool_down=0)
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


def day(build, options, balanced):
    cluster, rows, moves = Cluster(build, options), [], []
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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--nodes", type=int, default=8)
    parser.add_argument("--vms", type=int, default=120)
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    began = time.monotonic()
    without, _ = day(options.build, options, False)
    rows, moves = day(options.build, options, True)
    took = time.monotonic() - began
    often = collections.Counter(v for hour in moves[1:] for v in hour)
    print(f"# {options.hours} hours twice in {took:.1f} s; moves: {[len(m) for m in moves]}")
    print(f"# memory, points: without {statistics.mean(r[0] for r in without):.1f}, with {statistics.mean(r[0] for r in rows):.1f}")
    print(f"# processors, points: without {statistics.mean(r[1] for r in without):.1f}, with {statistics.mean(r[1] for r in rows):.1f}")
    points = tap.Points()
    points.check("memory is even at every hour", max(r[0] for r in rows) < 5)
    points.check("processors are busier alike than without", statistics.mean(r[1] for r in rows) < statistics.mean(r[1] for r in without))
    points.check("no later hour moves more than a twentieth of the guests", all(len(m) <= options.vms // 20 for m in moves[1:]))
    points.check("no guest moves to and fro", all(n <= 2 for n in often.values()))
    return points.end()


if __name__ == "__main__":
    sys.exit(main())
