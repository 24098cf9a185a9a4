# SPDX-License-Identifier: GPL-3.0-or-later
"""ip and bridge, in network namespaces."""
import os
import subprocess

KINDS = {"veth": "veth", "bridge": "bridge vlan_filtering 1", "VLANs (802.1Q)": "vlan protocol 802.1q id 5",
         "VLANs (802.1ad)": "vlan protocol 802.1ad id 5", "VXLAN": "vxlan id 5 dstport 4789"}


def run(*words, check=True):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stdout.strip()}")
    return done.stdout


def inside(space, *words):
    return run("ip", "netns", "exec", space, *words)


def batch(lines, *options, program="ip"):
    """Many calls of ip or bridge at once."""
    done = subprocess.run([program, *options, "-batch", "-"], input="\n".join(lines) + "\n", stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise RuntimeError("\n".join([done.stdout.strip(), f"{program} {' '.join(options)}:", *lines]))


def probe():
    """The kinds that cannot be made here."""
    missing = []
    run("ip", "link", "add", "pxcbase", "type", "dummy", check=False)
    base = "pxcbase" if os.path.exists("/sys/class/net/pxcbase") else "lo"
    for name, kind in KINDS.items():
        link = ["link", base] if kind.startswith("vlan") else []
        try:
            run("ip", "link", "add", *link, "name", "pxcprobe", "type", *kind.split())
            run("ip", "link", "del", "pxcprobe")
        except RuntimeError:
            missing.append(name)
    run("ip", "link", "del", "pxcbase", check=False)
    return missing
