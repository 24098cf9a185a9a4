/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a wish to the change of configuration that fulfils it. */
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/tags.h"
#include "cloud/vm_parts.h"

#define CLOUDINIT_SLOT "ide2"

void vm_change_release(struct vm_change *c)
{
	json_decref(c->set);
	json_decref(c->remove);
	json_decref(c->resize);
	json_decref(c->unlink);
	json_decref(c->seed);
	*c = (struct vm_change){ .set = NULL };
}

void vm_set(struct vm_change *c, const char *key, const char *text)
{
	(void)json_object_set_new(c->set, key, json_string(text));
}

void vm_remove(struct vm_change *c, const char *key)
{
	(void)json_array_append_new(c->remove, json_string(key));
}

/* What PVE assumes where the option is not set: naming it is no change. */
static const char *assumed(const char *key)
{
	static const char *const rows[][2] = {
		{ "protection", "0" }, { "onboot", "0" },     { "agent", "0" },
		{ "sockets", "1" },    { "cores", "1" },      { "memory", "512" },
		{ "numa", "0" },       { "bios", "seabios" }, { "scsihw", "lsi" },
		{ "ostype", "other" }, { "tablet", "1" },     { "acpi", "1" },
		{ "kvm", "1" },        { "cpu", "kvm64" },    { "localtime", "0" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (str_eq(rows[i][0], key))
			return rows[i][1];
	return NULL;
}

static void want_key(struct vm_change *ret, const json_t *base, const char *key, const char *want)
{
	const char *have = vm_text(base, key);

	if (!want && have)
		vm_remove(ret, key);
	else if (want && !vm_same(key, have ? have : assumed(key), want))
		vm_set(ret, key, want);
}

/* What a new VM gets where nobody said otherwise. */
static void add_defaults(const struct vm_case *c, json_t *want)
{
	static const char *const fresh[][2] = {
		{ "ostype", "l26" },
		{ "scsihw", "virtio-scsi-single" },
		{ "agent", "1" },
	};
	const char *cpu = c->w->registry.cpu_model;

	vm_root_defaults(c, want);
	if (!c->template)
		for (size_t i = 0; i < ARRAY_SIZE(fresh); i++)
			if (!json_object_get(want, fresh[i][0]))
				(void)json_object_set_new(want, fresh[i][0],
							  json_string(fresh[i][1]));
	if (cpu && !json_object_get(want, "cpu"))
		(void)json_object_set_new(want, "cpu", json_string(cpu));
}

static void put(json_t *want, const char *key, const char *text)
{
	if (text)
		(void)json_object_set_new(want, key, json_string(text));
}

static void add_flavor(const struct flavor *f, json_t *want)
{
	auto_free char *cores = pxc_printf("%u", f->vcpus);
	auto_free char *memory = pxc_printf("%llu", (unsigned long long)f->memory_mib);
	const char *key;
	json_t *value;

	put(want, "cores", cores);
	put(want, "memory", memory);
	put(want, "cpu", f->cpu);
	put(want, "machine", f->machine);
	put(want, "bios", f->bios);
	json_object_foreach (f->extra, key, value)
		(void)json_object_set(want, key, value);
}

/*
 * Naming the flavor that a VM has already changes nothing: what was changed since, on purpose, is drift, which is
 * told and not undone; unless a rollback of this very run has undone it. Another flavor is a resize, written into the block by the same request.
 */
bool vm_reshapes(const struct vm_case *c)
{
	const struct annot *block = c->have ? &c->have->notes.annot : NULL;

	return c->flavor &&
	       (!block || vm_rolled(c) || str_eq(annot_get(block, "op"), VM_OP_CLONE) ||
		!str_eq(annot_get(block, "flavor"), c->flavor->name));
}

static void want_tags(const struct vm_case *c, const json_t *base, struct vm_change *ret)
{
	json_auto_t *have = json_array(), *want = json_array();
	auto_free char *stack = pxc_printf("stack-%s", c->spec->stack);
	auto_free char *text = NULL;
	size_t i;
	json_t *tag;

	tags_split(have, vm_text(base, "tags"));
	if (!c->spec->tags || !c->spec->tags_exact)
		(void)json_array_extend(want, have);
	tags_merge(want, "pxc");
	tags_merge(want, stack);
	json_array_foreach (c->spec->tags, i, tag)
		tags_merge(want, json_string_value(tag));
	vm_affinity_tags(c, want);
	if (tags_same(have, want))
		return;
	text = tags_join(c->w, want);
	vm_set(ret, "tags", text);
}

static bool has_cloud_init_drive(const json_t *base)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)base, key, value)
		if (vm_is_drive(key) && strstr(json_string_value(value), "cloudinit"))
			return true;
	return false;
}

