# SPDX-License-Identifier: GPL-3.0-or-later
"""Network interfaces as ifupdown2 reads them, made with iproute2: as much of its language as PVE writes.

An option that is not known here is an error: nothing that PVE asks for is passed over in silence.
"""

# How often an option may stand in a stanza; '_' in its name is the same as '-'.
ONCE = {"alias", "bridge-fd", "bridge-ports", "bridge-stp", "bridge-vids", "bridge-vlan-aware", "bridge-vlan-protocol", "hwaddress",
        "ip-forward", "link-type", "mtu", "veth-peer-name", "vlan-id", "vlan-protocol", "vlan-raw-device", "vxlan-id", "vxlan-port"}
OFTEN = {"address", "post-up", "up", "vxlan-remoteip"}
# Done when an interface is taken down, which a test does by taking its namespace away.
LATER = {"post-down"}


class Wrong(Exception):
    """The text says something that this reader does not know, or that contradicts itself."""


def read(text):
    """{interface: {option: value or, of those that may come often, [values]}}; stanzas of one interface are one, as in ifupdown2."""
    found, auto, options = {}, set(), None
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "auto":
            auto.update(words[1:])
        elif words[0] == "iface":
            if words[2:] not in ([], ["inet", "static"], ["inet", "manual"]):
                raise Wrong(f"line {number}: {line.strip()}: a family that is not known here")
            options = found.setdefault(words[1], {})
        else:
            _option(options, number, line)
    if set(found) - auto:
        raise Wrong(f"not brought up by themselves: {', '.join(sorted(set(found) - auto))}")
    return found


def _option(options, number, line):
    word, _, value = line.strip().partition(" ")
    name, value = word.replace("_", "-"), value.strip()
    if options is None:
        raise Wrong(f"line {number}: {line.strip()}: outside of an interface")
    if name in OFTEN:
        options.setdefault(name, []).append(value)
    elif name not in ONCE | LATER:
        raise Wrong(f"line {number}: {word}: an option that is not known here")
    elif options.get(name, value) != value and name not in LATER:
        raise Wrong(f"line {number}: {word} is {options[name]} already")
    else:
        options[name] = value


def yes(value):
    return {"yes": True, "on": True, "1": True, "no": False, "off": False, "0": False}[value]


def plan(text):
    """What makes the interfaces, in order: [(program, [line, ...]), ...], for `ip -batch`, `bridge -batch` and sh."""
    maker = Maker(read(text))
    for name in maker.all:
        maker.need(name)
    return maker.plan


class Maker:
    def __init__(self, stanzas):
        self.all, self.made, self.plan = stanzas, set(), []

    def add(self, program, line):
        if not self.plan or self.plan[-1][0] != program:
            self.plan.append((program, []))
        self.plan[-1][1].append(line)

    def ip(self, *words):
        self.add("ip", " ".join(words))

    def bridge(self, *words):
        self.add("bridge", " ".join(words))

    def need(self, name):
        """The interface with all that it stands on."""
        if name in self.made:
            return
        self.made.add(name)
        options = self.all.get(name, {})
        if "bridge-ports" in options:
            self._bridge(name, options)
        elif "link-type" in options:
            self._pair(name, options)
        elif "vxlan-id" in options:
            self._vxlan(name, options)
        elif "vlan-id" in options or "." in name:
            self._vlan(name, options)
        elif set(options) - {"mtu", "address"}:
            raise Wrong(f"{name}: neither a bridge nor anything else that can be made")
        self._rest(name, options)

    def _pair(self, name, options):
        peer = options["veth-peer-name"]
        if options["link-type"] != "veth" or self.all.get(peer, {}).get("veth-peer-name") != name:
            raise Wrong(f"{name}: a link of type {options['link-type']} whose peer {peer} is not its peer")
        if peer not in self.made:
            self.ip("link", "add", name, "type", "veth", "peer", "name", peer)

    def _vxlan(self, name, options):
        self.ip("link", "add", name, "type", "vxlan", "id", options["vxlan-id"], "dstport", options.get("vxlan-port", "4789"))
        for peer in options.get("vxlan-remoteip", []):
            self.bridge("fdb", "append", "00:00:00:00:00:00", "dev", name, "dst", peer, "self", "permanent")

    def _vlan(self, name, options):
        raw, _, tag = name.rpartition(".")
        raw, tag = options.get("vlan-raw-device", raw), options.get("vlan-id", tag)
        self.need(raw)
        self.ip("link", "add", "link", raw, "name", name, "type", "vlan", "protocol", options.get("vlan-protocol", "802.1q"), "id", tag)
        if yes(self.all.get(raw, {}).get("bridge-vlan-aware", "no")):
            self.bridge("vlan", "add", "vid", tag, "dev", raw, "self")

    def _bridge(self, name, options):
        aware = yes(options.get("bridge-vlan-aware", "no"))
        words = ["stp_state", str(int(yes(options["bridge-stp"]))), "forward_delay", options["bridge-fd"]]
        if aware:
            words += ["vlan_filtering", "1", "vlan_protocol", options.get("bridge-vlan-protocol", "802.1q")]
        self.ip("link", "add", name, "type", "bridge", *words)
        for port in options["bridge-ports"].split():
            if port == "none":
                continue
            self.need(port)
            self.ip("link", "set", port, "master", name, "up")
            if aware and "bridge-vids" in options:
                self.bridge("vlan", "add", "vid", options["bridge-vids"], "dev", port)

    def _rest(self, name, options):
        words = [w for key, word in (("mtu", "mtu"), ("hwaddress", "address"), ("alias", "alias")) if key in options
                 for w in (word, f'"{options[key]}"')]
        self.ip("link", "set", name, *words, "up")
        for address in options.get("address", []):
            self.ip("address", "add", address, "dev", name)
        if yes(options.get("ip-forward", "no")):
            self.add("sh", f"echo 1 >/proc/sys/net/ipv4/conf/{name}/forwarding")
        for command in options.get("up", []) + options.get("post-up", []):
            self.add("sh", command)
