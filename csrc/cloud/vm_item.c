/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a task's result and diff show of a VM. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/propstr.h"
#include "base/str.h"
#include "cloud/vm_batch.h"
#include "cloud/vm_parts.h"
#include "cloud/vm_show.h"

/* PVE's own bookkeeping: of no interest to a reader of a diff. */
static const char *const internal_keys[] = { "digest",  "meta",   "vmgenid",
					     "smbios1", "parent", "lock" };

static json_t *networks(const json_t *config, const struct annot *block)
{
	json_t *list = json_array();

	for (unsigned slot = 0; slot < 32; slot++) {
		char key[16];
		const char *card, *ip;
		json_t *obj;

		(void)snprintf(key, sizeof(key), "net%u", slot);
		card = vm_text(config, key);
		obj = card ? prop_parse_net(card) : NULL;
		if (!obj)
			continue;
		(void)json_object_set_new(obj, "slot", json_string(key));
		if (json_object_get(obj, "macaddr")) {
			(void)json_object_set(obj, "mac", json_object_get(obj, "macaddr"));
			(void)json_object_del(obj, "macaddr");
		}
		(void)snprintf(key, sizeof(key), "ipconfig%u", slot);
		ip = vm_text(config, key);
		if (ip)
			(void)json_object_set_new(obj, "ipconfig", json_string(ip));
		if (block)
			vm_card_show(block, slot, obj);
		(void)json_array_append_new(list, obj);
	}
	return list;
}

static json_t *disks(const json_t *config)
{
	json_t *list = json_array(), *value;
	const char *key;

	json_object_foreach ((json_t *)(uintptr_t)config, key, value) {
		const char *drive = json_string_value(value);
		json_t *obj = vm_is_drive(key) && drive ? prop_parse(drive, "file") : NULL;

		if (!obj)
			continue;
		(void)json_object_set_new(obj, "slot", json_string(key));
		if (json_object_get(obj, "file")) {
			(void)json_object_set(obj, "volume", json_object_get(obj, "file"));
			(void)json_object_del(obj, "file");
		}
		(void)json_array_append_new(list, obj);
	}
	return list;
}

static json_t *split(const char *text)
{
	json_t *list = json_array();

	for (const char *p = text; p && *p;) {
		size_t len = strcspn(p, ";, ");

		if (len)
			(void)json_array_append_new(list, json_stringn(p, len));
		p += len;
		p += *p != '\0';
	}
	return list;
}

static json_t *metadata(const struct annot *a)
{
	json_t *obj = json_object();

	for (size_t i = 0; i < a->npairs; i++)
		if (str_starts(a->pairs[i].key, "m."))
			(void)json_object_set_new(obj, a->pairs[i].key + 2,
						  json_string(a->pairs[i].value));
	return obj;
}

static char *human(const struct annot_text *t)
{
	char *text = pxc_printf("%s%s", t->before ? t->before : "", t->after ? t->after : "");

	for (size_t n = strlen(text); n && strchr(" \t\r\n", text[n - 1]); n--)
		text[n - 1] = '\0';
	return text;
}

static void put(json_t *obj, const char *key, const char *text)
{
	if (text && *text)
		(void)json_object_set_new(obj, key, json_string(text));
}

static void put_number(json_t *obj, const char *key, const char *text)
{
	if (text)
		(void)json_object_set_new(obj, key, json_integer(strtoll(text, NULL, 10)));
}

static void put_config(json_t *obj, const json_t *config, const struct annot *block)
{
	const char *memory = vm_text(config, "memory");
	json_auto_t *parts = memory ? prop_parse(memory, "current") : NULL;
	char uuid[37];

	put_number(obj, "cores", vm_text(config, "cores") ? vm_text(config, "cores") : "1");
	put_number(obj, "memory_mb", json_string_value(json_object_get(parts, "current")));
	put(obj, "uuid", vm_smbios_uuid(config, uuid));
	(void)json_object_set_new(obj, "tags", split(vm_text(config, "tags")));
	(void)json_object_set_new(obj, "networks", networks(config, block));
	(void)json_object_set_new(obj, "disks", disks(config));
}

