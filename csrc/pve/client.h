/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client.h - calls to a PVE cluster: logged in, spread over its API URLs, retried where that is right.
 *
 * Nothing above this layer sees HTTP, tickets, UPIDs or retries. Retry by kind of error, in one place:
 *   UNREACHED                         the next URL, then again with back-off
 *   LOST, 595, 596, 599, 502-504      GET: again; a write: ECONFLICT "outcome unknown", the loop looks again
 *   lock or cfs-lock timeout, "VM is locked", worker without upid      again with back-off, any method
 *   checksum mismatch, modified configuration, already exists          ECONFLICT, the loop looks again
 *   401                               ticket: one new login; then EDENIED
 *   403                               EDENIED, naming privilege and path
 *   no such object                    ENOTFOUND
 *   400, other 500                    EINVAL, EREMOTE with PVE's words and each field's error
 * Layer: pve.
 */
#pragma once

#include "pve/transport.h"

struct pve_client;

struct pve_options {
	/* NULL-terminated list of "https://host:8006"; borrowed for the client's life. */
	const char *const *urls;
	const char *user;     /* "root@pam" */
	const char *password; /* ticket login; NULL with a token */
	const char *otp;      /* second factor for the ticket login, or NULL */
	const char *token_id; /* "name", or the full "user@realm!name" */
	const char *token_secret;
	struct pve_tls tls;
	uint32_t timeout_ms;   /* one request */
	uint32_t retry_ms;     /* how long a retryable failure is retried */
	unsigned per_endpoint; /* requests under way at each URL; 0 = 4 */
};

/* transport NULL = curl; else it is stolen, also on failure. err: EINVAL for missing or contradictory credentials. */
must_check int pve_create(const struct pve_options *options, struct pve_transport *transport,
			  struct pve_client **ret, struct pxc_err *err);
void pve_free(struct pve_client *pve);

/* Warnings the connection itself gives ("certificates are not verified"); borrowed array of strings. */
const json_t *pve_warnings(const struct pve_client *pve);
unsigned long pve_requests(const struct pve_client *pve); /* sent so far, for figures and tests */
/* Who the server takes us for: "root@pam", and the token's name ("" with a ticket). Borrowed. */
const char *pve_user(const struct pve_client *pve);
const char *pve_token(const struct pve_client *pve);
const char *pve_who(const struct pve_client *pve); /* "user" or "user!token", for sentences */
int64_t pve_now_ms(const struct pve_client *pve);
/* Through the transport, so virtual in tests. */
void pve_sleep(struct pve_client *pve, uint32_t ms);

/*
 * A step that is no request but blocks elsewhere (Ceph): runs on a thread of its own and so must not touch the client.
 * context is the step's. ret_data: new reference or untouched. err as everywhere; ECONFLICT lets the loop look again.
 */
typedef int pve_work_fn(void *context, const json_t *args, json_t **ret_data, struct pxc_err *err);

enum pve_judgement {
	PVE_GO,   /* the step is done */
	PVE_WAIT, /* look again */
	PVE_DROP, /* the job is not worth doing any more: it ends without a failure */
	PVE_FAIL, /* what is waited for will not come */
};

/* One look of a step that waits, for its judge. */
struct pve_look {
	const json_t *args;        /* the step's */
	const json_t *data;        /* NULL when the call failed, or answered null */
	const struct pxc_err *err; /* kind PXC_OK: it answered; ENOTFOUND: there is no such thing */
	bool late;                 /* the step's time is over: PVE_WAIT now ends it with ETIMEOUT */
	char why[200]; /* out; for every verdict but PVE_GO: "pve2 has 2048 MiB free, 4096 are needed" */
};

/* One kind of request: a row of a kind's table. */
struct pve_op {
	const char *method;
	/* {node}, {vmid}, {name} are filled from args (percent-encoded) and leave the params. */
	const char *path;
	uint32_t wait_ms; /* for the whole step: request, task, until; 0 = timeout_ms */
	/*
	 * A GET that is repeated until this is true of its data (status reached, agent answers); else NULL.
	 * data NULL and http != 200: the call failed with that status (0: no answer) and text; return false to
	 * go on waiting. 401 and 403 end the wait by themselves.
	 */
	bool (*until)(const json_t *data, const json_t *args, int http, const char *text);
	/*
	 * Likewise a GET that is repeated, where "not yet" is not the only other answer: a gate in front of a job that may
	 * turn out to be pointless, or something awaited that can go wrong. Instead of "until". 401 and 403 as there.
	 */
	enum pve_judgement (*judge)(struct pve_look *look);
	bool gone_ok; /* ENOTFOUND counts as done (deletes) */
	bool sdn;     /* changes the SDN configuration: see pve_set_sdn_token() */
	/* Done also when a step before it has failed, and with it those behind: what must not be left behind is put right. */
	bool always;
	/* Instead of a request; method and path then only tell people what is done. wait_ms does not count. */
	pve_work_fn *work;
};

