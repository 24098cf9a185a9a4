/* SPDX-License-Identifier: GPL-3.0-or-later */
/* network_world.h - what networks.h says of its worlds, as the plan of pxc_sdn sees it. */
#pragma once

#include "cloud/network.h"
#include "lib/world.h"

struct network_test_world {
	struct test_world world;
	struct sdn sdn;
	struct network_world nw;
	json_t *status, *bridges, *controllers; /* owned */
};

/* All but subnets, bridges and uses, for which network_test_world_read() asks. */
void network_test_world_create(struct network_test_world *ret, const char *json);
/* What a run with this task would read further. */
void network_test_world_read(struct network_test_world *w, const struct network_batch *batch);
void network_test_world_release(struct network_test_world *w);
