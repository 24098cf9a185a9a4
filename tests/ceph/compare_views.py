#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do PVE and Ceph say the same of the images of guests? Every difference is printed; exit status 1 when there is one.

    tests/ceph/compare_views.py          PXC_API_URLS, PXC_API_TOKEN_ID, PXC_API_TOKEN_SECRET, PXC_CA_PATH, PXC_CEPH_CONF

For each storage of type rbd: every image vm-N-* and base-N-* of its pool is in the storage's content with the same size,
parent, owner and volume id, and nothing else is; every volume that a guest names, or one of its snapshots, is an image, with
that snapshot; the disks of running guests are open. Ceph's side is what the rbd program prints.
"""
import json
import os
import re
import ssl
import subprocess
import sys
import urllib.error
import urllib.request

OWNED = re.compile(r"(?:vm|base)-(\d+)-.")
BASE = re.compile(r"(base-\d+-\S+)@__base__$")
DISK = re.compile(r"(?:scsi|virtio|sata|ide|efidisk|tpmstate|unused)\d+$|vmstate$")


class Api:
    def __init__(self, env):
        self.url = env["PXC_API_URLS"].split(",")[0].rstrip("/")
        self.headers = {"Authorization": f"PVEAPIToken={env['PXC_API_TOKEN_ID']}={env['PXC_API_TOKEN_SECRET']}"}
        self.tls = ssl.create_default_context(cafile=env["PXC_CA_PATH"])

    def get(self, path):
        request = urllib.request.Request(f"{self.url}/api2/json{path}", headers=self.headers)
        with urllib.request.urlopen(request, context=self.tls) as answer:
            return json.load(answer)["data"]


class Pool:
    """What Ceph says of the pool of one storage."""

    def __init__(self, conf, storage):
        self.at = ["--conf", conf, "--pool", storage.get("pool", "rbd")]
        if storage.get("namespace"):
            self.at += ["--namespace", storage["namespace"]]
        self.images, self.snaps = {}, {}

    def rbd(self, *args):
        done = subprocess.run(["rbd", *self.at, *args, "--format", "json"], capture_output=True, text=True, check=False)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def read(self):
        entries = self.rbd("ls", "--long")
        for entry in entries or []:
            if "snapshot" in entry:
                self.snaps.setdefault(entry["image"], set()).add(entry["snapshot"])
            else:
                self.images[entry["image"]] = entry
        return entries is not None

    def is_open(self, image):
        return bool((self.rbd("status", image) or {}).get("watchers"))


def as_pve(storage, image):
    """The content entry that PVE makes of an image; None: it does not see it."""
    owner = OWNED.match(image["image"])
    if not owner:
        return None
    parent = image.get("parent")
    parent = f"{parent['image']}@{parent['snapshot']}" if parent else None
    base = BASE.match(parent or "")
    volid = f"{storage}:{base[1] + '/' if base else ''}{image['image']}"
    return {"volid": volid, "size": image["size"], "parent": parent, "vmid": int(owner[1]), "format": "raw", "content": "images"}


def compare_content(api, node, name, pool, say):
    try:
        listed = {entry["volid"]: entry for entry in api.get(f"/nodes/{node}/storage/{name}/content")}
    except urllib.error.HTTPError as error:
        say(f"{name}: PVE cannot list it: {error.reason}")
        return
    wanted = {entry["volid"]: entry for entry in (as_pve(name, image) for image in pool.images.values()) if entry}
    for volid in sorted(wanted.keys() - listed.keys()):
        say(f"{volid}: Ceph has it, PVE does not list it")
    for volid in sorted(listed.keys() - wanted.keys()):
        say(f"{volid}: PVE lists it, Ceph does not have it")
    for volid in sorted(wanted.keys() & listed.keys()):
        for key, value in wanted[volid].items():
            if listed[volid].get(key) != value:
                say(f"{volid}: {key} is {listed[volid].get(key)!r} in PVE, {value!r} in Ceph")


def volumes(section):
    """Drive -> volume id."""
    for key, value in section.items():
        if DISK.match(key) and isinstance(value, str) and ":" in value.split(",")[0]:
            yield key, value.split(",")[0]


def compare_guest(api, guest, pools, say):
    path = f"/nodes/{guest['node']}/qemu/{guest['vmid']}"
    sections = {"": api.get(f"{path}/config?current=1")}
    sections["pending"] = {row["key"]: row["pending"] for row in api.get(f"{path}/pending") if "pending" in row}
    for snapshot in api.get(f"{path}/snapshot"):
        if snapshot["name"] != "current":
            sections[snapshot["name"]] = api.get(f"{path}/snapshot/{snapshot['name']}/config")
    running = api.get(f"{path}/status/current")["status"] == "running"
    for section, config in sections.items():
        for key, volid in volumes(config):
            pool = pools.get(volid.split(":")[0])
            image = volid.split(":")[1].split("/")[-1]
            where = f"VM {guest['vmid']} {section + ' ' if section else ''}{key}: {volid}"
            snapped = section not in ("", "pending") and key != "vmstate" and "media=cdrom" not in config[key]
            if not pool:
                continue
            if image not in pool.images:
                say(f"{where} is no image in Ceph")
            elif snapped and section not in pool.snaps.get(image, ()):
                say(f"{where} has no snapshot {section} in Ceph")
            elif not section and running and not key.startswith("unused") and not pool.is_open(image):
                say(f"{where} belongs to a running guest and nobody has it open")


def differences(env):
    """All of them, as sentences."""
    found, pools = [], {}
    api = Api(env)
    node = next(n["node"] for n in api.get("/nodes") if n["status"] == "online")
    for storage in api.get("/storage?type=rbd"):
        pool = Pool(env["PXC_CEPH_CONF"], storage)
        if pool.read():
            pools[storage["storage"]] = pool
            compare_content(api, node, storage["storage"], pool, found.append)
    for guest in api.get("/cluster/resources?type=vm"):
        if guest["type"] == "qemu" and not guest.get("lock"):
            compare_guest(api, guest, pools, found.append)
    return found


def main():
    found = differences(os.environ)
    print("\n".join(found) if found else "PVE and Ceph agree")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
