/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/vm_read.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/project_find.h"
#include "modules/items.h"
#include "modules/rights.h"
#include "pve/errors.h"

/* Replies are turned into texts and let go in portions, so that thousands of VMs fit in little memory. */
#define PORTION 128
#define PACKED_PORTION 1024 /* where a request is for many: several of them side by side */

static void release_notes(void *notes)
{
	annot_text_release(notes);
}

static json_t *as_text(const json_t *value)
{
	json_t *t = item_scalar(value);

	return json_is_null(t) ? json_string("") : t;
}

/* [{key, value, pending, delete}] -> the configuration as it will be, as it is, and what waits. */
static void take_pending(struct pxc_env *env, struct vm_seen *s, const json_t *list)
{
	size_t i;
	json_t *row;

	s->config = pxc_env_keep(env, json_object());
	s->current = pxc_env_keep(env, json_object());
	s->pending = pxc_env_keep(env, json_array());
	json_array_foreach (list, i, row) {
		const char *key = json_string_value(json_object_get(row, "key"));
		const json_t *value = json_object_get(row, "value");
		const json_t *next = json_object_get(row, "pending");
		bool gone = json_object_get(row, "delete") != NULL;

		if (!key)
			continue;
		if (str_eq(key, "digest")) {
			s->digest = arena_strdup(env->arena, json_string_value(value));
			continue;
		}
		if (value)
			(void)json_object_set_new(s->current, key, as_text(value));
		if (next || gone)
			(void)json_array_append_new(s->pending, json_string(key));
		if (!gone && (next || value))
			(void)json_object_set_new(s->config, key, as_text(next ? next : value));
	}
	annot_parse(ANNOT_BLOCK, json_string_value(json_object_get(s->config, "description")),
		    &s->notes);
	pxc_env_defer(env, release_notes, &s->notes);
}

static void take_reply(struct pxc_env *env, struct vm_seen *s, struct pve_read *read)
{
	if (read->err.kind != PXC_OK) {
		s->problem = arena_strdup(env->arena, read->err.msg);
		s->vanished = strstr(read->err.msg, ".conf' does not exist") != NULL;
	} else if (!json_is_array(read->data)) {
		s->problem = "half an answer: no list";
	} else {
		take_pending(env, s, read->data);
	}
	json_decref(read->data);
}

static void read_portion(struct pxc_env *env, struct vm_seen **seen, size_t n)
{
	struct pve_read *reads = pxc_calloc(n, sizeof(*reads));

	for (size_t i = 0; i < n; i++)
		reads[i].path = arena_printf(env->arena, "/nodes/%s/qemu/%u/pending",
					     seen[i]->guest->node, seen[i]->guest->vmid);
	pve_read_all(env->pve, reads, n);
	for (size_t i = 0; i < n; i++)
		take_reply(env, seen[i], &reads[i]);
	free(reads);
}

/* A guest on a dead node is not asked: it could not answer. */
void vm_read(struct pxc_env *env, const struct world *w, struct vm_seen **seen, size_t n)
{
	size_t portion = pve_packs_reads(env->pve) ? PACKED_PORTION : PORTION;

	for (size_t i = 0; i < n; i++) {
		const struct world_node *node = world_node(w, seen[i]->guest->node);

		if (!node || !node->online)
			seen[i]->problem = "its node is offline";
	}
	for (size_t i = 0; i < n;) {
		size_t k = 0;

		while (i + k < n && k < portion && !seen[i + k]->problem)
			k++;
		if (k)
			read_portion(env, &seen[i], k);
		i += k ? k : 1;
	}
}

struct vm_seen **vm_read_managed(struct pxc_env *env, const struct world *w, const char *pool,
				 size_t *ret_n)
{
	struct vm_seen **seen = arena_alloc(env->arena, w->nguests * sizeof(struct vm_seen *));
	size_t n = 0;

	for (size_t i = 0; i < w->nguests; i++) {
		const struct world_guest *g = &w->guests[i];

		if (g->container || g->is_template ||
		    (pool ? !str_eq(pool, g->pool) : !*g->pool && !world_has_tag(g->tags, "pxc")))
			continue;
		seen[n] = arena_alloc(env->arena, sizeof(**seen));
		seen[n++]->guest = g;
	}
	vm_read(env, w, seen, n);
	*ret_n = n;
	return seen;
}

int vm_check_sight(struct pxc_env *env, const struct world *w, const char *project,
		   struct pxc_err *err)
{
	const char *pool = project ? project_pool(w, project) : NULL;
	auto_free char *path = NULL;
	bool may = false;

	if (!pool)
		return 0;
	path = pxc_printf("/pool/%s", pool);
	if (rights_held(env, "VM.Audit", path, &may, err) < 0)
		return -1;
	if (may)
		return 0;
	(void)pve_lacks(pve_who(env->pve), "VM.Audit", path, err);
	return pxc_context(err, "which VMs project %s has cannot be seen", project);
}
