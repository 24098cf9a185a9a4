/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/holder.h"
#include "cloud/project_find.h"
#include "cloud/vm_parts.h"

#define TAG_MANAGED "pxc"

static bool wanted_name(const struct vm_spec *s, const char *name)
{
	return str_eq(s->name, name) || (s->new_name && str_eq(s->new_name, name)) ||
	       (s->template_name && str_eq(s->template_name, name));
}

bool vm_candidate(const struct vm_batch *batch, const struct world *w, const struct world_guest *g,
		  bool all)
{
	if (g->container || holder_looks(w, g))
		return false;
	for (size_t i = 0; i < batch->nspecs; i++) {
		const struct vm_spec *s = &batch->specs[i];
		const char *pool;

		if (s->template_vmid == g->vmid || wanted_name(s, g->name))
			return true;
		if (!all || g->is_template)
			continue;
		pool = project_pool(w, s->project);
		if ((pool && str_eq(pool, g->pool)) || world_has_tag(g->tags, TAG_MANAGED))
			return true;
	}
	return false;
}

static char *identity(const char *project, const char *stack, const char *name)
{
	return pxc_printf("%s\n%s\n%s", project, stack, name);
}

json_t *vm_index(const struct vm_world *vw)
{
	json_t *index = json_object();

	for (size_t i = 0; i < vw->nseen; i++) {
		const struct vm_seen *x = vw->seen[i];
		const struct annot *a = &x->notes.annot;
		const char *project = annot_get(a, "project"), *stack = annot_get(a, "stack");
		const char *name = annot_get(a, "name");
		auto_free char *key = NULL;
		json_t *list;

		if (x->problem || x->guest->is_template || !str_eq(annot_get(a, "t"), "vm") ||
		    !project || !stack || !name)
			continue;
		key = identity(project, stack, name);
		list = json_object_get(index, key);
		if (!list) {
			list = json_array();
			(void)json_object_set_new(index, key, list);
		}
		(void)json_array_append_new(list, json_integer((json_int_t)i));
	}
	return index;
}

/* A clone or a restore carries its original's block; its own VMID and uuid give it away. */
bool vm_owns_block(const struct vm_seen *seen)
{
	const char *id = annot_get(&seen->notes.annot, "id");
	char uuid[37], want[64];

	vm_block_id(seen->guest->vmid, vm_smbios_uuid(seen->config, uuid), want);
	if (str_eq(id, want))
		return true;
	/* Cloned, but killed before its own uuid was written: the VMID in the block is the clone's. */
	vm_block_id(seen->guest->vmid, "", want);
	return id && str_eq(annot_get(&seen->notes.annot, "op"), VM_OP_CLONE) &&
	       str_starts(id, want);
}

static int match_name(const struct vm_spec *s, const struct vm_world *vw, const char *name,
		      const struct vm_seen **ret, struct pxc_err *err)
{
	auto_free char *key = name ? identity(s->project, s->stack, name) : NULL;
	const json_t *hits = key ? json_object_get(vw->index, key) : NULL;
	size_t i;
	json_t *hit;

	json_array_foreach (hits, i, hit) {
		const struct vm_seen *x = vw->seen[json_integer_value(hit)];
		bool damaged = x->notes.finding == ANNOT_TAMPERED;

		if (x->notes.finding == ANNOT_FOREIGN)
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: the annotation of guest %u is of a newer format (%s): use "
				"a newer pxcloud.pve",
				s->label, x->guest->vmid, x->notes.problem);
		if (!damaged && !vm_owns_block(x))
			continue;
		if (damaged && !s->reseal)
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: the annotation in the notes of guest %u is damaged (%s): "
				"look at its notes, then set reseal: true to write it anew",
				s->label, x->guest->vmid, x->notes.problem);
		if (*ret)
			return pxc_fail(err, PXC_EINVAL,
					"%s matches two guests, %u on %s and %u on %s: remove the "
					"annotation from the notes of the one that is not meant",
					s->label, (*ret)->guest->vmid, (*ret)->guest->node,
					x->guest->vmid, x->guest->node);
		*ret = x;
	}
	return 0;
}

