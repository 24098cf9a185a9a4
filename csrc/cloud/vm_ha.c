/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * High availability: a VM is an HA resource or not. What a task says about it holds; what only a policy says (of the flavor,
 * the project or the cloud, the most specific one) is done when the VM is made, and not again.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/propstr.h"
#include "base/str.h"
#include "cloud/ha.h"
#include "cloud/project_block.h"
#include "cloud/vm_parts.h"

#define RELEASE_FAILBACK 900
#define RELEASE_REBALANCE 902

static const struct ha_resource *resource(const struct vm_case *c)
{
	return c->have ? ha_resource(c->w->ha, c->vmid) : NULL;
}

/* Is it still being made? Then a policy that was not seen to yet is due. */
static bool fresh(const struct vm_seen *have)
{
	const char *op = have ? annot_get(&have->notes.annot, "op") : NULL;

	return !have || str_eq(op, VM_OP_CLONE) || str_eq(op, VM_OP_START) || str_eq(op, VM_OP_HA);
}

/* Who says that it is to be highly available? NULL: nobody, or the most specific one says no. */
static const char *policy(const struct vm_case *c)
{
	const char *name = c->have ? annot_get(&c->have->notes.annot, "flavor") : NULL;
	const struct registry *r = &c->w->registry;
	const struct flavor *f = c->flavor ? c->flavor : name ? registry_flavor(r, name) : NULL;
	enum ha_policy project = project_ha(c->w, c->pool);

	if (f && f->ha != HA_UNSAID)
		return f->ha == HA_ALWAYS ? "its flavor" : NULL;
	if (project != HA_UNSAID)
		return project == HA_ALWAYS ? "its project" : NULL;
	return r->ha_default ? "the cloud" : NULL;
}

bool vm_wants_ha(const struct vm_batch *batch, const struct vm_world *vw)
{
	for (size_t i = 0; i < batch->nspecs; i++) {
		const struct vm_spec *s = &batch->specs[i];
		const struct vm_seen *have = NULL;
		struct pxc_err err;

		if (s->absent || vm_match(s, vw, &have, &err) < 0)
			continue;
		if (s->ha.named || vm_moves(s, have) || fresh(have))
			return true;
	}
	return false;
}

bool vm_writes_ha(const struct vm_batch *batch, const struct world *w)
{
	for (size_t i = 0; i < batch->nspecs; i++)
		if (batch->specs[i].ha.named)
			return true;
	for (size_t i = 0; i < w->registry.nflavors; i++)
		if (w->registry.flavors[i].ha == HA_ALWAYS)
			return true;
	for (size_t i = 0; i < w->npools; i++)
		if (strstr(w->pools[i].comment, " ha=1"))
			return true;
	return w->registry.ha_default;
}

/* ---- may it be? ---- */

static int refuse(const struct vm_case *c, const char *why, struct pxc_err *err)
{
	if (c->spec->ha.named)
		return pxc_fail(err, PXC_EINVAL, "%s: ha: %s", c->spec->label, why);
	return pxc_fail(err, PXC_EINVAL,
			"%s is to be highly available, %s says, but %s; ha: {enabled: false} makes "
			"it without",
			c->spec->label, policy(c), why);
}

static int check_release(const struct vm_case *c, struct pxc_err *err)
{
	const struct vm_ha *want = &c->spec->ha;
	unsigned release = c->w->ha->release;

	if (want->failback >= 0 && release < RELEASE_FAILBACK)
		return refuse(c, "failback needs PVE 9: before that, the HA group says it", err);
	if (want->auto_rebalance >= 0 && release < RELEASE_REBALANCE)
		return refuse(c, "auto_rebalance needs PVE 9.2", err);
	return 0;
}

/* A new VM's full clone lies in its storage, whatever its template has. */
static const char *storage_of(const struct vm_case *c, const char *key, const char *file)
{
	if (c->template && c->spec->full_clone && c->storage && vm_text(c->template->config, key))
		return c->storage;
	return arena_strndup(c->arena, file, strcspn(file, ":"));
}

static const char *disk_stays(const struct vm_case *c, const char *key, const char *drive)
{
	json_auto_t *parts = prop_parse(drive, "file");
	const char *file = json_string_value(json_object_get(parts, "file"));
	const struct world_storage *st;
	const char *storage;

	if (!file || str_eq(file, "none"))
		return NULL;
	if (*file == '/' || str_eq(file, "cdrom"))
		return arena_printf(c->arena, "%s is a device of its node (%s)", key, file);
	storage = storage_of(c, key, file);
	st = world_storage(c->w, c->node, storage, NULL);
	if (st && st->shared)
		return NULL;
	return arena_printf(c->arena, "its disk %s is on storage %s, which is not shared", key,
			    storage);
}

