# SPDX-License-Identifier: GPL-3.0-or-later
"""A pool of the test's own Ceph for the clusters of one story: each finds it empty, as it gets a namespace of its own in it."""
import os
import subprocess
import sys

LIB = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib")
STORAGE = "disks"


def conf():
    return os.environ["PXC_TEST_CEPH_CONF"]


def begin(folder):
    """From here on there is a Ceph: where none is given, this program begins anew with one that goes with it."""
    if not os.environ.get("PXC_TEST_CEPH_CONF"):
        sys.stdout.flush()
        os.execv(os.path.join(LIB, "with_ceph.sh"), ["with_ceph.sh", folder, *sys.argv])
    os.environ["PXC_CEPH_CONF"] = conf()


def call(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


class Pool:
    def __init__(self, name):
        self.name, self.clusters = name, 0
        self.options = ("--ceph", conf(), "--ceph-pool", name)
        call(os.path.join(LIB, "cephbox.sh"), "pool", os.path.dirname(conf()), name)

    def give(self, cluster):
        self.clusters += 1
        space = f"c{self.clusters}"
        call("rbd", "--conf", conf(), "namespace", "create", f"{self.name}/{space}")
        cluster.api("DELETE", "/storage/ceph")  # the one that comes by itself, with the whole pool
        cluster.post("/storage", storage=STORAGE, type="rbd", pool=self.name, namespace=space, content="images")

    def dump(self):
        """All that it holds, as bytes."""
        return call("rados", "--conf", conf(), "-p", self.name, "export", "-")
