#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of the balancer on made-up clusters; every plan is replayed by the checker, and no broken one is forgiven.

    tests/bench/bench_balance.py BUILD [--quick]     writes BUILD/bench-balance.json: a list of {name, value, unit, limit, ok}

Seconds are processor time of all phases of the planner, the best of three runs. Captured is
the share of the best possible improvement that the plan has at least, by its own bound; the least of all seeds counts, as does the
largest of times and moves. --quick takes small clusters, and speaks TAP of what a plan must never be: infeasible at any instant,
wrong in its figures or its bound, or followed by another one.
"""
import argparse
import json
import os
import subprocess
import sys

import balance_check
import balance_gen
import balance_peers

FIGURES: list = []
LONGEST = 60  # seconds of one plan, before it is taken to be endless
TAP = "--quick" in sys.argv
MUSTS = ("faults", "plans")  # units of figures that are no matter of degree
# (name, nodes, VMs, variants, seeds, params, least captured in percent or None, most seconds or None)
PLENTY, FEW = range(1, 6), range(1, 3)
TIGHT = {"tolerance_ppm": 30000}
CASES = [
    ("3/40", 3, 40, (), PLENTY, {}, 99, None),
    ("16/400", 16, 400, (), PLENTY, {}, 99, None),
    ("50/2000", 50, 2000, (), PLENTY, {}, None, None),
    ("100/10000", 100, 10000, (), PLENTY, {}, 99, 0.5),
    ("200/20000", 200, 20000, (), FEW, {}, 99, 2),
    ("16/400 pins, rules, disks", 16, 400, ("pins", "rules", "disks"), PLENTY, {}, None, None),
    ("100/10000 pins, rules, disks", 100, 10000, ("pins", "rules", "disks"), FEW, {}, None, None),
    ("16/400 memory 85 % full", 16, 400, ("tight85",), PLENTY, TIGHT, None, None),
    ("16/400 memory 90 % full", 16, 400, ("tight90",), PLENTY, TIGHT, 95, None),
    ("16/400 memory 94 % full", 16, 400, ("tight94",), PLENTY, TIGHT, 95, None),
    ("100/10000 memory 85 % full", 100, 10000, ("tight85",), FEW, TIGHT, None, None),
    ("100/10000 memory 90 % full", 100, 10000, ("tight90",), FEW, TIGHT, 95, None),
    ("100/10000 memory 94 % full", 100, 10000, ("tight94",), FEW, TIGHT, 95, None),
    ("16/400 a new node", 16, 400, ("newnode",), PLENTY, {}, None, None),
    ("3/40 emptying one", 3, 40, ("drain1",), PLENTY, {}, None, None),
    ("16/400 emptying two, with pins and rules", 16, 400, ("drain2", "pins", "rules"), PLENTY, {}, None, None),
    ("100/10000 emptying five", 100, 10000, ("drain5",), FEW, {}, None, None),
    ("3/40 a forced swap", 3, 40, ("cycle",), PLENTY, {}, None, None),
    ("16/400 forced swaps", 16, 400, ("cycle",), PLENTY, {}, None, None),
    ("16/400 at most ten migrations", 16, 400, (), PLENTY, {"max_moves": 10}, None, None),
    ("16/400 at most three migrations by node", 16, 400, (), PLENTY, {"max_node_moves": 3}, None, None),
    ("16/400 emptying two, at most ten, some stay", 16, 400, ("drain2", "stay"), PLENTY, {"max_moves": 10}, None, None),
    ("16/400 pins and rules broken at the start", 16, 400, ("pins", "rules", "broken"), PLENTY, {}, None, None),
]


def figure(name, value, unit, limit=None, at_least=False):
    ok = limit is None or (value >= limit if at_least else value <= limit)
    FIGURES.append({"name": name, "value": round(value, 4), "unit": unit, "limit": limit, "ok": ok})
    if not ok and not TAP:
        print(f"MISS {name}: {value:.4g} {unit} (limit {'>=' if at_least else '<='} {limit})", flush=True)


class Planner:
    def __init__(self, build):
        self.tool = os.path.join(build, "tests/bench/balance_plan")
        self.file = os.path.join(build, "bench-balance-cluster.json")

    def place(self, cluster, times=1):
        return self.plan(cluster, times, ["--place"])

    def plan(self, cluster, times=1, flags=()):
        """(plan, processor seconds); no plan when it takes too long"""
        with open(self.file, "w", encoding="utf-8") as f:
            json.dump(cluster, f)
        best = None
        for _ in range(times):
            try:
                done = subprocess.run([self.tool, *flags, self.file], check=False, capture_output=True, timeout=LONGEST)
            except subprocess.TimeoutExpired:
                return None, LONGEST
            if done.returncode:
                sys.exit(f"{self.tool}: {done.stderr.decode()}")
            phases = [line.split() for line in done.stderr.decode().splitlines()]
            spent = sum(float(seconds) for _, seconds in phases)
            best = spent if best is None else min(best, spent)
        os.unlink(self.file)
        return json.loads(done.stdout), best


def make(nodes, vms, seed, variants, params):
    broken = 3 if "broken" in variants else 0
    return balance_gen.generate(nodes, vms, seed, variants=[v for v in variants if v != "broken"], violate=broken, **params)


def after(cluster, plan):
    """The cluster when the plan has run."""
    where = {m["vm"]: m["to"] for m in plan["moves"]}
    return dict(cluster, vms=[dict(vm, node=where.get(vm["id"], vm["node"])) for vm in cluster["vms"]])


def judged(name, cluster, plan):
    """The number of things wrong, which are shown, and the checker's figures."""
    if plan is None:
        print("#" * TAP, f" {name}: no plan within {LONGEST} s")
        return 1, {}
    problems, figures = balance_check.check(cluster, plan)
    for rule, text in problems[:5]:
        print("#" * TAP, f" {name}: {rule}: {text}")
    return len(problems), figures