/* A guest of that name whose configuration could not be read may be the one: not taken for "absent". */
static int refuse_unread(const struct vm_spec *s, const struct vm_world *vw, struct pxc_err *err)
{
	for (size_t i = 0; i < vw->nseen; i++) {
		const struct vm_seen *x = vw->seen[i];

		if (x->problem && !x->guest->is_template &&
		    (wanted_name(s, x->guest->name) ||
		     str_eq(x->guest->pool, project_pool(vw->w, s->project))))
			return pxc_fail(err, PXC_EREMOTE,
					"%s: guest %u on %s may be it, but cannot be read: %s",
					s->label, x->guest->vmid, x->guest->node, x->problem);
	}
	return 0;
}

int vm_match(const struct vm_spec *spec, const struct vm_world *vw, const struct vm_seen **ret,
	     struct pxc_err *err)
{
	const struct vm_seen *found = NULL, *renamed = NULL;

	if (match_name(spec, vw, spec->name, &found, err) < 0 ||
	    match_name(spec, vw, spec->new_name, &renamed, err) < 0)
		return -1;
	if (found && renamed)
		return pxc_fail(err, PXC_EINVAL,
				"%s cannot be renamed to %s: guest %u has that name already",
				spec->label, spec->new_name, renamed->guest->vmid);
	if (!found && !renamed && refuse_unread(spec, vw, err) < 0)
		return -1;
	*ret = found ? found : renamed;
	return 0;
}

/* Guests in pools of other projects are not there for a tenant, nor is what is no template. */
static bool is_hidden(const struct vm_spec *s, const struct world *w, const struct world_guest *g)
{
	if (!w->tenant || str_eq(g->pool, project_pool(w, s->project)))
		return false;
	return !g->is_template || project_of_pool(w, g->pool);
}

int vm_template(const struct vm_spec *spec, const struct vm_world *vw, const struct vm_seen **ret,
		struct pxc_err *err)
{
	const struct vm_seen *found = NULL;

	for (size_t i = 0; i < vw->nseen; i++) {
		const struct vm_seen *x = vw->seen[i];
		bool named = spec->template_vmid ? x->guest->vmid == spec->template_vmid
						 : str_eq(x->guest->name, spec->template_name) &&
							   x->guest->is_template;

		if (!named || is_hidden(spec, vw->w, x->guest))
			continue;
		if (found)
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: template %s is there twice, as %u and %u: name it by vmid",
				spec->label, spec->template_name, found->guest->vmid,
				x->guest->vmid);
		found = x;
	}
	if (!found && spec->template_vmid)
		return pxc_fail(err, PXC_EINVAL, "%s: there is no template with VMID %u",
				spec->label, spec->template_vmid);
	if (!found)
		return pxc_fail(err, PXC_EINVAL, "%s: there is no template called %s", spec->label,
				spec->template_name);
	if (!found->guest->is_template)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: guest %u (%s) is not a template: convert it first, or clone it "
			"by hand",
			spec->label, found->guest->vmid,
			found->guest->name ? found->guest->name : "no name");
	if (found->problem)
		return pxc_fail(err, PXC_EREMOTE, "%s: template %u cannot be read: %s", spec->label,
				found->guest->vmid, found->problem);
	*ret = found;
	return 0;
}

bool vm_creates(const struct vm_batch *batch, const struct vm_world *vw)
{
	for (size_t i = 0; i < batch->nspecs; i++) {
		const struct vm_seen *have = NULL;
		struct pxc_err err;

		if (!batch->specs[i].absent && vm_match(&batch->specs[i], vw, &have, &err) == 0 &&
		    !have)
			return true;
	}
	return false;
}
