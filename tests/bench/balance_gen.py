#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Made-up clusters for the balancer's bench: the same seed gives the same cluster on every Python and machine.

    balance_gen.py NODES VMS [--seed N] [--fill 0.65] [--skew 0.35] [--variant NAME[,NAME...]] [--violate N] [--tolerance PPM] > cluster.json

VMs come in flavors of 1 to 256 GiB, few large ones (power law), use Beta(4,2) of their memory and a log-normal share of their cores;
every third node is half as large again as the others; the start is skewed by Zipf's law: some nodes full, some nearly empty.

    tight85 tight90 tight94   all nodes equally full of memory, and some far busier than others
    pins                      5 % of the VMs may run on one to three nodes only
    rules                     10 % of the VMs are in rules, apart or together
    disks                     20 % of the VMs have local disks, which go over the wire, too
    stay                      5 % of the VMs cannot be moved
    newnode                   the last node is empty
    drain1 drain2 ...         so many nodes must be emptied
    cycle                     pairs of VMs that must swap nodes where neither has room for both (they may not be where they are)

Hard rules hold at the start, but for cycle, and for so many of them as --violate says. Loads are MiB and thousandths of a core.
"""
import argparse
import bisect
import json
import math
import sys

MASK = (1 << 64) - 1
GIB = 1024
PARAMS = {"tolerance_ppm": 50000, "weight_mem": 1, "weight_cpu": 1, "steady_ppm": 950000, "transient_ppm": 980000,
          "overcommit_cpu_ppm": 4000000, "max_in": 2, "max_out": 2, "max_moves": 0, "max_node_moves": 0, "seed": 1}
FLAVORS = [1 << k for k in range(9)]  # GiB
POPULAR = 0.75  # a flavor twice as large is 2 to the power of this rarer
CPU_FILL = 0.28
SKEW = 0.35
CORES_PER_GIB = 0.25


class Random:
    """SplitMix64. Python's own random may draw otherwise in its next version."""

    def __init__(self, seed):
        self.state = seed & MASK

    def bits(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def uniform(self):
        return (self.bits() >> 11) / (1 << 53)

    def below(self, n):
        return self.bits() % n

    def shuffled(self, items):
        items = list(items)
        for i in range(len(items) - 1, 0, -1):
            j = self.below(i + 1)
            items[i], items[j] = items[j], items[i]
        return items

    def beta42(self):
        """Beta(4,2) is the fourth smallest of five uniform numbers."""
        return sorted(self.uniform() for _ in range(5))[3]

    def normal(self):
        return sum(self.uniform() for _ in range(12)) - 6.0

    def lognormal(self, median, sigma):
        return median * exp(sigma * self.normal())


def exp(x):
    """By additions and products only: libraries differ in the last bit, and a seed must mean one cluster."""
    x /= 64.0
    total = term = 1.0
    for i in range(1, 20):
        term *= x / i
        total += term
    for _ in range(6):
        total *= total
    return total


def power(base, exponent):
    """base ** exponent for the skew; rounded, for the same reason as exp."""
    return round(math.pow(base, exponent), 9)


def draw_vms(rng, count):
    weights = [power(size, -POPULAR) for size in FLAVORS]
    sums = [sum(weights[:i + 1]) for i in range(len(weights))]
    vms = []
    for i in range(count):
        size = FLAVORS[bisect.bisect(sums, rng.uniform() * sums[-1] * (1 - 1e-12))] * GIB
        vms.append({"id": 100 + i, "flavor": size, "share": rng.beta42(), "busy": min(1.0, rng.lognormal(0.15, 0.9))})
    return vms


def size_vms(vms, shares, fill):
    """MiB of a plain node, such that all nodes are filled as asked and no VM takes more than half of one."""
    while True:
        for vm in vms:
            vm["mem"] = max(64, int(vm["flavor"] * vm["share"]))
        plain = math.ceil(sum(vm["mem"] for vm in vms) / (fill * shares) / 64) * 64
        too_large = [vm for vm in vms if vm["flavor"] > plain // 2]
        if not too_large:
            return plain
        for vm in too_large:
            vm["flavor"] //= 2


def make_nodes(count, shares, plain, empty):
    nodes = []
    for i in range(count + empty):
        share = shares[i % count]
        nodes.append({"name": f"pve{i + 1}", "mem": int(plain * share), "cpu": 0, "share": share, "base_mem": 0, "base_cpu": 0,
                      "accepts": True, "drain": False})
    return nodes


def place_skewed(rng, vms, nodes, skew, steady):
    """By Zipf's law over the nodes in random order; a VM that finds its node full goes to the next one with room."""
    order = rng.shuffled(range(len(nodes)))
    sums, total = [], 0.0
    for rank, n in enumerate(order):
        total += nodes[n]["share"] * power(rank + 1, -skew)
        sums.append(total)
    used = [node["base_mem"] for node in nodes]
    for vm in vms:
        first = bisect.bisect(sums, rng.uniform() * total * (1 - 1e-12))
        for step in range(len(order)):
            n = order[(first + step) % len(order)]
            if used[n] + vm["mem"] <= steady * nodes[n]["mem"]:
                break
        else:
            raise SystemExit("balance_gen: the VMs do not fit; lower the fill")
        used[n] += vm["mem"]
        vm["at"] = n


def place_level(vms, nodes):
    """The largest first, each to the node that is then the least full."""
    used = [0] * len(nodes)
    for vm in sorted(vms, key=lambda v: (-v["mem"], v["id"])):
        n = min(range(len(nodes)), key=lambda i: ((used[i] + vm["mem"]) / nodes[i]["mem"], i))
        used[n] += vm["mem"]
        vm["at"] = n


def give_cores(rng, vms, nodes, uneven):
    """What each VM uses of its cores; uneven: the VMs of some nodes are far busier than those of others."""
    heat = [1.0] * len(nodes)
    if uneven:
        for rank, n in enumerate(rng.shuffled(range(len(nodes)))):
            heat[n] = 0.3 + 1.4 * rank / max(1, len(nodes) - 1)
    for vm in vms:
        vm["vcpu"] = 1000 * min(64, max(1, int(vm["flavor"] / GIB * CORES_PER_GIB)))
        vm["cpu"] = max(10, min(vm["vcpu"], int(vm["vcpu"] * vm["busy"] * heat[vm["at"]])))
    plain = sum(vm["cpu"] for vm in vms) / (CPU_FILL * sum(node["share"] for node in nodes if not node.get("empty")))
    plain = max(plain, *(vm["vcpu"] for vm in vms))
    for node in nodes:
        node["cpu"] = math.ceil(plain * node["share"] / 1000) * 1000


def give_disks(rng, vms):
    for vm in vms:
        if rng.below(5) == 0:
            vm["wire"] += 4 * GIB * (8 << rng.below(6))


def give_pins(rng, vms, nodes, wrong):
    """Every 20th VM; of the first so many as wrong says, the node is not among the allowed ones."""
    for count, vm in enumerate(rng.shuffled(vms)[:len(vms) // 20]):
        others = [n["name"] for i, n in enumerate(nodes) if i != vm["at"] and n["accepts"]]
        some = rng.shuffled(others)[:max(rng.below(3), nodes[vm["at"]]["drain"])]
        vm["allowed"] = sorted(some + [nodes[vm["at"]]["name"]]) if count >= wrong else sorted(some or others[:1])


def give_rules(rng, vms, nodes, wrong):
    """A tenth of the VMs, in groups of two to four: apart where they are apart, together where they are together."""
    free = [vm for vm in rng.shuffled(vms) if "allowed" not in vm]
    rules, left = [], len(vms) // 10
    while left >= 2 and len(free) >= 2:
        first = free.pop(0)
        kind = "apart" if rng.below(3) else "together"
        size = min(2 + rng.below(3), len(nodes), left)
        broken = wrong > 0
        fit = (lambda vm, group: all(vm["at"] != g["at"] for g in group)) if (kind == "apart") != broken else \
              (lambda vm, group: vm["at"] == group[0]["at"])
        group = [first]
        for vm in free:
            if len(group) == size:
                break
            if fit(vm, group):
                group.append(vm)
        if len(group) < 2:
            continue
        taken = {vm["id"] for vm in group}
        free = [vm for vm in free if vm["id"] not in taken]
        rules.append({"name": f"{kind}{len(rules) + 1}", "type": kind, "hard": True, "members": sorted(taken)})
        left -= len(group)
        wrong -= broken
    return rules


def fill_up(vms, node, n, mem):
    """All that is on the node stays there, and the node is filled by load of its own."""
    for vm in vms:
        if vm["at"] == n:
            vm["movable"] = False
    node["base_mem"] = max(0, mem - sum(vm["mem"] for vm in vms if vm["at"] == n))


def force_swaps(rng, vms, nodes, next_id):
    """Two nodes full to 93 % each hold a VM of 8 % that may not be there; a third one has room for one of them, but not for long."""
    order = rng.shuffled(range(len(nodes)))
    for p in range(max(1, len(nodes) // 6)):
        trio = order[3 * p:3 * p + 3]
        size = int(min(nodes[n]["mem"] for n in trio) * 0.08)
        for n in trio[:2]:
            fill_up(vms, nodes[n], n, int(nodes[n]["mem"] * 0.93) - size)
        fill_up(vms, nodes[trio[2]], trio[2], int(nodes[trio[2]]["mem"] * 0.965) - size)
        for n, other in (trio[:2], trio[1::-1]):
            vms.append({"id": next_id, "at": n, "mem": size, "cpu": 500, "vcpu": 2000, "wire": size, "movable": True,
                        "allowed": sorted(nodes[i]["name"] for i in (other, trio[2]))})
            next_id += 1


def generate(nodes, vms, seed=1, fill=None, skew=SKEW, variants=(), violate=0, **params):
    """A cluster as the planner reads it."""
    known = {"pins", "rules", "disks", "stay", "newnode", "cycle"}
    tight = [int(v[5:]) for v in variants if v.startswith("tight")]
    drains = sum(int(v[5:]) for v in variants if v.startswith("drain"))
    bad = [v for v in variants if v not in known and not v.startswith(("tight", "drain"))]
    if bad or set(params) - set(PARAMS):
        raise SystemExit(f"balance_gen: unknown: {', '.join(bad + sorted(set(params) - set(PARAMS)))}")
    rng = Random(seed * 1000003 + nodes * 7919 + vms)
    empty = 1 if "newnode" in variants and nodes > 1 else 0
    settings = dict(PARAMS, **params)
    shares = [1.5 if i % 3 == 2 else 1.0 for i in range(nodes - empty)]
    fill = tight[0] / 100 if tight else fill or (0.65 if not drains and "cycle" not in variants else 0.5)
    machines = draw_vms(rng, vms)
    plain = size_vms(machines, sum(shares), fill)
    hosts = make_nodes(nodes - empty, shares, plain, empty)
    for host in hosts[nodes - empty:]:
        host["empty"] = True
    old = hosts[:nodes - empty]
    if tight:
        place_level(machines, old)
    else:
        # Where swaps are forced, no node is full before.
        place_skewed(rng, machines, old, skew, 0.80 if "cycle" in variants else settings["steady_ppm"] / 1e6)
    give_cores(rng, machines, hosts, bool(tight))
    for vm in machines:
        vm.update(wire=vm["mem"], movable=True)
    for n in rng.shuffled(range(len(old)))[:drains]:
        hosts[n].update(accepts=False, drain=True)
    if "stay" in variants:
        for vm in rng.shuffled(machines)[:len(machines) // 20]:
            vm["movable"] = False
    if "disks" in variants:
        give_disks(rng, machines)
    if "pins" in variants:
        give_pins(rng, machines, hosts, violate)
    rules = give_rules(rng, machines, hosts, violate) if "rules" in variants else []
    if "cycle" in variants:
        force_swaps(rng, machines, hosts, 100 + vms)
    return finished(settings, hosts, machines, rules)


def finished(settings, hosts, machines, rules):
    keys = ("id", "node", "mem", "cpu", "vcpu", "wire", "movable", "allowed")
    for vm in machines:
        vm["node"] = hosts[vm["at"]]["name"]
    return {"params": settings,
            "nodes": [{k: v for k, v in host.items() if k not in ("share", "empty")} for host in hosts],
            "vms": [{k: vm[k] for k in keys if k in vm} for vm in sorted(machines, key=lambda v: v["id"])], "rules": rules}


def noisy(cluster, seed, share=0.02):
    """The same cluster a while later: every VM's load is up to so much higher or lower."""
    rng = Random(seed * 7368787 + 11)
    vms = []
    for vm in cluster["vms"]:
        factors = [1 + share * (2 * rng.uniform() - 1) for _ in range(2)]
        vms.append(dict(vm, mem=max(1, int(vm["mem"] * factors[0])), cpu=max(1, int(vm["cpu"] * factors[1]))))
    return dict(cluster, vms=vms)


def main():
    parser = argparse.ArgumentParser(description="Writes a made-up cluster for the balancer to standard output.")
    parser.add_argument("nodes", type=int)
    parser.add_argument("vms", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fill", type=float)
    parser.add_argument("--skew", type=float, default=SKEW)
    parser.add_argument("--variant", default="")
    parser.add_argument("--violate", type=int, default=0)
    parser.add_argument("--tolerance", type=int, default=PARAMS["tolerance_ppm"])
    args = parser.parse_args()
    variants = [v for v in args.variant.split(",") if v]
    json.dump(generate(args.nodes, args.vms, args.seed, args.fill, args.skew, variants, args.violate, tolerance_ppm=args.tolerance),
              sys.stdout, separators=(",", ":"))
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
