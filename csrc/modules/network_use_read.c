/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/network_use_read.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "modules/items.h"

/* Replies are let go in portions, and only the cards are kept: of thousands of guests, too. */
#define PORTION 128

struct reader {
	struct pxc_env *env;
	const struct world *w;
	const struct sdn *s;
	struct network_uses *uses;
};

static bool matters(const char *key)
{
	return str_starts(key, "net") || str_starts(key, "ipconfig") ||
	       str_eq(key, "description") || str_eq(key, "smbios1");
}

/* [{key, value, pending, delete}] -> as it will be and as it is, of what matters here. */
static void take_qemu(struct reader *r, const struct world_guest *g, const json_t *list)
{
	json_auto_t *config = json_object(), *current = json_object();
	auto_annot_text struct annot_text notes = { .before = NULL };
	size_t i;
	json_t *row;

	json_array_foreach (list, i, row) {
		const char *key = item_text(row, "key");
		json_t *value = json_object_get(row, "value");
		json_t *next = json_object_get(row, "pending");

		if (!key || !matters(key))
			continue;
		if (value)
			(void)json_object_set(current, key, value);
		if (!json_object_get(row, "delete") && (next || value))
			(void)json_object_set(config, key, next ? next : value);
	}
	annot_parse(ANNOT_BLOCK, item_text(config, "description"), &notes);
	network_use_qemu(r->uses, r->s, g, config, current, &notes);
}

static void take(struct reader *r, const struct world_guest *g, struct pve_read *read)
{
	if (read->err.kind != PXC_OK)
		network_use_unread(r->uses, g, arena_strdup(r->env->arena, read->err.msg),
				   strstr(read->err.msg, ".conf' does not exist"));
	else if (g->container ? !json_is_object(read->data) : !json_is_array(read->data))
		network_use_unread(r->uses, g, "half an answer", false);
	else if (g->container)
		network_use_lxc(r->uses, r->s, g, read->data);
	else
		take_qemu(r, g, read->data);
	json_decref(read->data);
}

static void read_portion(struct reader *r, const struct world_guest **guests, size_t n)
{
	struct pve_read reads[PORTION] = { { .path = NULL } };

	for (size_t i = 0; i < n; i++)
		reads[i].path = arena_printf(r->env->arena,
					     guests[i]->container ? "/nodes/%s/lxc/%u/config"
								  : "/nodes/%s/qemu/%u/pending",
					     guests[i]->node, guests[i]->vmid);
	pve_read_all(r->env->pve, reads, n);
	for (size_t i = 0; i < n; i++)
		take(r, guests[i], &reads[i]);
}

/* By number: is it among the seen, and read? */
static bool *read_before(struct reader *r, struct vm_seen *const *seen, size_t nseen)
{
	bool *done = arena_alloc(r->env->arena, (r->w->nguests + 1) * sizeof(*done));

	for (size_t i = 0; i < nseen; i++) {
		const struct vm_seen *x = seen[i];

		if (x->problem || x->guest->is_template)
			continue;
		done[x->guest - r->w->guests] = true;
		network_use_qemu(r->uses, r->s, x->guest, x->config, x->current, &x->notes);
	}
	return done;
}

struct network_uses *network_use_read(struct pxc_env *env, const struct world *w,
				      const struct sdn *s, struct vm_seen *const *seen,
				      size_t nseen, bool templates)
{
	struct network_uses *uses = arena_alloc(env->arena, sizeof(*uses));
	struct reader r = { .env = env, .w = w, .s = s, .uses = uses };
	const struct world_guest *portion[PORTION];
	const bool *done;
	size_t n = 0;

	uses->arena = env->arena;
	done = read_before(&r, seen, nseen);
	for (size_t i = 0; i < w->nguests; i++) {
		const struct world_guest *g = &w->guests[i];
		const struct world_node *node = world_node(w, g->node);

		if ((g->is_template && !templates) || done[i])
			continue;
		if (!node || !node->online) {
			network_use_unread(uses, g, "its node is offline", false);
			continue;
		}
		portion[n++] = g;
		if (n == PORTION) {
			read_portion(&r, portion, n);
			n = 0;
		}
	}
	read_portion(&r, portion, n);
	return uses;
}