static void add_drift(json_t *list, const char *what, long long is, long long should)
{
	if (is != should)
		(void)json_array_append_new(
			list, json_sprintf("%s is %lld, the flavor says %lld", what, is, should));
}

/* Where the VM differs from what its block says. */
static json_t *drift(const struct world *w, const struct vm_seen *x)
{
	const char *name = annot_get(&x->notes.annot, "flavor");
	const struct flavor *f = name ? registry_flavor(&w->registry, name) : NULL;
	const char *cores = vm_text(x->config, "cores"), *memory = vm_text(x->config, "memory");
	json_auto_t *parts = memory ? prop_parse(memory, "current") : NULL;
	const char *mib = json_string_value(json_object_get(parts, "current"));
	json_t *list = json_array();

	if (vm_owns_block(x))
		vm_card_drift(x, list);
	if (name && !f)
		(void)json_array_append_new(list, json_sprintf("its flavor %s is gone", name));
	if (!f)
		return list;
	add_drift(list, "cores", cores ? strtoll(cores, NULL, 10) : 1, f->vcpus);
	add_drift(list, "memory_mb", mib ? strtoll(mib, NULL, 10) : 512, (long long)f->memory_mib);
	return list;
}

/* Those the agent told; of a guest that was not asked those that are reserved for it. */
static json_t *addresses(const struct vm_seen *x)
{
	json_auto_t *cards = networks(x->config, vm_owns_block(x) ? &x->notes.annot : NULL);
	json_t *list, *card;
	size_t i;

	if (x->addresses)
		return json_incref(x->addresses);
	list = json_array();
	json_array_foreach (cards, i, card)
		for (int f = 0; f < 2; f++) {
			json_t *ip = json_object_get(card, f ? "ip6" : "ip");

			if (ip)
				(void)json_array_append(list, ip);
		}
	if (json_array_size(list))
		return list;
	json_decref(list);
	return NULL;
}

/* What the guest itself shows, whoever it belongs to. */
static void put_seen(json_t *obj, const struct world *w, const struct vm_seen *x)
{
	const struct world_guest *g = x->guest;
	auto_free char *text = NULL;
	const char *rolled;
	json_t *list;

	(void)json_object_set_new(obj, "vmid", json_integer(g->vmid));
	put(obj, "node", g->node);
	put(obj, "status", *g->qmpstatus ? g->qmpstatus : g->status);
	put(obj, "pool", g->pool);
	(void)json_object_set_new(obj, "ha", vm_ha_item(w, g->vmid));
	if (x->problem) {
		put(obj, "problem", x->problem);
		return;
	}
	put(obj, "flavor", annot_get(&x->notes.annot, "flavor"));
	put(obj, "image", annot_get(&x->notes.annot, "image"));
	put_config(obj, x->config, vm_owns_block(x) ? &x->notes.annot : NULL);
	(void)json_object_set_new(obj, "affinity", vm_affinity_item(&x->notes.annot));
	(void)json_object_set_new(obj, "metadata", metadata(&x->notes.annot));
	text = human(&x->notes);
	(void)json_object_set_new(obj, "description", json_string(text));
	if (x->snapshots)
		(void)json_object_set_new(obj, "snapshots", vm_snap_items(x));
	rolled = annot_get(&x->notes.annot, "rolled");
	if (rolled)
		(void)json_object_set_new(obj, "rolled_back",
					  json_stringn(rolled, strcspn(rolled, "/")));
	(void)json_object_set(obj, "pending", x->pending);
	(void)json_object_set_new(obj, "drift", drift(w, x));
	if ((list = addresses(x)))
		(void)json_object_set_new(obj, "addresses", list);
}

/* As it was decided; when the VM is there, that is remembered only by the run that has made it. */
static void put_placement(json_t *obj, const struct vm_case *c)
{
	json_auto_t *candidates = vm_candidates(c);

	if (candidates)
		(void)json_object_set_new(
			obj, "placement",
			json_pack("{s:s,s:O}", "node", c->node, "candidates", candidates));
	else if (json_object_get(c->batch->placed, c->spec->label))
		(void)json_object_set(obj, "placement",
				      json_object_get(c->batch->placed, c->spec->label));
}

