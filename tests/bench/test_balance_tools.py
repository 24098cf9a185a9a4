#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools of the balancer's bench: the same seed gives the same cluster, and the checker refuses each kind of broken plan. TAP.

    test_balance_tools.py
"""
import hashlib
import itertools
import os
import subprocess
import sys

import balance_check
import balance_gen
import balance_peers

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import tap

HERE = os.path.dirname(os.path.abspath(__file__))
GEN = os.path.join(HERE, "balance_gen.py")


# --- clusters and plans by hand: nodes of 10000 MiB and 10 cores ---

def cluster(vms, rules=(), nodes=None, **params):
    """vms: {id: (node, MiB, {what else})}; nodes: {name: {what else}}"""
    rows = [dict({"id": i, "node": vm[0], "mem": vm[1], "cpu": 100, "vcpu": 1000, "wire": vm[1], "movable": True}, **dict(*vm[2:]))
            for i, vm in vms.items()]
    hosts = [dict({"name": n, "mem": 10000, "cpu": 10000, "base_mem": 0, "base_cpu": 0, "accepts": True, "drain": False}, **more)
             for n, more in (nodes or {"a": {}, "b": {}, "c": {}}).items()]
    return {"params": dict(balance_gen.PARAMS, **params), "nodes": hosts, "vms": rows,
            "rules": [{"name": f"r{i}", "type": kind, "hard": True, "members": list(members)} for i, (kind, *members) in enumerate(rules)]}


def plan(c, *moves, **more):
    """moves: (vm, from, to, [starts_after], {what else}); the figures are right unless more says otherwise."""
    wire = {vm["id"]: vm["wire"] for vm in c["vms"]}
    rows = [dict({"vm": vm, "from": a, "to": b, "bounce": False, "why": "balance", "gain_ppm": 0, "wire": wire.get(vm, 0),
                  "starts_after": after}, **dict(*rest)) for vm, a, b, after, *rest in moves]
    checker = balance_check.Checker(c, {"moves": rows})
    end = {**checker.start, **{m["vm"]: m["to"] for m in rows if m["vm"] in checker.start and m["to"] in checker.nodes}}
    f0, f = checker.objective(checker.start), checker.objective(end, [m for m in rows if m["vm"] in checker.vms])
    figures = {"moves": rows, "f0": f0, "f": f, "lower_bound": 0.0, "captured_ppm": (f0 - f) / f0 * 1e6 if f0 else 1000000}
    for key, where in (("before", checker.start), ("after", end)):
        loads = {r: checker.load(where, r) for r in ("mem", "cpu")}
        figures[key] = {n: {r + "_ppm": loads[r][n] * 100 for r in loads} for n in checker.nodes}
    return dict(figures, **more)


BOUNCE = {"bounce": True}
TWO = {1: ("a", 4000), 2: ("a", 4000), 3: ("b", 1000)}
FULL = {1: ("a", 5000), 2: ("a", 4000), 3: ("b", 5000), 4: ("b", 4000), 5: ("c", 1000)}
SWAP = [(1, "a", "c", [], BOUNCE), (3, "b", "a", [0]), (1, "c", "b", [0, 1])]


def two(*moves, rules=(), nodes=None, more=None, pin=None, **params):
    c = cluster(TWO, rules, nodes, **params)
    for vm in c["vms"]:
        if vm["id"] == pin:
            vm["allowed"] = ["b"]
    return c, plan(c, *moves, **(more or {}))


def full(*moves, **params):
    c = cluster(FULL, **params)
    return c, plan(c, *moves)


def of(vms, *moves, rules=(), nodes=None, **params):
    c = cluster(vms, rules, nodes, **params)
    return c, plan(c, *moves)


def draining(vms, *moves, **more):
    c = cluster(vms, nodes={"a": {"drain": True, "accepts": False}, "b": {}, "c": {}})
    return c, plan(c, *moves, **more)


# (sentence, (cluster, plan), the rules by which it is refused, or None)
CASES = [
    ("a plain move is fine", two((1, "a", "c", [])), None),
    ("no move is fine", two(), None),
    ("a swap through a third node is fine", full(*SWAP), None),
    ("a VM that is not there", two((9, "a", "c", [])), "unknown"),
    ("a node that is not there", two((1, "a", "z", [])), "unknown"),
    ("waiting for a later move", two((1, "a", "c", [1]), (2, "a", "b", [])), "order"),
    ("from where the VM is not", two((1, "b", "c", [])), "from"),
    ("from where the VM is no longer", two((1, "a", "c", [], BOUNCE), (1, "a", "b", [0])), "from"),
    ("to where the VM is", two((1, "a", "a", [])), "from,transient"),
    ("a second move that does not wait for the first", two((1, "a", "c", [], BOUNCE), (1, "c", "b", [])), "from,order"),
    ("a second move after what is not marked as a bounce", two((1, "a", "c", []), (1, "c", "b", [0])), "bounce"),
    ("a bounce that nothing follows", two((1, "a", "c", [], BOUNCE)), "bounce"),
    ("a VM that cannot be moved", of({1: ("a", 4000, {"movable": False}), 2: ("b", 1)}, (1, "a", "c", [])), "movable"),
    ("a target that takes no VMs", two((1, "a", "c", []), nodes={"a": {}, "b": {}, "c": {"accepts": False}}), "target"),
    ("a target that is being emptied", two((1, "a", "c", []), nodes={"a": {}, "b": {}, "c": {"drain": True}}), "drain,target"),
    ("a target that the VM may not be on", of({1: ("a", 4000, {"allowed": ["a", "b"]})}, (1, "a", "c", [])), "pin,target"),
    ("a wrong figure of what is sent", two((1, "a", "c", [], {"wire": 1})), "wire"),
    ("more moves than allowed", two((1, "a", "c", []), (2, "a", "b", []), max_moves=1), "max_moves"),
    ("as many moves as allowed are fine", two((1, "a", "c", []), (2, "a", "b", []), max_moves=2), None),
    ("a swap without waiting: both count on both nodes", full((1, "a", "b", []), (3, "b", "a", [])), "transient"),
    ("a swap where only one waits", full((1, "a", "b", []), (3, "b", "a", [0])), "transient"),
    ("a bounce for whose end the next does not wait", full((1, "a", "c", [], BOUNCE), (3, "b", "a", []), (1, "c", "b", [0, 1])), "transient"),
    ("two that each fit, but not both, for one that leaves",
     of({1: ("a", 5000), 2: ("a", 4000), 3: ("b", 4500), 4: ("c", 5000)}, (1, "a", "b", []), (3, "b", "a", [0]), (4, "c", "a", [0])),
     "steady,transient"),
    ("two that fit for two that leave, if each waits for its own, are fine",
     of({1: ("a", 4000), 2: ("a", 4000), 3: ("b", 4500), 4: ("c", 4500)}, (1, "a", "c", []), (2, "a", "b", []), (3, "b", "a", [1]),
        (4, "c", "a", [0])), None),
    ("two that fit for two that leave, if both wait for the same",
     of({1: ("a", 4000), 2: ("a", 4000), 3: ("b", 4500), 4: ("c", 4500)}, (1, "a", "c", []), (2, "a", "b", []), (3, "b", "a", [1]),
        (4, "c", "a", [1])), "transient"),
    ("a node above the transient limit from the start that gets none is fine", of({1: ("a", 9900), 2: ("b", 500)}, (2, "b", "c", [])), None),
    ("a node above the transient limit from the start that gets more", of({1: ("a", 9900), 2: ("b", 50)}, (2, "b", "a", [])), "steady,transient"),
    ("above the steady limit in the end", of({1: ("a", 9000), 2: ("b", 600)}, (2, "b", "a", [])), "steady"),
    ("too many busy cores in the end", of({1: ("a", 1, {"cpu": 9000}), 2: ("b", 600, {"cpu": 600})}, (2, "b", "a", [])), "steady"),
    ("more cores assigned than the over-commit allows",
     of({1: ("a", 1, {"vcpu": 30000}), 2: ("b", 600, {"vcpu": 11000})}, (2, "b", "a", [])), "steady,transient"),
    ("three into a node at a time", of(dict.fromkeys(range(1, 5), ("a", 1000)), *[(i, "a", "bc"[i % 2], []) for i in range(1, 4)]), "slots"),
    ("three into one node at a time, from others",
     of({1: ("a", 1000), 2: ("b", 1000), 3: ("d", 1000)}, (1, "a", "c", []), (2, "b", "c", []), (3, "d", "c", []),
        nodes={n: {} for n in "abcd"}), "slots"),
    ("three into a node, the third after the first, are fine",
     of(dict.fromkeys(range(1, 5), ("a", 1000)), (1, "a", "b", []), (2, "a", "c", []), (3, "a", "b", [0])), None),
    ("members of a rule apart that meet in the end", two((3, "b", "a", []), rules=[("apart", 1, 3)]), "apart,apart at the end"),
    ("members of a rule apart that meet only on the way",
     two((3, "b", "a", [], BOUNCE), (3, "a", "c", [0]), rules=[("apart", 1, 3)]), "apart"),
    ("members of a rule apart, one into where the other just leaves", two((1, "a", "c", []), (3, "b", "a", []), rules=[("apart", 1, 3)]),
     "apart"),
    ("members of a rule apart, one waiting for the other to leave, are fine",
     two((1, "a", "c", []), (3, "b", "a", [0]), rules=[("apart", 1, 3)]), None),
    ("members of a rule apart, the one that waits named first, are fine",
     two((1, "a", "c", []), (3, "b", "a", [0]), rules=[("apart", 3, 1)]), None),
    ("a rule apart that was broken and is mended is fine", two((1, "a", "c", []), rules=[("apart", 1, 2)]), None),
    ("a rule apart that was broken and stays so", two((3, "b", "c", []), rules=[("apart", 1, 2)]), "apart at the end"),
    ("a rule apart that stays broken, with a VM named that cannot move, is fine",
     two(rules=[("apart", 1, 2)], more={"unmovable": [{"vm": 1, "node": "a", "why": "no room"}]}), None),
    ("a rule together that is torn", two((1, "a", "c", []), rules=[("together", 1, 2)]), "together at the end"),
    ("a rule together whose members follow is fine", two((1, "a", "c", []), (2, "a", "c", []), rules=[("together", 1, 2)]), None),
    ("a rule together that stays torn", two(rules=[("together", 1, 3)]), "together at the end"),
    ("a node that is not emptied", draining({1: ("a", 4000), 2: ("a", 2000)}, (1, "a", "b", [])), "drain"),
    ("a node that is emptied is fine", draining({1: ("a", 4000), 2: ("a", 2000)}, (1, "a", "b", []), (2, "a", "c", [])), None),
    ("a node that is not emptied, with the VM named that cannot move, is fine",
     draining({1: ("a", 4000), 2: ("a", 2000)}, (1, "a", "b", []), unmovable=[{"vm": 2, "node": "a", "why": "no room"}]), None),
    ("a node that is emptied, but for a VM that never moves and is named, is fine",
     draining({1: ("a", 4000), 2: ("a", 2000, {"movable": False})}, (1, "a", "b", []), unmovable=[{"vm": 2, "node": "a", "why": "it must stay"}]), None),
    ("a node that is emptied, but for a VM that never moves, without a word",
     draining({1: ("a", 4000), 2: ("a", 2000, {"movable": False})}, (1, "a", "b", [])), "unsaid"),
    ("a VM left where it may not be", of({1: ("a", 4000, {"allowed": ["b"]})}), "pin"),
    ("a VM left where it may not be, and named, is fine",
     two(pin=1, more={"unmovable": [{"vm": 1, "node": "a", "why": "no room"}]}), None),
    ("a wrong f0", two((1, "a", "c", []), more={"f0": 0.5}), "objective"),
    ("a wrong f", two((1, "a", "c", []), more={"f": 0.5}), "objective"),
    ("a bound above what the plan reaches", two((1, "a", "c", []), more={"lower_bound": 0.5}), "bound,captured"),
    ("a wrong picture of the nodes", two((1, "a", "c", []), more={"after": {}}), "shares"),
    ("a share that is not what was captured", two((1, "a", "c", []), more={"captured_ppm": 999000}), "captured"),
]


# Nodes of 10000 MiB, steady at 9500: 1 and 2 have one, 3 to 5 are new. (what it is, {VM: node}, VMs said to be refused, rules)
PLACED = {1: ("a", 6000), 2: ("b", 2000), 3: (None, 2000), 4: (None, 2000, {"allowed": ["a", "b"]}), 5: (None, 9600)}
PLACEMENTS = [
    ("a sound placement, with a VM too large for any node, is fine", {3: "c", 4: "b"}, [5], ""),
    ("a VM where it may not be", {1: "a", 2: "c", 3: "b", 4: "c"}, [5], "moved,target"),
    ("a VM on a node that is too full", {3: "c", 4: "b", 5: "c"}, [], "steady"),
    ("a VM that has a node, and is moved", {1: "c", 3: "b", 4: "b"}, [5], "moved"),
    ("a VM that is refused, but fits", {4: "b"}, [3, 5], "refused"),
    ("a VM that finds no node, without a word", {3: "c", 4: "b"}, [], "refused"),
    ("a VM on a node with one it must be apart from", {3: "a", 4: "b"}, [5], "rule"),
    ("a VM far from one it is together with", {3: "b", 4: "a"}, [5], "rule"),
]


def judged_placement(where, refused, rules):
    c = cluster(PLACED, [("apart", 1, 3), ("together", 2, 4)])
    placement = {"nodes": {str(i): where.get(i, vm[0]) for i, vm in PLACED.items()},
                 "refused": [{"vm": i, "node": n, "why": ""} for i in refused for n in "abc"]}
    problems, _ = balance_check.check_placement(c, placement)
    return sorted({rule for rule, _ in problems}) == (rules.split(",") if rules else []), problems


def judged(case, rules):
    """Is it refused by these rules, and by no others?"""
    problems, _ = balance_check.check(*case)
    return sorted({rule for rule, _ in problems}) == (rules.split(",") if rules else []), problems


def by_hand():
    """F of two nodes, one a third full and one not at all, by hand: 2 * (1/6)^2 * 1/2, and a move's price on top."""
    c = cluster({1: ("a", 3000, {"cpu": 0}), 2: ("b", 0, {"cpu": 0})}, nodes={"a": {"mem": 9000}, "b": {"mem": 9000}})
    k = balance_check.Checker(c, {"moves": []})
    moved = k.objective({1: "b", 2: "b"})
    return abs(k.objective(k.start) - 1 / 36) < 1e-12 and abs(moved - 1 / 36 - 2 * 0.05 * (3000 + 1024) / 18000) < 1e-12


