/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * net_world.h - networks of a test world.
 *
 * {"zones":  {"tenant": {"type": "vxlan", "ipam": "pve"}},              default: "tenant", simple
 *  "vnets":  [{"id": "n1", "zone": "tenant", "name": "blue", "project": "acme", "shared": ["beta"],
 *              "subnets": [{"cidr": "10.20.0.0/24", "gateway": "10.20.0.1", "dns": "10.20.0.2", "ranges": ["10.20.0.10-10.20.0.99"]}],
 *              "reserves": {"metallb": "10.20.0.90-10.20.0.99"}}],     without a name: a vnet of nobody's
 *  "ipam":   [{"zone": "tenant", "ip": "10.20.0.5", "mac": "BC:24:11:00:00:01", "vnet": "n1"}]}   PVE's own list, as far as it is shown
 * Containers are guests with "lxc": 1; what they have on networks stands in their "config" too.
 */
#pragma once

#include "lib/world.h"

void test_net_world(struct test_world *w);
