#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Zones and vnets made through the API, as frames on a cable between two hosts.

    tests/netns/run.py BUILD [--short]     all scenes, or those that a change must pass
    tests/netns/run.py --probe             exit status 0 when this kernel can do it all by itself

What pxcsim says that a node would write to /etc/network/interfaces.d/sdn (GET /cluster/sdn/dry-run) is made with iproute2 in network
namespaces, and what guests send is caught between the hosts; inside.py does that. It runs right here where the kernel has bridges,
VLANs and VXLAN and we are root, else on Debian's kernel in QEMU (BUILD/netns, made by image.sh), else the test is skipped. Speaks TAP.
"""
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import urllib.error

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "boot"), os.path.join(os.path.dirname(HERE), "lib")]
import guest

import sim

DEADLINE = 900  # seconds for all scenes in the emulated machine, on a slow one with other work to do
INSIDE = ("inside.py", "ifaces.py", "reference.py", "spaces.py", "wire.py")
DOT1Q, DOT1AD = 0x8100, 0x88A8
CABLE_MTU, QINQ_MTU, VXLAN_MTU, VXLAN_PORT = 1500, 1496, 1450, 4789

# An MTU that leaves room for the inner tag stands in the zone, as PVE's documentation tells its users.
AD = {"type": "qinq", "bridge": "vmbr0", "vlan-protocol": "802.1ad", "mtu": QINQ_MTU}
QQ = {"type": "qinq", "bridge": "vmbr0", "mtu": QINQ_MTU}
SERVICE = {"zones": {"qa": dict(AD, tag=100), "qb": dict(AD, tag=101)},
           "vnets": {"qa10": {"zone": "qa", "tag": 10, "alias": "the first (10)"}, "qa20": {"zone": "qa", "tag": 20, "isolate-ports": 1},
                     "qanone": {"zone": "qa"}, "qb10": {"zone": "qb", "tag": 10}}}
STACKED = {"zones": {"qa": dict(QQ, tag=100), "qb": dict(QQ, tag=101), "vl": {"type": "vlan", "bridge": "vmbr0"},
                     "xa": {"type": "vxlan", "peers": None}, "xb": {"type": "vxlan", "peers": None, "vxlan-port": 4790, "mtu": 1400}},
           "vnets": {"qa10": {"zone": "qa", "tag": 10}, "qb10": {"zone": "qb", "tag": 10}, "vl10": {"zone": "vl", "tag": 10},
                     "xa7": {"zone": "xa", "tag": 7000}, "xa8": {"zone": "xa", "tag": 8000, "isolate-ports": 1},
                     "xb9": {"zone": "xb", "tag": 9000}}}
# (title, does vmbr0 know VLANs, what is made, is it one of the short run)
SCENES = [("802.1ad over a VLAN-aware bridge", True, SERVICE, True), ("802.1Q and VXLAN over a plain bridge", False, STACKED, True),
          ("802.1ad over a plain bridge", False, SERVICE, False), ("802.1Q and VXLAN over a VLAN-aware bridge", True, STACKED, False)]


class Cluster:
    """with Cluster(build, aware) as cluster: two simulated nodes whose vmbr0 knows VLANs, or does not."""

    def __init__(self, build, aware):
        self.build, self.aware = build, aware

    def __enter__(self):
        self.temp = tempfile.TemporaryDirectory(prefix="pxc-netns-")
        bridges = {"vmbr0": {"vlan_aware": self.aware, "ports": "eno1"}}
        self.sim = sim.Sim(self.build, "--nodes", "2", "--speed", "0", "--state-dir", self.temp.name,
                           world={"nodes": {name: {"bridges": bridges} for name in ("pve1", "pve2")}})
        return self

    def __exit__(self, *exc):
        self.sim.close()
        self.temp.cleanup()

    def ask(self, method, path, **params):
        try:
            return self.sim.api(method, path, **params)
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {path}: {error.code} {error.reason} {error.read().decode()}") from None


def base_text(cluster, node):
    """What /etc/network/interfaces says of the node's bridges, from what the API tells of them."""
    text = ""
    for bridge in cluster.ask("GET", f"/nodes/{node}/network", type="bridge"):
        text += f"auto {bridge['iface']}\niface {bridge['iface']} inet static\n\taddress {bridge['cidr']}\n"
        text += "".join(f"\t{key.replace('_', '-')} {bridge[key]}\n" for key in ("bridge_ports", "bridge_stp", "bridge_fd"))
        if bridge.get("bridge_vlan_aware"):
            text += "\tbridge-vlan-aware yes\n\tbridge-vids 2-4094\n"
    return text


def sdn_text(cluster, node):
    """The file that the node would write: it has none yet, so all of it is new."""
    diff = cluster.ask("GET", "/cluster/sdn/dry-run", node=node)["interfaces-diff"]
    lines = [line for line in diff.splitlines() if not re.match(r"--- |\+\+\+ |@@ ", line)]
    if not all(line.startswith("+") for line in lines):
        raise SystemExit(f"{node} has a file already:\n{diff}")
    return "".join(line[1:] + "\n" for line in lines)