# --- the checker's cuts and sets, against all states one by one ---

def states(waits):
    """All (started, ended) that durations can lead to."""
    for state in itertools.product((0, 1, 2), repeat=len(waits)):
        if all(s == 0 or all(state[j] == 2 for j in range(len(waits)) if w >> j & 1) for s, w in zip(state, waits)):
            yield state


def agrees(rng):
    """Random moves between three nodes, with random waits: is the worst that the checker says the worst there is?"""
    c = cluster({i: ("abc"[rng.below(3)], 1 + rng.below(9)) for i in range(6)})
    moves = []
    for vm in c["vms"]:
        after = [j for j in range(len(moves)) if rng.below(3) == 0]
        moves.append({"vm": vm["id"], "from": vm["node"], "to": rng.shuffled([n for n in "abc" if n != vm["node"]])[0], "wire": vm["wire"], "why": "balance",
                      "bounce": False, "starts_after": after})
    k = balance_check.Checker(c, {"moves": moves})
    k.read_moves()
    size = {vm["id"]: vm["mem"] for vm in c["vms"]}
    worst, most = dict.fromkeys("abc", 0), {(n, side): 0 for n in "abc" for side in (0, 1)}
    for state in states(k.waits):
        grown = dict.fromkeys("abc", 0)
        busy = dict.fromkeys(most, 0)
        for s, m in zip(state, moves):
            grown[m["to"]] += size[m["vm"]] * (s > 0)
            grown[m["from"]] -= size[m["vm"]] * (s == 2)
            busy[m["to"], 0] += s == 1
            busy[m["from"], 1] += s == 1
        for n in "abc":
            worst[n] = max(worst[n], grown[n])
        for key in most:
            most[key] = max(most[key], busy[key])
    return all(k.worst_growth(n, "mem") == worst[n] for n in "abc") and \
        all(k.at_once(k.touching[n][side]) == count for (n, side), count in most.items())


