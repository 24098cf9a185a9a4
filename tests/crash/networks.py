# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks for crash.py: stories of runs that are killed, and meetings of runs with one another and with somebody else.

What runs on the nodes and what is configured must be the same in the end, with exactly the wanted networks; nobody holds the lock on the
SDN configuration, and no node is behind. Somebody else's changes that wait are neither applied nor lost.
"""
import os
import re
import signal
import threading
import time
import urllib.error

from killproxy import KillProxy

SDN = "/cluster/sdn"
ZONES = ("pxc_cloud", {"tenant_zones": [{"name": "tenant", "type": "vlan", "bridge": "vmbr0", "vlan_range": [200, 219]}]})
CREATE = {"project": "acme", "networks": [
    {"name": "blue", "subnets": [{"cidr": "10.20.0.0/24", "gateway": "10.20.0.1", "ranges": ["10.20.0.10-10.20.0.99"]}]},
    {"name": "green", "isolate_ports": True, "subnets": [{"cidr": "10.21.0.0/24"}, {"cidr": "fd00:21::/64", "gateway": "fd00:21::1"}]},
]}
CHANGE = {"project": "acme", "networks": [
    {"name": "blue", "new_name": "navy", "description": "of the ships", "reserve": [{"name": "metallb", "count": 8}],
     "subnets": [{"cidr": "10.20.0.0/24", "ranges": ["10.20.0.20-10.20.0.50"]}, {"cidr": "10.22.0.0/24"}]},
    {"name": "green", "isolate_ports": False, "subnets": [{"cidr": "10.21.0.0/24", "state": "absent"}], "subnets_mode": "merge"},
    {"name": "red", "subnets": [{"cidr": "10.23.0.0/24"}]},
]}
DELETE = {"project": "acme", "state": "absent", "networks": [{"name": "navy"}, {"name": "green"}, {"name": "red"}]}
CREATED = {"blue": ["10.20.0.0/24"], "green": ["10.21.0.0/24", "fd00:21::/64"]}
CHANGED = {"navy": ["10.20.0.0/24", "10.22.0.0/24"], "green": ["fd00:21::/64"], "red": ["10.23.0.0/24"]}
NODES = ("pve1", "pve2", "pve3")


def name_of(vnet):
    """As people call it; a vnet of somebody else goes by its id."""
    token = re.search(r"\[pxc/1 .*\bn=(\S+)", vnet.get("alias", ""))
    return token[1] if token else vnet["vnet"]


def subnets(cluster, vnet, view=""):
    return cluster.get(f"{SDN}/vnets/{vnet}/subnets{view}")


def waiting(cluster):
    """Changes that nobody has applied."""
    rows = [("zone", z["zone"], z) for z in cluster.get(f"{SDN}/zones?pending=1")]
    for vnet in cluster.get(f"{SDN}/vnets?pending=1"):
        rows.append(("vnet", vnet["vnet"], vnet))
        rows += [("subnet", s["subnet"], s) for s in subnets(cluster, vnet["vnet"], "?pending=1")]
    return [f"{kind} {key} ({row['state']})" for kind, key, row in rows if row.get("state")]


def problems(cluster, wanted):
    """What is there that should not be, or the other way round; wanted: name -> its subnets."""
    found = [f"not applied: {', '.join(waiting(cluster))}"] if waiting(cluster) else []
    vnets = cluster.get(f"{SDN}/vnets")
    there = {name_of(v): sorted(s["cidr"] for s in subnets(cluster, v["vnet"])) for v in vnets}
    if there != wanted or len(vnets) != len(wanted):
        found.append(f"networks {there} instead of {wanted}")
    tags = [v["tag"] for v in vnets]
    if len(set(tags)) != len(tags):
        found.append(f"a number twice: {tags}")
    running = sorted(v["vnet"] for v in cluster.get(f"{SDN}/vnets?running=1"))
    if running != sorted(v["vnet"] for v in vnets):
        found.append(f"vnets that run: {running}")
    zones = {v["zone"] for v in vnets}
    for node in NODES:
        status = {z["zone"]: z["status"] for z in cluster.get(f"/nodes/{node}/sdn/zones")}
        found += [f"zone {z} is {status.get(z)} on {node}" for z in zones if status.get(z) != "available"]
    locks = [g["groupid"] for g in cluster.get("/access/groups") if g["groupid"].startswith("pxc-lock")]
    return found + ([f"locks {locks}"] if locks else []) + lock_problems(cluster)


def lock_problems(cluster):
    try:
        token = cluster.post(f"{SDN}/lock")
    except urllib.error.HTTPError as e:
        if e.code == 501:  # PVE 8 has none
            return []
        return [f"the lock on SDN cannot be had: {e.reason}"]
    cluster.api("DELETE", f"{SDN}/lock?lock-token={token}")
    return []


def exactly(wanted):
    return lambda cluster: problems(cluster, wanted)


STORIES = {
    "networks": ([ZONES], ("pxc_sdn", CREATE), exactly(CREATED)),
    "networks-change": ([ZONES, ("pxc_sdn", CREATE)], ("pxc_sdn", CHANGE), exactly(CHANGED)),
    "networks-delete": ([ZONES, ("pxc_sdn", CREATE), ("pxc_sdn", CHANGE)], ("pxc_sdn", DELETE), exactly({})),
    "networks-pve8": ([ZONES, ("pxc_sdn", CREATE)], ("pxc_sdn", CHANGE), exactly(CHANGED), "--pve", "8"),
}


# --- meetings: what is wrong, as a list -----------------------------------------------------------------------------------

def many(prefix, first):
    return {"project": "acme", "networks": [{"name": f"{prefix}{i}", "subnets": [{"cidr": f"10.{first + i}.0.0/24"}]} for i in range(4)]}


def made(task):
    return {n["name"]: [s["cidr"] for s in n["subnets"]] for n in task["networks"]}


def failures(results):
    return [r["msg"] for r in results if r.get("failed")]


def other_networks(cluster):
    """Two runs at once make networks that differ, with numbers of their own"""
    one, two = many("a", 30), many("b", 40)
    cluster.must(*ZONES)
    results = cluster.at_once(("pxc_sdn", one), ("pxc_sdn", two))
    bad = failures(results) + problems(cluster, {**made(one), **made(two)})
    for task in (one, two):
        again = cluster.must("pxc_sdn", task)
        bad += [f"not quiet: {again['steps']}"] if again["changed"] else []
    return bad


def same_networks(cluster):
    """Two runs at once make one set of networks"""
    cluster.must(*ZONES)
    results = cluster.at_once(*[("pxc_sdn", CREATE)] * 2)
    quiet = sorted(str(r.get("changed")) for r in results)
    return failures(results) + problems(cluster, CREATED) + ([] if quiet == ["False", "True"] else [f"changed: {quiet}"])


def refused(cluster, task, words, port=None):
    """A run that must fail, say these words, and leave no network behind."""
    process = cluster.start("pxc_sdn", task, port)
    result = cluster.finish(process)
    text = result.get("msg", "") + " ".join(n.get("msg", "") for n in result.get("networks", []))
    if not result.get("failed"):
        return ["it was not refused"]
    if result.get("changed"):
        return [f"it changed something: {result['steps']}"]
    return [f"it does not say {w!r}: {text}" for w in words if w not in text]


def held_lock(cluster):
    """A lock that somebody else holds is broken on demand only, and what they have changed stays theirs"""
    cluster.must(*ZONES)
    token = cluster.post(f"{SDN}/lock")
    bad = refused(cluster, dict(CREATE, lock_timeout=1), ["somebody else holds the lock", "break_lock"])
    zone(cluster, token)
    bad += refused(cluster, dict(CREATE, lock_timeout=1), ["somebody else holds the lock"])
    cluster.post(f"{SDN}/vnets", **{"vnet": "foreign", "zone": "theirs", "lock-token": token})
    bad += refused(cluster, dict(CREATE, lock_timeout=1, break_lock=True), ["theirs"])
    if waiting(cluster) != ["zone theirs (new)", "vnet foreign (new)"]:
        bad.append(f"{waiting(cluster)} wait")
    return bad


def zone(cluster, token=None):
    """Somebody else's zone, which waits to be applied."""
    lock = {"lock-token": token} if token else {}
    cluster.post(f"{SDN}/zones", **{"zone": "theirs", "type": "simple", **lock})
    return "theirs"


