#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill a module before and after every single API request, run it again, and look at what is left.

    tests/crash/crash.py BUILD [--stride N] [--story S] [--speed F]    TAP; stride N: every N-th request only

Each story has clusters of its own. After the kill the same task runs again and must succeed; a third run must change nothing; and the
cluster must hold exactly what was wanted.

VMs, here: three are created (cloned, imported, blank), changed, deleted; one gets other snapshots. No disk may be without its VM, no lock
and no journal left. Networks, balancing, people and permissions, in files of their own. Last: runs at once.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import access
import balance
import networks
import people
from killproxy import KillProxy

import outputs
import sim

COMMON = {"project": "acme", "stack": "s", "power": "running", "shutdown_timeout": 20}
CREATE = dict(COMMON, vms=[
    {"name": "a", "template": {"vmid": 9000}, "flavor": "small", "networks": [{"ip": "dhcp"}]},
    {"name": "b", "image": {"volume": "shared:import/img.qcow2"}, "flavor": "small"},
    {"name": "c", "cores": 1, "memory": 512, "disk_size": 1, "description": "c\n"},
])
CHANGE = dict(COMMON, allow_restart=True, vms=[
    {"name": "a", "memory": 2048, "networks": [{}, {"bridge": "vmbr0", "tag": 7}], "tags": ["prod"]},
    {"name": "b", "disk_size": 20, "disks": [{"slot": "scsi1", "size": 2}], "metadata": {"k": "v"}},
    {"name": "c", "new_name": "d", "description": "# d", "power": "stopped"},
])
DELETE = {"project": "acme", "stack": "s", "state": "absent", "shutdown_timeout": 20,
          "vms": [{"name": "a"}, {"name": "b"}, {"name": "d"}]}
SNAPSHOT = dict(COMMON, name="a", flavor="small", template={"vmid": 9000}, snapshots=[{"name": "s1"}])
SNAPSHOTS = dict(COMMON, name="a", memory=2048, tags=["kept"], allow_restart=True, snapshots_mode="exact",
                 snapshots=[{"name": "s2", "description": "two"}, {"name": "s3"}])


def vms(*wanted):
    return lambda cluster: vm_problems(cluster, set(wanted))


# Story -> what comes before (functions, too), the task that is killed (a module and its arguments), what is wrong in the end; options of
# pxcsim.
STORIES = {
    "snapshots": ([("pxc_vm", SNAPSHOT)], ("pxc_vm", SNAPSHOTS), vms("a")),
    "create": ([], ("pxc_vm", CREATE), vms("a", "b", "c")),
    "change": ([("pxc_vm", CREATE)], ("pxc_vm", CHANGE), vms("a", "b", "d")),
    "delete": ([("pxc_vm", CREATE), ("pxc_vm", CHANGE)], ("pxc_vm", DELETE), vms()),
    **networks.STORIES,
    **balance.STORIES,
    **people.STORIES,
    **access.STORIES,
}
WORLD = {
    "volumes": {"shared:import/img.qcow2": {"size": 3 << 30}},
    "guests": [{"vmid": 9000, "node": "pve1", "config": {"name": "tpl", "memory": "512", "cores": 1, "scsi0": "shared:3,format=qcow2",
                                                         "net0": "virtio,bridge=vmbr0"}}],
}


