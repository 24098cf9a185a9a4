#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What two other balancers would do with the same cluster: their rules, written anew and without their waits and requests.

    balance_peers.py CLUSTER

ProxLB 2.x (method memory, mode used): while the fullest and the emptiest node differ by more than "balanciness" points, one pass
over all guests, smallest first; a guest that is on the node that is the fullest right then goes to the one that is the emptiest
right then, if its memory is free there; it ends as soon as the two differ by less. Groups count as one entry of the list, and their members follow one by one.
The next pass is the next run, by default twelve hours later; a pass that moves nothing is the last.

The dynamic load balancer of PVE 9.2: a node's load is the mean of its shares of memory and cores; imbalance is their variation
(standard deviation by mean) by the root of the number of nodes but one. Above the threshold the one migration that lowers it most
is made, if it lowers it by a share of at least the margin; and so on, one at a time. All guests are taken as HA guests here.
"""
import json
import math
import sys


def loads_of(cluster, where, r):
    loads = {n["name"]: n.get("base_" + r, 0) for n in cluster["nodes"]}
    for vm in cluster["vms"]:
        loads[where[vm["id"]]] += vm[r]
    return loads


def groups_of(cluster):
    """The lists that are gone through: members of rules "together", and every other VM by itself."""
    taken, groups = set(), []
    vms = {vm["id"]: vm for vm in cluster["vms"]}
    for rule in cluster["rules"]:
        if rule["type"] == "together":
            groups.append([vms[i] for i in rule["members"]])
            taken.update(rule["members"])
    groups += [[vm] for vm in cluster["vms"] if vm["id"] not in taken]
    return groups


def proxlb(cluster, balanciness=5, larger_first=False, max_rounds=100):
    """{moves, gib, rounds, done, where}"""
    where = {vm["id"]: vm["node"] for vm in cluster["vms"]}
    size = {n["name"]: n["mem"] for n in cluster["nodes"]}
    groups = sorted(groups_of(cluster), key=lambda g: (len(g), (-1 if larger_first else 1) * sum(vm["mem"] for vm in g)))
    moves = sent = rounds = 0
    done = False
    used = loads_of(cluster, where, "mem")

    def share(n):
        return used[n] / size[n]

    fullest, emptiest = max(size, key=share), min(size, key=share)
    while rounds < max_rounds and not done:
        first = moves
        for group in groups:
            if 100 * (share(fullest) - share(emptiest)) <= balanciness:
                break
            target = emptiest
            for vm in group:
                n = where[vm["id"]]
                if n != fullest:
                    break
                if not vm["movable"] or target not in vm.get("allowed", size):
                    continue
                if vm["mem"] >= size[target] - used[target]:
                    continue
                used[n] -= vm["mem"]
                used[target] += vm["mem"]
                where[vm["id"]] = target
                moves += 1
                sent += vm["wire"]
                fullest, emptiest = max(size, key=share), min(size, key=share)
        done = moves == first
        rounds += not done
    return {"moves": moves, "gib": sent / 1024, "rounds": rounds, "done": done, "where": where}


def dlb_imbalance(total, squares, n):
    mean = total / n
    return math.sqrt(max(0.0, squares / n - mean * mean)) / mean / math.sqrt(n - 1) if mean > 0 and n > 1 else 0.0


def half(vm, node):
    return (vm["mem"] / node["mem"] + vm["cpu"] / node["cpu"]) / 2


def dlb(cluster, threshold=0.3, margin=0.1, max_moves=1000):
    """{moves, gib, where, start, end}; start and end are imbalances by its own measure."""
    where = {vm["id"]: vm["node"] for vm in cluster["vms"]}
    nodes = cluster["nodes"]
    by_name = {n["name"]: n for n in nodes}
    mem, cpu = loads_of(cluster, where, "mem"), loads_of(cluster, where, "cpu")
    load = {n["name"]: (mem[n["name"]] / n["mem"] + cpu[n["name"]] / n["cpu"]) / 2 for n in nodes}
    moves, sent = 0, 0
    start = None
    while True:
        total, squares = sum(load.values()), sum(x * x for x in load.values())
        now = dlb_imbalance(total, squares, len(nodes))
        start = now if start is None else start
        if now <= threshold or moves == max_moves:
            break
        best = (now, None, None, 0, 0)
        for vm in cluster["vms"]:
            if not vm["movable"]:
                continue
            home = where[vm["id"]]
            full = load[home]
            left = full - half(vm, by_name[home])
            base_total, base_squares = total - full + left, squares - full * full + left * left
            for n in nodes:
                if n["name"] == home or n["name"] not in vm.get("allowed", load):
                    continue
                add = half(vm, n)
                b = load[n["name"]]
                value = dlb_imbalance(base_total + add, base_squares + add * (2 * b + add), len(nodes))
                if value < best[0] - 1e-12:
                    best = (value, vm, n["name"], left, b + add)
        if best[1] is None or now - best[0] < margin * now:
            break
        vm, target = best[1], best[2]
        load[where[vm["id"]]], load[target] = best[3], best[4]
        where[vm["id"]] = target
        moves += 1
        sent += vm["wire"]
    return {"moves": moves, "gib": sent / 1024, "where": where, "start": start, "end": now}


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        cluster = json.load(f)
    for name, result in (("ProxLB 2.x", proxlb(cluster)), ("ProxLB 2.x, larger first", proxlb(cluster, larger_first=True)),
                         ("PVE, as it is by default", dlb(cluster))):
        print(name, {k: v for k, v in result.items() if k != "where"})
    return 0


if __name__ == "__main__":
    sys.exit(main())
