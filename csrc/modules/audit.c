/* SPDX-License-Identifier: GPL-3.0-or-later */
/* audit.c - what is on record of a change. Where it goes: audit_log.c. */
#include "modules/audit.h"

#include <stdio.h>
#include <string.h>

#include "ansible/result.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

json_t *audit_head(const struct pxc_env *env)
{
	/* Who really asked comes first; on the command line too, where that is only what the system says. */
	return json_pack("{s:s,s:s?,s:s?,s:s?}", "actor",
			 env->actor_login ? env->actor_login : env->actor, "source",
			 env->actor_source, "job_id", env->job_id, "on_behalf_of",
			 env->actor_login ? env->actor : NULL);
}

json_t *audit_of_nothing(const struct pxc_env *env)
{
	json_t *audit = audit_head(env);

	(void)json_object_set_new(audit, "changes", json_array());
	return audit;
}

/* null: it does not exist. */
static json_t *hash_of(const struct pxc_env *env, const json_t *keys)
{
	json_auto_t *clean = NULL;
	auto_free char *text = NULL;
	char hex[65];

	if (!keys || json_is_null(keys))
		return json_null();
	clean = result_masked(env->args, keys);
	text = json_dumps(clean, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY);
	if (!text)
		return json_null();
	sha256_hex(text, strlen(text), hex);
	hex[16] = '\0';
	return json_string(hex);
}

/* Is this asked about the object of that label? Of a project as a whole its name is the label. */
static bool about(const struct policy_ask *ask, const char *label)
{
	static const char whole[] = "project ";

	if (ask->label)
		return str_eq(ask->label, label);
	return str_starts(label, whole) && str_eq(label + sizeof(whole) - 1, ask->project);
}

/* verb NULL: the first that is no look; label NULL: about anything. */
static const struct policy_ask *find_ask(struct kind_run *run, const char *label, const char *verb)
{
	const struct policy_asks *asked = run->env->asked;
	size_t first = label ? run->asked_at : 0;

	for (size_t i = 0; asked && i < asked->n; i++) {
		size_t at = (first + i) % asked->n;
		const struct policy_ask *ask = &asked->list[at];

		if ((label && !about(ask, label)) ||
		    !(verb ? str_ends(ask->action, verb) : !str_ends(ask->action, ".read")))
			continue;
		if (label)
			run->asked_at = at;
		return ask;
	}
	return NULL;
}

/* The project that all is about; NULL: several, or none. */
static const char *only_project(const struct policy_asks *asked)
{
	for (size_t i = 1; asked && i < asked->n; i++)
		if (!str_eq(asked->list[i].project, asked->list[0].project))
			return NULL;
	return asked && asked->n ? asked->list[0].project : NULL;
}

/*
 * A task asks for what it names, not for what differs, so that there may be several about one object: making and removing go
 * first, where that is what was done. What is done for the whole task, for no single object (a download), has the task's first.
 */
static const struct policy_ask *ask_of(struct kind_run *run, const struct outcome *x)
{
	const char *verb = !x->before ? ".create" : !x->after ? ".delete" : NULL;
	const struct policy_ask *ask = verb ? find_ask(run, x->label, verb) : NULL;

	return ask ? ask : find_ask(run, x->label, NULL);
}

static void add_action(struct kind_run *run, const struct outcome *x, json_t *record)
{
	const struct policy_ask *ask = ask_of(run, x);
	const char *project = ask ? ask->project : only_project(run->env->asked);
	auto_free char *usual = pxc_printf("%s.manage", run->kind->name);

	if (!ask)
		ask = find_ask(run, NULL, NULL);
	if (project)
		(void)json_object_set_new(record, "project", json_string(project));
	(void)json_object_set_new(record, "action", json_string(ask ? ask->action : usual));
}

json_t *audit_change(struct kind_run *run, size_t n)
{
	const struct outcome *x = &run->outcomes.list[n];
	json_t *record = json_object();

	add_action(run, x, record);
	(void)json_object_set_new(record, "object", json_string(x->label));
	(void)json_object_set_new(record, "before", hash_of(run->env, x->before));
	(void)json_object_set_new(record, "after", hash_of(run->env, x->after));
	(void)json_object_set_new(record, "upids",
				  x->upids ? json_deep_copy(x->upids) : json_array());
	if (x->failed || x->conflict) {
		(void)json_object_set_new(record, "failed", json_true());
		(void)json_object_set_new(record, "msg", result_text(x->err.msg));
	}
	return record;
}

/* Has it changed, or may it have, though it failed? */
static bool touched(const struct outcome *x)
{
	return x->changed || ((x->failed || x->conflict) && json_array_size(x->upids));
}

json_t *audit_of_run(struct kind_run *run, bool check)
{
	json_t *audit = audit_head(run->env), *changes = json_array();
	const char *project = only_project(run->env->asked);

	for (size_t i = 0; !check && i < run->outcomes.n; i++)
		if (run->outcomes.list[i].recorded && touched(&run->outcomes.list[i]))
			(void)json_array_append_new(changes, audit_change(run, i));
	if (project)
		(void)json_object_set_new(audit, "project", json_string(project));
	(void)json_object_set_new(audit, "changes", changes);
	return audit;
}