# --- the generator ---

def digest(*args, python=sys.executable):
    return hashlib.sha256(subprocess.run([python, GEN, *args], check=True, stdout=subprocess.PIPE).stdout).hexdigest()


def sound(nodes, vms, variants, seed):
    """Nothing is wrong with the cluster when nothing is done, but for what the variant is about."""
    c = balance_gen.generate(nodes, vms, seed, variants=variants)
    k = balance_check.Checker(c, {"moves": []})
    used = k.load(k.start, "mem")
    k.check_end()
    allowed = {"drain"} if any(v.startswith("drain") for v in variants) else {"pin"} if "cycle" in variants else set()
    steady = all(used[n["name"]] * 1000000 <= n["mem"] * c["params"]["steady_ppm"] for n in c["nodes"])
    return steady and {kind for kind, _ in k.problems} <= allowed


def level(nodes, vms, percent):
    c = balance_gen.generate(nodes, vms, 3, variants=[f"tight{percent}"])
    k = balance_check.Checker(c, {"moves": []})
    mem, cpu = (balance_check.spread(k.nodes, k.load(k.start, r), r) for r in ("mem", "cpu"))
    return abs(mem[0] - percent / 100) < 0.01 and abs(mem[1] - percent / 100) < 0.01 and cpu[2] > 0.05