class Cluster(sim.Sim):
    """A pxcsim of its own, with the registry, a flavor and the project acme; its certificate is one that a proxy before it can have, too."""

    def __init__(self, build, folder, speed, *options):
        self.folder = folder
        super().__init__(build, "--nodes", "3", "--speed", str(speed), "--cert", f"{folder}/cert.pem", "--key", f"{folder}/key.pem", *options,
                         world=WORLD)

    def prepare(self):
        self.post("/nodes/pve1/qemu/9000/template")
        self.must("pxc_cloud", {"domain": "example.org", "storage": "shared", "import_storage": "shared", "bridge": "vmbr0"})
        self.must("pxc_flavor", {"name": "small", "vcpus": 1, "memory": 1024, "disk": 5})
        self.must("pxc_project", {"name": "acme"})

    def start(self, module, args, port=None, actor="tester"):
        options = dict(self.connection(), validate_certs=False, actor=actor)
        if port:
            options["api_urls"] = [f"https://127.0.0.1:{port}"]
        process = subprocess.Popen([f"{self.build}/bin/pxc", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        process.stdin.write(json.dumps(dict(args, **options)).encode())
        return process

    @staticmethod
    def finish(process):
        out, err = map(outputs.keep, process.communicate())
        try:
            return json.loads(out)
        except ValueError:
            return {"failed": True, "msg": f"no JSON (exit {process.returncode}): {out[:200]!r} {err[-300:]!r}"}

    def run(self, module, args, **how):
        return self.finish(self.start(module, args, **how))

    def at_once(self, *tasks):
        """Results of tasks that run beside one another; each a module and its arguments."""
        runs = [self.start(*task) for task in tasks]
        for r in runs:
            r.stdin.close()
            r.stdin = None
        return [self.finish(r) for r in runs]

    def must(self, module, args):
        result = self.run(module, args)
        if result.get("failed"):
            raise AssertionError(f"{module} failed: {result['msg']}")
        return result

    def get(self, path):
        return self.api("GET", path)

    def post(self, path, /, **parameters):
        return self.api("POST", path, **parameters)


def vm_problems(cluster, wanted):
    """What is there that should not be, or the other way round."""
    found = []
    guests = {g["vmid"]: g for n in ("pve1", "pve2", "pve3") for g in cluster.get(f"/nodes/{n}/qemu")}
    names = sorted(g["name"] for v, g in guests.items() if v != 9000)
    if names != sorted(wanted):
        found.append(f"VMs {names} instead of {sorted(wanted)}")
    for vmid, guest in guests.items():
        if guest.get("lock"):
            found.append(f"VM {vmid} is locked ({guest['lock']})")
    referenced = set()
    for node in ("pve1", "pve2", "pve3"):
        for guest in cluster.get(f"/nodes/{node}/qemu"):
            config = cluster.get(f"/nodes/{node}/qemu/{guest['vmid']}/config")
            referenced.update(v.split(",")[0] for v in config.values() if isinstance(v, str) and ":" in v)
            if "\nop=" in config.get("description", ""):
                found.append(f"VM {guest['vmid']} has a journal left")
    for volume in cluster.get("/nodes/pve1/storage/shared/content?content=images"):
        if volume["volid"] not in referenced:
            found.append(f"disk {volume['volid']} belongs to nobody")
    locks = [g["groupid"] for g in cluster.get("/access/groups") if g["groupid"].startswith("pxc-lock")]
    if locks:
        found.append(f"locks {locks}")
    return found


def make_certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
                    "2", "-subj", "/CN=127.0.0.1", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"],
                   check=True, stderr=subprocess.DEVNULL)


def one_kill(cluster, story, at, mode):
    """Returns what went wrong (None: nothing), and whether request number `at` came at all."""
    before, task, problems, *_ = STORIES[story]
    for earlier in before:
        if callable(earlier):
            earlier(cluster)
        else:
            cluster.must(*earlier)
    proxy = KillProxy(cluster.info["port"], f"{cluster.folder}/cert.pem", f"{cluster.folder}/key.pem")
    victim = cluster.start(*task, proxy.port)
    proxy.arm(at, mode, victim.pid)
    victim.communicate()
    killed, last = proxy.killed, proxy.log[at - 1] if len(proxy.log) >= at else ""
    proxy.shutdown()
    proxy.server_close()
    if not killed:
        return None, False, last
    again = cluster.run(*task)
    if again.get("failed"):
        return f"the next run failed: {again['msg']}", True, last
    third = cluster.run(*task)
    if third.get("failed") or third["changed"]:
        return f"a third run was not quiet: {third.get('msg') or third['steps']}", True, last
    return "; ".join(problems(cluster)) or None, True, last


def tell(ok, name, detail=""):
    print(f"{'ok' if ok else 'not ok'} - {name}", flush=True)
    if not ok:
        print(f"# {detail}", flush=True)
    return ok


def kill_story(build, folder, story, stride, speed):
    good, at = True, 1
    while True:
        reached = False
        for mode in ("before", "after"):
            cluster = Cluster(build, folder, speed, *STORIES[story][3:])
            try:
                problem, reached, last = one_kill(cluster, story, at, mode)
            except AssertionError as e:
                return tell(False, f"{story}: preparation", e)
            finally:
                cluster.close()
            if reached:
                good &= tell(problem is None, f"{story}: killed {mode} request {at} ({last})", problem)
            if not reached:
                return good
        at += stride


def same_vms(cluster):
    """Two runs at once make one set of VMs"""
    results = cluster.at_once(*[("pxc_vm", CREATE)] * 2)
    bad = [r["msg"] for r in results if r.get("failed")] + vm_problems(cluster, {"a", "b", "c"})
    quiet = sorted(r.get("changed") for r in results)
    return bad if quiet == [False, True] else bad + [f"changed: {quiet}"]


def meeting(build, folder, speed, test):
    cluster = Cluster(build, folder, speed)
    try:
        bad = test(cluster)
    except AssertionError as e:
        bad = [str(e)]
    finally:
        cluster.close()
    return tell(not bad, test.__doc__, "; ".join(bad))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--speed", type=float, default=40)
    parser.add_argument("--story", choices=sorted(STORIES))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pxc-crash-") as folder:
        make_certificate(folder)
        good = True
        for story in [options.story] if options.story else STORIES:
            good &= kill_story(options.build, folder, story, options.stride, options.speed)
        for test in [same_vms, *networks.MEETINGS, *balance.MEETINGS, *people.MEETINGS]:
            good &= meeting(options.build, folder, options.speed, test)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
