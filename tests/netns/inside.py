#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two hosts as network namespaces with a cable between them, guests on their vnets, and what is seen on the cable.

    inside.py SPEC.json     the tests (TAP); as root, in a network and mount namespace of its own or on a machine of its own
    inside.py --probe       says which kinds of interfaces the kernel cannot make; nothing when all is there

SPEC: [{"title", "ifupdown2": compare with it where it is installed, "hosts": [{"name", "text"}], "nets": [{"id", "zone", "mtu",
"isolated", "tags": [[TPID, id]], "tunnel": null or [UDP port, VNI]}]}]. Texts are what /etc/network/interfaces and
interfaces.d/sdn of a host say; tags and tunnel what must be on the cable for a net.
"""
import itertools
import json
import os
import shutil
import subprocess
import sys
import time
import traceback

import ifaces
import reference
import wire
from spaces import batch, inside, probe, run

CABLE_MTU, CABLE = 1500, "eno1"
# What the reader of texts must refuse rather than pass over.
UNREADABLE = {"an option that it does not know": "auto a\niface a\n\tbridge-ports none\n\tbridge-hello 2\n",
              "an option of no interface": "bridge-ports none\n",
              "an interface that nothing brings up": "iface a\n\tbridge-ports none\n",
              "two MTUs of one interface": "auto a\niface a\n\tmtu 1500\niface a\n\tmtu 1496\n",
              "half a pair": "auto a\niface a\n\tlink-type veth\n\tveth-peer-name b\n",
              "an interface of no kind": "auto a\niface a\n\tbridge-stp off\n"}
PING_HEAD, VXLAN_EXTRA = 28, 50  # IPv4 and ICMP; IPv4, UDP, VXLAN and the inner frame's head


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def check(self, good, what, seen=None):
        self.count += 1
        print(f"{'ok' if good else 'not ok'} {self.count} - {what}", flush=True)
        if not good:
            self.failed += 1
            for line in str(seen).splitlines():
                print("# " + line, flush=True)

    def done(self):
        print(f"1..{self.count}", flush=True)
        return 1 if self.failed else 0


def refuses(text):
    try:
        ifaces.plan(text)
    except ifaces.Wrong:
        return True
    return False


class Guest:
    """A VM's card: a namespace with one interface, whose other end is a port of the vnet's bridge."""

    def __init__(self, host, net, number, k):
        self.net, self.space, self.host = net, f"{host}-{net['id']}-{number}", host
        self.address = f"10.99.{k}.{number + (10 if host.endswith('1') else 20)}"
        self.port = f"tap{k}i{number}"

    def plug(self):
        """What ip does for it on the host. The port takes what it gets: it is the bridge that has the vnet's MTU."""
        lines = [f"link add {self.port} mtu 9000 type veth peer name eth0 netns {self.space}",
                 f"link set {self.port} master {self.net['id']} addrgenmode none up"]
        return lines + [f"link set {self.port} type bridge_slave isolated on"] * self.net["isolated"]

    def start(self):
        """What ip does in it. The card takes the MTU of its bridge, as PVE's do."""
        return [f"link set eth0 mtu {self.net['mtu']} addrgenmode none up", f"address add {self.address}/16 dev eth0"]

    def ping(self, other, *options):
        """Begins one; see answered()."""
        return subprocess.Popen(["ip", "netns", "exec", self.space, "ping", "-c", "1", "-W", "4", *options, other.address],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def answered(pings):
    """Which of these, (key, process), got an answer: {key: bool}; and what they said."""
    said = {key: process.communicate()[0] for key, process in pings}
    return {key: " 0% packet loss" in text for key, text in said.items()}, said


def too_large(net):
    """Bytes of the smallest packet that must be lost. Linux leaves four bytes for one tag on top of every MTU; a second one counts."""
    return net["mtu"] + 5 if net["tunnel"] else CABLE_MTU + 5 - 4 * (len(net["tags"]) - 1)


class Scene:
    cable = CABLE

    def __init__(self, tap, spec, folder):
        self.tap, self.spec, self.nets, self.folder = tap, spec, spec["nets"], folder
        self.hosts = [h["name"] for h in spec["hosts"]]
        self.pcap = os.path.join(folder, "cable.pcap")
        self.guests = {(host, net["id"], number): Guest(host, net, number, k)
                       for k, net in enumerate(self.nets) for host in self.hosts for number in (1, 2)}
        self.tcpdump = None

    def check(self, good, what, seen=None):
        self.tap.check(good, f"{self.spec['title']}: {what}", seen)

    def build(self):
        batch([f"netns add {space}" for space in self.hosts + [g.space for g in self.guests.values()]])
        a, b = self.hosts
        run("ip", "-n", a, "link", "add", CABLE, "mtu", str(CABLE_MTU), "type", "veth", "peer", "name", CABLE, "mtu", str(CABLE_MTU),
            "netns", b)
        for host in self.spec["hosts"]:
            for program, lines in ifaces.plan(host["text"]):
                if program == "sh":
                    inside(host["name"], "sh", "-ec", "\n".join(lines))
                else:
                    batch(lines, "-n", host["name"], program=program)

    def populate(self):
        for host in self.hosts:
            batch([line for guest in self.guests.values() if guest.host == host for line in guest.plug()], "-n", host)
        for guest in self.guests.values():
            batch(guest.start(), "-n", guest.space)

    def listen(self):
        self.tcpdump = subprocess.Popen(["ip", "netns", "exec", self.hosts[1], "tcpdump", "-i", CABLE, "-w", self.pcap, "-U",
                                         "--immediate-mode", "-s", "0", "-Z", "root"], stdin=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True)
        while "listening on" not in (line := self.tcpdump.stderr.readline()):
            if not line:
                raise RuntimeError("tcpdump does not listen")

    def heard(self):
        """All pings on the cable so far: {(source, target): [wire.Ping]}."""
        time.sleep(0.5)
        self.tcpdump.terminate()
        self.tcpdump.communicate()
        found = {}
        for ping in wire.pings(self.pcap):
            found.setdefault((ping.src, ping.dst), []).append(ping)
        return found

    def pair(self, net):
        """The first guest of the net on each host."""
        return tuple(self.guests[host, net["id"], 1] for host in self.hosts)

    def across(self):
        """Within a net guests reach each other over the cable, with full packets and not with larger ones."""
        for host in self.hosts:
            links = {link["ifname"]: link for link in json.loads(run("ip", "-n", host, "-j", "link"))}
            for net in self.nets:
                self.check(links[net["id"]]["mtu"] == net["mtu"], f"{net['id']} has an MTU of {net['mtu']} on {host}", links[net["id"]])
        sizes = {"": [], "full": lambda m: m, "over": lambda m: m + 1}
        for what, size in sizes.items():
            pings = [(net["id"], self.pair(net)[0].ping(self.pair(net)[1], *(
                ["-M", "do", "-s", str(size(net["mtu"]) - PING_HEAD)] if size else []))) for net in self.nets]
            got, said = answered(pings)
            for net in self.nets:
                text = {"": "guests on two hosts reach each other", "full": f"a packet of {net['mtu']} bytes passes whole",
                        "over": "one of a byte more is refused by the card"}[what]
                self.check(got[net["id"]] == (what != "over"), f"{net['id']}: {text}", said[net["id"]])

    def between(self):
        """Between nets nobody reaches anybody, on the same host or another. An answer goes both ways, so one of two is asked."""
        pings = []
        for net, other in itertools.combinations(self.nets, 2):
            one, (near, far) = self.pair(net)[0], self.pair(other)
            pings += [((net["id"], other["id"], where), one.ping(target, "-W", "2"))
                      for where, target in (("here", near), ("there", far))]
        got, _ = answered(pings)
        for net in self.nets:
            leaks = [key for key, good in got.items() if good and net["id"] in key]
            self.check(not leaks, f"{net['id']}: no other net answers", leaks)

    def beside(self):
        """Two guests on one host: they reach each other unless the net isolates its ports."""
        host = self.hosts[0]
        got, said = answered([(net["id"], self.guests[host, net["id"], 1].ping(self.guests[host, net["id"], 2], "-W", "2"))
                              for net in self.nets])
        for net in self.nets:
            self.check(got[net["id"]] != net["isolated"], f"{net['id']}: guests on one host reach each other"
                       + (" not: ports are isolated" if net["isolated"] else ""), said[net["id"]])

    def beyond(self):
        """Whoever has a larger MTU than his vnet loses what is too large; it is not split."""
        for net in self.nets:
            for guest in self.pair(net):
                batch(["link set eth0 mtu 9000"], "-n", guest.space)
        got, said = answered([(net["id"], self.pair(net)[0].ping(self.pair(net)[1], "-W", "2", "-M", "do", "-s",
                                                                 str(too_large(net) - PING_HEAD))) for net in self.nets])
        for net in self.nets:
            self.check(not got[net["id"]], f"{net['id']}: packets larger than its MTU do not get through", said[net["id"]])

    def frames(self, heard):
        """What was on the cable."""
        nets = {guest.address: net["id"] for (_, net_id, _), guest in self.guests.items() for net in self.nets if net["id"] == net_id}
        for net in self.nets:
            one, other = self.pair(net)
            tags, tunnel = tuple(map(tuple, net["tags"])), tuple(net["tunnel"]) if net["tunnel"] else None
            what = f"VXLAN {tunnel[1]} to UDP port {tunnel[0]}" if tunnel else " in ".join(f"{k:#06x} {i}" for k, i in reversed(tags))
            for source, target in ((one, other), (other, one)):
                seen = heard.get((source.address, target.address), [])
                kinds = {(p.tags, p.tunnel, p.inner) for p in seen}
                self.check(kinds == {(tags, tunnel, ())}, f"{net['id']}: {source.space} to {target.space} is on the cable as {what}",
                           kinds or "not on the cable")
            largest = max((p.length for p in heard.get((one.address, other.address), [])), default=0)
            over = net["mtu"] + (VXLAN_EXTRA if tunnel else 0)
            parts = [p for pair in heard.values() for p in pair if p.fragment and nets.get(p.src) == net["id"]]
            self.check(largest == over and not parts, f"{net['id']}: its largest packet is {over} bytes on the cable, in one piece",
                       f"{largest}, {len(parts)} parts")
        strangers = [pair for pair in heard if nets.get(pair[0]) != nets.get(pair[1])]
        self.check(not strangers, "nothing between two nets is on the cable", strangers)

    def play(self):
        self.build()
        self.check(True, "both hosts' interfaces are made as the texts say")
        if self.spec["ifupdown2"] and shutil.which("ifreload"):
            reference.compare(self)
        self.populate()
        self.listen()
        self.across()
        self.beside()
        self.between()
        self.beyond()
        self.frames(self.heard())

    def end(self):
        if self.tcpdump:
            self.tcpdump.kill()
        for space in [g.space for g in self.guests.values()] + self.hosts:
            run("ip", "netns", "del", space, check=False)


def main():
    if sys.argv[1] == "--probe":
        print("\n".join(probe()))
        return 0
    with open(sys.argv[1], encoding="utf-8") as f:
        specs = json.load(f)
    tap = Tap()
    for what, text in UNREADABLE.items():
        tap.check(refuses(text), f"the reader refuses {what}")
    for spec in specs:
        scene = Scene(tap, spec, os.path.dirname(os.path.abspath(sys.argv[1])))
        try:
            scene.play()
        except Exception:  # pylint: disable=broad-except
            scene.check(False, "the test runs to its end", traceback.format_exc())
        scene.end()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
