# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules are asked to do by privileges.py: for each module tasks, and what was done before by somebody with all rights."""

import functools
import json
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "ceph"))
import lab

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN9s0xVvKTqe2F2lHv2Cg3Mv0kUq3v3m5m0zqS0m1abc bob"
ZONES = ("pxc_cloud", {"tenant_zones": [{"name": "tenant", "type": "vlan", "bridge": "vmbr0", "vlan_range": [200, 219]}]})
NETWORK = {"project": "acme", "name": "blue", "subnets": [{"cidr": "10.20.0.0/24", "gateway": "10.20.0.1"}]}
BLANK = {"project": "acme", "name": "a", "cores": 2, "memory": 1024, "disk_size": 1, "power": "stopped"}
HA = dict(BLANK, power="running", ha={"enabled": True})


# Where one of several privileges is enough, the page names the one that gives away least.
POWERFUL = ("Datastore.Allocate", "VM.GuestAgent.Unrestricted", "SDN.Allocate", "Group.Allocate", "User.Modify", "VM.Allocate", "Sys.Modify")


def power(privilege):
    """For sorting: what gives away most comes first."""
    return (privilege not in POWERFUL, privilege)


def cheapest(privileges):
    return max(privileges, key=power)


@functools.lru_cache(None)
def server():
    """A web server with one file."""
    return lab.SlowServer(b"\0" * 4096, 1 << 30)


def filled(task):
    """The task, with what is only known when it runs."""
    return json.loads(json.dumps(task).replace("URL", server().url)) if "URL" in json.dumps(task) else task


def absent(task, **more):
    return dict({"project": task["project"], "name": task["name"], "state": "absent"}, **more)


class Story:
    """module, what it does (a row of the page), the task; before: tasks that make the cluster what it is; ceph: it has the storage "disks"; hides: a path
    that may not be seen, though all else may."""

    def __init__(self, module, what, task, before=(), repeats=False, ceph=False, hides=None):  # pylint: disable=too-many-arguments
        self.module, self.what, self.task, self.before, self.ceph = "pxc_" + module, what, task, before, ceph
        self.hides = hides
        self.repeats = repeats  # it changes something each time, as it should

    @property
    def name(self):
        return f"{self.module}: {self.what}"


def in_ceph(module, what, task, before=(), hides=None):
    return Story(module, what, task, before, ceph=True, hides=hides)


VM = ("pxc_vm", BLANK)
CLONE = dict(BLANK, template={"vmid": 9000}, disk_size=3)
WIRED = dict(BLANK, power="running", networks=[{"bridge": "vmbr0"}], task_timeout=20)
RUNNING = ("pxc_vm", dict(BLANK, power="running"))
FILE = {"backend": "pve", "name": "deb", "version": "1", "format": "raw", "source": "URL"}
IMAGE = {"storage": "disks", "name": "deb", "version": "1", "source": "URL"}
FROM_IMAGE = dict(BLANK, storage="disks", image={"name": "deb"}, cloud_init={"user": "debian"}, user_data="#cloud-config\n")
VOLUME = {"project": "acme", "name": "data", "size": 1, "storage": "disks"}
ATTACHED = dict(VOLUME, attach_to="a")