/* Why no other node could start it; NULL = it could. */
static const char *stays(const struct vm_case *c, const char *key, const char *value)
{
	bool mapped = strstr(value, "mapping=") != NULL;

	if (vm_is_drive(key))
		return str_starts(key, "unused") ? NULL : disk_stays(c, key, value);
	if ((str_starts(key, "hostpci") && !mapped) ||
	    (str_starts(key, "usb") && !mapped && !strstr(value, "spice")) ||
	    (str_starts(key, "serial") && strncmp(value, "socket", 6) != 0) ||
	    str_starts(key, "parallel"))
		return arena_printf(c->arena, "%s is a device of its node (%s)", key, value);
	return NULL;
}

static int check_devices(const struct vm_case *c, struct pxc_err *err)
{
	const char *key, *first = NULL, *why = NULL;
	json_t *value;

	/* The same one each time, whatever the order of the keys. */
	json_object_foreach (c->plan->after, key, value) {
		const char *text = json_string_value(value);
		const char *this = text ? stays(c, key, text) : NULL;

		if (this && (!first || strcmp(key, first) < 0)) {
			first = key;
			why = this;
		}
	}
	if (!why)
		return 0;
	return refuse(c, arena_printf(c->arena, "%s: no other node could start it", why), err);
}

static int check_rights(const struct vm_case *c, struct pxc_err *err)
{
	if (c->vw->ha_writable)
		return 0;
	return pxc_fail(err, PXC_EDENIED,
			"%s: the API user may not change high availability: it needs the privilege "
			"Sys.Console on /",
			c->spec->label);
}

int vm_ha_decide(struct vm_case *c, struct pxc_err *err)
{
	const struct vm_ha *want = &c->spec->ha;

	c->ha = VM_HA_KEEP;
	if (c->spec->absent)
		return 0;
	if (want->named)
		c->ha = want->enabled ? VM_HA_IN : resource(c) ? VM_HA_OUT : VM_HA_KEEP;
	else if (fresh(c->have) && policy(c))
		c->ha = VM_HA_IN;
	if (c->ha != VM_HA_IN)
		return 0;
	if (c->w->nnodes < 2)
		return refuse(c, "it needs a cluster of two nodes or more, and this one has one",
			      err);
	return check_release(c, err);
}

/* ---- what it is, and is to be ---- */

/* The token in its comment tells that it is ours, and of which VM: numbers are used again. */
static char *comment_of(const struct vm_case *c, const struct ha_resource *r)
{
	const char *human = c->spec->ha.comment;
	auto_annot struct annot a = { .npairs = 0 };
	auto_annot_text struct annot_text have = { .before = NULL };
	char id[64], uuid[37];

	annot_parse(ANNOT_TOKEN, r ? r->comment : "", &have);
	vm_block_id(c->vmid, c->uuid ? c->uuid : vm_smbios_uuid(c->have->config, uuid), id);
	annot_set(&a, "t", "ha");
	annot_set(&a, "id", id);
	annot_set(&a, "c", c->cluster);
	return human ? annot_render(ANNOT_TOKEN, human, &a, "")
		     : annot_rewrite(ANNOT_TOKEN, &have, &a);
}

/* What people wrote into the comment. New string. */
static char *human_of(const char *comment)
{
	auto_annot_text struct annot_text t = { .before = NULL };
	char *text;

	annot_parse(ANNOT_TOKEN, comment, &t);
	text = pxc_printf("%s%s", t.before, t.after);
	for (size_t n = strlen(text); n && text[n - 1] == ' '; n--)
		text[n - 1] = '\0';
	return text;
}

static const char *wanted_state(const struct vm_case *c)
{
	return vm_runs_then(c) ? "started" : "stopped";
}

/* Does a step of this plan tell the manager the state already? */
static bool state_told(const struct vm_case *c)
{
	for (size_t i = 0; i < c->plan->nsteps; i++)
		if (c->plan->steps[i].op == VM_HA_SET)
			return true;
	return false;
}

static void set_number(json_t *args, const char *key, int want, int have)
{
	if (want >= 0 && want != have)
		(void)json_object_set_new(args, key, json_integer(want));
}

/* What is to be sent; r NULL = it is no resource yet. */
static json_t *differences(const struct vm_case *c, const struct ha_resource *r)
{
	const struct vm_ha *want = &c->spec->ha;
	auto_free char *comment = comment_of(c, r);
	json_t *args = json_object();

	if (!r || ((c->spec->power != VM_POWER_KEEP || str_eq(r->state, "ignored")) &&
		   !state_told(c) && !str_eq(r->state, wanted_state(c))))
		(void)json_object_set_new(args, "state", json_string(wanted_state(c)));
	set_number(args, "max_restart", want->max_restart, r ? r->max_restart : -1);
	set_number(args, "max_relocate", want->max_relocate, r ? r->max_relocate : -1);
	set_number(args, "failback", want->failback, r ? r->failback : -1);
	set_number(args, "auto-rebalance", want->auto_rebalance, r ? r->auto_rebalance : -1);
	if (!r || !annot_text_same(comment, r->comment))
		(void)json_object_set_new(args, "comment", json_string(comment));
	return args;
}

