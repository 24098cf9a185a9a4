/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/registry_plan.h"

/* The flavor as it would be: what was named over what is there. */
static struct flavor overlay(const struct flavor_spec *s, const struct flavor *have)
{
	struct flavor f = have ? *have : (struct flavor){ .name = s->name, .is_public = true };

	if (s->has_vcpus)
		f.vcpus = s->vcpus;
	if (s->has_memory)
		f.memory_mib = s->memory_mib;
	if (s->has_disk)
		f.disk_gib = s->disk_gib;
	if (s->has_public)
		f.is_public = s->is_public;
	if (s->ha)
		f.ha = ha_policy_named(s->ha);
	f.cpu = s->cpu ? s->cpu : f.cpu;
	f.machine = s->machine ? s->machine : f.machine;
	f.bios = s->bios ? s->bios : f.bios;
	f.class = s->class ? s->class : f.class;
	f.description = s->description ? s->description : f.description;
	f.projects = s->projects ? s->projects : f.projects;
	f.extra = s->extra ? s->extra : f.extra;
	return f;
}

static bool same_shape(const struct flavor *a, const struct flavor *b)
{
	return a->vcpus == b->vcpus && a->memory_mib == b->memory_mib &&
	       a->disk_gib == b->disk_gib && str_eq(a->cpu, b->cpu) &&
	       str_eq(a->machine, b->machine) && str_eq(a->bios, b->bios) &&
	       (a->extra == b->extra || json_equal(a->extra, b->extra));
}

bool flavor_reshapes(const struct flavor_spec *s, const struct world *w)
{
	const struct flavor *have = registry_flavor(&w->registry, s->name);
	struct flavor want;

	if (!have)
		return false;
	want = overlay(s, have);
	return s->absent || !same_shape(have, &want);
}

json_t *flavor_item(const struct flavor *f)
{
	json_t *o = json_pack("{s:s,s:i,s:I,s:i,s:b}", "name", f->name, "vcpus", (int)f->vcpus,
			      "memory_mb", (json_int_t)f->memory_mib, "disk_gb", (int)f->disk_gib,
			      "public", f->is_public);
	const struct {
		const char *key, *value;
	} texts[] = { { "cpu", f->cpu },
		      { "machine", f->machine },
		      { "bios", f->bios },
		      { "class", f->class },
		      { "description", f->description } };
	json_t *projects = json_array();

	if (f->ha != HA_UNSAID)
		(void)json_object_set_new(o, "ha", json_string(ha_policy_names[f->ha]));
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i].value && *texts[i].value)
			(void)json_object_set_new(o, texts[i].key, json_string(texts[i].value));
	for (size_t i = 0; f->projects && f->projects[i]; i++)
		(void)json_array_append_new(projects, json_string(f->projects[i]));
	(void)json_object_set_new(o, "projects", projects);
	(void)json_object_set_new(o, "extra", f->extra ? json_deep_copy(f->extra) : json_object());
	return o;
}

static int refuse_used(const struct flavor_spec *s, const struct flavor_world *fw,
		       struct pxc_plan *plan, struct pxc_err *err)
{
	const json_t *users = json_object_get(fw->used, s->name);
	size_t n = json_array_size(users);
	const char *first = json_string_value(json_array_get(users, 0));

	if (n == 0 || !flavor_reshapes(s, fw->w))
		return 0;
	if (s->absent)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s is used by %zu VMs (%s%s): give them another flavor before removing it",
			s->label, n, first, n > 1 ? ", ..." : "");
	if (!s->force)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s is used by %zu VMs (%s%s), its shape stays: make a flavor of another "
			"name, or set force: true and let the VMs be changed by their next task",
			s->label, n, first, n > 1 ? ", ..." : "");
	pxc_plan_warn(plan, "%s: %zu VMs (%s%s) differ from it until their next task", s->label, n,
		      first, n > 1 ? ", ..." : "");
	return 0;
}

