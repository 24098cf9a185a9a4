# SPDX-License-Identifier: GPL-3.0-or-later
"""Balancing for crash.py: runs that are killed while they migrate, and runs at once.

In the end every VM runs, once, and is locked by nobody; the nodes are even, or empty; and no lock of ours is left.
"""
import threading
import time

COUNT = 6
NODES = ("pve1", "pve2", "pve3")
VMS = ("pxc_vm", {"project": "acme", "cores": 1, "memory": 8192, "node": "pve1", "power": "running",
                  "vms": [{"name": f"v{i}"} for i in range(COUNT)]})
BALANCE = ("pxc_balance", {"state": "balanced", "cool_down": 0})
DRAIN = ("pxc_balance", {"state": "drained", "drain": ["pve1"], "cool_down": 0})


def seen(cluster):
    """Wait until the cluster shows what the new VMs use."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        guests = [g for g in cluster.get("/cluster/resources?type=vm") if g.get("name", "").startswith("v")]
        if len(guests) == COUNT and all(g["status"] == "running" and g.get("mem", 0) > 1 << 30 for g in guests):
            return
        time.sleep(0.1)
    raise AssertionError("the new VMs never showed what they use")


def in_ha(cluster):
    """Half of the VMs are the HA manager's."""
    for guest in cluster.get("/cluster/resources?type=vm"):
        if guest.get("name") in ("v0", "v1", "v2"):
            cluster.post("/cluster/ha/resources", sid=f"vm:{guest['vmid']}")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        states = [s.get("crm_state") for s in cluster.get("/cluster/ha/status/current") if s["type"] == "service"]
        if states == ["started"] * 3:
            return
        time.sleep(0.1)
    raise AssertionError(f"the HA manager never started them: {states}")


def problems(cluster, drained=False):
    on = {node: [] for node in NODES}
    found = []
    for node in NODES:
        for guest in cluster.get(f"/nodes/{node}/qemu"):
            if not guest.get("name", "").startswith("v"):
                continue
            on[node].append(guest["name"])
            if guest["status"] != "running" or guest.get("lock"):
                found.append(f"VM {guest['vmid']} is {guest['status']}, lock {guest.get('lock')}")
    if sorted(name for names in on.values() for name in names) != [f"v{i}" for i in range(COUNT)]:
        found.append(f"VMs {on}")
    sizes = {node: len(names) for node, names in on.items()}
    if drained and sizes["pve1"]:
        found.append(f"pve1 is not empty: {sizes}")
    # Three and one are not worth another move at the usual tolerance, four and one are.
    if not drained and max(sizes.values()) - min(sizes.values()) > 2:
        found.append(f"nodes are not even: {sizes}")
    locks = [g["groupid"] for g in cluster.get("/access/groups") if g["groupid"].startswith("pxc-lock")]
    return found + ([f"locks {locks}"] if locks else [])


STORIES = {
    "balance": ([VMS, seen], BALANCE, problems),
    "balance-ha": ([VMS, seen, in_ha], BALANCE, problems),
    "drain": ([VMS, seen], DRAIN, lambda cluster: problems(cluster, drained=True)),
}


def two_at_once(cluster):
    """Two runs that balance at once move no VM twice"""
    cluster.must(*VMS)
    seen(cluster)
    results = cluster.at_once(BALANCE, BALANCE)
    bad = [r["msg"] for r in results if r.get("failed")] + problems(cluster)
    moves = [m["vmid"] for r in results for m in r.get("plan", []) if m.get("changed")]
    return bad + ([] if moves and len(set(moves)) == len(moves) else [f"moved: {moves}"])


def against_somebody(cluster):
    """A VM that somebody else migrates meanwhile is left to them"""
    cluster.must(*VMS)
    seen(cluster)
    vmid = min(g["vmid"] for g in cluster.get("/nodes/pve1/qemu") if g.get("name", "").startswith("v"))
    theirs = threading.Thread(target=cluster.post, args=(f"/nodes/pve1/qemu/{vmid}/migrate",), kwargs={"target": "pve2", "online": 1})
    theirs.start()
    result = cluster.run(*BALANCE)
    theirs.join()
    again = cluster.run(*BALANCE)
    return [r["msg"] for r in (result, again) if r.get("failed")] + problems(cluster)


MEETINGS = [two_at_once, against_somebody]