/* For people: "max_restart=3, failback=0". */
static const char *summary(const struct vm_case *c, const json_t *args)
{
	const char *text = "", *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)args, key, value) {
		const char *sep = *text ? ", " : "";

		if (json_is_integer(value))
			text = arena_printf(c->arena, "%s%s%s=%d", text, sep, key,
					    (int)json_integer_value(value));
		else if (str_eq(key, "state"))
			text = arena_printf(c->arena, "%s%s%s=%s", text, sep, key,
					    json_string_value(value));
		else
			text = arena_printf(c->arena, "%s%s%s", text, sep, key);
	}
	return text;
}

static void put_diff(json_t *side, json_t *state_new)
{
	if (side)
		(void)json_object_set_new(side, "ha", state_new);
	else
		json_decref(state_new);
}

static json_t *after_of(const struct vm_case *c, const struct ha_resource *r, const json_t *args)
{
	json_t *after = r ? vm_ha_item(c->w, c->vmid) : json_pack("{s:b}", "enabled", 1);
	const char *key, *text;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)args, key, value) {
		auto_free char *human = NULL;

		text = json_string_value(value);
		if (str_eq(key, "comment") && text)
			(void)json_object_set_new(after, key, json_string(human = human_of(text)));
		else if (str_eq(key, "failback"))
			(void)json_object_set_new(after, key,
						  json_boolean(json_integer_value(value)));
		else if (str_eq(key, "auto-rebalance"))
			(void)json_object_set_new(after, "auto_rebalance",
						  json_boolean(json_integer_value(value)));
		else
			(void)json_object_set(after, key, value);
	}
	return after;
}

static char *sid_of(const struct vm_case *c, char out[24])
{
	(void)snprintf(out, 24, "vm:%u", c->vmid);
	return out;
}

int vm_ha_leave(struct vm_case *c, struct pxc_err *err)
{
	char sid[24];

	if (c->ha != VM_HA_OUT)
		return 0;
	/* PVE 9 takes it out of its rules, too, unless told otherwise; PVE 8 knows no such option. */
	pxc_plan_add(c->plan, VM_HA_REMOVE, PXC_QUIET, json_pack("{s:s}", "sid", sid_of(c, sid)),
		     "take it out of HA");
	return check_rights(c, err);
}

void vm_ha_show_leave(struct vm_case *c)
{
	if (c->ha != VM_HA_OUT)
		return;
	put_diff(c->plan->before, vm_ha_item(c->w, c->vmid));
	put_diff(c->plan->after, json_pack("{s:b}", "enabled", 0));
}

int vm_ha_join(struct vm_case *c, struct pxc_err *err)
{
	const struct ha_resource *r = resource(c);
	json_auto_t *args = NULL;
	const char *what;
	char sid[24];

	if (r && str_eq(r->crm, "error"))
		pxc_plan_warn(
			c->plan,
			"%s: the HA manager has given up on it (error): put right what is wrong, "
			"then run ha-manager set vm:%u --state disabled, and start it again",
			c->spec->label, c->vmid);
	if (c->ha != VM_HA_IN)
		return 0;
	if (check_devices(c, err) < 0)
		return -1;
	args = differences(c, r);
	if (json_object_size(args) == 0)
		return 0;
	put_diff(c->plan->before, r ? vm_ha_item(c->w, c->vmid) : json_pack("{s:b}", "enabled", 0));
	put_diff(c->plan->after, after_of(c, r, args));
	what = summary(c, args);
	(void)json_object_set_new(args, "sid", json_string(sid_of(c, sid)));
	/* All resources share one digest: in a batch each change would make the others' stale. */
	if (r && c->batch->nspecs == 1 && !state_told(c))
		(void)json_object_set_new(args, "digest", json_string(r->digest));
	if (r)
		pxc_plan_add(c->plan, VM_HA_SET, PXC_QUIET, pxc_take(&args), "change its HA: %s",
			     what);
	else
		pxc_plan_add(c->plan, VM_HA_ADD, PXC_QUIET, pxc_take(&args),
			     "make it highly available: %s", what);
	return check_rights(c, err);
}

json_t *vm_ha_item(const struct world *w, unsigned vmid)
{
	const struct ha_resource *r = ha_resource(w->ha, vmid);
	auto_free char *human = r ? human_of(r->comment) : NULL;
	json_t *o = json_pack("{s:b}", "enabled", r != NULL);

	if (!r)
		return o;
	(void)json_object_set_new(o, "state", json_string(r->state));
	if (*r->crm)
		(void)json_object_set_new(o, "crm_state", json_string(r->crm));
	(void)json_object_set_new(o, "max_restart", json_integer(r->max_restart));
	(void)json_object_set_new(o, "max_relocate", json_integer(r->max_relocate));
	if (w->ha->release)
		(void)json_object_set_new(o, "failback", json_boolean(r->failback));
	if (w->ha->release >= RELEASE_REBALANCE)
		(void)json_object_set_new(o, "auto_rebalance", json_boolean(r->auto_rebalance));
	if (*human)
		(void)json_object_set_new(o, "comment", json_string(human));
	return o;
}