/* Is there an address to tell the guest: one that is named, or that it has just got? */
static bool tells_ip(const struct vm_spec *s, const struct vm_change *change)
{
	const char *key;
	json_t *value;

	for (size_t i = 0; i < s->nnets; i++)
		json_object_foreach (s->nets[i].absent ? NULL : s->nets[i].ipconfig, key, value)
			if (json_is_string(value) && !str_eq(json_string_value(value), "none"))
				return true;
	json_object_foreach (change->set, key, value)
		if (str_starts(key, "ipconfig"))
			return true;
	return false;
}

static int want_cloud_init_drive(const struct vm_case *c, const json_t *base, struct vm_change *ret,
				 struct pxc_err *err)
{
	auto_free char *text = NULL;

	if ((!c->spec->cloud_init && !tells_ip(c->spec, ret)) || has_cloud_init_drive(base) ||
	    c->seeded || c->spec->seed == VM_SEED_NONE)
		return 0;
	if (!c->storage)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: its cloud-init drive needs a storage, and the cloud has no default "
			"one (pxc_cloud: storage)",
			c->spec->label);
	text = pxc_printf("%s:cloudinit", c->storage);
	vm_set(ret, CLOUDINIT_SLOT, text);
	ret->allocates = true;
	return 0;
}

/* The human's part of the notes, as PVE keeps it: without trailing white space. */
static int want_notes(const struct vm_case *c, const char *op, struct vm_change *ret,
		      struct pxc_err *err)
{
	auto_annot struct annot block = { .npairs = 0 };
	auto_free char *notes = NULL;
	const struct annot_text *have = c->have ? &c->have->notes : NULL;

	vm_block(c, op, &block);
	if (have && have->finding == ANNOT_OK && vm_block_same(&have->annot, &block)) {
		auto_free char *human = pxc_printf("%s%s", have->before, have->after);

		if (!c->spec->description || annot_text_same(human, c->spec->description))
			return 0;
	}
	notes = vm_notes(c, &block);
	if (utf8_length(notes) > PXC_MAX_NOTES)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: description and annotation have %zu characters together, PVE takes "
			"%d: shorten the description or the metadata by %zu",
			c->spec->label, utf8_length(notes), PXC_MAX_NOTES,
			utf8_length(notes) - PXC_MAX_NOTES);
	vm_set(ret, "description", notes);
	return 0;
}

const char *vm_journal_after(struct vm_case *c)
{
	const char *op = c->have ? annot_get(&c->have->notes.annot, "op") : NULL;
	bool fresh = !c->have || str_eq(op, VM_OP_CLONE);

	if (vm_rebuild_op(c))
		return vm_rebuild_op(c);

	/* Without a word about power a new VM is started once; until that is done the block says so. */
	if (fresh && c->spec->power == VM_POWER_KEEP)
		return VM_OP_START;
	/* What only a policy says is done once: a later run must see that it is still due. */
	if (c->ha == VM_HA_IN && !c->spec->ha.named && c->spec->power != VM_POWER_KEEP)
		return VM_OP_HA;
	return str_eq(op, VM_OP_START) && c->spec->power == VM_POWER_KEEP ? VM_OP_START : NULL;
}

static void want_uuid(const struct vm_case *c, struct vm_change *ret)
{
	auto_free char *text = NULL;

	if (!c->uuid)
		return;
	text = pxc_printf("uuid=%s", c->uuid);
	vm_set(ret, "smbios1", text);
}

int vm_want(struct vm_case *c, const json_t *base, struct vm_change *ret, struct pxc_err *err)
{
	const struct vm_spec *s = c->spec;
	json_auto_t *want = json_object();
	const char *key;
	json_t *value;

	*ret = (struct vm_change){ .set = json_object(),
				   .remove = json_array(),
				   .resize = json_array(),
				   .unlink = json_array() };
	if (vm_reshapes(c))
		add_flavor(c->flavor, want);
	(void)json_object_update(want, s->config);
	if (!c->have)
		add_defaults(c, want);
	if (!c->seeded && (!c->have || str_eq(annot_get(&c->have->notes.annot, "op"), VM_OP_CLONE)))
		(void)json_object_update(want, s->at_creation);
	if (s->protection >= 0)
		put(want, "protection", s->protection ? "1" : "0");
	put(want, "name", s->new_name ? s->new_name : s->name);
	json_object_foreach (want, key, value)
		want_key(ret, base, key, json_string_value(value));
	want_tags(c, base, ret);
	want_uuid(c, ret);
	if (vm_want_nets(c, base, ret, err) < 0)
		return -1;
	vm_want_dns(c, base, ret);
	if (vm_want_disks(c, base, ret, err) < 0 || want_cloud_init_drive(c, base, ret, err) < 0 ||
	    vm_want_seed(c, base, ret, err) < 0)
		return -1;
	return want_notes(c, vm_journal_after(c), ret, err);
}