def run_seed(planner, name, seed, cluster, times, sums):
    plan, spent = planner.plan(cluster, times)
    bad, row = judged(f"{name}, seed {seed}", cluster, plan)
    sums["wrong"] += bad
    sums["slowest"] = max(sums["slowest"], spent)
    if not row:
        return None
    settled = after(cluster, plan)
    second, _ = planner.plan(settled)
    sums["again"] += second is None or bool(second["moves"])
    shaken = balance_gen.noisy(settled, seed)
    later, _ = planner.plan(shaken)
    sums["wrong"] += judged(f"{name}, seed {seed}, a while later", shaken, later)[0]
    sums["noise"] = max(sums["noise"], len(later["moves"]) if later else 0)
    return dict(row, captured=plan["captured_ppm"] / 1e4, left=len(plan["unmovable"]), dropped=len(plan["dropped"]))


def run_case(planner, case, quick):
    name, nodes, vms, variants, seeds, params, least, seconds = case
    sums = {"wrong": 0, "again": 0, "noise": 0, "slowest": 0.0}
    rows = [run_seed(planner, name, seed, make(nodes, vms, seed, variants, params), 3 if seconds and not quick else 1, sums)
            for seed in seeds]
    rows = [row for row in rows if row]
    figure(name + ": states that must not be, wrong figures", sums["wrong"], "faults", 0)
    if not rows:
        return
    show(name, rows, sums["slowest"])
    figure(name + ": captured, at least", min(row["captured"] for row in rows), "%", least, at_least=True)
    figure(name + ": migrations", max(row["moves"] for row in rows), "moves")
    figure(name + ": left where they must not be", sum(row["left"] for row in rows), "VMs", None if "stay" in variants else 0)
    figure(name + ": dropped for want of an order", max(row["dropped"] for row in rows), "VMs")
    if not params.get("max_moves") and not params.get("max_node_moves"):
        figure(name + ": second runs that move anything", sums["again"], "plans", 0)
    figure(name + ": migrations a while later, loads 2 % other", sums["noise"], "moves")
    if not quick:
        figure(name + ": plan, order and bound", sums["slowest"], "s", seconds)


HEAD = f"{'cluster (mean of seeds)':42} {'moves':>6} {'GiB':>7}" \
       f" {'memory max, sd':>27} {'cores max, sd':>27} {'peak':>5} {'left':>4} {'captured':>8} {'CPU s':>6}"


def show(name, rows, seconds):
    def mean(key, part=None):
        values = [row[key] if part is None else row[key][part] for row in rows]
        return sum(values) / len(values)

    def both(r):
        return f"{mean(r + '_before', 0):.3f} {mean(r + '_before', 2):.3f} > {mean(r + '_after', 0):.3f} {mean(r + '_after', 2):.3f}"

    print("#" * TAP, f"{name:42} {mean('moves'):6.0f} {mean('gib'):7.0f} {both('mem'):>27} {both('cpu'):>27} {mean('peak'):5.3f} {mean('left'):4.0f} "
          f"{mean('captured'):8.2f} {seconds:6.3f}", flush=True)


