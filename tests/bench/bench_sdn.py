#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of networks: 200 of a project with a subnet each, in one task; then the same task again.

    tests/bench/bench_sdn.py BUILD        writes BUILD/bench-sdn.json: a list of {name, value, unit, limit, ok}

What a network costs is what a task for 200 sends more than a task for one. What is counted passes a proxy, which sees every request; what
is timed does not.
"""
import os
import statistics
import subprocess
import sys
import tempfile

import bench

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "crash"))
from killproxy import KillProxy

NETWORKS = 200


def task(count):
    return {"project": "bench", "networks": [{"name": f"net-{i}", "subnets": [{"cidr": f"10.{i // 256}.{i % 256}.0/24"}]} for i in range(count)]}


def prepare():
    cluster = bench.Cluster("--nodes", "3")
    cluster.run("pxc_cloud", {"domain": "example.org", "storage": "shared",
                              "tenant_zones": [{"name": "tenant", "type": "vlan", "bridge": "vmbr0", "vlan_range": [100, 999]}]})
    cluster.run("pxc_project", {"name": "bench", "quota": {"networks": -1, "subnets": -1}})
    return cluster


def certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=127.0.0.1", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"], check=True,
                   stderr=subprocess.DEVNULL)


def counted(cluster, folder, count):
    """The result of a task for so many networks, and its requests, as "METHOD path"."""
    proxy = KillProxy(cluster.info["port"], f"{folder}/cert.pem", f"{folder}/key.pem")
    try:
        result, _, _ = cluster.run("pxc_sdn", dict(task(count), validate_certs=False, api_urls=[f"https://127.0.0.1:{proxy.port}"]))
        return result, [line.replace(" /api2/json", " ") for line in proxy.log]
    finally:
        proxy.shutdown()
        proxy.server_close()


def must(truth, words):
    if not truth:
        raise SystemExit(words)


def make(folder, count):
    """A fresh cluster with so many networks, and the requests that it took."""
    cluster = prepare()
    try:
        result, log = counted(cluster, folder, count)
        must(result["changed"] and len(result["networks"]) == count, "the networks were not made")
        running = cluster.api("GET", "/cluster/sdn/vnets", running=1)
        must(len(running) == count, f"{len(running)} networks run, not {count}")
        return cluster, log
    except BaseException:
        cluster.close()
        raise


def measure(folder):
    certificate(folder)
    cluster, single = make(folder, 1)
    cluster.close()
    cluster, log = make(folder, NETWORKS)
    try:
        bench.row(f"locks on the SDN configuration for {NETWORKS} networks", log.count("POST /cluster/sdn/lock"), "", 1)
        bench.row("applies of the SDN configuration", log.count("PUT /cluster/sdn"), "", 1)
        bench.row("requests for each network created", (len(log) - len(single)) / (NETWORKS - 1), "", 3)
        bench.row("requests of a task that creates one network", len(single), "")
        result, log = counted(cluster, folder, NETWORKS)
        must(not result["changed"], "a run that should have changed nothing changed something")
        bench.row("writes of the second run", sum(not line.startswith("GET ") for line in log), "", 0)
        runs = [cluster.run("pxc_sdn", task(NETWORKS)) for _ in range(5)]
        bench.row("second run: the module process", statistics.median(r[1] for r in runs), "s", 1)
    finally:
        cluster.close()


def main():
    with tempfile.TemporaryDirectory(prefix="pxc-bench-") as folder:
        measure(folder)
    bench.report(f"{bench.BUILD}/bench-sdn.json")


if __name__ == "__main__":
    main()
