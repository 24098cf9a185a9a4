#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of the inventory plugin, by the ansible-inventory in PATH (tests/contract/with_ansible.py puts another there).

    tests/bench/bench_inventory.py BUILD    a table, and BUILD/bench-inventory.json

Beside it, in turn on the same simulated cluster: the plugin of community.proxmox (with an ansible-core that is too old for it: that
of community.general, where it is installed), with its facts, which are the nearest to our details; and the same hosts from a
file, which is what ansible-inventory itself costs. The peers need the requests library of Python; the former is taken out of PyPI's package
"ansible" once, into BUILD/peer. Times are medians; those of the processor are of ansible-inventory and what it starts.
"""
import glob
import importlib.util
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile

from bench import BUILD, Cluster, report, requests, row

ROUNDS = 3
PACKAGES = "/usr/lib/python3/dist-packages"
PEER_PACKAGE = "ansible==14.5.0"
PEER_FOLDER = "ansible_collections/community/proxmox/"
# An answer of a real server takes its time; one that is for a hundred reads as long as these would.
LATENCY = "".join("GET %s slow=5\n" % path for path in ("/*", "/*/*", "/*/*/*", "/*/*/*/*", "/*/*/*/*/*", "/*/*/*/*/*/*", "/*/*/*/*/*/*/*"))
LATENCY += "POST /nodes/*/execute slow=500\nPOST /access/ticket slow=5\n"


def version():
    shown = subprocess.run(["ansible-inventory", "--version"], stdout=subprocess.PIPE, check=True).stdout.decode()
    return tuple(int(n) for n in re.search(r"core (\d+)\.(\d+)", shown).groups())


def fetch_peer():
    """The folder that has community.proxmox, or None."""
    folder = os.path.join(os.path.abspath(BUILD), "peer")
    if os.path.isdir(os.path.join(folder, PEER_FOLDER)):
        return folder
    with tempfile.TemporaryDirectory(prefix="pxc-peer-") as temp:
        done = subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", temp, PEER_PACKAGE], check=False)
        wheels = glob.glob(temp + "/*.whl")
        if done.returncode or not wheels:
            return None
        with zipfile.ZipFile(wheels[0]) as wheel:
            wheel.extractall(folder, [n for n in wheel.namelist() if n.startswith(PEER_FOLDER)])
    return folder


def peer_plugin():
    """(its name, where its collection is), or None."""
    if not importlib.util.find_spec("requests"):
        return None
    if version() >= (2, 17):
        folder = fetch_peer()
        return ("community.proxmox.proxmox", folder) if folder else None
    if os.path.exists(PACKAGES + "/ansible_collections/community/general/plugins/inventory/proxmox.py"):
        return "community.general.proxmox", PACKAGES
    return None


def run(cluster, path, collections=None):
    """(what it listed, seconds, seconds of the processor, requests)"""
    env = dict(cluster.environment(), ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="1", ANSIBLE_INVENTORY_ENABLED="auto,yaml")
    env["ANSIBLE_COLLECTIONS_PATHS"] = env["ANSIBLE_COLLECTIONS_PATH"] = os.path.abspath(BUILD) + (":" + collections if collections else "")
    env["REQUESTS_CA_BUNDLE"] = cluster.info["ca_path"]  # the peer has no option for it
    if path.endswith("root.pxc.yml"):
        del env["PXC_API_TOKEN_ID"], env["PXC_API_TOKEN_SECRET"]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        before, start = requests(cluster), time.perf_counter()
        process = subprocess.Popen(["ansible-inventory", "-i", path, "--list"], env=env, stdout=out, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        if process.returncode:
            raise SystemExit(errors.read().decode())
        return json.loads(out.read()), seconds, usage.ru_utime + usage.ru_stime, requests(cluster) - before


def measure(cluster, files):
    """Of each, in turn, so that what else the machine does is the same for all: (listed, median seconds, of the processor, requests)."""
    runs = [[run(cluster, *file) for file in files] for _ in range(ROUNDS)]
    return [(several[-1][0], statistics.median(r[1] for r in several), statistics.median(r[2] for r in several), several[-1][3]) for several in zip(*runs)]


def write(folder, name, content):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as f:
        json.dump(content, f)
    return path


def same_from_a_file(folder, listed):
    groups = {name: {"hosts": {h: {} for h in group["hosts"]}} for name, group in listed.items() if name != "_meta" and group.get("hosts")}
    return write(folder, "same.yml", {"all": {"hosts": listed["_meta"]["hostvars"], "children": groups}})


def peer_file(folder, cluster, name):
    user, _, token = cluster.info["token_id"].partition("!")
    return write(folder, "peer.proxmox.yml", {"plugin": name, "url": cluster.info["url"], "user": user, "token_id": token,
                                              "token_secret": cluster.info["token_secret"], "validate_certs": False, "want_facts": True})


def hosts(listed):
    return len([v for v in listed["_meta"]["hostvars"].values() if v.get("pxc_type") != "node"])


def show(what, got, limit=None):
    row(what, got[1], "s", limit)
    row("  of the processor", got[2], "s")


def measure_details(folder, peer, latency):
    faults = write(folder, "none", None)
    with open(faults, "w", encoding="utf-8") as f:
        f.write(LATENCY if latency else "")
    cluster = Cluster("--nodes", "10", "--vms", "1000", "--faults", faults, *(["--speed", "1"] if latency else []))
    when = ", 5 ms for each answer" if latency else ""
    try:
        options = {"plugin": "pxcloud.pve.pxc", "name": "bench", "details": ["config"]}
        files = [(write(folder, "token.pxc.yml", options),),
                 (write(folder, "root.pxc.yml", dict(options, api_user="root@pam", api_password=cluster.info["password"])),)]
        if peer:
            files.append((peer_file(folder, cluster, peer[0]), peer[1]))
        got = measure(cluster, files)
        if hosts(got[0][0]) != 1000 or got[0][0] != got[1][0]:
            raise SystemExit("not what was made")
        show("1,000 guests with details, by token" + when, got[0])
        row("  requests", got[0][3], "")
        show("1,000 guests with details, root with a ticket" + when, got[1])
        row("  requests", got[1][3], "", 201)
        if not peer:
            return
        show(f"{peer[0]} with facts{when}", got[2])
        row("  requests", got[2][3], "")
        for i, who in enumerate(("by token", "root with a ticket")):
            row(f"share of its requests, {who}", 100 * got[i][3] / got[2][3], "%", 5)
            row(f"share of its time, {who}{when}", 100 * got[i][1] / got[2][1], "%", 10)
    finally:
        cluster.close()


def measure_lists(folder):
    cluster = Cluster("--nodes", "40", "--vms", "10000")
    try:
        ours = write(folder, "lists.pxc.yml", {"plugin": "pxcloud.pve.pxc", "name": "bench"})
        first = run(cluster, ours)
        if hosts(first[0]) != 10000:
            raise SystemExit("not what was made")
        nobody = write(folder, "nobody.yml", {"all": {"hosts": {"nobody": {}}}})
        got = measure(cluster, [(ours,), (nobody,)])
        show("10,000 guests without details", got[0], 5)
        row("  requests", got[0][3], "", 1)
        show("ansible-inventory with one host", got[1])
        # Once: it takes several times as long.
        show("ansible-inventory with the same hosts from a file", run(cluster, same_from_a_file(folder, first[0])))
    finally:
        cluster.close()


def main():
    peer = peer_plugin()
    print("ansible-core %d.%d" % version())
    with tempfile.TemporaryDirectory(prefix="pxc-bench-") as folder:
        measure_lists(folder)
        for latency in (False, True):
            measure_details(folder, peer, latency)
    report(f"{BUILD}/bench-inventory.json")


if __name__ == "__main__":
    main()