def spread_after(cluster, where, r):
    k = balance_check.Checker(cluster, {"moves": []})
    return balance_check.spread(k.nodes, k.load(where, r), r)


def beside_peers(planner, nodes, vms, seed, limits):
    """Memory alone, as ProxLB looks at it; and PVE's own balancer, as it is and told to be eager."""
    cluster = make(nodes, vms, seed, (), {"weight_cpu": 0, "tolerance_ppm": 20000})
    plan, _ = planner.plan(cluster)
    wrong, ours = judged(f"{nodes}/{vms}, memory only", cluster, plan)
    name = f"{nodes}/{vms}, memory only"
    figure(name + ": states that must not be, wrong figures", wrong, "faults", 0)
    for peer, result in (("ProxLB 2.x", balance_peers.proxlb(cluster)),
                         ("ProxLB 2.x, larger first", balance_peers.proxlb(cluster, larger_first=True))):
        theirs = spread_after(cluster, result["where"], "mem")
        first = peer == "ProxLB 2.x"
        figure(f"{name}: migrations beside {peer}", ours["moves"] / result["moves"], "ratio", 0.2 if first and limits else None)
        figure(f"{name}: deviation beside {peer}", ours["mem_after"][2] / theirs[2], "ratio", 1.0 if first and limits else None)
        print("#" * TAP, f"{name}: {peer} {result['moves']} moves, {result['gib']:.0f} GiB in {result['rounds']} runs, sd {theirs[2]:.4f}; "
              f"ours {ours['moves']} moves, {ours['gib']:.0f} GiB in 1, sd {ours['mem_after'][2]:.4f}")
    eager = vms <= 400
    result = balance_peers.dlb(cluster, *((0, 0) if eager else (0.3, 0.1)))
    theirs = spread_after(cluster, result["where"], "mem")
    figure(f"{name}: migrations of PVE's own balancer{', without threshold and margin' if eager else ''}", result["moves"], "moves")
    print("#" * TAP, f"{name}: PVE's own{' without threshold' if eager else ''} {result['moves']} moves, sd {theirs[2]:.4f}")


# (name, nodes, VMs that are there, new ones, the largest of them in shares of a node, variants, most seconds or None)
PLACEMENTS = [
    ("100/10000, 500 new", 100, 10000, 500, 0.05, (), 0.2),
    ("100/10000, 500 new of any size", 100, 10000, 500, 1, (), 0.2),
    ("100/10000, 500 new of any size, pins, rules", 100, 10000, 500, 1, ("pins", "rules"), 0.2),
    ("16/400, 40 new", 16, 400, 40, 1, (), None),
    ("16/400, 40 new, pins, rules", 16, 400, 40, 1, ("pins", "rules"), None),
    ("16/400, 40 new, memory 94 % full", 16, 400, 40, 1, ("tight94",), None),
]


def without_some(cluster, count, largest, seed):
    """The same cluster before so many of its VMs, drawn by lot, had a node."""
    least = {r: largest * min(node[r] for node in cluster["nodes"]) for r in ("mem", "cpu")}
    new = [vm["id"] for vm in cluster["vms"] if all(vm[r] <= least[r] for r in least)]
    new = set(balance_gen.Random(seed).shuffled(new)[:count])
    return (dict(cluster, vms=[vm for vm in cluster["vms"] if vm["id"] not in new]),
            [dict(vm, node=None) for vm in cluster["vms"] if vm["id"] in new])


def unavoidable(cluster, r):
    """The share to which the largest new VM fills a node, whichever it goes to."""
    k = balance_check.PlacementChecker(cluster, {"nodes": {}})
    loads = k.loads({i: vm["node"] for i, vm in k.vms.items()})
    return max(min((loads[n][r] + vm[r]) / node[r] for n, node in k.nodes.items()) for vm in cluster["vms"] if vm["node"] is None)