json_t *vm_item(const struct vm_case *c)
{
	const struct vm_spec *s = c->spec;
	json_t *obj = json_pack("{s:s,s:s,s:s}", "project", s->project, "stack", s->stack, "name",
				s->new_name ? s->new_name : s->name);

	(void)json_object_set_new(obj, "state", json_string(c->have ? "present" : "absent"));
	if (c->have) {
		put_seen(obj, c->w, c->have);
	} else if (!s->absent) {
		(void)json_object_set_new(obj, "vmid", json_integer(c->vmid));
		put(obj, "node", c->node);
	}
	put_placement(obj, c);
	return obj;
}

json_t *vm_show(const struct world *w, const struct vm_seen *seen)
{
	const struct annot *a = &seen->notes.annot;
	bool ours = !seen->problem && seen->notes.finding == ANNOT_OK &&
		    str_eq(annot_get(a, "t"), "vm") && vm_owns_block(seen);
	json_t *obj = json_object();

	(void)json_object_set_new(obj, "managed", json_boolean(ours));
	if (ours) {
		put(obj, "project", annot_get(a, "project"));
		put(obj, "stack", annot_get(a, "stack"));
		put(obj, "name", annot_get(a, "name"));
	} else {
		put(obj, "name", seen->guest->name);
		put(obj, "tampered", seen->notes.problem);
	}
	put_seen(obj, w, seen);
	return obj;
}

static json_t *view(const struct vm_case *c, const json_t *config, const char *status)
{
	json_t *obj = json_copy((json_t *)(uintptr_t)config);

	for (size_t i = 0; i < ARRAY_SIZE(internal_keys); i++)
		(void)json_object_del(obj, internal_keys[i]);
	put(obj, "node", c->node);
	put(obj, "power", status);
	return obj;
}

json_t *vm_before(const struct vm_case *c)
{
	const struct world_guest *g = c->have->guest;

	return view(c, c->have->config, *g->qmpstatus ? g->qmpstatus : g->status);
}

static const char *power_after(const struct vm_case *c)
{
	static const char *const names[] = {
		[VM_POWER_RUNNING] = "running",
		[VM_POWER_STOPPED] = "stopped",
		[VM_POWER_PAUSED] = "paused",
		[VM_POWER_RESTARTED] = "running",
	};
	const struct world_guest *g = c->have ? c->have->guest : NULL;

	if (c->spec->power != VM_POWER_KEEP)
		return names[c->spec->power];
	return g ? (*g->qmpstatus ? g->qmpstatus : g->status) : "running";
}

json_t *vm_after(const struct vm_case *c, const json_t *base, const struct vm_change *change)
{
	json_auto_t *config = json_copy((json_t *)(uintptr_t)base);
	size_t i;
	json_t *row, *obj;

	(void)json_object_update(config, change->set);
	json_array_foreach (change->remove, i, row)
		(void)json_object_del(config, json_string_value(row));
	json_array_foreach (change->unlink, i, row)
		(void)json_object_del(config, json_string_value(row));
	json_array_foreach (change->resize, i, row) {
		const char *slot = json_string_value(json_object_get(row, "disk"));
		const char *drive = vm_text(config, slot);
		json_auto_t *parts = drive ? prop_parse(drive, "file") : NULL;
		auto_free char *text = NULL;

		if (!parts)
			continue;
		(void)json_object_set(parts, "size", json_object_get(row, "size"));
		text = prop_print(parts, "file");
		(void)json_object_set_new(config, slot, json_string(text));
	}
	if (json_object_get(config, "cipassword"))
		(void)json_object_set_new(config, "cipassword", json_string("**********"));
	obj = view(c, config, power_after(c));
	if (c->spec->node)
		put(obj, "node", c->spec->node);
	return obj;
}
