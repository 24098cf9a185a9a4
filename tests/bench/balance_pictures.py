#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of what the balancer does with made-up clusters, by gnuplot.

    tests/bench/balance_pictures.py BUILD FOLDER     writes FOLDER/balance-nodes.svg and FOLDER/balance-tolerance.svg
"""
import os
import subprocess
import sys

import balance_check
import balance_gen
import balance_peers
from bench_balance import Planner, after

NODES, VMS = 100, 10000
STYLE = """set terminal svg size {size} dynamic background "white" font "sans-serif,12"
set output "{path}"
set grid back linecolor rgb "#dddddd" linewidth 0.5
set border 3 linecolor rgb "#666666"
set tics nomirror
"""
OURS, OTHERS = "#1f6fb4", "#c0504d"
TOLERANCES = (5000, 10000, 20000, 30000, 50000, 75000, 100000, 150000, 200000)


def shares(cluster, r):
    """Percent of each node, the fullest first."""
    k = balance_check.Checker(cluster, {"moves": []})
    loads = k.load(k.start, r)
    return sorted((100 * loads[n] / node[r] for n, node in k.nodes.items()), reverse=True)


def block(name, rows):
    return f"${name} << EOD\n" + "".join(" ".join(f"{x:.5g}" if isinstance(x, float) else str(x) for x in row) + "\n" for row in rows) + "EOD\n"


def draw(path, size, script):
    subprocess.run(["gnuplot"], input=STYLE.format(path=path, size=size) + script, text=True, check=True)
    if os.path.getsize(path) > 100000:
        sys.exit(f"{path} is larger than 100 kB")


def label(x, y, text, side, color, above):
    return f'set label "{text}" at {x:.5g},{y:.5g} {side} offset 0,{above} textcolor rgb "{color}"\n'


def nodes_picture(planner, path):
    """Two panels, memory and cores: each node before and after, the fullest first."""
    cluster = balance_gen.generate(NODES, VMS, 1)
    plan, _ = planner.plan(cluster)
    settled = after(cluster, plan)
    rows = list(zip(range(1, NODES + 1), *(shares(c, r) for r in ("mem", "cpu") for c in (cluster, settled))))
    draw(path, "900,380", block("nodes", rows) + f"""
set multiplot layout 1,2 title "{NODES} nodes, {VMS} VMs: {len(plan['moves'])} migrations"
set xrange [0:{NODES + 1}]
set yrange [0:100]
set xlabel "nodes, the fullest first"
set ylabel "memory in use, %"
set key top right
plot $nodes using 1:2 with lines linewidth 2 linecolor rgb "{OTHERS}" title "before", \\
     $nodes using 1:3 with lines linewidth 2 linecolor rgb "{OURS}" title "after"
set ylabel "cores in use, %"
plot $nodes using 1:4 with lines linewidth 2 linecolor rgb "{OTHERS}" title "before", \\
     $nodes using 1:5 with lines linewidth 2 linecolor rgb "{OURS}" title "after"
unset multiplot
""")


def deviation(cluster, where):
    """Of memory, in points."""
    k = balance_check.Checker(cluster, {"moves": []})
    return 100 * balance_check.spread(k.nodes, k.load(where, "mem"), "mem")[2]


def tolerance_picture(planner, path):
    """What is left of the imbalance after so many migrations; beside other balancers' ends, on memory alone, as they look at it."""
    cluster = balance_gen.generate(NODES, VMS, 1, weight_cpu=0)
    start = {vm["id"]: vm["node"] for vm in cluster["vms"]}
    rows = []
    for ppm in TOLERANCES:
        plan, _ = planner.plan(dict(cluster, params=dict(cluster["params"], tolerance_ppm=ppm)))
        rows.append((len(plan["moves"]), deviation(cluster, {**start, **{m["vm"]: m["to"] for m in plan["moves"]}}), f'"{ppm / 10000:g} %"'))
    level = deviation(cluster, start)
    pve = balance_peers.dlb(cluster)["moves"]
    peers, labels = [], [label(rows[0][0] * 1.07, 2.2, "one run, by tolerance\\n(0.5 % at the end)", "left", OURS, 0),
                         label(rows[-1][0] / 1.9, level, f"at the start; PVE's own balancer, by default: {pve} migrations", "left", "#666666",
                               0.8)]
    for name, larger, above in (("ProxLB 2.x", False, 1.6), ("ProxLB 2.x, larger first", True, 3.6)):
        result = balance_peers.proxlb(cluster, larger_first=larger)
        peers.append((result["moves"], deviation(cluster, result["where"])))
        labels.append(label(*peers[-1], f"{name},\\n{result['rounds']} runs", "center", OTHERS, above))
    draw(path, "760,440", block("ours", rows) + block("peers", peers) + "".join(labels) + f"""
set title "{NODES} nodes, {VMS} VMs, memory only: migrations against what they leave uneven"
set xlabel "migrations"
set ylabel "standard deviation of memory in use, points"
set logscale x
set xrange [{rows[-1][0] // 2}:{max(p[0] for p in peers) * 2}]
set yrange [0:{level * 1.15:.0f}]
set key off
plot {level} with lines linewidth 1.5 dashtype 2 linecolor rgb "#888888", \
     $ours using 1:2 with linespoints linewidth 2 pointtype 7 pointsize 0.6 linecolor rgb "{OURS}", \
     $ours using 1:($0 > 2 ? $2 : NaN):3 with labels offset -1,0 right textcolor rgb "{OURS}", \
     $peers using 1:2 with points pointtype 9 pointsize 1 linecolor rgb "{OTHERS}"
""")


def main():
    planner = Planner(os.path.abspath(sys.argv[1]))
    nodes_picture(planner, os.path.join(sys.argv[2], "balance-nodes.svg"))
    tolerance_picture(planner, os.path.join(sys.argv[2], "balance-tolerance.svg"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
