/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The members of groups: who they are, who they are to be, and the change of configuration that makes them so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/affinity_parts.h"
#include "cloud/project_block.h"
#include "cloud/project_find.h"
#include "cloud/tags.h"

static json_t *keep(struct affinity_run *run, json_t *value_new)
{
	(void)json_array_append_new(run->kept, value_new);
	return value_new;
}

static bool in(const json_t *set, const char *name)
{
	return json_object_get(set, name) != NULL;
}

/* The project of the batch whose pool the guest is in. */
static const char *project_of(const struct affinity_run *run, const struct world_guest *g)
{
	for (size_t i = 0; i < run->batch->nspecs; i++) {
		const char *project = run->batch->specs[i].project;

		if (str_eq(project_pool(run->aw->w, project), g->pool))
			return project;
	}
	return NULL;
}

/* One without a block of its own is what its tags say, as schedulers see it. */
static void read_groups(struct affinity_run *run, struct affinity_vm *vm)
{
	const char *text = annot_get(&vm->seen->notes.annot, AFFINITY_KEY);
	const char *const *names = strv_split(&run->arena, vm->owned ? text : NULL);

	vm->have = keep(run, json_object());
	for (size_t i = 0; names[i]; i++)
		(void)json_object_set_new(vm->have, names[i], json_true());
	for (size_t i = 0; !vm->owned && i < run->have.ngroups; i++)
		if (affinity_has(&run->have.groups[i], vm->seen->guest))
			(void)json_object_set_new(vm->have, run->have.groups[i].name, json_true());
	vm->want = keep(run, json_copy(vm->have));
}

void affinity_read_vms(struct affinity_run *run)
{
	run->vms = arena_alloc(&run->arena, (run->aw->nseen + 1) * sizeof(*run->vms));
	for (size_t i = 0; i < run->aw->nseen; i++) {
		const struct vm_seen *x = run->aw->seen[i];
		const struct annot *a = &x->notes.annot;
		struct affinity_vm vm = { .seen = x, .project = project_of(run, x->guest) };

		if (!vm.project)
			continue;
		vm.owned = !x->problem && x->notes.finding == ANNOT_OK &&
			   str_eq(annot_get(a, "t"), "vm") &&
			   str_eq(annot_get(a, "project"), vm.project) && vm_owns_block(x);
		vm.name = vm.owned ? annot_get(a, "name") : x->guest->name;
		vm.stack = vm.owned ? annot_get(a, "stack") : "";
		read_groups(run, &vm);
		run->vms[run->nvms++] = vm;
	}
}

static const char *title_of(struct affinity_run *run, const struct affinity_vm *vm)
{
	unsigned vmid = vm->seen->guest->vmid;

	return vm->name ? arena_printf(&run->arena, "%u (%s)", vmid, vm->name)
			: arena_printf(&run->arena, "%u", vmid);
}

/* "web-1", or "shop/web-1" when two stacks have a VM of that name */
static bool is_called(const struct affinity_vm *vm, const char *name)
{
	const char *slash = strchr(name, '/');
	size_t len = slash ? (size_t)(slash - name) : 0;

	if (!slash)
		return str_eq(vm->name, name);
	return vm->owned && vm->stack && strncmp(vm->stack, name, len) == 0 && !vm->stack[len] &&
	       str_eq(vm->name, slash + 1);
}

static int find_vm(struct affinity_run *run, const struct affinity_spec *s, const char *name,
		   struct affinity_vm **ret, struct pxc_err *err)
{
	struct affinity_vm *found = NULL, *other = NULL;

	for (size_t i = 0; i < run->nvms; i++) {
		struct affinity_vm *vm = &run->vms[i];

		if (!str_eq(vm->project, s->project) || !is_called(vm, name))
			continue;
		if (!vm->owned) {
			other = vm;
			continue;
		}
		if (found)
			return pxc_fail(err, PXC_EINVAL,
					"%s: members: there are two VMs %s: name %s/%s or %s/%s",
					s->label, name, found->stack, name, vm->stack, name);
		found = vm;
	}
	*ret = found;
	if (found)
		return 0;
	if (other && other->seen->problem)
		return pxc_fail(err, PXC_EREMOTE, "%s: members: guest %s cannot be read: %s",
				s->label, title_of(run, other), other->seen->problem);
	if (s->mode == MEMBERS_REMOVE)
		return 0;
	return pxc_fail(
		err, PXC_EINVAL,
		other ? "%s: members: guest %s is no VM of project %s: pxc_vm did not make it"
		      : "%s: members: there is no VM %s in project %s: make it with pxc_vm "
			"first",
		s->label, other ? title_of(run, other) : name, s->project);
}

int affinity_want_members(struct affinity_run *run, const struct affinity_spec *s,
			  struct pxc_err *err)
{
	for (size_t i = 0; i < run->nvms && s->mode == MEMBERS_EXACT; i++)
		if (str_eq(run->vms[i].project, s->project))
			(void)json_object_del(run->vms[i].want, s->name);
	for (size_t i = 0; s->members[i]; i++) {
		struct affinity_vm *vm = NULL;

		if (find_vm(run, s, s->members[i], &vm, err) < 0)
			return -1;
		if (vm && s->mode == MEMBERS_REMOVE)
			(void)json_object_del(vm->want, s->name);
		else if (vm)
			(void)json_object_set_new(vm->want, s->name, json_true());
	}
	return 0;
}