def their_changes(cluster):
    """Changes of somebody else that wait are neither applied nor lost"""
    cluster.must(*ZONES)
    cluster.must("pxc_sdn", CREATE)
    cluster.post(f"{SDN}/vnets", vnet="foreign", zone=zone(cluster))
    before = waiting(cluster)
    bad = refused(cluster, CHANGE, ["foreign"]) + refused(cluster, dict(CHANGE, break_lock=True), ["foreign"])
    quiet = cluster.must("pxc_sdn", CREATE)
    bad += [f"nothing to do, but changed: {quiet['steps']}"] if quiet["changed"] else []
    if waiting(cluster) != before:
        bad.append(f"{waiting(cluster)} wait instead of {before}")
    return bad


def their_changes_in_between(cluster):
    """Changes of somebody else that come between looking and locking are neither applied nor lost"""
    cluster.must(*ZONES)
    proxy = KillProxy(cluster.info["port"], f"{cluster.folder}/cert.pem", f"{cluster.folder}/key.pem")
    first = threading.Event()

    def intrude(method, path):
        if (method, path.split("?")[0]) == ("POST", f"/api2/json{SDN}/lock") and not first.is_set():
            first.set()
            zone(cluster)

    proxy.before = intrude
    try:
        bad = refused(cluster, CREATE, ["theirs"], proxy.port)
    finally:
        proxy.shutdown()
        proxy.server_close()
    if waiting(cluster) != ["zone theirs (new)"]:
        bad.append(f"{waiting(cluster)} wait")
    return bad if first.is_set() else bad + ["no lock was taken"]


