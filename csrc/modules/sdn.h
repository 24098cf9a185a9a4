/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sdn.h - what the files of pxc_sdn share; nobody else includes it. Layer: modules. */
#pragma once

#include "cloud/network.h"
#include "modules/kind.h"

/* sdn_decode.c */
must_check int sdn_decode(struct pxc_env *env, struct network_batch **ret, struct pxc_err *err);

/* sdn_observe.c: GETs only */
must_check int sdn_observe(struct pxc_env *env, const struct network_batch *batch,
			   struct network_world **ret, struct pxc_err *err);
