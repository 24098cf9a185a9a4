#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures the README quotes, measured on this machine in one run: a table, and BUILD/bench.json.

    tests/bench/bench.py BUILD

Every figure is a median or a ratio of runs side by side; exits 0 when it could measure, whatever came out.
"""
import json
import os
import platform
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import sim

VMS = 1000
BUILD = sys.argv[1] if len(sys.argv) > 1 else "build"
ROWS: list = []


def row(name, value, unit, limit=None, at_least=False):
    good = limit is None or (value >= limit if at_least else value <= limit)
    ROWS.append({"name": name, "value": round(value, 2), "unit": unit, "limit": limit, "ok": good})


class Cluster(sim.Sim):
    def __init__(self, *options):
        super().__init__(BUILD, "--speed", "0", *options)

    def run(self, module, args):
        """Result, wall seconds, peak memory in MiB."""
        start = time.perf_counter()
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out:
            given.write(json.dumps(args).encode())
            given.seek(0)
            process = subprocess.Popen([f"{BUILD}/bin/pxc", module], stdin=given, stdout=out, env=self.environment())
            _, _, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - start
            out.seek(0)
            result = json.loads(out.read())
        if result.get("failed"):
            raise SystemExit(f"{module}: {result['msg']}")
        return result, seconds, usage.ru_maxrss / 1024


def measure_start():
    """From exec to the first byte on the wire."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"https://127.0.0.1:{listener.getsockname()[1]}"
    args = json.dumps({"api_urls": [url], "api_token_id": "a@pve!b", "api_token_secret": "x" * 36, "api_timeout": 1,
                       "validate_certs": False}).encode()
    times = []
    for _ in range(31):
        start = time.perf_counter()
        process = subprocess.Popen([f"{BUILD}/bin/pxc", "pxc_info"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        process.stdin.write(args)
        process.stdin.close()
        connection, _ = listener.accept()
        connection.recv(1)
        times.append((time.perf_counter() - start) * 1000)
        process.kill()
        process.wait()
        connection.close()
    listener.close()
    row("start of a module to its first request", statistics.median(times), "ms", 10)


def measure_convergence():
    cluster = Cluster("--nodes", "20", "--memory", "262144", "--cores", "64")
    try:
        cluster.run("pxc_cloud", {"domain": "example.org", "storage": "shared", "bridge": "vmbr0"})
        cluster.run("pxc_project", {"name": "bench", "quota": {"instances": -1, "cores": -1, "ram_mb": -1}})
        task = {"project": "bench", "cores": 1, "memory": 1024, "disk_size": 1, "networks": [{}], "power": "running",
                "vms": [{"name": f"vm-{i}"} for i in range(VMS)]}
        _, seconds, _ = cluster.run("pxc_vm", task)
        print(f"(created and started {VMS} VMs in one task in {seconds:.1f} s)")
        runs = [cluster.run("pxc_vm", task) for _ in range(5)]
        if any(r[0]["changed"] for r in runs):
            raise SystemExit("a run that should have changed nothing changed something")
        before = requests(cluster)
        cluster.run("pxc_vm", task)
        row(f"no-op convergence of {VMS} VMs in one task", statistics.median(r[1] for r in runs), "s", 2)
        row("requests for each VM", (requests(cluster) - before - 1) / VMS, "", 1.1)
        row(f"peak memory with {VMS} VMs", max(r[2] for r in runs), "MiB", 64)
    finally:
        cluster.close()


def requests(cluster):
    return json.loads(cluster.ask("GET", "/sim/now"))["requests"]


def measure_resources():
    cluster = Cluster("--nodes", "40", "--vms", "10000")
    try:
        times = []
        for _ in range(7):
            start = time.perf_counter()
            size = len(cluster.ask("GET", "/api2/json/cluster/resources"))
            times.append((time.perf_counter() - start) * 1000)
        print(f"(the list of 40 nodes and 10,000 guests has {size / 1e6:.1f} MB)")
        row("pxcsim: GET /cluster/resources of 10,000 guests", statistics.median(times), "ms", 100)
    finally:
        cluster.close()


def ours_rps(cluster, path, count, connections):
    info = cluster.info
    out = subprocess.run([f"{BUILD}/tests/bench/client_bench", "--url", info["url"], "--token-id", info["token_id"], "--token-secret",
                          info["token_secret"], "--ca", info["ca_path"], "--path", path, "--requests", str(count),
                          "--connections", str(connections)], check=True, capture_output=True)
    return json.loads(out.stdout)["rps"]


def curl_rps(cluster, path, count, connections):
    header = f"Authorization: PVEAPIToken={cluster.info['token_id']}={cluster.info['token_secret']}"
    start = time.perf_counter()
    # The fragment is not sent: it only makes so many requests out of one URL.
    subprocess.run(["curl", "-s", "-Z", "--parallel-immediate", "--parallel-max", str(connections), "--cacert",
                    cluster.info["ca_path"], "-H", header, "-o", "/dev/null",
                    f"{cluster.info['url']}/api2/json{path}#[1-{count}]"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return count / (time.perf_counter() - start)


def wrk_rps(cluster, path, connections):
    header = f"Authorization: PVEAPIToken={cluster.info['token_id']}={cluster.info['token_secret']}"
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", "-d2s", "-H", header, f"{cluster.info['url']}/api2/json{path}"],
                         check=True, capture_output=True, text=True)
    return float(re.search(r"Requests/sec:\s*([0-9.]+)", out.stdout)[1])


def measure_client():
    """Our client against curl's parallel mode (and wrk, which parses no answer), alternating, same connections, same server."""
    cluster = Cluster("--vms", "100")
    connections, count, path = 4, 6000, "/nodes/pve1/qemu/100/config"
    ours, curl, wrk = [], [], []
    try:
        for _ in range(5):
            ours.append(ours_rps(cluster, path, count, connections))
            curl.append(curl_rps(cluster, path, count, connections))
            wrk.append(wrk_rps(cluster, path, connections))
    finally:
        cluster.close()
    print(f"(requests a second with {connections} connections: ours {statistics.median(ours):.0f}, curl "
          f"{statistics.median(curl):.0f}, wrk {statistics.median(wrk):.0f})")
    row("client: share of the rate of curl's parallel mode", 100 * statistics.median(ours) / statistics.median(curl), "%", 80, True)


def report(path):
    for r in ROWS:
        bound = "" if r["limit"] is None else f" (limit {r['limit']}) {'ok' if r['ok'] else 'MISSED'}"
        print(f"{r['name']:<52} {r['value']:>9} {r['unit']:<4}{bound}")
    with open(path, "w", encoding="utf-8") as out:
        json.dump(ROWS, out, indent=1)


def main():
    measure_start()
    measure_convergence()
    measure_resources()
    measure_client()
    report(f"{BUILD}/bench.json")
    model = re.search(r"model name\s*: (.*)", open("/proc/cpuinfo", encoding="utf-8").read())
    print(f"on {os.cpu_count()} cores of {model[1] if model else platform.machine()}")


if __name__ == "__main__":
    main()
