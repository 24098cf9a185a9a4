#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is a plan of the balancer sound? Shares no code with the planner, and believes none of its sums.

    balance_check.py CLUSTER PLAN [--brute]      a sentence for each thing wrong, else the figures; --brute: try all placements

A move may start as soon as the moves in its starts_after have ended, and may last as long as it likes. So a plan is sound only
when no durations whatever lead to a state that must not be. That is decided, not sampled: per node, the worst state is a
minimum cut between the moves that fill it and the moves whose end they wait for, and the most moves at a time are the largest
set of moves that do not wait for each other. The plan is also replayed move by move, for the figures and as a second opinion.
"""
import heapq
import json
import re
import sys

PPM = 1000000
SPEED = 550  # MiB a second of one migration, for the figures
LOADS = ("mem", "cpu", "vcpu")
FIXED_MIB = 1024  # what a move costs in F besides what it sends


class Checker:
    def __init__(self, cluster, plan):
        self.params, self.rules = cluster["params"], cluster.get("rules", [])
        self.nodes = {n["name"]: n for n in cluster["nodes"]}
        self.vms = {v["id"]: v for v in cluster["vms"]}
        self.plan, self.moves = plan, plan["moves"]
        self.named = {left["vm"] for left in plan.get("unmovable", [])}
        self.problems = []
        self.start = {i: v["node"] for i, v in self.vms.items()}
        self.end = dict(self.start)
        self.waits = []  # of each move: the moves that must have ended, as bits
        self.own = {}  # of each VM that moves: its moves
        self.touching = {n: ([], []) for n in self.nodes}  # moves in, moves out

    def wrong(self, rule, text):
        self.problems.append((rule, text))

    # --- each move by itself ---

    def read_moves(self):
        """False when there is no sense in looking further."""
        for i, m in enumerate(self.moves):
            vm = self.vms.get(m["vm"])
            if vm is None or m["from"] not in self.nodes or m["to"] not in self.nodes:
                self.wrong("unknown", f"move {i}: no such VM or node")
                return False
            after = m.get("starts_after", [])
            if any(not 0 <= j < i for j in after):
                self.wrong("order", f"move {i} waits for a move that is not an earlier one")
                return False
            bits = 0
            for j in after:
                bits |= self.waits[j] | 1 << j
            self.waits.append(bits)
            self.read_move(i, m, vm)
        for i, own in self.own.items():
            if self.moves[own[-1]]["bounce"]:
                self.wrong("bounce", f"move {own[-1]} of VM {i} is marked as a bounce, but no other follows")
        self.check_number()
        return True

    def check_number(self):
        """What must be may take more moves than are allowed; then nothing else moves."""
        free = [i for i, m in enumerate(self.moves) if m["why"] == "balance"]
        most, by_node = self.params["max_moves"], self.params.get("max_node_moves", 0)
        if most and len(self.moves) > most and free:
            self.wrong("max_moves", f"{len(self.moves)} moves, {most} are allowed")
        for n, (comes, goes) in self.touching.items():
            for moves, way in ((comes, "into"), (goes, "out of")):
                if by_node and len(moves) > by_node and set(free) & set(moves):
                    self.wrong("max_node_moves", f"{len(moves)} moves {way} {n}, {by_node} are allowed")

    def read_move(self, i, m, vm):
        name, to = f"move {i} of VM {m['vm']}", self.nodes[m["to"]]
        if m["from"] != self.end[m["vm"]]:
            self.wrong("from", f"{name} is from {m['from']}, but the VM is on {self.end[m['vm']]}")
        if m["from"] == m["to"]:
            self.wrong("from", f"{name} leads nowhere")
        if not vm["movable"]:
            self.wrong("movable", f"{name}: the VM cannot be moved")
        if not to["accepts"] or to["drain"]:
            self.wrong("target", f"{name}: {m['to']} takes no VMs")
        if m["to"] not in vm.get("allowed", self.nodes):
            self.wrong("target", f"{name}: the VM may not be on {m['to']}")
        if m["wire"] != vm["wire"]:
            self.wrong("wire", f"{name}: {m['wire']} MiB over the wire, should be {vm['wire']}")
        before = self.own.setdefault(m["vm"], [])
        if before and not self.waits[i] >> before[-1] & 1:
            self.wrong("order", f"{name} does not wait for move {before[-1]}, of the same VM")
        if before and not self.moves[before[-1]]["bounce"]:
            self.wrong("bounce", f"{name} follows move {before[-1]}, which is not marked as a bounce")
        before.append(i)
        self.touching[m["to"]][0].append(i)
        self.touching[m["from"]][1].append(i)
        self.end[m["vm"]] = m["to"]

    # --- the worst that can happen on the way ---

    def load(self, where, r):
        loads = {n: node["base_mem" if r == "mem" else "base_cpu"] for n, node in self.nodes.items()}
        for i, n in where.items():
            loads[n] += self.vms[i][r]
        return loads

    def limit(self, node, r, ppm):
        """Exact: load * PPM is compared with this."""
        return node["cpu"] * self.params["overcommit_cpu_ppm"] if r == "vcpu" else node[r] * ppm

    def check_way(self):
        for r in LOADS:
            loads = self.load(self.start, r)
            for n, node in self.nodes.items():
                worst = loads[n] + self.worst_growth(n, r)
                if worst > loads[n] and worst * PPM > self.limit(node, r, self.params["transient_ppm"]):
                    self.wrong("transient", f"{n} can reach {worst} of {node['cpu' if r == 'vcpu' else r]} ({r}) on the way")
        for n in self.nodes:
            for side, most in ((0, self.params["max_in"]), (1, self.params["max_out"])):
                count = self.at_once(self.touching[n][side])
                if count > most:
                    self.wrong("slots", f"{count} moves {('into', 'out of')[side]} {n} can be under way at a time, {most} are allowed")

    def worst_growth(self, n, r):
        """Of the moves into n, take those that bring more than the moves out of n, for whose end they wait, take away."""
        comes = {i: self.vms[self.moves[i]["vm"]][r] for i in self.touching[n][0]}
        goes = {i: self.vms[self.moves[i]["vm"]][r] for i in self.touching[n][1]}
        sent = {}
        total = 0
        for i in comes:
            while comes[i] > 0:
                path = self.path_to_room(i, goes, sent)
                if not path:
                    break
                flow = min([comes[i], goes[path[-1][1]]] + [sent[back[0], back[1]] for back in path if len(back) == 3])
                for step in path:
                    key = step[:2]
                    sent[key] = sent.get(key, 0) + (-flow if len(step) == 3 else flow)
                goes[path[-1][1]] -= flow
                comes[i] -= flow
            total += comes[i]
        return total

    def path_to_room(self, first, goes, sent):
        """Steps (in, out) forwards and (in, out, True) backwards to a move out that still has something to give."""
        came, queue = {("in", first): None}, [("in", first)]
        while queue:
            side, i = queue.pop()
            if side == "in":
                following = [("out", o, (i, o)) for o in goes if self.waits[i] >> o & 1]
            else:
                following = [("in", j, (j, i, True)) for (j, o), flow in sent.items() if o == i and flow > 0]
            for kind, j, step in following:
                if (kind, j) in came:
                    continue
                came[kind, j] = ((side, i), step)
                queue.append((kind, j))
                if kind == "out" and goes[j] > 0:
                    path, at = [], (kind, j)
                    while came[at]:
                        path.append(came[at][1])
                        at = came[at][0]
                    return path[::-1]
        return None

    def at_once(self, moves):
        """The largest set of moves none of which waits for another (Dilworth: all, less a largest matching along the waits)."""
        partner = {}

        def match(i, seen):
            for j in moves:
                if self.waits[i] >> j & 1 and j not in seen:
                    seen.add(j)
                    if j not in partner or match(partner[j], seen):
                        partner[j] = i
                        return True
            return False

        return len(moves) - sum(match(i, set()) for i in moves)

    def stays(self, vm):
        """Of a VM: (node, the move that brings it or None, the move that takes it or None)"""
        at, since = self.start[vm], None
        for i in self.own.get(vm, []):
            yield at, since, i
            at, since = self.moves[i]["to"], i
        yield at, since, None

    def check_apart(self):
        for rule in self.rules:
            members = [i for i in rule["members"] if i in self.vms]
            if rule["type"] != "apart" or not rule["hard"] or not set(self.own) & set(members):
                continue
            stays = {i: list(self.stays(i)) for i in members}
            for x, a in enumerate(members):
                for b in members[x + 1:]:
                    if self.start[a] != self.start[b] and any(self.can_meet(s, t) for s in stays[a] for t in stays[b]):
                        self.wrong("apart", f"rule {rule['name']}: VMs {a} and {b} can meet on a node on the way")

    def can_meet(self, s, t):
        """Neither leaves before the other comes."""
        return s[0] == t[0] and not any(gone is not None and comes is not None and self.waits[comes] >> gone & 1
                                        for gone, comes in ((s[2], t[1]), (t[2], s[1])))

    # --- the end ---

    def check_end(self):
        for r in LOADS:
            before, after = self.load(self.start, r), self.load(self.end, r)
            for n, node in self.nodes.items():
                if after[n] > before[n] and after[n] * PPM > self.limit(node, r, self.params["steady_ppm"]):
                    self.wrong("steady", f"{n} has {after[n]} of {node['cpu' if r == 'vcpu' else r]} ({r}) in the end")
        for i, n in self.end.items():
            vm = self.vms[i]
            if not vm["movable"] and i not in self.named and (self.nodes[n]["drain"] or n not in vm.get("allowed", self.nodes)):
                self.wrong("unsaid", f"VM {i} stays on {n}, where it must not be, and no word about it")
            if vm["movable"] and i not in self.named and self.nodes[n]["drain"]:
                self.wrong("drain", f"VM {i} is left on {n}, which is to be emptied")
            if vm["movable"] and i not in self.named and n not in vm.get("allowed", self.nodes):
                self.wrong("pin", f"VM {i} is left on {n}, where it may not be")
        for rule in self.rules:
            self.check_rule(rule)

    def check_rule(self, rule):
        members = [i for i in rule["members"] if i in self.vms]
        before, after = ({where[i] for i in members} for where in (self.start, self.end))
        apart = rule["type"] == "apart"
        broken = len(after) < len(members) if apart else len(after) > 1
        worse = len(after) < len(before) if apart else len(after) > len(before)
        stuck = any(i in self.named or not self.vms[i]["movable"] for i in members)
        if rule["hard"] and broken and (worse or not stuck):
            self.wrong(rule["type"] + " at the end", f"rule {rule['name']} is broken in the end")

    # --- what nobody can move ---

    def stuck(self):
        """VMs that no order of moves can ever move: they fit nowhere, even when all who could leave before have left."""
        ceiling = {(n, r): self.limit(node, r, self.params["transient_ppm"]) // PPM for n, node in self.nodes.items() for r in LOADS}
        for r in LOADS:
            before = self.load(self.start, r)
            for n in self.nodes:
                ceiling[n, r] = max(ceiling[n, r], before[n]) if r != "mem" else ceiling[n, r]
        total = {r: sum(max(0, ceiling[n, r] - load) for n, load in self.load(self.start, r).items()) for r in LOADS}
        held = {i for i, v in self.vms.items() if v["movable"]}
        while True:
            kept = {i for i, v in self.vms.items() if not v["movable"] or i in held}
            least = {(n, r): sum(self.vms[i][r] for i in kept if self.start[i] == n) +
                     node["base_mem" if r == "mem" else "base_cpu"] for n, node in self.nodes.items() for r in LOADS}
            free = {i for i in held for n, node in self.nodes.items()
                    if n != self.start[i] and node["accepts"] and not node["drain"] and n in self.vms[i].get("allowed", self.nodes) and
                    all(not self.vms[i][r] or self.vms[i][r] <= min(total[r], ceiling[n, r] - least[n, r]) for r in LOADS)}
            if not free:
                return held
            held -= free

    def check_stuck(self):
        said = {int(i) for i in re.findall(r"(\d+) \(\d+ MiB\)", self.plan.get("stuck", ""))}
        tied = {i for rule in self.rules if rule["hard"] and rule["type"] == "together" for i in rule["members"]}
        for i in sorted(said - self.stuck() - tied) if said else ():
            self.wrong("stuck", f"VM {i} is said to be stuck, but may be able to move")

    # --- the figures ---

    def objective(self, where, moves=None):
        """Variance of utilisation weighted by capacity, and what the moves cost: each of them, or each VM that is elsewhere.
        What drains has no part in it."""
        stay = [node for node in self.nodes.values() if not node["drain"]]
        total = 0.0
        for r in ("mem", "cpu"):
            loads = self.load(where, r)
            capacity = sum(node[r] for node in stay)
            comes = sum(vm[r] for vm in self.vms.values() if vm["movable"] or not self.nodes[vm["node"]]["drain"])
            mean = (comes + sum(node["base_" + r] for node in stay)) / capacity
            total += self.params["weight_" + r] * sum((loads[node["name"]] - mean * node[r]) ** 2 / node[r] / capacity for node in stay)
        sent = sum(self.vms[i]["wire"] + FIXED_MIB for i in
                   ([m["vm"] for m in moves] if moves is not None else [i for i in self.vms if where[i] != self.start[i]]))
        return total + 2 * self.params["tolerance_ppm"] / PPM * sent / sum(node["mem"] for node in stay)

    def check_figures(self):
        f0, f = self.objective(self.start), self.objective(self.end, self.moves)
        bound = self.plan["lower_bound"]
        for name, claimed, right in (("f0", self.plan["f0"], f0), ("f", self.plan["f"], f)):
            if abs(claimed - right) > 1e-6 * max(abs(right), 1e-6):
                self.wrong("objective", f"{name} is said to be {claimed:.9g}, but is {right:.9g}")
        if bound > f * (1 + 1e-9) + 1e-12:
            self.wrong("bound", f"the bound, {bound:.9g}, is above what the plan reaches, {f:.9g}")
        if all(m["why"] == "balance" or m["why"].startswith("room for") for m in self.moves) and not self.named:
            self.check_captured(f0, f, bound)
        for key, where in (("before", self.start), ("after", self.end)):
            self.check_shares(key, where)
        return f0, f

    def check_captured(self, f0, f, bound):
        """Where less can be gained than if nodes half the tolerance off became even, a plan may say that nothing is missing."""
        best = f0 - bound
        little = (self.params["weight_mem"] + self.params["weight_cpu"]) * (self.params["tolerance_ppm"] / PPM) ** 2 / 4
        captured = (f0 - f) / best * PPM if best > 0 else PPM
        claimed = self.plan["captured_ppm"]
        if abs(claimed - captured) > 2 and not (best < little and claimed == PPM):
            self.wrong("captured", f"{claimed} ppm are said to be captured, but {captured:.0f} are")

    def check_shares(self, key, where):
        for r in ("mem", "cpu"):
            loads = self.load(where, r)
            for n, node in self.nodes.items():
                claimed = self.plan[key].get(n, {}).get(r + "_ppm")
                if claimed != loads[n] * PPM // node[r]:
                    self.wrong("shares", f"{n} is said to be at {claimed} ppm of its {r} {key}, but is at {loads[n] * PPM // node[r]}")

    def replay(self):
        """As it would run with one speed for all: the time it takes, and the fullest that any node gets (millionths)."""
        loads, at = self.load(self.start, "mem"), dict(self.start)
        left = {i: len(set(m.get("starts_after", []))) for i, m in enumerate(self.moves)}
        heirs = {}
        for i, m in enumerate(self.moves):
            for j in set(m.get("starts_after", [])):
                heirs.setdefault(j, []).append(i)
        peak = max(load / self.nodes[n]["mem"] for n, load in loads.items())
        ready, running, now = [i for i in left if not left[i]], [], 0.0
        while ready or running:
            for i in ready:
                m = self.moves[i]
                if at[m["vm"]] != m["from"]:
                    self.wrong("from", f"when move {i} starts, VM {m['vm']} is not on {m['from']}")
                first = loads[m["to"]]
                loads[m["to"]] += self.vms[m["vm"]]["mem"]
                share = loads[m["to"]] / self.nodes[m["to"]]["mem"]
                peak = max(peak, share)
                if share > self.params["transient_ppm"] / PPM and loads[m["to"]] > max(first, self.load_at_start[m["to"]]):
                    self.wrong("transient", f"{m['to']} is at {share:.3f} of its memory when move {i} starts")
                heapq.heappush(running, (now + self.vms[m["vm"]]["wire"] / SPEED, i))
            ready = []
            if running:
                now, i = heapq.heappop(running)
                m = self.moves[i]
                loads[m["from"]] -= self.vms[m["vm"]]["mem"]
                at[m["vm"]] = m["to"]
                for j in heirs.get(i, []):
                    left[j] -= 1
                    if not left[j]:
                        ready.append(j)
        return now, peak

    def run(self):
        if not self.read_moves():
            return self.problems, {}
        self.load_at_start = self.load(self.start, "mem")
        self.check_way()
        self.check_apart()
        self.check_end()
        self.check_stuck()
        f0, f = self.check_figures()
        seconds, peak = self.replay()
        figures = {"moves": len(self.moves), "gib": sum(m["wire"] for m in self.moves) / 1024, "seconds": seconds, "peak": peak,
                   "f0": f0, "f": f, "bound": self.plan["lower_bound"]}
        for r in ("mem", "cpu"):
            for name, where in (("before", self.start), ("after", self.end)):
                figures[f"{r}_{name}"] = spread(self.nodes, self.load(where, r), r)
        return self.problems, figures


def spread(nodes, loads, r):
    """(highest, lowest, standard deviation) of the utilisation of the nodes that stay"""
    shares = [loads[n] / node[r] for n, node in nodes.items() if not node["drain"]]
    mean = sum(shares) / len(shares)
    return max(shares), min(shares), (sum((s - mean) ** 2 for s in shares) / len(shares)) ** 0.5


def check(cluster, plan):
    """(list of (rule, sentence), figures)"""
    return Checker(cluster, plan).run()


# --- nodes for VMs that have none yet ---

class PlacementChecker:
    """Do new VMs fit where they are said to go, and nowhere when they are refused?"""

    def __init__(self, cluster, placement):
        self.params, self.placement = cluster["params"], placement
        self.nodes = {n["name"]: n for n in cluster["nodes"]}
        self.vms = {v["id"]: v for v in cluster["vms"]}
        self.hard = [rule for rule in cluster.get("rules", []) if rule["hard"]]
        self.where = {int(i): n for i, n in placement["nodes"].items()}
        self.problems = []

    def wrong(self, rule, text):
        self.problems.append((rule, text))

    def loads(self, where):
        loads = {n: {"mem": node["base_mem"], "cpu": node["base_cpu"], "vcpu": node["base_cpu"]} for n, node in self.nodes.items()}
        for i, n in where.items():
            for r in LOADS:
                if n is not None:
                    loads[n][r] += self.vms[i][r]
        return loads

    def too_full(self, n, load):
        node, p = self.nodes[n], self.params
        return (load["mem"] * PPM > node["mem"] * p["steady_ppm"] or load["cpu"] * PPM > node["cpu"] * p["steady_ppm"]
                or load["vcpu"] * PPM > node["cpu"] * p["overcommit_cpu_ppm"])

    def broken(self, where, who):
        """The hard rules of these VMs that such a placement would break."""
        for rule in self.hard:
            at = [where[i] for i in rule["members"] if where.get(i) is not None]
            if who & set(rule["members"]) and (len(set(at)) < len(at) if rule["type"] == "apart" else len(set(at)) > 1):
                yield rule["name"]

    def closed(self, vm, n):
        return not self.nodes[n]["accepts"] or self.nodes[n]["drain"] or n not in vm.get("allowed", self.nodes)

    def group(self, vm):
        """Those new ones that can only be placed with it."""
        found, more = set(), {vm}
        while more:
            found |= more
            more = {i for rule in self.hard if rule["type"] == "together" and found & set(rule["members"])
                    for i in rule["members"] if i in self.vms and self.vms[i]["node"] is None} - found
        return found

    def check_refused(self, vm):
        group = self.group(vm)
        for n in self.nodes:
            if any(self.closed(self.vms[i], n) for i in group):
                continue
            where = {**self.where, **dict.fromkeys(group, n)}
            if not self.too_full(n, self.loads(where)[n]) and not any(self.broken(where, group)):
                self.wrong("refused", f"VM {vm} is refused, but {n} could take it")

    def run(self):
        old = {i: v["node"] for i, v in self.vms.items()}
        before, loads = self.loads(old), self.loads(self.where)
        new = [i for i, n in old.items() if n is None]
        refused = [i for i in new if self.where.get(i) is None]
        if set(self.where) != set(old) or any(n is not None and self.where[i] != n for i, n in old.items()):
            self.wrong("moved", "VMs that have a node are moved, or VMs are missing")
        for i in new:
            if self.where[i] is not None and self.closed(self.vms[i], self.where[i]):
                self.wrong("target", f"VM {i} may not be on {self.where[i]}")
        for n in self.nodes:
            if loads[n] != before[n] and self.too_full(n, loads[n]):
                self.wrong("steady", f"{n} is too full: {loads[n]}")
        for name in self.broken(self.where, {i for i in new if i not in refused}):
            self.wrong("rule", f"rule {name} is broken")
        if sorted((row["vm"], row["node"]) for row in self.placement["refused"]) != sorted((i, n) for i in refused for n in self.nodes):
            self.wrong("refused", "not every node is named for every VM that is refused")
        for i in refused:
            self.check_refused(i)
        return self.problems, {"placed": len(new) - len(refused), "refused": len(refused),
                               **{r: spread(self.nodes, {n: load[r] for n, load in loads.items()}, r) for r in ("mem", "cpu")}}


def check_placement(cluster, placement):
    """(list of (rule, sentence), figures)"""
    return PlacementChecker(cluster, placement).run()


# --- all placements of a tiny cluster, one by one ---

def best_of_all(cluster, plan=None):
    """(F, placement) of the best final placement that keeps limits and rules, where nobody moves who cannot in any order; None when there is none."""
    c = Checker(cluster, plan or {"moves": []})
    stuck = c.stuck()
    ids = [i for i, v in c.vms.items() if v["movable"] and i not in c.named and i not in stuck]
    choices = [[n for n, node in c.nodes.items() if n in c.vms[i].get("allowed", c.nodes)
                and not node["drain"] and (node["accepts"] or n == c.start[i])] for i in ids]
    best = None
    where = dict(c.start)

    def place(k):
        nonlocal best
        if k == len(ids):
            c.end, c.problems = where, []
            value = c.objective(where)
            if best is None or value < best[0]:
                c.check_end()
                if not c.problems:
                    best = (value, dict(where))
            return
        for n in choices[k]:
            where[ids[k]] = n
            place(k + 1)

    place(0)
    return best


def main():
    with open(sys.argv[1], encoding="utf-8") as f, open(sys.argv[2], encoding="utf-8") as g:
        cluster, plan = json.load(f), json.load(g)
    problems, figures = check(cluster, plan)
    if "--brute" in sys.argv:
        best = best_of_all(cluster, plan)
        if best and plan["lower_bound"] > best[0] * (1 + 1e-9) + 1e-12:
            problems.append(("bound", f"the bound, {plan['lower_bound']:.9g}, is above what a placement reaches, {best[0]:.9g}"))
    for rule, text in problems:
        print(f"{rule}: {text}")
    if not problems:
        print(json.dumps(figures))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
