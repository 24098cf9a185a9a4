# SPDX-License-Identifier: GPL-3.0-or-later
"""What ifupdown2 makes of a host's text, beside what was made here."""
import json
import os
import re

from spaces import batch, inside, run


def ranges(vlans):
    """What bridge says of a port's VLANs, neighbours that are alike as one: [(first, last, flags)]."""
    found = []
    for vlan in vlans:
        first, last, flags = vlan["vlan"], vlan.get("vlanEnd", vlan["vlan"]), vlan.get("flags", [])
        if found and found[-1][1] == first - 1 and found[-1][2] == flags:
            first = found.pop()[0]
        found.append((first, last, flags))
    return found


def facts(space):
    """What matters of the interfaces in a namespace, {interface: {...}}."""
    found = {}
    for link in json.loads(run("ip", "-n", space, "-d", "-j", "address")):
        info = link.get("linkinfo", {})
        data = info.get("info_data", {})
        found[link["ifname"]] = {
            "kind": info.get("info_kind"), "up": "UP" in link["flags"], "addresses": [], "vlans": [], "peers": [],
            **{key: link.get(key) for key in ("mtu", "master", "ifalias")},
            "over": link.get("link") if info.get("info_kind") == "vlan" else None,
            **{key: data.get(key) for key in ("id", "protocol", "port", "vlan_filtering", "vlan_protocol", "stp_state", "forward_delay")}}
        found[link["ifname"]]["addresses"] = [f"{a['local']}/{a['prefixlen']}" for a in link["addr_info"] if a["family"] == "inet"]
    for entry in json.loads(run("bridge", "-n", space, "-c", "-j", "vlan")):
        found[entry["ifname"]]["vlans"] = ranges(entry["vlans"])
    for entry in json.loads(run("bridge", "-n", space, "-j", "fdb")):
        if "dst" in entry and entry.get("state") == "permanent":  # others were learned
            found[entry["ifname"]]["peers"].append((entry["mac"], entry["dst"]))
    return {name: fact for name, fact in found.items() if name not in ("lo", "far")}


def compare(scene):
    """
    ifupdown2, which is what PVE runs, makes the same of the first host's text. Debian's package (not Proxmox's own) complains of a
    VLAN as a port of a VLAN-aware bridge, which a QinQ zone has, and leaves that bridge's ports without their VLANs: these
    are not compared.
    """
    name, path = scene.hosts[0], os.path.join(scene.folder, "interfaces")
    with open(path, "w", encoding="utf-8") as f:
        f.write(scene.spec["hosts"][0]["text"])
    run("ip", "netns", "add", "other")
    batch([f"link add {scene.cable} type veth peer name far", "link set far up"], "-n", "other")
    # Its state lies in /run, its file in /etc.
    said = inside("other", "unshare", "-m", "sh", "-ec", f"mount --bind {path} /etc/network/interfaces; mount -t tmpfs run /run; "
                  "mkdir /run/network; ifreload -a 2>&1")
    ours, theirs = facts(name), facts("other")
    run("ip", "netns", "del", "other")
    strict = re.compile(r"error: (\w+): \S+: vlan sub-interface is not supported in a vlan-aware bridge")
    errors = [line for line in said.splitlines() if "error" in line and not strict.fullmatch(line)]
    scene.check(not errors, "ifupdown2 takes the text", said)
    for fact in list(ours.values()) + list(theirs.values()):
        if fact["master"] in strict.findall(said):
            del fact["vlans"]
    for link in sorted(set(ours) | set(theirs)):
        mine, other = ours.get(link), theirs.get(link)
        scene.check(mine == other, f"ifupdown2 makes {link} as it is made here", f"ifupdown2: {other}\nhere:      {mine}")