SEVEN = "82f2a4e30b7099ee"


def swapped(nodes, vms, seed):
    """The pairs of a forced swap can swap, each through the node that both may be on."""
    c = balance_gen.generate(nodes, vms, seed, variants=["cycle"])
    new = [vm for vm in c["vms"] if vm["id"] >= 100 + vms]
    moves = []
    for a, b in zip(new[::2], new[1::2]):
        way, first = (set(a["allowed"]) & set(b["allowed"])).pop(), len(moves)
        moves += [(a["id"], a["node"], way, [], BOUNCE), (b["id"], b["node"], a["node"], [first]), (a["id"], way, b["node"], [first, first + 1])]
    problems, _ = balance_check.check(c, plan(c, *moves))
    return {rule for rule, _ in problems} <= {"captured", "shares"}  # this file's plan() knows round nodes only


def generator_checks():
    args = ("16", "400", "--seed", "7", "--variant", "pins,rules,disks")
    here = digest(*args)
    yield "the same seed gives the same cluster", here == digest(*args) and here != digest(*args[:3], "8", *args[4:])
    yield "and the one it gave when this was written", here.startswith(SEVEN)
    for nodes, vms in ((3, 40), (16, 400), (50, 2000)):
        for variants in ((), ("tight85",), ("tight90",), ("tight94",), ("pins", "rules", "disks"), ("newnode",), ("drain1",), ("cycle",)):
            yield f"{nodes}/{vms} {','.join(variants)}: nothing is wrong at the start", all(sound(nodes, vms, variants, s) for s in (1, 2, 3))
    yield "forced swaps have a way", all(swapped(nodes, vms, seed) for nodes, vms in ((3, 40), (16, 400)) for seed in range(1, 6))
    for percent in (85, 90, 94):
        yield f"all nodes {percent} % full, and unequally busy", level(16, 400, percent)
    wrong = balance_gen.generate(16, 400, 1, variants=["pins", "rules"], violate=3)
    k = balance_check.Checker(wrong, {"moves": []})
    k.check_end()
    kinds = [kind for kind, _ in k.problems]
    yield "rules and pins are broken at the start when asked for", kinds.count("pin") == 3 and len(kinds) == 6
    c = balance_gen.generate(16, 400, 1, variants=["pins", "rules", "disks"])
    yield "5 % are pinned, 10 % are in rules, some send more than their memory", (
        sum("allowed" in vm for vm in c["vms"]) == 20 and 36 <= sum(len(r["members"]) for r in c["rules"]) <= 40
        and 40 < sum(vm["wire"] > vm["mem"] for vm in c["vms"]) < 120)
    used = {vm["node"] for vm in balance_gen.generate(16, 400, 1, variants=["newnode"])["vms"]}
    yield "a new node is empty", used == {f"pve{i}" for i in range(1, 16)}
    noisy = balance_gen.noisy(c, 1)
    yield "noise changes loads by 2 % at most", noisy != c and all(
        abs(a["mem"] - b["mem"]) <= 0.02 * a["mem"] + 1 and a["node"] == b["node"] for a, b in zip(c["vms"], noisy["vms"]))