static int check_new(const struct flavor_spec *s, const struct flavor *f, struct pxc_err *err)
{
	if (f->vcpus == 0 || f->memory_mib == 0)
		return pxc_fail(err, PXC_EINVAL, "%s does not exist yet: it needs vcpus and memory",
				s->label);
	if (f->memory_mib < 16)
		return pxc_fail(err, PXC_EINVAL, "%s: PVE takes no less than 16 MiB of memory",
				s->label);
	return 0;
}

/* Bring one flavor into the block; true when that changes it. */
static int change_one(const struct flavor_spec *s, const struct flavor_world *fw,
		      struct annot *block, struct pxc_plan *plan, bool *ret_changed,
		      struct pxc_err *err)
{
	const struct flavor *have = registry_flavor(&fw->w->registry, s->name);
	struct flavor want = overlay(s, have);
	auto_free char *key = pxc_printf("f.%s", s->name);
	auto_free char *old = have ? registry_flavor_text(have) : NULL;
	auto_free char *text = NULL;
	json_auto_t *empty = want.extra ? NULL : json_object();

	want.extra = want.extra ? want.extra : empty;
	if (s->absent) {
		*ret_changed = have != NULL;
		plan->before = have ? flavor_item(have) : NULL;
		plan->item = json_pack("{s:s,s:s}", "name", s->name, "state", "absent");
		annot_set(block, key, NULL);
		return refuse_used(s, fw, plan, err);
	}
	if (check_new(s, &want, err) < 0 || refuse_used(s, fw, plan, err) < 0)
		return -1;
	text = registry_flavor_text(&want);
	*ret_changed = !str_eq(old, text);
	plan->before = have ? flavor_item(have) : NULL;
	plan->after = flavor_item(&want);
	plan->item = flavor_item(&want);
	(void)json_object_set_new(plan->item, "state", json_string("present"));
	annot_set(block, key, text);
	return 0;
}

int flavor_plan(const struct flavor_batch *batch, const struct flavor_world *fw,
		struct pxc_plans *ret, struct pxc_err *err)
{
	auto_annot struct annot block = { .npairs = 0 };
	auto_buf struct pxc_buf why = { .data = NULL };
	auto_free char *notes = NULL;
	struct pxc_plan *writer;
	bool any = false;

	if (world_writable(fw->w, err) < 0)
		return -1;
	annot_copy(&block, &fw->w->notes.annot);
	for (size_t i = 0; i < batch->nspecs; i++) {
		struct pxc_plan *plan = pxc_plans_add(ret, batch->specs[i].label);
		bool changed = false;

		if (change_one(&batch->specs[i], fw, &block, plan, &changed, err) < 0)
			return -1;
		if (!changed)
			continue;
		plan->via = plan; /* marks it; the writer's address is known below */
		buf_printf(&why, "%s%s %s", any ? ", " : "write the registry: ",
			   batch->specs[i].absent ? "remove"
			   : plan->before         ? "change"
						  : "add",
			   batch->specs[i].label);
		any = true;
	}
	if (!any)
		return 0;
	writer = pxc_plans_add(ret, "cloud registry");
	for (size_t i = 0; i < batch->nspecs; i++)
		if (ret->plans[i]->via)
			ret->plans[i]->via = writer;
	notes = registry_notes(fw->w, NULL, &block, batch->stamp, batch->actor);
	if (utf8_length(notes) > PXC_MAX_DC_NOTES)
		return pxc_fail(err, PXC_EINVAL,
				"the datacenter notes would have %zu characters, PVE takes %d: "
				"remove flavors or shorten the notes",
				utf8_length(notes), PXC_MAX_DC_NOTES);
	pxc_plan_add(writer, REGISTRY_WRITE, PXC_QUIET, json_pack("{s:s}", "description", notes),
		     "%s", buf_str(&why));
	return 0;
}