struct pve_step {
	const struct pve_op *op;
	/* Borrowed; "_wait_ms" (integer) overrides op->wait_ms. null and keys that begin with "_" are not sent. */
	const json_t *args;
	const char *why; /* put in front of an error; NULL = method and path */
	void *context;   /* borrowed; for op->work */
	/* Owned by the job: the reply's data, or the task's exit status as a string; NULL: gone_ok. */
	json_t *ret_data;
	char *upid; /* Owned by the job: of the task that the step began, also when that failed; NULL: none */
};

/* What a job takes a place of: of all jobs under way that name the same text, at most "max" (as this job sees it). */
struct pve_use {
	const char *name; /* borrowed; NULL = nothing */
	unsigned max;     /* at least 1 */
};

#define PVE_USES 2

enum pve_job_state {
	PVE_JOB_NOT_BEGUN, /* nothing was sent: one in "after" did not end well, or max_failures was reached */
	PVE_JOB_UNDER_WAY,
	PVE_JOB_DONE,
	PVE_JOB_DROPPED, /* by a judge; steps in front of it are done */
	PVE_JOB_FAILED,
};

/* Steps in order, each awaited to the end of its task; stops at its first failure, or goes on at the next op->always. */
struct pve_job {
	struct pve_step *steps;
	size_t nsteps;
	const char *label; /* borrowed; in sentences about this job; NULL = "another" */
	/* Borrowed; jobs of the same run. This one begins when all of them are done, and never when one of them ended otherwise. */
	const struct pve_job *const *after;
	size_t nafter;
	struct pve_use uses[PVE_USES];
	void *owner; /* the caller's */
	/* out */
	enum pve_job_state state;
	char why[300]; /* NOT_BEGUN: "VM 101 pve1 -> pve2 failed"; DROPPED: the judge's words; else "" */
	bool stopped;               /* NOT_BEGUN: because of max_failures */
	int64_t began_ms, ended_ms; /* pve_now_ms(); of a job that was begun */
	size_t ndone;               /* in front of the first failure */
	struct pxc_err
		err; /* the first failure, and the second if there was one; kind PXC_OK when all are done */
	json_t *warnings; /* owned; array of strings: WARN lines of tasks that ended with WARNINGS; or NULL */
};

/* What the run added; steps and args stay the caller's. */
void pve_job_release(struct pve_job *job);

/*
 * Run jobs side by side, at most per_endpoint * urls requests and max_jobs jobs under way (0 = 4 per URL).
 * Returns when all have ended. Task ends are learned from one poll of /cluster/tasks for all of them, and from
 * the task's own status where that list does not show it. A failed task fails at once with the end of its log,
 * its kind read from PVE's words; ETIMEOUT leaves it running on the server.
 */
void pve_run(struct pve_client *pve, struct pve_job *jobs, size_t njobs, unsigned max_jobs);

struct pve_limits {
	unsigned max_jobs; /* under way at once; 0 = 4 per URL */
	unsigned
		max_failures; /* so many have failed: no other begins, those under way are awaited; 0 = no limit */
	/*
	 * Asked between events, at least once a minute; may itself call the client. A text, borrowed to the end, is why no
	 * other job begins any more. NULL: nothing is against it, or nobody to ask.
	 */
	const char *(*stops)(void *context);
	/* A job has begun, or has ended, however. Must send nothing. NULL = nobody wants to know. */
	void (*told)(void *context, const struct pve_job *job);
	void *context;
};

/*
 * The same as a stream: jobs begin in the order given, each as soon as what it waits for ("after", its "uses") allows, and
 * whatever is behind it need not wait for it. Jobs without steps are done at once.
 */
void pve_stream(struct pve_client *pve, struct pve_job *jobs, size_t njobs,
		const struct pve_limits *limits);

/* Many reads side by side. */
struct pve_read {
	char *path;           /* owned by the caller; below /api2/json, percent-encoded */
	const json_t *params; /* query, or NULL */
	json_t *data; /* out; new reference (JSON null counts as NULL data); NULL on failure */
	struct pxc_err err; /* out */
};
void pve_read_all(struct pve_client *pve, struct pve_read *reads, size_t nreads);

/*
 * From now on pve_read_all() sends reads of one node in calls of a hundred (api: POST /nodes/{node}/execute). PVE takes these
 * from root@pam with a ticket alone; from others, and where it refuses one, or a read in it fails, each read is a request. For
 * reads that PVE answers at once.
 */
void pve_pack_reads(struct pve_client *pve, bool on);
bool pve_packs_reads(const struct pve_client *pve); /* and may, as far as is known */

/* One read, one write (awaited to the end of its task). ret_data may be NULL. */
must_check int pve_get(struct pve_client *pve, const char *path, json_t **ret_data,
		       struct pxc_err *err);
must_check int pve_call(struct pve_client *pve, const struct pve_op *op, const json_t *args,
			json_t **ret_data, struct pxc_err *err);

/*
 * The token of the lock on the SDN configuration that this run holds (api: POST /cluster/sdn/lock, PVE 9): requests whose
 * op says "sdn" carry it from now on. NULL: none is held. Copied.
 */
void pve_set_sdn_token(struct pve_client *pve, const char *token);
const char *pve_sdn_token(const struct pve_client *pve); /* NULL: none */

/* Percent-encode one path segment; new string. */
char *pve_escape(const char *segment);