STORIES = [
    Story("cloud", "the registry", {"overcommit": {"cpu": 3}}),
    Story("cloud", "options of the datacenter", {"options": {"mac_prefix": "BC:24:12"}}),
    Story("flavor", "make, change", {"flavors": [{"name": "big", "vcpus": 8, "memory": 8192}, {"name": "small", "vcpus": 2}]}),
    Story("project", "make", {"name": "new", "quota": {"cores": 4}}),
    Story("project", "change", {"name": "acme", "quota": {"cores": 400}}),
    Story("project", "remove", {"name": "acme", "state": "absent"}),
    Story("vm", "make, blank, on a bridge", dict(BLANK, networks=[{"bridge": "vmbr0"}]),
          hides="/sdn/zones/localnetwork/vmbr0"),
    Story("vm", "make, from a template", dict(BLANK, template={"vmid": 9000}, disk_size=5)),
    Story("vm", "make, from an image file", {"project": "acme", "name": "a", "flavor": "small", "power": "stopped",
                                              "image": {"volume": "shared:import/img.qcow2"}}, hides="/storage/shared"),
    in_ceph("vm", "make, from an image in Ceph", FROM_IMAGE, [("pxc_rbd_image", IMAGE)]),
    Story("vm", "make, with cloud-init", dict(BLANK, cloud_init={"user": "debian", "ssh_keys": ["ssh-ed25519 AAAA x"]},
                                              networks=[{"bridge": "vmbr0", "ip": "dhcp"}])),
    Story("vm", "make, on a network of the project", dict(BLANK, networks=[{"network": "blue"}]), [ZONES, ("pxc_sdn", NETWORK)]),
    Story("vm", "start", dict(BLANK, power="running"), [VM], hides="/pool/acme"),
    Story("vm", "stop", dict(BLANK, power="stopped", shutdown_timeout=5), [RUNNING]),
    Story("vm", "processors and memory", dict(BLANK, cores=3, memory=2048), [VM]),
    Story("vm", "disks", dict(BLANK, disk_size=2, disks=[{"slot": "scsi1", "size": 1}]), [VM]),
    Story("vm", "network cards", dict(BLANK, networks=[{"bridge": "vmbr0", "tag": 7}]), [VM]),
    Story("vm", "name, tags, notes", dict(BLANK, new_name="b", tags=["t"], description="d"), [VM]),
    Story("vm", "snapshots", dict(CLONE, snapshots=[{"name": "s1"}]), [("pxc_vm", CLONE)]),
    Story("vm", "roll back", dict(CLONE, rollback="s1"), [("pxc_vm", dict(CLONE, snapshots=[{"name": "s1"}]))], repeats=True),
    Story("vm", "high availability", HA, [RUNNING]),
    Story("vm", "move to another node", dict(BLANK, node="pve2"), [("pxc_vm", dict(BLANK, node="pve1"))]),
    Story("vm", "wait for the addresses in it", dict(WIRED, wait="ip"), [("pxc_vm", WIRED)]),
    Story("vm", "remove", absent(BLANK), [VM]),
    in_ceph("vm", "remove one made from an image in Ceph", absent(FROM_IMAGE), [("pxc_rbd_image", IMAGE), ("pxc_vm", FROM_IMAGE)]),
    Story("sdn", "a tenant network", NETWORK, [ZONES]),
    Story("sdn", "a provider network", {"kind": "provider", "zone": "office", "zone_type": "vlan", "bridge": "vmbr0",
                                        "name": "lan", "tag": 100}),
    Story("sdn", "remove", absent(NETWORK), [ZONES, ("pxc_sdn", NETWORK)]),
    Story("affinity", "a group", {"project": "acme", "name": "db", "policy": "anti-affinity", "members": ["a"]}, [VM]),
    Story("affinity", "a group of VMs of the HA manager", {"project": "acme", "name": "db", "policy": "anti-affinity",
                                                           "members": ["a", "b"]},
          [("pxc_vm", dict({k: v for k, v in HA.items() if k != "name"}, vms=[{"name": "a"}, {"name": "b"}]))]),
    Story("balance", "a plan", {}, [RUNNING]),
    Story("balance", "empty a node", {"state": "drained", "drain": ["pve1"], "cool_down": 0},
          [("pxc_vm", dict(BLANK, power="running", node="pve1"))]),
    Story("rbd_image", "an image kept by PVE", FILE),
    Story("rbd_image", "remove one kept by PVE", {"backend": "pve", "name": "deb", "version": "1", "state": "absent"},
          [("pxc_rbd_image", FILE)]),
    in_ceph("rbd_image", "an image in Ceph", IMAGE),
    in_ceph("rbd_image", "from the disk of a VM", {"project": "acme", "storage": "disks", "name": "gold", "from_vm": {"name": "a"}},
            [("pxc_vm", dict(BLANK, storage="disks"))]),
    in_ceph("rbd_image", "with a template VM", dict(IMAGE, template_vm={"vmid": 9001}), [("pxc_rbd_image", IMAGE)]),
    in_ceph("rbd_image", "remove one in Ceph", {"storage": "disks", "name": "deb", "state": "absent"}, [("pxc_rbd_image", IMAGE)]),
    in_ceph("rbd_image", "remove one with a template VM", {"storage": "disks", "name": "deb", "state": "absent"},
            [("pxc_rbd_image", dict(IMAGE, template_vm={"vmid": 9001}))]),
    in_ceph("volume", "make", VOLUME, hides="/storage/disks"),
    in_ceph("volume", "attach to a VM", ATTACHED, [VM, ("pxc_volume", VOLUME)]),
    in_ceph("volume", "grow one that is attached", dict(VOLUME, size=2), [RUNNING, ("pxc_volume", ATTACHED)]),
    in_ceph("volume", "snapshot of one that is attached", dict(VOLUME, snapshots=[{"name": "s"}], quiesce=True),
            [("pxc_vm", dict(BLANK, power="running", wait="agent")), ("pxc_volume", ATTACHED)]),
    in_ceph("volume", "detach", dict(VOLUME, detach=True), [RUNNING, ("pxc_volume", ATTACHED)]),
    in_ceph("volume", "remove", absent(VOLUME), [("pxc_volume", VOLUME)]),
    Story("group", "a group of people", {"name": "developers", "users": ["bob"]}),
    Story("keypair", "a key", {"project": "acme", "name": "bob", "public_key": KEY}),
    Story("access", "role, user, token, rights", {
        "roles": [{"name": "Backup", "privs": ["VM.Audit", "VM.Backup"]}], "users": [{"userid": "b@pve", "comment": "c"}],
        "tokens": [{"user": "b@pve", "name": "nightly"}],
        "acls": [{"path": "/vms", "role": "Backup", "user": "b@pve"}, {"path": "/vms", "role": "Backup", "token": "b@pve!nightly"}]}),
    Story("info", "everything", {}, [VM]),
    Story("info", "VMs", {"gather": ["vms"]}, [VM]),
    Story("info", "addresses", {"gather": ["addresses"]}, [ZONES, ("pxc_sdn", NETWORK)]),
    in_ceph("info", "images and volumes in Ceph", {"gather": ["images", "volumes"], "storages": ["disks"]}, [("pxc_rbd_image", IMAGE), ("pxc_volume", VOLUME)]),
]
