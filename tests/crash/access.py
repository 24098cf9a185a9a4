# SPDX-License-Identifier: GPL-3.0-or-later
"""Permissions for crash.py: a consumer with its role, user, token and grants is made, gets another secret, and goes.

What a file holds in the end must be the secret that the server takes, with nothing prepared beside it; and of what goes nothing may be left.
"""
import os
import ssl
import tempfile
import urllib.error
import urllib.request

FOLDER = tempfile.TemporaryDirectory(prefix="pxc-crash-access-")
FILE = os.path.join(FOLDER.name, "token")
LISTS = {
    "roles": [{"name": "Backup", "privs": ["VM.Audit", "VM.Backup"]}], "groups": [{"name": "nightly", "comment": "Nightly"}],
    "users": [{"userid": "backup@pve", "groups": ["nightly"]}],
    "acls": [{"path": "/vms", "role": "Backup", "group": "nightly"}, {"path": "/vms", "role": "Backup", "token": "backup@pve!job"},
             {"path": "/pool/acme", "role": "PVEPoolUser", "user": "backup@pve", "propagate": False}],
}
MAKE = dict(LISTS, tokens=[{"user": "backup@pve", "name": "job", "save_to": FILE}])
# Exact and with another secret; what the first task made besides goes.
CHANGE = {"mode": "exact", "roles": [{"name": "Backup", "privs": ["VM.Audit"]}],
          "acls": [{"path": "/vms", "role": "Backup", "token": "backup@pve!job"}],
          "tokens": [{"user": "backup@pve", "name": "job", "comment": "Job", "save_to": FILE}]}
GONE = {"users": [{"userid": "backup@pve", "state": "absent"}], "groups": [{"name": "nightly", "state": "absent"}],
        "roles": [{"name": "Backup", "state": "absent"}]}


def no_file(cluster):
    del cluster
    for path in (FILE, FILE + ".new"):
        if os.path.exists(path):
            os.unlink(path)


def half_done(cluster):
    """As a run leaves it that was killed behind the answer: the next one asks for another secret."""
    del cluster
    with open(FILE + ".new", "w", encoding="utf-8"):
        pass


def works(cluster, secret):
    request = urllib.request.Request(cluster.info["url"] + "/api2/json/version")
    request.add_header("Authorization", f"PVEAPIToken=backup@pve!job={secret}")
    try:
        with urllib.request.urlopen(request, context=ssl._create_unverified_context()):
            return True
    except urllib.error.HTTPError:
        return False


def problems(cluster, wanted):
    """wanted: privileges of the role and permissions, or None when all has gone."""
    found = []
    privs = [r["privs"] for r in cluster.get("/access/roles") if r["roleid"] == "Backup"]
    acls = sorted(f"{a['path']} {a['roleid']} {a['ugid']} {a['propagate']}" for a in cluster.get("/access/acl")
                  if a["ugid"].startswith(("backup", "nightly")))
    people = [u["userid"] for u in cluster.get("/access/users") if u["userid"] == "backup@pve"]
    groups = [g["groupid"] for g in cluster.get("/access/groups")]
    if (privs, acls) != (([wanted[0]], sorted(wanted[1])) if wanted else ([], [])):
        found.append(f"role {privs}, permissions {acls}")
    if bool(people) != bool(wanted) or ("nightly" in groups) != bool(wanted):
        found.append(f"users {people}, groups {groups}")
    if [g for g in groups if g.startswith("pxc-lock")]:
        found.append(f"locks {groups}")
    if not wanted:
        return found
    if not os.path.exists(FILE):
        return found + ["there is no file with the secret"]
    with open(FILE, encoding="utf-8") as f:
        if not works(cluster, f.read().strip()):
            found.append("the file holds a secret that the server does not take")
    if os.path.exists(FILE + ".new"):
        found.append("a secret is still awaited")
    return found


MADE = ("VM.Audit,VM.Backup", ["/vms Backup nightly 1", "/vms Backup backup@pve!job 1", "/pool/acme PVEPoolUser backup@pve 0"])
CHANGED = ("VM.Audit", ["/vms Backup backup@pve!job 1", "/pool/acme PVEPoolUser backup@pve 0"])
STORIES = {
    "access": ([no_file], ("pxc_access", MAKE), lambda c: problems(c, MADE)),
    "access anew": ([no_file, ("pxc_access", MAKE), half_done], ("pxc_access", CHANGE), lambda c: problems(c, CHANGED)),
    "access gone": ([no_file, ("pxc_access", MAKE)], ("pxc_access", GONE), lambda c: problems(c, None)),
}
