# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups of people and key pairs for crash.py: runs that are killed while they change them, and runs at once.

In the end PVE has exactly the groups that were wanted, and no lock of ours.
"""
import base64
import struct

RUNS = 8


def key(n):
    """A public key of type ed25519 that nobody has the other half of."""
    fields = [b"ssh-ed25519", bytes([n]) * 32]
    return "ssh-ed25519 " + base64.b64encode(b"".join(struct.pack(">I", len(f)) + f for f in fields)).decode()


def pair(name, n, **options):
    return dict({"name": name, "public_key": key(n)}, **options)


GROUPS = ("pxc_group", {"groups": [{"name": "ops", "users": ["alice"]}, {"name": "old", "users": ["bob"]}]})
CHANGE = ("pxc_group", {"groups": [{"name": "ops", "users": ["bob"], "users_mode": "add"}, {"name": "devs", "users": ["carol"]},
                                   {"name": "old", "state": "absent"}]})
PAIRS = ("pxc_keypair", {"project": "acme", "keypairs": [pair("alice", 1), pair("bob", 2), pair("carol", 3)]})
OTHERS = ("pxc_keypair", {"project": "acme", "keypairs": [pair("alice", 4, replace=True), {"name": "bob", "state": "absent"}, pair("dave", 5)]})
PURGE = ("pxc_project", {"name": "acme", "state": "absent", "purge": "all"})


def exactly(groups, pairs):
    """What is wrong where these groups (name -> users) and key pairs (name -> key) are wanted, and nothing else."""
    def problems(cluster):
        found = cluster.must("pxc_info", {"gather": ["groups", "keypairs"]})
        have = {g["name"]: g["users"] for g in found["groups"]}
        keys = {k["name"]: k.get("public_key") for k in found["keypairs"]}
        ids = sorted(g["groupid"] for g in cluster.get("/access/groups"))
        wanted = sorted([f"pxc-{g}" for g in groups] + [f"pxc-key.acme.{k}" for k in pairs])
        return [text for text, bad in ((f"groups {have}", have != groups), (f"key pairs {keys}", keys != pairs),
                                       (f"PVE has {ids}", ids != wanted)) if bad]
    return problems


STORIES = {
    "groups": ([GROUPS], CHANGE, exactly({"ops": ["alice", "bob"], "devs": ["carol"]}, {})),
    "keypairs": ([PAIRS], OTHERS, exactly({}, {"alice": key(4), "carol": key(3), "dave": key(5)})),
    "keypairs-purge": ([PAIRS], PURGE, exactly({}, {})),
}


# --- meetings: what is wrong, as a list -----------------------------------------------------------------------------------

def one_user_each(cluster):
    """Runs at once that each add one user to a group lose none"""
    cluster.must("pxc_group", {"name": "ops"})
    names = [f"u{i}" for i in range(RUNS)]
    results = cluster.at_once(*[("pxc_group", {"name": "ops", "users": [name], "users_mode": "add"}) for name in names])
    return [r["msg"] for r in results if r.get("failed")] + exactly({"ops": names}, {})(cluster)


def one_key_each(cluster):
    """Runs at once that each make one key pair stay within the quota"""
    cluster.must("pxc_project", {"name": "acme", "quota": {"keypairs": RUNS - 3}})
    results = cluster.at_once(*[("pxc_keypair", dict(pair(f"k{i}", i + 1), project="acme")) for i in range(RUNS)])
    refused = [r["msg"] for r in results if r.get("failed")]
    bad = [msg for msg in refused if "quota: keypairs used" not in msg]
    return bad + ([f"{len(refused)} were refused, not 3"] if len(refused) != 3 else [])


MEETINGS = [one_user_each, one_key_each]