def somebody_busy(cluster):
    """Somebody else who works in the SDN all the time, and takes all back, is waited for"""
    cluster.must(*ZONES)
    stop, errors = threading.Event(), []

    def work():
        while not stop.is_set():
            try:
                token = cluster.post(f"{SDN}/lock")
                zone(cluster, token)
                time.sleep(0.05)
                if any(z["zone"] == "theirs" for z in cluster.get(f"{SDN}/zones?running=1")):
                    errors.append("their change was applied")
                cluster.post(f"{SDN}/rollback", **{"lock-token": token, "release-lock": 1})
            except urllib.error.HTTPError as e:
                if "lock" not in str(e.reason) and "pending" not in str(e.reason):
                    errors.append(str(e.reason))
            time.sleep(0.05)

    other = threading.Thread(target=work)
    other.start()
    try:
        results = cluster.at_once(("pxc_sdn", many("a", 30)), ("pxc_sdn", many("b", 40)))
    finally:
        stop.set()
        other.join()
    return failures(results) + errors + problems(cluster, {**made(many("a", 30)), **made(many("b", 40))})


def killed_while_waited_for(cluster):
    """Who waits for a run that is killed takes back what it has written, and goes on"""
    one, two = many("a", 30), many("b", 40)
    cluster.must(*ZONES)
    proxy = KillProxy(cluster.info["port"], f"{cluster.folder}/cert.pem", f"{cluster.folder}/key.pem")
    waiting_run, victim = [], cluster.start("pxc_sdn", one, proxy.port)

    def meet(method, path):
        if method == "POST" and path.endswith("/subnets") and not waiting_run:
            waiting_run.append(cluster.start("pxc_sdn", two))
            waiting_run[0].stdin.close()
            waiting_run[0].stdin = None
            time.sleep(0.5)
            os.kill(victim.pid, signal.SIGKILL)
            raise ConnectionAbortedError

    proxy.before = meet
    try:
        victim.communicate()
    finally:
        proxy.shutdown()
        proxy.server_close()
    if not waiting_run:
        return ["no subnet was made"]
    bad = failures([cluster.finish(waiting_run[0])]) + problems(cluster, made(two))
    cluster.must("pxc_sdn", one)
    return bad + problems(cluster, {**made(one), **made(two)})


MEETINGS = [other_networks, same_networks, held_lock, their_changes, their_changes_in_between, somebody_busy, killed_while_waited_for]
