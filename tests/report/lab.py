# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated cloud with something of everything that a report must show: several projects, one of them above its quota, one frozen;
names and notes that would like to be a script; a VM whose notes somebody has edited; a node that is dead."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "crash"))
from crash import Cluster, make_certificate  # noqa: F401

TITLE = "document.title='owned'"
SCRIPT = f"</td></style></title><script>{TITLE}</script>"
PICTURE = f'"><img/src=http://127.0.0.1:9/x/onerror={TITLE}>'
ODD = 'back\\slash "quoted" \u202edrawkcab 日本語 é & <b>bold</b>'


def kill(cluster, node):
    cluster.ask("POST", "/sim/event?event=kill&node=" + node)


def fill(cluster):
    must = cluster.must
    must("pxc_flavor", {"name": "large", "vcpus": 4, "memory": 8192, "disk": 40})
    must("pxc_project", {"projects": [
        {"name": "acme", "quota": {"instances": 8, "cores": 16, "ram_mb": 16384}, "description": "The web shop, production",
         "roles": {"manager": ["alice"], "member": ["bob", "carol"]}},
        {"name": "beta", "quota": {"instances": 10}, "description": SCRIPT, "roles": {"reader": ["alice"]}},
        {"name": "gamma", "quota": {"instances": -1}, "description": ODD},
        {"name": "research", "description": "Simulation and data", "quota": {"cores": 40, "ram_mb": 131072}}]})
    must("pxc_group", {"groups": [{"name": "ops", "users": ["alice", "bob"], "description": PICTURE}]})
    must("pxc_sdn", {"networks": [
        {"kind": "provider", "name": "public", "zone": "tenant", "zone_type": "simple", "shared_with": ["acme", "beta"],
         "subnets": [{"cidr": "10.20.0.0/24", "gateway": "10.20.0.1", "ranges": ["10.20.0.10-10.20.0.49"]}]}]})
    net = [{"network": "public"}]
    base = {"power": "running", "template": {"vmid": 9000}, "flavor": "small"}
    must("pxc_vm", dict(base, project="acme", networks=net, vms=[{"name": f"web-{i}"} for i in range(1, 4)] +
                        [{"name": "db-1", "flavor": "large", "networks": []}]))
    must("pxc_vm", dict(base, project="beta", networks=net, description=SCRIPT, vms=[{"name": f"job-{i}"} for i in range(1, 4)]))
    must("pxc_vm", dict(base, project="research", flavor="large", vms=[{"name": f"sim-{i}"} for i in range(1, 6)]))
    must("pxc_project", {"name": "beta", "quota": {"instances": 2}})
    must("pxc_project", {"name": "gamma", "state": "frozen"})
    tampered = next(g for g in cluster.get("/cluster/resources?type=vm") if g.get("name") == "web-2")
    config = f"/nodes/{tampered['node']}/qemu/{tampered['vmid']}/config"
    notes = cluster.get(config)["description"]
    cluster.api("PUT", config, description=notes.replace("flavor=small", "flavor=large"))
    drifted = next(g for g in cluster.get("/cluster/resources?type=vm") if g.get("name", "").startswith("sim-") and g["node"] != "pve4")
    cluster.api("PUT", f"/nodes/{drifted['node']}/qemu/{drifted['vmid']}/config", cores="2")
    must("pxc_cloud", {"admins": ["tester"]})
    kill(cluster, "pve4")


def environment(cluster, collections, folder, **more):
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("PXC_", "PROXMOX_", "ANSIBLE_"))}
    return dict(keep, PXC_API_URLS=cluster.info["url"], PXC_API_TOKEN_ID=cluster.info["token_id"],
                PXC_API_TOKEN_SECRET=cluster.info["token_secret"], PXC_VALIDATE_CERTS="no",
                PXC_ACTOR="tester", ANSIBLE_COLLECTIONS_PATH=collections, ANSIBLE_COLLECTIONS_PATHS=collections,
                ANSIBLE_LOCALHOST_WARNING="0", ANSIBLE_INVENTORY_UNPARSED_WARNING="0", ANSIBLE_NOCOLOR="1", HOME=folder,
                ANSIBLE_LOCAL_TEMP=os.path.join(folder, "tmp"), LC_ALL="C.UTF-8", **more)


def facts(cluster, **options):
    result = cluster.run("pxc_info", options)
    if result.get("failed"):
        raise SystemExit(json.dumps(result)[:2000])
    return result
