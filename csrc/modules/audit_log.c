/* SPDX-License-Identifier: GPL-3.0-or-later */
/* audit_log.c - records to where they stay: syslog, and an object in Ceph. What is in them: audit.c. */
#include <string.h>
#include <syslog.h>

#include "ansible/result.h"
#include "base/mem.h"
#include "base/str.h"
#include "modules/audit.h"

#define RUN 16 /* hex digits that tell runs apart */

/* --- lines -------------------------------------------------------------------------------------------------- */

struct lines {
	struct kind_run *run;
	char stamp[STAMP_TEXT];
	json_t *list; /* owned; of records, secrets masked */
};

static void lines_begin(struct lines *l, struct kind_run *run)
{
	const struct pxc_env *env = run->env;

	*l = (struct lines){ .run = run, .list = json_array() };
	clock_stamp(env->clock->wall_s(env->clock), l->stamp);
}

static void lines_release(struct lines *l)
{
	json_decref(l->list);
}
#define auto_lines on_scope_exit(lines_release)

static void add_line(struct lines *l, size_t n, const char *event)
{
	const struct pxc_env *env = l->run->env;
	const struct outcome *x = &l->run->outcomes.list[n];
	auto_free char *run = pxc_printf("%.*s", RUN, env->nonce);
	json_auto_t *line = json_pack("{s:i,s:s,s:s,s:I,s:s}", "v", 1, "at", l->stamp, "run", run,
				      "n", (json_int_t)n, "event", event);
	json_auto_t *head = audit_head(env), *change = audit_change(l->run, n);
	const char *key;
	json_t *value;

	json_object_foreach (head, key, value)
		if (!json_is_null(value))
			(void)json_object_set(line, key, value);
	(void)json_object_update(line, change);
	if (str_eq(event, "end"))
		(void)json_object_set_new(line, "changed", json_boolean(x->changed));
	else
		(void)json_object_del(line, "upids");
	(void)json_array_append_new(l->list, result_masked(env->args, line));
}

/* --- syslog ------------------------------------------------------------------------------------------------- */

/* Nobody need listen there. Each line is one datagram, so that a run which is killed has sent it, or has not. */
static void to_syslog(const struct lines *l)
{
	size_t i;
	json_t *line;

	if (!l->run->env->to_syslog)
		return;
	openlog("pxc", LOG_PID | LOG_NDELAY, LOG_AUTHPRIV);
	json_array_foreach (l->list, i, line) {
		auto_free char *text = json_dumps(line, JSON_ENSURE_ASCII | JSON_COMPACT);

		if (text)
			syslog(json_is_true(json_object_get(line, "failed")) ? LOG_WARNING
									     : LOG_INFO,
			       "%s", text);
	}
	closelog();
}

/* --- Ceph --------------------------------------------------------------------------------------------------- */

int audit_reach(struct kind_run *run, struct pxc_err *err)
{
	const char *storages[] = { run->env->audit_storage, NULL };

	if (!storages[0] || run->audit || !run->kind->plural)
		return 0;
	if (rbd_reach(run->env, storages, err) < 0 ||
	    rbd_store_get(run->env, storages[0], &run->audit, err) < 0)
		return pxc_context(err,
				   "changes of this cloud are recorded in storage %s (pxc_cloud: "
				   "audit_storage), which cannot be reached, so nothing is changed",
				   storages[0]);
	return 0;
}

char *audit_object(const char *stamp, unsigned part)
{
	return part ? pxc_printf("pxc.audit.%.6s.%u", stamp, part + 1)
		    : pxc_printf("pxc.audit.%.6s", stamp);
}

/* The month's object; where that is full, the next one. */
static int append(const struct rbd_store *store, const char *stamp, const char *text,
		  struct pxc_err *err)
{
	for (unsigned part = 0;; part++) {
		auto_free char *object = audit_object(stamp, part);

		if (store->ops->append(store->handle, object, text, strlen(text), err) == 0)
			return 0;
		if (err->kind != PXC_ECONFLICT || part + 1 == AUDIT_PARTS)
			return pxc_context(err, "storage %s: the record of changes",
					   store->storage);
	}
}

static int to_ceph(const struct lines *l, struct pxc_err *err)
{
	auto_buf struct pxc_buf text = { .data = NULL };
	size_t i;
	json_t *line;

	if (!l->run->audit || !json_array_size(l->list))
		return 0;
	json_array_foreach (l->list, i, line) {
		auto_free char *one = json_dumps(line, JSON_ENSURE_ASCII | JSON_COMPACT);

		buf_printf(&text, "%s\n", one ? one : "{}");
	}
	return append(l->run->audit, l->stamp, buf_str(&text), err);
}

/* --- before and after --------------------------------------------------------------------------------------- */

static bool is_helper_of_any(const struct outcomes *o, size_t n)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->list[i].via == (long)n)
			return true;
	return false;
}

/* Outcome n is about to change: it, or what it is the helper of. */
static void announce(struct kind_run *run, struct lines *l, size_t n)
{
	struct outcomes *o = &run->outcomes;
	bool helper = is_helper_of_any(o, n);

	for (size_t i = 0; i < o->n; i++) {
		struct outcome *x = &o->list[i];

		if (x->recorded || !(helper ? x->via == (long)n : i == n))
			continue;
		x->recorded = true;
		add_line(l, i, "begin");
	}
}

int audit_begin(struct kind_run *run, const struct pxc_plans *plans, struct pxc_err *err)
{
	auto_lines struct lines l = { .list = NULL };

	/* Kinds without objects change nothing in the cloud, and a file of metrics is written every minute. */
	if (!run->kind->plural)
		return 0;
	lines_begin(&l, run);
	for (size_t i = 0; i < plans->nplans; i++)
		if (pxc_plan_changes(plans->plans[i]) && !plans->plans[i]->undoes &&
		    !outcome_closed(&run->outcomes, i))
			announce(run, &l, run->outcomes.of[i]);
	if (to_ceph(&l, err) < 0)
		return pxc_context(err, "nothing more is changed");
	to_syslog(&l);
	return 0;
}

void audit_end(struct kind_run *run)
{
	auto_lines struct lines l = { .list = NULL };
	struct pxc_err err = { .kind = PXC_OK };

	outcomes_inherit(&run->outcomes);
	lines_begin(&l, run);
	for (size_t i = 0; i < run->outcomes.n; i++)
		if (run->outcomes.list[i].recorded)
			add_line(&l, i, "end");
	to_syslog(&l);
	if (to_ceph(&l, &err) < 0)
		pxc_env_warn(
			run->env,
			"AUDIT: how %zu changes ended could not be recorded: %s. They are made; "
			"pxc_audit of this result and syslog have the record",
			json_array_size(l.list), err.msg);
}
