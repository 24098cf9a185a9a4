#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the integration targets through a real ansible-playbook, each against a simulated cluster of its own.

    tests/integration/run.py BUILD [TARGET...]

The ansible-playbook is the first on PATH; tests/contract/with_ansible.py puts another there. A target is a folder under
targets/ with tasks/test.yml, which asks of every verb: is it refused where it must be, what does check mode say, does it
change, is it quiet the second time. What a cluster holds at the start is in world.json, the target's own if it has one. Speaks TAP:
one line a target.

One Ceph serves them all, each with a fresh pool "ceph" behind the storage "ceph"; before and after the clean-up PVE's view of
that pool and Ceph's must agree (tests/ceph/compare_views.py).
"""
import contextlib
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import outputs
import sim

BUILD = os.path.abspath(sys.argv[1])
PLAY = """---
- name: {name}
  hosts: localhost
  connection: local
  gather_facts: false
  vars:
    target_dir: {path}
  tasks:
    - name: Run the target, then clean up in any case
      block:
        - ansible.builtin.include_tasks: {path}/tasks/test.yml
        - name: PVE and Ceph agree
          ansible.builtin.command: {compare}
          changed_when: false
      always:
        - ansible.builtin.include_tasks: {here}/cleanup.yml
"""


CEPHBOX = os.path.join(HERE, "..", "lib", "cephbox.sh")
COMPARE = os.path.realpath(os.path.join(HERE, "..", "ceph", "compare_views.py"))


@contextlib.contextmanager
def ceph():
    """A Ceph of one node: the folder it lives in."""
    if os.environ.get("PXC_TEST_CEPH_CONF"):
        yield os.path.dirname(os.environ["PXC_TEST_CEPH_CONF"])
        return
    with tempfile.TemporaryDirectory(prefix="pxc-it-ceph-") as folder:
        box = os.path.join(folder, "box")
        subprocess.run([CEPHBOX, "up", box, "mgr=1", "size=8G", f"watch={os.getpid()}"], check=True)
        try:
            yield box
        finally:
            subprocess.run([CEPHBOX, "down", box], check=True)


@contextlib.contextmanager
def fresh_pool(box):
    subprocess.run([CEPHBOX, "pool", box, "ceph"], check=True)
    try:
        yield
    finally:
        subprocess.run(["ceph", "--conf", f"{box}/ceph.conf", "osd", "pool", "delete", "ceph", "ceph",
                        "--yes-i-really-really-mean-it"], check=True, stderr=subprocess.DEVNULL)


def start_cluster(folder, box, path):
    own = os.path.join(path, "world.json")
    return sim.Sim(BUILD, "--nodes", "3", "--speed", "100", "--state-dir", folder, "--world", own if os.path.exists(own) else os.path.join(HERE, "world.json"),
                   "--ceph", f"{box}/ceph.conf", "--ceph-pool", "ceph")


def environment(cluster, folder, box):
    return cluster.environment(
        PXC_CEPH_CONF=f"{box}/ceph.conf", PXC_FINGERPRINT_SEEN=cluster.info["fingerprint"], PXC_PASSWORD_SEEN=cluster.info["password"],
        ANSIBLE_COLLECTIONS_PATH=BUILD, ANSIBLE_LOCALHOST_WARNING="False", ANSIBLE_INVENTORY_UNPARSED_WARNING="False",
        ANSIBLE_RETRY_FILES_ENABLED="False", ANSIBLE_LOCAL_TEMP=os.path.join(folder, "tmp"), ANSIBLE_NOCOLOR="1", PXC_ACTOR="tester")


def run_target(name, box):
    path = os.path.join(HERE, "targets", name)
    with tempfile.TemporaryDirectory(prefix="pxc-it-") as folder, fresh_pool(box), start_cluster(folder, box, path) as cluster:
        env = environment(cluster, folder, box)
        playbook = os.path.join(folder, "play.yml")
        with open(playbook, "w", encoding="utf-8") as f:
            f.write(PLAY.format(name=name, path=path, here=HERE, compare=COMPARE))
        start = time.monotonic()
        done = subprocess.run(["ansible-playbook", "-vvvvv" if name in ("pxc_vm", "secrets") else "-v", playbook],
                              env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=400, check=False)
        after = subprocess.run([COMPARE], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    text = outputs.keep(done.stdout.decode("utf-8", "replace")) + (after.stdout.decode() if after.returncode else "")
    leaked = outputs.shown(text)
    good = done.returncode == 0 and after.returncode == 0 and not leaked and "DEPRECATION" not in text
    print(f"{'ok' if good else 'not ok'} - {name} ({ANSIBLE_NAME}, {time.monotonic() - start:.0f} s)", flush=True)
    if not good:
        print("\n".join("# " + line for line in ([f"leaked: {leaked}"] if leaked else []) + text.splitlines()[-40:]), flush=True)
    return good


def main():
    names = sys.argv[2:] or sorted(os.listdir(os.path.join(HERE, "targets")))
    with ceph() as box:
        good = [run_target(n, box) for n in names]
        return 0 if all(good) else 1


ANSIBLE_NAME = subprocess.run(["ansible-playbook", "--version"], stdout=subprocess.PIPE, check=True).stdout.decode().split("]")[0].replace("[", "")
if __name__ == "__main__":
    sys.exit(main())
