# SPDX-License-Identifier: GPL-3.0-or-later
"""What tcpdump wrote, taken apart: VLAN tags, VXLAN, and the pings within."""
import collections
import struct

VLAN, SERVICE, IPV4 = 0x8100, 0x88A8, 0x0800
UDP, ICMP = 17, 1

# tags: ((TPID, id), ...) from the outside; tunnel: None or (UDP port, VNI), then tags are those of the outer frame and inner
# those within. length: of the outer IP packet. fragment: is it a part only? src, dst: of the ping.
Ping = collections.namedtuple("Ping", "tags tunnel inner length fragment src dst")


def records(data):
    """The frames in a pcap file, whose last one may be cut off."""
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    at = 24
    while at + 16 <= len(data):
        caught, = struct.unpack_from(order + "I", data, at + 8)
        if at + 16 + caught > len(data):
            return
        yield data[at + 16:at + 16 + caught]
        at += 16 + caught


def tags_of(frame):
    """((TPID, id), ...), the type of what follows, and that."""
    found, at = [], 12
    while True:
        kind, = struct.unpack_from("!H", frame, at)
        if kind not in (VLAN, SERVICE):
            return tuple(found), kind, frame[at + 2:]
        found.append((kind, struct.unpack_from("!H", frame, at + 2)[0] & 0xFFF))
        at += 4


def ping_of(frame):
    """The frame's Ping, or None."""
    tags, kind, ip = tags_of(frame)
    if kind != IPV4:
        return None
    head, (length,), (fragment,) = (ip[0] & 15) * 4, struct.unpack_from("!H", ip, 2), struct.unpack_from("!H", ip, 6)
    fragment = bool(fragment & 0x3FFF)
    if ip[9] == ICMP:
        return Ping(tags, None, (), length, fragment, dotted(ip[12:16]), dotted(ip[16:20]))
    if ip[9] != UDP or len(ip) < head + 16 + 14 or ip[head + 8] != 8:
        return None
    port, = struct.unpack_from("!H", ip, head + 2)
    inner = ping_of(ip[head + 16:])
    vni = int.from_bytes(ip[head + 12:head + 15], "big")
    return inner and inner._replace(tags=tags, tunnel=(port, vni), inner=inner.tags, length=length, fragment=fragment)


def dotted(address):
    return ".".join(map(str, address))


def pings(path):
    with open(path, "rb") as f:
        data = f.read()
    return [p for p in map(ping_of, records(data)) if p]