def expected(name, vnet, zone):
    """What must be on the cable, from what was asked of the API: tags from the outside, or the tunnel."""
    kind, tag = zone["type"], vnet.get("tag")
    outer = {"qinq": DOT1AD if zone.get("vlan-protocol") == "802.1ad" else DOT1Q}.get(kind)
    tags = [(outer, zone["tag"])] if kind == "qinq" else []
    if tag and kind != "vxlan":
        tags.append((DOT1Q, tag))
    return {"id": name, "zone": vnet["zone"], "isolated": bool(vnet.get("isolate-ports")), "tags": tags,
            "mtu": zone.get("mtu", VXLAN_MTU if kind == "vxlan" else CABLE_MTU),
            "tunnel": (zone.get("vxlan-port", VXLAN_PORT), tag) if kind == "vxlan" else None}


def scene(build, title, aware, wanted, short):
    with Cluster(build, aware) as cluster:
        nodes = {node["name"]: node["ip"] for node in cluster.ask("GET", "/cluster/status") if node["type"] == "node"}
        for name, zone in wanted["zones"].items():
            peers = {"peers": ",".join(nodes.values())} if "peers" in zone else {}
            cluster.ask("POST", "/cluster/sdn/zones", zone=name, **dict(zone, **peers))
        for name, vnet in wanted["vnets"].items():
            cluster.ask("POST", "/cluster/sdn/vnets", vnet=name, **vnet)
        hosts = [{"name": node, "text": base_text(cluster, node) + sdn_text(cluster, node)} for node in sorted(nodes)]
    return {"title": title, "ifupdown2": not short, "hosts": hosts,
            "nets": [expected(name, vnet, wanted["zones"][vnet["zone"]]) for name, vnet in wanted["vnets"].items()]}


def missing_here():
    """What this machine's kernel cannot make; [] when all of it works right here."""
    if os.geteuid():
        return ["anything without root's rights"]
    done = subprocess.run(["unshare", "-n", "-m", sys.executable, os.path.join(HERE, "inside.py"), "--probe"], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.stdout.splitlines() if done.returncode == 0 else ["network namespaces"]


def run_here(folder):
    """In namespaces of our own; names of namespaces lie in /run, so that is ours, too."""
    return subprocess.run(["unshare", "-n", "-m", "sh", "-c", 'mount -t tmpfs run /run && exec "$@"', "sh", sys.executable,
                           os.path.join(HERE, "inside.py"), os.path.join(folder, "spec.json")], check=False).returncode


def run_emulated(folder, image):
    """On Debian's kernel; the tests go in as a tar file on the second disk, their lines come out of the serial port."""
    disk = os.path.join(folder, "test.tar")
    with tarfile.open(disk, "w") as tar:
        for path in [os.path.join(HERE, name) for name in INSIDE] + [os.path.join(folder, "spec.json")]:
            tar.add(path, arcname=os.path.basename(path))
    args = ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-accel", "tcg", "-cpu", guest.CPU, "-nodefaults", "-nographic",
            "-no-reboot", "-m", "512", "-monitor", "none", "-serial", "stdio", "-kernel", os.path.join(image, "vmlinuz"),
            "-initrd", os.path.join(image, "initrd.gz"), "-append", "console=ttyS0,115200 quiet loglevel=3 panic=1"]
    for name, path, mode in (("root", os.path.join(image, "root.ext4"), "snapshot=on"), ("test", disk, "readonly=on")):
        args += ["-drive", f"file={path},format=raw,if=none,id={name},{mode}", "-device", f"virtio-blk-pci,drive={name}"]
    report = guest.boot(args, os.path.join(image, "console.log"), DEADLINE)
    print("\n".join(report.all("tap")), flush=True)
    if not any(line.startswith("1..") for line in report.all("tap")):
        raise guest.Failed(f"the tests did not run to their end; console:\n{report.text[-2000:]}")


def main():
    if sys.argv[1:] == ["--probe"]:
        return 1 if missing_here() else 0
    build, short = os.path.abspath(sys.argv[1]), "--short" in sys.argv[2:]
    image = os.path.join(build, "netns")
    missing = missing_here()
    if missing and not os.path.exists(os.path.join(image, "root.ext4")):
        print(f"ok 1 - frames on the cable # skip no {', '.join(missing)} in this kernel, and no emulated machine: make netns-image\n1..1")
        return 0
    specs = [scene(build, title, aware, wanted, short) for title, aware, wanted, quick in SCENES if quick or not short]
    with tempfile.TemporaryDirectory(prefix="pxc-netns-") as folder:
        with open(os.path.join(folder, "spec.json"), "w", encoding="utf-8") as f:
            json.dump(specs, f)
        if not missing:
            return run_here(folder)
        print(f"# this kernel has no {', '.join(missing)}: on an emulated machine", flush=True)
        try:
            run_emulated(folder, image)
        except guest.Failed as e:
            print("not ok - the emulated machine boots and runs the tests\n" + "\n".join("# " + line for line in str(e).splitlines()))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
