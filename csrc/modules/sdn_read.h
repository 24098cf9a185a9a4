/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sdn_read.h - reads the SDN as it runs. Layer: modules.
 * api: GET /version, /cluster/sdn/zones?pending=1, /cluster/sdn/vnets?pending=1, /cluster/sdn/vnets/{vnet}/subnets?pending=1
 */
#pragma once

#include "cloud/sdn.h"
#include "modules/kind.h"

/* Are this vnet's subnets needed? Each list is a request. */
typedef bool sdn_wants_fn(const struct sdn *s, const struct sdn_vnet *v, void *context);

/*
 * The lists leave out what the API user may not see, and what is not seen would be made a second time: without SDN.Audit on
 * /sdn this is EDENIED. wants NULL: no subnets.
 */
must_check int sdn_read(struct pxc_env *env, const struct world *w, sdn_wants_fn *wants,
			void *context, struct sdn **ret, struct pxc_err *err);

/* The subnets of those that are wanted and not read yet. A vnet whose removal waits shows none to anybody: then they stay unread. */
must_check int sdn_read_subnets(struct pxc_env *env, struct sdn *s, sdn_wants_fn *wants,
				void *context, struct pxc_err *err);
