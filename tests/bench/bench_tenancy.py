#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of projects: listing 500 of them with their usage, and what policy and quota cost in requests.

    tests/bench/bench_tenancy.py BUILD    a table, and BUILD/bench-tenancy.json
"""
import statistics

from bench import BUILD, Cluster, report, requests, row

PROJECTS, PEOPLE, GUESTS = 500, 20, 5000


def people(i):
    """Twenty people over the three roles."""
    return {"manager": [f"m{i}a", f"m{i}b"], "member": [f"person{i}-{k}@example.org" for k in range(PEOPLE - 6)],
            "reader": [f"r{i}{k}" for k in "abcd"]}


def main():
    cluster = Cluster("--nodes", "20", "--vms", str(GUESTS))
    try:
        cluster.run("pxc_cloud", {"domain": "example.org", "storage": "shared", "bridge": "vmbr0"})
        cluster.run("pxc_project", {"projects": [{"name": f"p{i:03d}", "roles": people(i), "quota": {"cores": 100 + i}}
                                                 for i in range(PROJECTS)]})
        vmids = sorted(int(i) for i in vms(cluster))
        share = len(vmids) // PROJECTS
        for i in range(PROJECTS):
            cluster.api("PUT", "/pools", poolid=f"p{i:03d}", vms=",".join(map(str, vmids[i * share:(i + 1) * share])))
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
    return [g["vmid"] for g in cluster.api("GET", "/cluster/resources", type="vm")]


if __name__ == "__main__":
    main()
