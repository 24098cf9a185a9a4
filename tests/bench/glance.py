# SPDX-License-Identifier: GPL-3.0-or-later
"""Put a file into an RBD image the way OpenStack's Glance does, by Glance's own store library (glance_store).

    glance.py CONF POOL IMAGE SOURCE
"""
import os
import sys

import glance_store
from oslo_config import cfg


def main():
    conf_path, pool, image, source = sys.argv[1:]
    conf = cfg.CONF
    glance_store.register_opts(conf)
    conf([])
    for key, value in {"stores": ["rbd"], "default_store": "rbd", "rbd_store_pool": pool, "rbd_store_user": "admin",
                       "rbd_store_ceph_conf": conf_path}.items():
        conf.set_override(key, value, "glance_store")
    glance_store.create_stores(conf)
    with open(source, "rb") as data:
        glance_store.add_to_backend_with_multihash(conf, image, data, os.path.getsize(source), "sha512", "rbd")


if __name__ == "__main__":
    main()
