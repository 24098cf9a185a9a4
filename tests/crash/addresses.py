#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs at once that take addresses of one network: no address is given twice.

    tests/crash/addresses.py BUILD    TAP

Real processes against a pxcsim: two runs of one project, and two of two projects that share the network, each with twenty
VMs, in a zone without a list of addresses, with PVE's own, and with one from which PVE takes addresses itself. Creations also
wait for one another; so VMs that are there get a card at once, too, where nothing but the network's lock is between them.
"""
import re
import sys
import tempfile

from crash import Cluster, make_certificate

ZONES = {"without a list": {}, "with PVE's list": {"ipam": "pve"}, "with dhcp": {"ipam": "pve", "dhcp": "dnsmasq"}}
COUNT = 20


def prepare(cluster, zone):
    for name in ("acme", "beta"):
        cluster.must("pxc_project", {"name": name, "quota": {"instances": 100, "cores": 100}})
    cluster.must("pxc_sdn", dict({
        "kind": "provider", "name": "blue", "zone": "tenant", "zone_type": "simple", "shared_with": ["acme", "beta"],
        "subnets": [{"cidr": "10.20.0.0/24", "gateway": "10.20.0.1", "ranges": ["10.20.0.10-10.20.0.250"]}]}, **zone))


def task(project, prefix, **options):
    return dict({"project": project, "cores": 1, "memory": 128, "power": "stopped", "networks": [{"network": "blue"}],
                 "vms": [{"name": f"{prefix}{i}"} for i in range(COUNT)]}, **options)


def bare(asked):
    return {key: value for key, value in asked.items() if key != "networks"}


def addresses(cluster):
    """Of all guests, by what they are told."""
    found = []
    for guest in cluster.get("/cluster/resources?type=vm"):
        config = cluster.get(f"/nodes/{guest['node']}/qemu/{guest['vmid']}/config")
        for key in config:
            if key.startswith("ipconfig"):
                found += re.findall(r"\bip=([0-9.]+)/", config[key])
    return found


def listed(cluster):
    """Of PVE's list; it shows those of zones with dhcp only."""
    return [e["ip"] for e in cluster.get("/cluster/sdn/ipams/pve/status") if not e.get("gateway")]


def meet(cluster, first, second):
    """Both at once; what is wrong afterwards."""
    before = len(addresses(cluster))
    runs = [cluster.start("pxc_vm", first), cluster.start("pxc_vm", second)]
    for run in runs:
        run.stdin.close()
        run.stdin = None
    bad = [f"a run failed: {r['msg']}" for r in map(cluster.finish, runs) if r.get("failed")]
    there = addresses(cluster)
    if len(there) != before + 2 * COUNT:
        bad.append(f"{len(there) - before} addresses for {2 * COUNT} VMs")
    if len(set(there)) != len(there):
        bad.append(f"given twice: {sorted({a for a in there if there.count(a) > 1})}")
    for again in (first, second):
        if cluster.must("pxc_vm", again).get("changed"):
            bad.append("the second run changes something")
    return bad


def main():
    build, number, good = sys.argv[1], 0, True
    for name, zone in ZONES.items():
        with tempfile.TemporaryDirectory(prefix="pxc-addresses-") as folder:
            make_certificate(folder)
            cluster = Cluster(build, folder, 50)
            try:
                prepare(cluster, zone)
                meetings = {"one project": (task("acme", "a"), task("acme", "b")),
                            "two projects": (task("acme", "c"), task("beta", "d")),
                            "cards of two projects": (task("acme", "e"), task("beta", "f"))}
                for who, tasks in meetings.items():
                    for asked in tasks if who.startswith("cards") else ():
                        cluster.must("pxc_vm", bare(asked))
                    bad = meet(cluster, *tasks)
                    there = addresses(cluster)
                    if zone.get("dhcp") and sorted(listed(cluster)) != sorted(there):
                        bad.append(f"PVE's list has {len(listed(cluster))} addresses, the VMs {len(there)}")
                    number, good = number + 1, good and not bad
                    print(f"{'not ' if bad else ''}ok {number} - twenty VMs each at once, {who}, zone {name}"
                          + (f" # {'; '.join(bad)}" if bad else ""), flush=True)
            finally:
                cluster.close()
    print(f"1..{number}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
