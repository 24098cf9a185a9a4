/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a new VM needs of the node it is made on, and whether a node has that. */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/propstr.h"
#include "base/str.h"
#include "cloud/cpu_model.h"
#include "cloud/vm_batch.h"

/* In the order in which a person would look. */
enum need_kind { NEED_TEMPLATE, NEED_STORAGE, NEED_BRIDGE, NEED_IMAGE, NEED_CPU };

struct need {
	enum need_kind kind;
	const char *what; /* storage of the template, storage, bridge, import volume, CPU model */
};

struct needs {
	struct need *list;
	size_t n, cap;
};

static void add(const struct vm_case *c, struct needs *needs, enum need_kind kind, const char *what)
{
	if (!what)
		return;
	needs->list =
		arena_grow(c->arena, needs->list, needs->n, &needs->cap, sizeof(*needs->list));
	needs->list[needs->n++] = (struct need){ kind, what };
}

static const char *template_storage(const struct vm_case *c)
{
	const char *slot = c->template ? vm_root_disk(c->template->config) : NULL;
	const char *drive = slot ? vm_text(c->template->config, slot) : NULL;

	return drive ? arena_strndup(c->arena, drive, strcspn(drive, ":")) : NULL;
}

/* The model it will have: named, of its flavor, of its template, or the cloud's. */
static const char *cpu_model(const struct vm_spec *s, const struct registry *r,
			     const struct flavor *f, const json_t *template,
			     struct pxc_arena *arena)
{
	const char *text = vm_text(s->config, "cpu");
	json_auto_t *parts = NULL;

	if (!text && f)
		text = f->cpu;
	if (!text && template)
		text = vm_text(template, "cpu");
	if (!text)
		text = r->cpu_model;
	parts = text ? prop_parse(text, "cputype") : NULL;
	text = json_string_value(json_object_get(parts, "cputype"));
	return text && cpu_model_known(text) ? arena_strdup(arena, text) : NULL;
}

bool vm_wants_flags(const struct vm_batch *batch, const struct world *w, struct pxc_arena *arena)
{
	for (size_t i = 0; i < batch->nspecs; i++) {
		const struct vm_spec *s = &batch->specs[i];
		const struct flavor *f =
			s->flavor ? registry_flavor(&w->registry, s->flavor) : NULL;

		if (!s->absent && cpu_model(s, &w->registry, f, NULL, arena))
			return true;
	}
	return false;
}

static struct needs needs_of(const struct vm_case *c)
{
	const struct vm_spec *s = c->spec;
	struct needs needs = { .n = 0 };

	add(c, &needs, NEED_TEMPLATE, template_storage(c));
	if (!c->template || s->full_clone)
		add(c, &needs, NEED_STORAGE, c->storage);
	for (size_t i = 0; i < s->ndisks; i++)
		add(c, &needs, NEED_STORAGE, s->disks[i].storage);
	for (size_t i = 0; i < s->nnets; i++) {
		const char *named = vm_net_bridge(c, &s->nets[i]);

		if (!s->nets[i].absent)
			add(c, &needs, NEED_BRIDGE,
			    named         ? named
			    : c->template ? NULL
					  : c->w->registry.bridge);
	}
	add(c, &needs, NEED_IMAGE, c->import);
	add(c, &needs, NEED_CPU,
	    cpu_model(s, &c->w->registry, c->flavor, c->template ? c->template->config : NULL,
		      c->arena));
	return needs;
}

const char *vm_needs_text(const struct vm_case *c)
{
	struct needs needs = needs_of(c);
	auto_buf struct pxc_buf out = { .data = NULL };

	buf_printf(&out, "%u %d", c->template ? c->template->guest->vmid : 0,
		   c->spec->image_url != NULL);
	for (size_t i = 0; i < needs.n; i++)
		buf_printf(&out, "\n%d %s", (int)needs.list[i].kind, needs.list[i].what);
	return arena_strdup(c->arena, buf_str(&out));
}

bool vm_node_has_bridge(const struct vm_world *vw, const char *node, const char *bridge)
{
	const json_t *list = json_object_get(vw->bridges, node);
	size_t i;
	json_t *name;

	json_array_foreach (list, i, name)
		if (str_eq(json_string_value(name), bridge))
			return true;
	return !list;
}

static const char *template_unfit(const struct vm_case *c, const char *node, const char *storage)
{
	const struct world_guest *t = c->template->guest;
	const struct world_storage *st;

	if (str_eq(t->node, node))
		return NULL;
	st = world_storage(c->w, node, storage, NULL);
	if (st && st->shared)
		return NULL;
	return arena_printf(c->arena, "cannot reach template %u: its storage %s is local to %s",
			    t->vmid, storage, t->node);
}

static const char *cpu_unfit(const struct vm_case *c, const char *node, const char *model)
{
	const char *flags = json_string_value(json_object_get(c->vw->cpu_flags, node));
	const char *lacks = flags ? cpu_model_lacks(model, flags) : NULL;

	return lacks ? arena_printf(c->arena, "has no processor for %s (it lacks %s)", model, lacks)
		     : NULL;
}

static const char *unmet(const struct vm_case *c, const char *node, const struct need *need)
{
	char text[160];

	switch (need->kind) {
	case NEED_TEMPLATE:
		return template_unfit(c, node, need->what);
	case NEED_STORAGE:
		if (world_storage(c->w, node, need->what, "images"))
			return NULL;
		return arena_printf(c->arena, "has no storage %s for disks", need->what);
	case NEED_BRIDGE:
		if (vm_node_has_bridge(c->vw, node, need->what))
			return NULL;
		return arena_printf(c->arena, "has no bridge %s", need->what);
	case NEED_IMAGE:
		return arena_strdup(c->arena, vm_image_unfit(c, c->vw, node, text, sizeof(text)));
	case NEED_CPU:
		return cpu_unfit(c, node, need->what);
	}
	return NULL;
}

const char *vm_unfit(const struct vm_case *c, const char *node)
{
	struct needs needs = needs_of(c);
	const char *why = NULL;

	for (size_t i = 0; i < needs.n && !why; i++)
		why = unmet(c, node, &needs.list[i]);
	return why;
}

static bool bridge_seen(const struct vm_case *c, const char *bridge)
{
	for (size_t i = 0; i < c->w->nnodes; i++)
		if (vm_node_has_bridge(c->vw, c->w->nodes[i].name, bridge))
			return true;
	return false;
}

const char *vm_unseen(const struct vm_case *c)
{
	struct needs needs = needs_of(c);

	for (size_t i = 0; i < needs.n; i++) {
		enum need_kind kind = needs.list[i].kind;
		const char *what = needs.list[i].what;
		const char *storage = arena_strndup(c->arena, what, strcspn(what, ":"));
		bool on_storage =
			kind == NEED_TEMPLATE || kind == NEED_STORAGE || kind == NEED_IMAGE;

		if (on_storage && !world_storage_type(c->w, storage))
			return arena_printf(c->arena, "/storage/%s", storage);
		if (kind == NEED_BRIDGE && !bridge_seen(c, what))
			return arena_printf(c->arena, "/sdn/zones/localnetwork/%s", what);
	}
	return NULL;
}
