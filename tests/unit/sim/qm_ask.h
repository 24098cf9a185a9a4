/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_ask.h - for the tests of the simulator's guests: a guest to begin with, and short questions about it. */
#pragma once

#include "ask.h"

#include "sim/qm.h"

#define QEMU "/nodes/pve1/qemu"
#define GUEST QEMU "/100"

/* Guest 100 on pve1 with these options (a form); its worker is done. */
static inline struct sim *with_guest(unsigned nodes, double speed, const char *options)
{
	struct sim *sim = cluster(nodes, speed, NULL, NULL);
	auto_free char *form = pxc_printf("vmid=100&%s", options);

	expect(sim, "POST", QEMU, form, 200, NULL);
	sim_advance(sim, 5000);
	return sim;
}

/* data of the answer to GET; new reference. */
static inline json_t *get(struct sim *sim, const char *path)
{
	struct answer answer auto_answer = ask(sim, "GET", path, NULL);

	if (answer.reply.status != 200)
		fail_msg("GET %s: %d %s", path, answer.reply.status, answer.reply.reason);
	return json_incref(data_of(&answer));
}

static inline void expect_option(struct sim *sim, unsigned vmid, const char *key, const char *text)
{
	const struct sim_guest *g = sim_guest_find(sim, vmid);

	assert_non_null(g);
	assert_string_equal(qm_text(g->config, key, ""), text);
}

/* Exit status of the newest task, "running" until it has one. */
static inline const char *last_status(const struct sim *sim)
{
	const char *status = sim->tasks[sim->task_count - 1]->status;

	return status ? status : "running";
}

/* A task that must end so; time for it passes. */
static inline void expect_task(struct sim *sim, const char *method, const char *path,
			       const char *body, const char *status)
{
	expect(sim, method, path, body, 200, NULL);
	sim_advance(sim, 15000);
	assert_string_equal(last_status(sim), status);
}

/* User lim@pve with a token and a role of these privileges on path; its header, owned by the caller. */
static inline char *limited(struct sim *sim, const char *privs, const char *path)
{
	auto_free char *role = pxc_printf("roleid=Lim&privs=%s", privs);
	auto_free char *acl = pxc_printf("path=%s&roles=Lim&users=lim@pve", path);

	expect(sim, "POST", "/access/roles", role, 200, NULL);
	expect(sim, "POST", "/access/users", "userid=lim@pve", 200, NULL);
	expect(sim, "PUT", "/access/acl", acl, 200, NULL);
	struct answer token auto_answer =
		ask(sim, "POST", "/access/users/lim@pve/token/tt", "privsep=0");

	return pxc_printf("Authorization: PVEAPIToken=lim@pve!tt=%s",
			  text_of(data_of(&token), "value"));
}

static inline void expect_as(struct sim *sim, const char *header, const char *method,
			     const char *path, const char *body, const char *reason)
{
	struct answer answer auto_answer = ask_as(sim, header, method, path, body);

	assert_string_equal(answer.reply.reason, reason);
}
