/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pve/client.h"

#include <string.h>

#include "base/mem.h"
#include "pve/core.h"
#include "pve/work.h"

#define DEFAULT_PER_ENDPOINT 4
#define DEFAULT_TIMEOUT_MS 30000

static size_t count(const char *const *urls)
{
	size_t n = 0;

	while (urls && urls[n])
		n++;
	return n;
}

static void add_warnings(struct pve_client *pve, const struct pve_options *o)
{
	pve->warnings = json_array();
	if (!o->tls.verify && !o->tls.fingerprint)
		(void)json_array_append_new(
			pve->warnings,
			json_string(
				"validate_certs is off: whoever sits between here and the cluster can "
				"read the credentials and change every answer; give ca_path or "
				"fingerprint instead"));
}

int pve_create(const struct pve_options *o, struct pve_transport *transport,
	       struct pve_client **ret, struct pxc_err *err)
{
	struct pve_client *pve = pxc_calloc(1, sizeof(*pve));

	pve->transport = transport;
	pve->nendpoints = count(o->urls);
	pve->endpoints = pxc_calloc(pve->nendpoints + 1, sizeof(*pve->endpoints));
	pve->per_endpoint = o->per_endpoint ? o->per_endpoint : DEFAULT_PER_ENDPOINT;
	pve->timeout_ms = o->timeout_ms ? o->timeout_ms : DEFAULT_TIMEOUT_MS;
	pve->retry_ms = o->retry_ms;
	add_warnings(pve, o);
	if (pve->nendpoints == 0)
		(void)pxc_fail(err, PXC_EINVAL, "api_urls: no URL of the PVE API is given");
	else if (pve_login_init(&pve->login, o, err) == 0 &&
		 (transport || pve_curl_create(o->urls, pve->nendpoints, &o->tls, pve->per_endpoint,
					       &pve->transport, err) == 0)) {
		*ret = pve;
		return 0;
	}
	pve_free(pve);
	return -1;
}

void pve_free(struct pve_client *pve)
{
	if (!pve)
		return;
	pve_workers_free(pve->workers);
	if (pve->transport)
		pve->transport->destroy(pve->transport);
	for (size_t i = 0; i < pve->nendpoints; i++)
		free(pve->endpoints[i].problem);
	free(pve->endpoints);
	pve_login_release(&pve->login);
	json_decref(pve->warnings);
	free(pve->sdn_token);
	free(pve);
}

void pve_set_sdn_token(struct pve_client *pve, const char *token)
{
	free(pve->sdn_token);
	pve->sdn_token = token ? pxc_strdup(token) : NULL;
}

const char *pve_sdn_token(const struct pve_client *pve)
{
	return pve->sdn_token;
}

const json_t *pve_warnings(const struct pve_client *pve)
{
	return pve->warnings;
}

unsigned long pve_requests(const struct pve_client *pve)
{
	return pve->requests;
}

const char *pve_user(const struct pve_client *pve)
{
	return pve->login.user;
}

const char *pve_who(const struct pve_client *pve)
{
	return pve->login.who;
}

const char *pve_token(const struct pve_client *pve)
{
	return pve->login.token;
}

int64_t pve_now_ms(const struct pve_client *pve)
{
	return pve->transport->now_ms(pve->transport);
}

void pve_sleep(struct pve_client *pve, uint32_t ms)
{
	int64_t now = pve_now_ms(pve), until = now + ms;

	/* A login may be under way still, whoever it was for; its reply must not be lost. */
	for (; now < until; now = pve_now_ms(pve))
		pve_pump(pve, (uint32_t)(until - now));
}

/* --- reads -------------------------------------------------------------------------------------------- */

struct read_run {
	struct pve_exchange x;
	struct pve_read *read;
	size_t *nopen;
};

static void read_done(struct pve_client *pve, struct pve_exchange *x)
{
	struct read_run *run = x->owner;

	(void)pve;
	(*run->nopen)--;
	if (x->err->kind != PXC_OK)
		(void)pxc_context(x->err, "GET %s", x->path);
	else
		run->read->data =
			json_is_null(x->data) ? NULL : json_incref((json_t *)(uintptr_t)x->data);
}

/* Those that are not answered yet, one by one. */
static void read_each(struct pve_client *pve, struct pve_read *reads, size_t nreads,
		      const bool *answered)
{
	struct read_run *runs = pxc_calloc(nreads, sizeof(*runs));
	size_t nopen = 0;

	for (size_t i = 0; i < nreads; i++) {
		struct read_run *run = &runs[i];

		if (answered[i])
			continue;
		nopen++;
		run->read = &reads[i];
		run->nopen = &nopen;
		run->x = (struct pve_exchange){ .method = "GET",
						.path = reads[i].path,
						.params = reads[i].params,
						.repeatable = true,
						.done = read_done,
						.owner = run,
						.err = &reads[i].err };
		pve_submit(pve, &run->x, 0);
	}
	while (nopen)
		pve_pump(pve, PVE_LONG_MS);
	free(runs);
}

void pve_read_all(struct pve_client *pve, struct pve_read *reads, size_t nreads)
{
	bool *answered = pxc_calloc(nreads, sizeof(*answered));

	for (size_t i = 0; i < nreads; i++) {
		reads[i].data = NULL;
		reads[i].err.kind = PXC_OK;
	}
	if (pve_packs_reads(pve))
		pve_read_packed(pve, reads, nreads, answered);
	read_each(pve, reads, nreads, answered);
	free(answered);
}

int pve_get(struct pve_client *pve, const char *path, json_t **ret_data, struct pxc_err *err)
{
	struct pve_read read = { .path = pxc_strdup(path) };

	pve_read_all(pve, &read, 1);
	free(read.path);
	if (read.err.kind != PXC_OK) {
		*err = read.err;
		return -1;
	}
	if (ret_data)
		*ret_data = read.data;
	else
		json_decref(read.data);
	return 0;
}

int pve_call(struct pve_client *pve, const struct pve_op *op, const json_t *args, json_t **ret_data,
	     struct pxc_err *err)
{
	struct pve_step step = { .op = op, .args = args };
	struct pve_job job = { .steps = &step, .nsteps = 1 };
	int r = 0;

	pve_run(pve, &job, 1, 0);
	if (job.err.kind != PXC_OK) {
		*err = job.err;
		r = -1;
	} else if (ret_data) {
		*ret_data = json_incref(step.ret_data);
	}
	pve_job_release(&job);
	return r;
}