def run_placement(planner, case, quick):
    """New VMs in a balanced cluster, and how even that is beside a plan for all of them at once."""
    name, nodes, vms, count, largest, variants, seconds = case
    wrong = refused = 0
    slowest = more = 0.0
    for seed in (1, 2) if quick else PLENTY:
        whole = make(nodes, vms + count, seed, variants, {})
        old, new = without_some(whole, count, largest, seed)
        plan, _ = planner.plan(old)
        old = after(old, plan)
        cluster = dict(old, vms=old["vms"] + new)
        placement, spent = planner.place(cluster, 1 if quick else 3)
        problems, row = balance_check.check_placement(cluster, placement)
        for rule, text in problems[:5]:
            print("#" * TAP, f" {name}, seed {seed}: {rule}: {text}")
        fresh, _ = planner.plan(whole)
        _, even = judged(name, whole, fresh)
        wrong += len(problems)
        refused = max(refused, row["refused"])
        slowest = max(slowest, spent)
        for r in ("mem", "cpu"):
            ours, theirs = row[r], even[r + "_after"]
            highest = max(theirs[0], unavoidable(cluster, r))
            more = max(more, 100 * (ours[0] - ours[1] - highest + theirs[1]))
            print("#" * TAP, f"{name}, seed {seed}: {r} from {ours[1]:.3f} to {ours[0]:.3f}, all balanced afresh from {theirs[1]:.3f} to {theirs[0]:.3f}, "
                  f"unavoidable {highest:.3f}"
                  f" ({row['refused']} refused, {spent:.3f} s)")
    name = "place " + name
    figure(name + ": states that must not be", wrong, "faults", 0)
    figure(name + ": refused, at most", refused, "VMs")
    figure(name + ": spread beyond that of a fresh balance, and of its largest VM", more, "points", 2 if seconds else None)
    if not quick:
        figure(name + ": seconds", slowest, "s", seconds)


def beside_all_placements(planner, seeds):
    """Clusters so small that all placements can be tried."""
    above = wrong = 0
    worst = 100.0
    for seed in seeds:
        variants = [(), ("pins", "rules"), ("tight90",), ("drain1",)][seed % 4]
        cluster = balance_gen.generate(3, 7, seed, variants=variants, tolerance_ppm=20000)
        plan, _ = planner.plan(cluster)
        bad, row = judged(f"3/7, seed {seed}", cluster, plan)
        wrong += bad
        best = balance_check.best_of_all(cluster, plan) if row else None
        if best is None:
            continue
        above += plan["lower_bound"] > best[0] * (1 + 1e-9) + 1e-12
        if row["f0"] - best[0] > 1e-6:
            worst = min(worst, 100 * (row["f0"] - row["f"]) / (row["f0"] - best[0]))
    figure("3/7, all placements tried: states that must not be, wrong figures", wrong, "faults", 0)
    figure("3/7, all placements tried: bounds above the best", above, "plans", 0)
    figure("3/7, all placements tried: captured of the best, at least", worst, "%", 99, at_least=True)


def tap():
    musts = [f for f in FIGURES if f["unit"] in MUSTS]
    print(f"1..{len(musts)}")
    for i, f in enumerate(musts, 1):
        print(f"{'ok' if f['ok'] else 'not ok'} {i} - {f['name']}: {f['value']}")
    return 0 if all(f["ok"] for f in musts) else 1


def main():
    parser = argparse.ArgumentParser(description="Measures the balancer.")
    parser.add_argument("build")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="", help="cases whose name begins so")
    args = parser.parse_args()
    planner = Planner(os.path.abspath(args.build))
    print("#" * args.quick, HEAD)
    for case in CASES:
        if case[0].startswith(args.only) and (not args.quick or case[2] <= 400):
            run_case(planner, case[:4] + ((1, 2),) + case[5:] if args.quick else case, args.quick)
    for case in PLACEMENTS:
        if ("place " + case[0]).startswith(args.only) and (not args.quick or case[2] <= 400):
            run_placement(planner, case, args.quick)
    if not args.only:
        beside_all_placements(planner, range(12 if args.quick else 60))
        beside_peers(planner, 16, 400, 1, False)
        if not args.quick:
            beside_peers(planner, 100, 10000, 1, True)
    with open(os.path.join(args.build, "bench-balance.json"), "w", encoding="utf-8") as f:
        json.dump(FIGURES, f, indent=1)
        f.write("\n")
    if args.quick:
        return tap()
    missed = sum(not f["ok"] for f in FIGURES)
    print(f"{len(FIGURES)} figures, {missed} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
