/* SPDX-License-Identifier: GPL-3.0-or-later */
/* asking.h - one request through the real transport, and what its reply must be like. Fails the test otherwise. */
#pragma once

#include "pve/transport.h"

/* A transport to one URL, which must outlive it. */
struct pve_transport *ask_connect(const char *const *url, const struct pve_tls *tls);

/* The reply to one request; the receiver owns its body. */
struct pve_reply ask_with(struct pve_transport *t, struct pve_request request);
struct pve_reply ask(struct pve_transport *t, const char *method, const char *path);
/* GET /ok through a transport of its own. */
struct pve_reply ask_once(const char *url, const struct pve_tls *tls);

/* Must be the answer of /ok; releases it. */
void ask_check_ok(struct pve_reply *reply);
/* Must say words. */
void ask_check_problem(const struct pve_reply *reply, const char *words);
