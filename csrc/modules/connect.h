/* SPDX-License-Identifier: GPL-3.0-or-later */
/* connect.h - from the connection options that all modules share to a client. Layer: modules. */
#pragma once

#include "modules/kind.h"

/*
 * transport  NULL = the real one; else stolen (tests)
 * err        EINVAL: no URL, no credentials; the sentence names the options and their environment fallbacks
 */
must_check int pxc_connect(struct pxc_env *env, struct pve_transport *transport,
			   struct pxc_err *err);

/* The first of api_urls in full, "https://pve1:8006"; NULL: none is named. In the arena. */
const char *pxc_api_url(struct pxc_env *env);