const char *affinity_who(struct affinity_run *run, const struct affinity_spec *s)
{
	auto_buf struct pxc_buf out = { .data = NULL };
	size_t n = 0;

	for (size_t i = 0; i < run->nvms; i++)
		if (str_eq(run->vms[i].project, s->project) && in(run->vms[i].have, s->name) &&
		    n++ < 10)
			buf_printf(&out, "%s%s", out.len ? ", " : "", title_of(run, &run->vms[i]));
	if (n > 10)
		buf_printf(&out, " and %zu more", n - 10);
	return arena_strdup(&run->arena, buf_str(&out));
}

static bool is_tagged(const struct affinity_vm *vm, const char *name)
{
	auto_free char *tag = pxc_printf(AFFINITY_TAG "%s", name);

	return world_has_tag(vm->seen->guest->tags, tag);
}

/* The tags of a VM with those of the groups that it will be in; new string. */
static char *tags_of(struct affinity_run *run, const struct affinity_vm *vm)
{
	json_auto_t *tags = json_array();
	const char *name;
	json_t *value;

	tags_split(tags, vm->seen->config
				 ? json_string_value(json_object_get(vm->seen->config, "tags"))
				 : vm->seen->guest->tags);
	tags_drop(tags, AFFINITY_TAG);
	json_object_foreach (vm->want, name, value) {
		auto_free char *tag = pxc_printf(AFFINITY_TAG "%s", name);

		tags_merge(tags, tag);
	}
	return tags_join(run->aw->w, tags);
}

const char *const *affinity_keys(struct affinity_run *run, const json_t *set)
{
	const char **list = arena_alloc(&run->arena, (json_object_size(set) + 1) * sizeof(*list));
	const char *key;
	json_t *value;
	size_t n = 0;

	json_object_foreach ((json_t *)(uintptr_t)set, key, value)
		list[n++] = key;
	return strv_sorted(&run->arena, list);
}

void affinity_bump(const struct affinity_run *run, struct annot *a)
{
	const char *old = annot_get(a, "r");
	char r[16];

	(void)snprintf(r, sizeof(r), "%lu", old ? strtoul(old, NULL, 10) + 1 : 1);
	annot_set(a, "r", r);
	annot_set(a, "at", run->batch->stamp);
	annot_set(a, "by", run->batch->actor);
}

/* The block with the groups that it will be in; new string, the whole notes. */
static char *notes_of(struct affinity_run *run, const struct affinity_vm *vm)
{
	const char *const *names = affinity_keys(run, vm->want);
	auto_annot struct annot a = { .npairs = 0 };
	auto_buf struct pxc_buf list = { .data = NULL };

	annot_copy(&a, &vm->seen->notes.annot);
	for (size_t i = 0; names[i]; i++)
		buf_printf(&list, "%s%s", i ? "," : "", names[i]);
	annot_set(&a, AFFINITY_KEY, list.len ? buf_str(&list) : NULL);
	affinity_bump(run, &a);
	return annot_rewrite(ANNOT_BLOCK, &vm->seen->notes, &a);
}

static void add_why(struct pxc_buf *why, const json_t *these, const json_t *those, const char *verb)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)these, name, value)
		if (!in(those, name))
			buf_printf(why, "%s%s %s", why->len ? ", " : "", verb, name);
}

static void write_vm(struct affinity_run *run, struct affinity_vm *vm, struct pxc_plan *plan)
{
	auto_free char *tags = tags_of(run, vm), *notes = NULL;
	auto_buf struct pxc_buf why = { .data = NULL };
	json_t *args =
		json_pack("{s:s,s:i,s:s,s:s}", "node", vm->seen->guest->node, "vmid",
			  (int)vm->seen->guest->vmid, "digest", vm->seen->digest, "tags", tags);

	/* Somebody else's notes, such as those of a clone, are left alone. */
	if (vm->owned && !json_equal(vm->have, vm->want)) {
		notes = notes_of(run, vm);
		(void)json_object_set_new(args, "description", json_string(notes));
	}
	add_why(&why, vm->want, vm->have, "join");
	add_why(&why, vm->have, vm->want, "leave");
	pxc_plan_add(plan, AFFINITY_CONFIG, PXC_QUIET, args, "VM %s: %s", title_of(run, vm),
		     why.len ? buf_str(&why) : "put the tags of its groups right");
	vm->written = true;
}

int affinity_vm_steps(struct affinity_run *run, const struct affinity_spec *s,
		      struct pxc_plan *plan, struct pxc_err *err)
{
	for (size_t i = 0; i < run->nvms; i++) {
		struct affinity_vm *vm = &run->vms[i];
		bool member = in(vm->want, s->name);

		if (!str_eq(vm->project, s->project) || vm->written ||
		    (in(vm->have, s->name) == member && is_tagged(vm, s->name) == member))
			continue;
		if (vm->seen->problem)
			return pxc_fail(err, PXC_EREMOTE, "%s: guest %s on %s cannot be read: %s",
					s->label, title_of(run, vm), vm->seen->guest->node,
					vm->seen->problem);
		write_vm(run, vm, plan);
	}
	return 0;
}
