#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong around volumes, on a real Ceph: killed runs, runs at once, guests that do not let go, and people.

    tests/ceph/volume_faults.py BUILD [--short]

What must hold whatever happens: at most one VM has a volume in its configuration, and no task takes what another VM has.
"""
import hashlib
import os
import random
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab as labs

ASK = {"ceph_timeout": 8, "task_timeout": 90, "project": "demo"}


def volume(name, **more):
    return dict(ASK, name=name, **more)


def holders_of(lab, rbd):
    """VMs whose configuration, present or waiting, names the image."""
    found = []
    for guest in lab.pve("GET", "/cluster/resources?type=vm"):
        for row in lab.pve("GET", f"/nodes/{guest['node']}/qemu/{guest['vmid']}/pending"):
            if any(str(row.get(k, "")).split(",")[0].endswith(":" + rbd) for k in ("value", "pending")):
                found.append(guest["vmid"])
    return found


def reservations(lab):
    try:
        lines = lab.rados("-p", "ceph", "listomapkeys", "pxc.state").split()
    except Exception:  # nothing was ever reserved
        return {}
    return {key: lab.rados("-p", "ceph", "getomapval", "pxc.state", key, "/dev/stdout") for key in lines}


def consistent(lab):
    """What is wrong now; "" = every volume has one VM at most, and is reserved for that one."""
    wrong, reserved = [], reservations(lab)
    for image in [n for n in lab.images() if "-pxc-" in n]:
        users = holders_of(lab, image)
        by = reserved.get("att/" + image.rsplit("-", 1)[1], "")
        if len(users) > 1:
            wrong.append(f"{image} is in VMs {users}")
        if (users or by) and by.split(".")[1:2] != [str(u) for u in users[:1]]:
            wrong.append(f"{image} is in VMs {users} and reserved for {by or 'none'}")
    return "; ".join(wrong + [n for n in lab.images() if n.startswith("pxc-tmp-") and lab.meta(n)])


def killed(lab, times):
    """Each task killed at a random moment of it, then again: finished, and then quiet."""
    rng = random.Random(5)
    tasks = [
        ("made, with a snapshot, attached", volume("k", size=1, attach_to="web", snapshots=[{"name": "s"}])),
        ("cloned and attached", volume("c", source={"volume": {"name": "k", "snapshot": "s"}}, attach_to="off", flatten="always")),
        ("moved", volume("k", attach_to="off", move=True)),
        ("moved back", volume("k", attach_to="web", move=True, size=2)),
        ("detached and given away", volume("k", detach=True, new_project="other")),
        ("given back", dict(volume("k", new_project="demo"), project="other")),
        ("rolled back and attached", volume("k", rollback="s", attach_to="off")),
        ("removed", dict(ASK, state="absent", detach=True, force_snapshots=True, volumes=[{"name": "c"}, {"name": "k"}])),
    ]
    for round_ in range(times):
        for what, task in tasks:
            process = lab.start("pxc_volume", task)
            time.sleep(rng.uniform(0.02, 0.6))
            labs.kill(process)
            result = lab.run("pxc_volume", task)
            if "rollback" in task:  # done each time, but never under a VM
                lab.check(not result.get("failed") or "under it" in result["msg"], f"killed {round_}: {what}", result.get("msg"))
                continue
            again = lab.run("pxc_volume", task)
            wrong = consistent(lab)
            lab.check(not result.get("failed") and again.get("changed") is False and not wrong, f"killed {round_}: {what}",
                      (result.get("msg"), again.get("msg"), again.get("steps"), wrong))


def at_once(lab, times, what):
    """Two runs want the volume for two VMs."""
    won = 0
    for _ in range(times):
        lab.must("pxc_volume", volume("race", size=1, detach=True))
        results = [lab.end(p) for p in [lab.start("pxc_volume", volume("race", attach_to=vm)) for vm in ("off", "off2")]]
        users = holders_of(lab, lab.rbd_of("race"))
        good = [r for r in results if not r.get("failed")]
        won += len(users) == 1 and len(good) == 1
    lab.check(won == times, f"two runs attach one volume to two VMs, {what}: {won} of {times} times one of them did", (users, results))
    for _ in range(times):
        for p in [lab.start("pxc_volume", volume("race", attach_to=vm, move=True)) for vm in ("off", "off2")]:
            lab.end(p)
        users = holders_of(lab, lab.rbd_of("race"))
        if len(users) != 1:
            break
    lab.check(len(users) == 1, f"two runs move one volume to two VMs, {what}: one VM has it", users)


def quota_at_once(lab, times):
    lab.must("pxc_project", {"name": "small", "quota": {"volumes": 1}})
    made = []
    for i in range(times):
        results = [lab.end(p) for p in [lab.start("pxc_volume", dict(ASK, project="small", name=n, size=1)) for n in (f"a{i}", f"b{i}")]]
        made.append(sum(not r.get("failed") for r in results))
        lab.must("pxc_volume", dict(ASK, project="small", state="absent", volumes=[{"name": f"a{i}"}, {"name": f"b{i}"}]))
    lab.check(made == [1] * times, "two runs make a volume each where one is allowed: one is made", made)
    holders = [g["name"] for g in lab.pve("GET", "/cluster/resources?type=vm") if g.get("name") == "holder-small"]
    lab.check(len(holders) == 1, "and the project has one holder", holders)
    result = lab.run("pxc_project", {"name": "small", "state": "absent"})
    lab.check(not result.get("failed"), "which goes with the project", result.get("msg"))


def not_let_go(lab):
    """A guest that has no hotplug keeps the disk until it is stopped."""
    lab.must("pxc_vm", dict(ASK, name="stiff", cores=1, memory=512, config={"hotplug": "network"}, power="stopped"))
    lab.must("pxc_volume", volume("kept", size=1, attach_to="stiff"))
    lab.must("pxc_vm", dict(ASK, name="stiff", power="running"))
    start = time.monotonic()
    result = lab.run("pxc_volume", volume("kept", detach=True, detach_timeout=2))
    lab.check(result.get("failed") and time.monotonic() - start < 30, "a guest that does not let go: the task fails in time", result.get("msg"))
    print("# " + result.get("msg", ""))
    lab.check("att/" + lab.rbd_of("kept")[-8:] in reservations(lab), "the volume stays reserved for it")
    result = lab.run("pxc_volume", volume("kept", attach_to="off"))
    lab.refused(result, ["is attached to vm demo/stiff"], "and is not given to another VM")
    result = lab.run("pxc_volume", volume("kept", state="absent"))
    lab.refused(result, ["is attached to vm demo/stiff"], "nor removed")
    lab.must("pxc_vm", dict(ASK, name="stiff", power="stopped", force_stop=True, shutdown_timeout=2))
    result = lab.run("pxc_volume", volume("kept", detach=True))
    lab.check(not result.get("failed") and not consistent(lab), "when it is stopped the next run goes on", (result.get("msg"), consistent(lab)))
    lab.must("pxc_volume", volume("kept", state="absent"))
    lab.must("pxc_vm", dict(ASK, name="stiff", state="absent"))


def by_hand(lab):
    """What people do with qm set."""
    lab.must("pxc_volume", volume("hand", size=1))
    rbd = lab.rbd_of("hand")
    web = lab.must("pxc_vm", dict(ASK, name="off"))["vm"]
    lab.pve("PUT", f"/nodes/{web['node']}/qemu/{web['vmid']}/config", scsi7=f"ceph:{rbd}")
    result = lab.run("pxc_volume", volume("hand", attach_to="off2"))
    lab.refused(result, ["is attached to vm demo/off (as scsi7)"], "attached by hand counts")
    other = lab.must("pxc_vm", dict(ASK, name="off2"))["vm"]
    lab.pve("PUT", f"/nodes/{other['node']}/qemu/{other['vmid']}/config", scsi8=f"ceph:{rbd}")
    result = lab.run("pxc_volume", volume("hand", detach=True))
    lab.refused(result, ["is attached twice", "scsi7", "scsi8"], "attached twice by hand is said")
    lab.pve("PUT", f"/nodes/{other['node']}/qemu/{other['vmid']}/config", delete="scsi8")
    result = lab.run("pxc_volume", volume("hand", state="absent", detach=True))
    lab.check(not result.get("failed") and rbd not in lab.images() and not consistent(lab), "and can be put right", result.get("msg"))


def vm_goes(lab):
    lab.must("pxc_vm", dict(ASK, name="gone", cores=1, memory=512, power="running"))
    lab.must("pxc_volume", volume("stays", size=1, attach_to="gone"))
    rbd = lab.rbd_of("stays")
    lab.must("pxc_vm", dict(ASK, name="gone", state="absent", force_stop=True))
    lab.check(rbd in lab.images(), "the VM is removed with its disks, the volume stays")
    result = lab.run("pxc_volume", volume("stays", attach_to="off"))
    lab.check(not result.get("failed") and holders_of(lab, rbd) != [], "and another VM gets it", result.get("msg"))
    holder = next(g for g in lab.pve("GET", "/cluster/resources?type=vm") if g.get("name") == "holder-demo")
    answer = lab.pve("DELETE", f"/nodes/{holder['node']}/qemu/{holder['vmid']}?destroy-unreferenced-disks=1&purge=1")
    time.sleep(1)
    lab.check(rbd in lab.images(), "nobody removes the holder by mistake", answer)
    lab.must("pxc_volume", volume("stays", state="absent", detach=True))


def edited(lab):
    lab.must("pxc_volume", volume("mine", size=1))
    rbd = lab.rbd_of("mine")
    lab.rbd("image-meta", "set", "ceph/" + rbd, "pxc.project", "theirs")
    result = lab.run("pxc_volume", volume("mine"))
    lab.check(result.get("failed"), "a volume that was given away by hand is not the project's", result.get("msg"))
    lab.rbd("image-meta", "set", "ceph/" + rbd, "pxc.project", "demo")
    result = lab.run("pxc_volume", volume("mine"))
    lab.check(not result.get("failed") and result["changed"] is False, "put back as it was, it is again", result.get("msg"))
    lab.must("pxc_volume", volume("mine", state="absent"))


def cut_off(lab, times):
    """A removal that is killed in the middle leaves an image that nothing names any more: the next run ends it."""
    halves = 0
    for i in range(times):
        lab.must("pxc_volume", volume("large", size=64))
        rbd = lab.rbd_of("large")
        lab.rbd("bench", "--io-type", "write", "--io-pattern", "rand", "--io-size", "4096", "--io-total", "12M", "ceph/" + rbd)
        process = lab.start("pxc_volume", volume("large", state="absent"))
        while process.poll() is None and "id_" not in lab.rados("-p", "ceph", "listomapkeys", "rbd_trash"):
            pass
        labs.kill(process)
        half = rbd in lab.images()
        halves += half
        result, again = lab.run("pxc_volume", volume("large", state="absent")), lab.run("pxc_volume", volume("large", state="absent"))
        lab.check(not result.get("failed") and result.get("changed") is half and again.get("changed") is False and rbd not in lab.images(),
                  f"killed while a large volume is removed {i}", (half, result.get("msg"), result.get("changed"), again.get("changed"), lab.images()))
    lab.check(halves > 0, f"{halves} of {times} were half removed then")


def frozen(lab, times):
    """File systems that are frozen for a snapshot: whatever goes wrong, the next run at the latest thaws them."""
    rng = random.Random(7)
    lab.must("pxc_volume", volume("still", size=1, attach_to="web"))
    vm = lab.must("pxc_vm", dict(ASK, name="web", power="running", wait="agent", allow_restart=True))["vm"]
    agent = f"/nodes/{vm['node']}/qemu/{vm['vmid']}/agent/fsfreeze-"

    def state():
        return lab.pve("POST", agent + "status")["result"], [k for k in reservations(lab) if k.startswith("frz/")]

    def task(name):
        return volume("still", quiesce=True, snapshots=[{"name": name}])

    def fault(verb):
        lab.ask("POST", "/sim/faults", body=f'POST {agent}{verb} status=500 text="no"\n'.encode() if verb else b"")

    left = 0
    for i in range(8 * times):
        process = lab.start("pxc_volume", task(f"k{i}"))
        time.sleep(rng.uniform(0.02, 0.4))
        labs.kill(process)
        left += state()[0] == "frozen"
        result, again = lab.run("pxc_volume", task(f"k{i}")), lab.run("pxc_volume", task(f"k{i}"))
        lab.check(not result.get("failed") and again.get("changed") is False and state() == ("thawed", []),
                  f"killed {i}: a snapshot of a frozen guest", (result.get("msg"), again.get("msg"), again.get("steps"), state()))
    print(f"# {left} of {8 * times} killed runs left the guest frozen")
    fault("freeze")
    lab.refused(lab.run("pxc_volume", task("a")), ["freeze the file systems of vm demo/web: no"], "a guest that cannot be frozen: said")
    lab.check(state() == ("thawed", []), "and it is not", state())
    fault("thaw")
    lab.refused(lab.run("pxc_volume", task("b")), ["thaw the file systems of vm demo/web: no"], "a guest that cannot be thawed: said")
    fault("")
    lab.check(state() == ("frozen", [f"frz/{vm['vmid']}"]), "and noted", state())
    lab.must("pxc_volume", volume("still"))
    lab.check(state() == ("thawed", []), "the next run thaws it", state())
    lab.must("pxc_volume", volume("still", state="absent", detach=True, force_snapshots=True))


def content(lab, pool, image):
    """Sums of what the image and its snapshots hold, by name."""
    snaps = [line.split()[1] for line in lab.rbd("snap", "ls", f"{pool}/{image}").splitlines()[1:]]
    sums = {}
    for name in [image] + [f"{image}@{s}" for s in snaps]:
        data = subprocess.run(["rbd", "--conf", lab.conf, "export", f"{pool}/{name}", "-", "--no-progress"], check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        sums[name.partition("@")[2]] = hashlib.sha256(data).hexdigest()
    return sums


def write(lab, image, *commands):
    subprocess.run(["qemu-io", "-f", "raw", *[a for c in commands for a in ("-c", c)], f"rbd:ceph/{image}:conf={lab.conf}"],
                   check=True, stdout=subprocess.DEVNULL)


def shown(lab):
    return lab.must("pxc_info", dict(gather=["volumes"], names=["r"], project="demo"))["volumes"]


class Mover:
    """A volume with content and snapshots that goes from pool to pool and back."""

    def __init__(self, lab):
        self.lab, self.classes = lab, {"ssd": "ceph", "hdd": "hdd"}
        self.at = "ssd"
        lab.must("pxc_volume", volume("r", size="200M", **{"class": "ssd"}))
        self.image = lab.rbd_of("r")
        write(lab, self.image, "write -P 1 0 30M", "write -P 2 100M 10M")
        lab.must("pxc_volume", volume("r", snapshots=[{"name": "s"}]))
        write(lab, self.image, "write -P 3 20M 20M", "write -P 4 190M 5M")
        self.sums = content(lab, "ceph", self.image)
        start = time.monotonic()
        self.must(self.task())
        self.takes = time.monotonic() - start
        self.verdict("moved, with its snapshot")

    def task(self):
        """To the other class."""
        self.to = "hdd" if self.at == "ssd" else "ssd"
        return volume("r", **{"class": self.to})

    def must(self, task):
        self.lab.must("pxc_volume", task)
        self.at = self.to

    def there(self):
        """Pools that have an image of this name."""
        return [p for p in ("ceph", "hdd") if self.image in self.lab.images(p)]

    def one_holds(self):
        """What is wrong with what a reader sees now."""
        seen = shown(self.lab)
        if len(seen) != 1:
            return f"{len(seen)} volumes are seen: {seen}"
        return "" if content(self.lab, seen[0]["pool"], self.image) == self.sums else f"the content in {seen[0]['pool']} is wrong"

    def verdict(self, what, result=None):
        lab, pool = self.lab, self.classes[self.at]
        again = lab.run("pxc_volume", volume("r", **{"class": self.at}))
        left = [f"{p}/{n}" for p in ("ceph", "hdd") for n in lab.images(p) if n.startswith("pxc-tmp-") or n == self.image]
        lab.check(not (result or {}).get("failed") and again.get("changed") is False and left == [f"{pool}/{self.image}"]
                  and again["volume"]["class"] == self.at and content(lab, pool, self.image) == self.sums,
                  what, ((result or {}).get("msg"), again.get("msg"), again.get("steps"), left))


def retyped(lab, times):
    """Killed at random moments of a move, and at the one when both are there: one of them holds, and the next run goes on."""
    rng = random.Random(7)
    lab.box("pool", "hdd")
    lab.must("pxc_cloud", {"storage_classes": {"ssd": {"storage": "ceph", "default": True}, "hdd": {"storage": "hdd"}}})
    mover = Mover(lab)
    for round_ in range(3 * times):
        process = lab.start("pxc_volume", mover.task())
        time.sleep(rng.uniform(0.02, 1.1 * mover.takes))
        labs.kill(process)
        where, wrong = mover.there(), mover.one_holds()
        lab.check(not wrong, f"killed {round_} while it moves ({'+'.join(where)}): one holds", wrong)
        result = lab.run("pxc_volume", mover.task())
        mover.at = mover.to
        mover.verdict(f"killed {round_} while it moves: finished", result)
    for _ in range(20):
        process = lab.start("pxc_volume", mover.task())
        new = ["rados", "--conf", lab.conf, "-p", mover.classes[mover.to], "stat", "rbd_id." + mover.image]
        while process.poll() is None and subprocess.run(new, check=False, capture_output=True).returncode:
            pass
        labs.kill(process)
        both = len(mover.there()) == 2
        mover.at = mover.to
        if both:
            break
        lab.must("pxc_volume", volume("r", **{"class": mover.at}))
    seen, wrong = shown(lab), mover.one_holds()
    lab.check(both and not wrong and seen[0]["class"] == mover.at, "killed with both there: the new one holds", (both, wrong, seen))
    result = lab.run("pxc_volume", volume("r", description="x"))
    mover.verdict("killed with both there: whatever the next run is about, the old one goes", result)
    lab.must("pxc_volume", volume("r", attach_to="off"))
    result = lab.run("pxc_volume", mover.task())
    lab.refused(result, ["is attached to vm demo/off and cannot move", "detach: true"], "attached: refused")
    result = lab.run("pxc_volume", dict(mover.task(), detach=True))
    mover.at = mover.to
    mover.verdict("detached and moved", result)
    lab.must("pxc_volume", volume("c", source={"volume": {"name": "r", "snapshot": "s"}}))
    lab.refused(lab.run("pxc_volume", mover.task()), ["there are clones of it", lab.rbd_of("c")], "with a clone: refused, and it is named")
    lab.must("pxc_volume", dict(ASK, state="absent", force_snapshots=True, volumes=[{"name": "c"}]))
    watch = subprocess.Popen(["rbd", "--conf", lab.conf, "watch", f"{mover.classes[mover.at]}/{mover.image}"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    watch.stdout.readline()
    result = lab.run("pxc_volume", mover.task())
    watch.terminate()
    watch.wait()
    lab.refused(result, ["is open at"], "open at somebody who is no VM: refused")
    lab.check(mover.there() == [mover.classes[mover.at]] and not mover.one_holds(), "and it stays where it is", mover.there())
    lab.must("pxc_volume", volume("r", state="absent", force_snapshots=True))
    lab.check(not mover.there(), "and goes", mover.there())


def main():
    times = 1 if labs.short() else 6
    with labs.Lab(labs.build_dir()) as lab:
        lab.rbd_of = lambda name: lab.must("pxc_info", dict(gather=["volumes"], names=[name], project="demo"))["volumes"][0]["rbd"]
        unlimited = {"instances": -1, "cores": -1, "ram_mb": -1, "volumes": -1, "volume_gb": -1, "snapshots": -1}
        lab.must("pxc_cloud", {"domain": "cloud.example.org", "storage": "ceph", "bridge": "vmbr0"})
        lab.must("pxc_project", {"projects": [{"name": "demo"}, {"name": "other"}], "quota": unlimited})
        lab.must("pxc_vm", dict(ASK, cores=1, memory=512, vms=[{"name": "web", "power": "running"}, {"name": "off", "power": "stopped"},
                                                             {"name": "off2", "power": "stopped"}]))
        killed(lab, times)
        cut_off(lab, 1 + times)
        frozen(lab, times)
        retyped(lab, times)
        at_once(lab, 2 * times, "locked")
        lab.ask("POST", "/sim/faults", body=b'POST /access/groups status=403 text="Permission check failed (/access/groups, Group.Allocate)"\n')
        at_once(lab, 2 * times, "without the right to lock")
        lab.ask("POST", "/sim/faults", body=b"")
        quota_at_once(lab, 2 * times)
        not_let_go(lab)
        by_hand(lab)
        vm_goes(lab)
        edited(lab)
        return lab.done()


if __name__ == "__main__":
    sys.exit(main())
