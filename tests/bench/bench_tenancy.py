#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of projects: listing 500 of them with their usage, and what policy and quota cost in requests.

    tests/bench/bench_tenancy.py BUILD    a table, and BUILD/bench-tenancy.json
"""
import json
import ssl
import statistics
import tempfile
import urllib.parse
import urllib.request

from bench import BUILD, Cluster, report, requests, row

PROJECTS, PEOPLE, GUESTS = 500, 20, 5000


def put(cluster, path, **form):
    request = urllib.request.Request(cluster.info["url"] + "/api2/json" + path, method="PUT", data=urllib.parse.urlencode(form).encode())
    request.add_header("Authorization", f"PVEAPIToken={cluster.info['token_id']}={cluster.info['token_secret']}")
    with urllib.request.urlopen(request, context=ssl._create_unverified_context()) as reply:
        reply.read()


def people(i):
    """Twenty people over the three roles."""
    return {"manager": [f"m{i}a", f"m{i}b"], "member": [f"person{i}-{k}@example.org" for k in range(PEOPLE - 6)],
            "reader": [f"r{i}{k}" for k in "abcd"]}


def main():
    with tempfile.TemporaryDirectory(prefix="pxc-bench-") as folder:
        cluster = Cluster(folder, "--nodes", "20", "--vms", str(GUESTS))
        try:
            cluster.run("pxc_cloud", {"domain": "example.org", "storage": "shared", "bridge": "vmbr0"})
            cluster.run("pxc_project", {"projects": [{"name": f"p{i:03d}", "roles": people(i), "quota": {"cores": 100 + i}}
                                                     for i in range(PROJECTS)]})
            vmids = sorted(int(i) for i in vms(cluster))
            share = len(vmids) // PROJECTS
            for i in range(PROJECTS):
                put(cluster, "/pools", poolid=f"p{i:03d}", vms=",".join(map(str, vmids[i * share:(i + 1) * share])))
            runs = [cluster.run("pxc_info", {"gather": ["projects", "usage"]}) for _ in range(5)]
            result = runs[0][0]
            got = (len(result["projects"]), len(result["usage"]), sum(u["instances"]["used"] for u in result["usage"]),
                   {sum(len(v) for v in p["roles"].values()) for p in result["projects"]})
            if got != (PROJECTS, PROJECTS, share * PROJECTS, {PEOPLE}):
                raise SystemExit(f"not what was made: {got}")
            row(f"{PROJECTS} projects with {PEOPLE} roles each and {GUESTS} guests, with usage", statistics.median(r[1] for r in runs), "s", 1)
            before = requests(cluster)
            cluster.run("pxc_info", {"gather": ["projects", "usage"]})
            row("requests for that", requests(cluster) - before, "", 6)
        finally:
            cluster.close()
    report(f"{BUILD}/bench-tenancy.json")


def vms(cluster):
    return [g["vmid"] for g in json.loads(cluster.fetch("/api2/json/cluster/resources?type=vm"))["data"]]


if __name__ == "__main__":
    main()