def peer_checks():
    c = balance_gen.generate(16, 400, 1)
    result = balance_peers.proxlb(c)
    k = balance_check.Checker(c, {"moves": []})
    high, low, _ = balance_check.spread(k.nodes, k.load(result["where"], "mem"), "mem")
    yield "ProxLB's rule ends within its own five points", result["done"] and high - low <= 0.05 and result["moves"] > 0
    calm = balance_peers.dlb(c)
    eager = balance_peers.dlb(c, threshold=0, margin=0)
    yield "PVE's rule does nothing by default, and lowers imbalance when told to", calm["moves"] == 0 and eager["end"] < 0.1 * eager["start"]


def brute_checks():
    c = cluster({1: ("a", 3000), 2: ("a", 3000), 3: ("a", 3000)}, tolerance_ppm=10000)
    best = balance_check.best_of_all(c)
    yield "all placements tried: the best of three VMs is one on each node", sorted(best[1].values()) == ["a", "b", "c"]
    c["rules"] = [{"name": "r", "type": "together", "hard": True, "members": [1, 2]}]
    yield "and keeps rules", best[0] < balance_check.best_of_all(c)[0]


def checks():
    for sentence, case, rules in CASES:
        good, problems = judged(case, rules)
        yield "refused: " + sentence if rules else sentence, good or print("#", problems)
    for sentence, where, refused, rules in PLACEMENTS:
        good, problems = judged_placement(where, refused, rules)
        yield "refused: " + sentence if rules else sentence, good or print("#", problems)
    yield "F is what it is by hand", by_hand()
    rng = balance_gen.Random(5)
    yield "the worst on the way is the worst of all states, tried one by one", all(agrees(rng) for _ in range(60))
    yield from brute_checks()
    yield from generator_checks()
    yield from peer_checks()


def main():
    return tap.Points().checks(checks()).end()


if __name__ == "__main__":
    sys.exit(main())
