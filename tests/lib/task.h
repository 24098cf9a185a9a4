/* SPDX-License-Identifier: GPL-3.0-or-later */
/* task.h - a module's task run in this process against the simulator: same loop, same client, virtual time. */
#pragma once

#include "lib/simlink.h"
#include "modules/kind.h"

struct lab {
	struct sim *sim;
	char secret[37];
	const char
		*token; /* in: who runs the tasks; NULL = "root@pam!test", whose secret is above */
	const char *actor; /* in: who asks for it; NULL = "tester", who makes the registry */
	int64_t skew_s;    /* in: how much later it is for the tasks than the system says */
	/* in: gets lines of progress, instead of standard error at -v; NULL = nobody does */
	void (*tell)(void *lab, const char *line);
	/* out, of the last task */
	json_t *result;                        /* owned */
	struct pxc_err err;                    /* kind PXC_OK when it went well */
	struct pxc_buf log;                    /* every request */
	unsigned long kill_before, kill_after; /* in: see simlink.h; for the next task only */
	bool killed;
	/* in: what somebody else does when the simulator has worked on a request of the task; see simlink.h */
	void (*meanwhile)(void *lab, const char *method, const char *path);
};

void lab_create(struct lab *lab, uint64_t seed);
/* Another cluster: of PVE 8, with other bridges. */
void lab_create_as(struct lab *lab, const struct sim_options *options);
void lab_release(struct lab *lab);
#define auto_lab on_scope_exit(lab_release)

/* A registry, the flavors small and big, the project acme, a template 9000. Fails the test if that does not work. */
void lab_prepare(struct lab *lab);

/* Run module ("pxc_vm") with these arguments (JSON). Returns 0, or -1 with lab->err. */
int lab_task(struct lab *lab, const char *module, const char *args);
/* The same, failing the test when the task fails. */
void lab_must(struct lab *lab, const char *module, const char *args);

/*
 * Somebody else's request, as root@pam. path: below /api2/json; "!/sim/..." as it is. form: "a=1&b=2", in the body of a POST or
 * PUT, or NULL. Returns the reply's data; fails the test unless it is 200. New reference.
 */
json_t *lab_ask(struct lab *lab, const char *method, const char *path, const char *form);

/* The requests of the last task that are no GETs, one a line, notes and ids cut to "*". New string. */
char *lab_writes(const struct lab *lab);

/* How often is it in there? */
unsigned lab_count(const char *text, const char *what);
