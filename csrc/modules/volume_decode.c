/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/units.h"
#include "modules/items.h"
#include "modules/volume.h"

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyz0123456789._-"
#define WORD_CHARS NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define MAX_NAME 60
#define MAX_SERIAL 20 /* what the guest can be told */
#define MAX_METADATA 32
#define MAX_METADATA_VALUE 255

static bool is_word(const char *text, const char *chars, size_t most)
{
	return isalnum((unsigned char)*text) && strlen(text) <= most &&
	       strspn(text, chars) == strlen(text);
}

static int check_name(const struct volume_spec *s, const char *name, struct pxc_err *err)
{
	if (!name || is_word(name, NAME_CHARS, MAX_NAME))
		return 0;
	return pxc_fail(
		err, PXC_EINVAL,
		"%s: a volume's name has lower-case letters, digits, dot, _ and -, at most %d, "
		"and begins with a letter or digit, unlike \"%s\"",
		s->label, MAX_NAME, name);
}

static int decode_names(struct pxc_env *env, const json_t *item, struct volume_spec *s,
			struct pxc_err *err)
{
	s->project = item_text(item, "project");
	s->name = item_text(item, "name");
	s->new_project = item_text(item, "new_project");
	s->new_name = item_text(item, "new_name");
	s->label = arena_printf(env->arena, "volume %s/%s", s->project, s->name);
	s->project_label = arena_printf(env->arena, "project %s", s->project);
	if (s->new_project)
		s->new_project_label = arena_printf(env->arena, "project %s", s->new_project);
	if (check_name(s, s->name, err) < 0 || check_name(s, s->new_name, err) < 0)
		return -1;
	if (str_eq(s->new_project, s->project))
		s->new_project = NULL;
	if (str_eq(s->new_name, s->name))
		s->new_name = NULL;
	return 0;
}

static void decode_source(const json_t *item, struct volume_spec *s)
{
	const json_t *source = json_object_get(item, "source");
	const json_t *image = json_object_get(source, "image"),
		     *volume = json_object_get(source, "volume");

	s->source = (struct volume_source){ .image = item_text(image, "name"),
					    .version = item_text(image, "version"),
					    .image_storage = item_text(image, "storage"),
					    .volume = item_text(volume, "name"),
					    .snapshot = item_text(volume, "snapshot"),
					    .project = item_text(volume, "project") };
	if (s->source.volume && !s->source.project)
		s->source.project = s->project;
}

static int check_snap(const struct volume_spec *s, const char *name, struct pxc_err *err)
{
	if (is_word(name, WORD_CHARS, MAX_NAME) && !str_starts(name, "tmp-"))
		return 0;
	return pxc_fail(
		err, PXC_EINVAL,
		"%s: a snapshot's name has letters, digits, dot, _ and -, at most %d, begins with "
		"a letter or digit and not with tmp-, unlike \"%s\"",
		s->label, MAX_NAME, name);
}

static int decode_snaps(struct pxc_env *env, const json_t *item, struct volume_spec *s,
			struct pxc_err *err)
{
	const json_t *list = json_object_get(item, "snapshots");
	size_t i;
	json_t *row;

	s->snaps = arena_alloc(env->arena, (json_array_size(list) + 1) * sizeof(*s->snaps));
	s->snaps_exact = list && str_eq(item_text(item, "snapshots_mode"), "exact");
	s->rollback = item_text(item, "rollback");
	s->quiesce = item_true(item, "quiesce");
	json_array_foreach (list, i, row) {
		const char *name = item_text(row, "name");

		if (check_snap(s, name, err) < 0)
			return -1;
		for (size_t k = 0; k < s->nsnaps; k++)
			if (str_eq(s->snaps[k].name, name))
				return pxc_fail(err, PXC_EINVAL, "%s: snapshots: %s is named twice",
						s->label, name);
		s->snaps[s->nsnaps++] =
			(struct volume_snap){ .name = name,
					      .absent = str_eq(item_text(row, "state"), "absent") };
	}
	return s->rollback ? check_snap(s, s->rollback, err) : 0;
}

static bool slot_ok(const char *slot)
{
	const char *digits = str_starts(slot, "scsi") ? slot + strlen("scsi") : "";
	unsigned long n = strtoul(digits, NULL, 10);

	return *digits && strlen(digits) <= 2 && strspn(digits, "0123456789") == strlen(digits) &&
	       *digits != '0' && n >= 1 && n <= 29;
}

static void decode_drive(struct pxc_env *env, const json_t *given, struct volume_spec *s)
{
	static const char *const switches[] = { "ssd", "iothread", "backup", "cache" };
	static const char *const limits[] = { "iops_rd", "iops_wr", "mbps_rd", "mbps_wr" };
	const json_t *qos = json_object_get(given, "qos"), *v;

	s->props = pxc_env_keep(env, json_object());
	for (size_t i = 0; i < ARRAY_SIZE(switches); i++)
		if ((v = json_object_get(given, switches[i])))
			(void)json_object_set_new(s->props, switches[i], item_scalar(v));
	if ((v = json_object_get(given, "discard")))
		(void)json_object_set_new(s->props, "discard",
					  json_string(json_is_true(v) ? "on" : "ignore"));
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if ((v = json_object_get(qos, limits[i])))
			(void)json_object_set_new(s->props, limits[i],
						  json_number_value(v) > 0 ? item_scalar(v)
									   : json_null());
}

static int decode_attachment(struct pxc_env *env, const json_t *item, const json_t *given,
			     struct volume_spec *s, struct pxc_err *err)
{
	json_int_t patience = item_int(item, "detach_timeout");

	s->attach_to = item_text(item, "attach_to");
	s->stack = item_text(item, "stack");
	s->vm_label = s->attach_to ? arena_printf(env->arena, "vm %s/%s",
						  s->new_project ? s->new_project : s->project,
						  s->attach_to)
				   : NULL;
	s->move = item_true(item, "move");
	s->detach = item_true(item, "detach");
	s->detach_s = patience > 0 ? (unsigned)patience : 0;
	s->slot = item_text(item, "slot");
	s->serial = item_text(item, "serial");
	decode_drive(env, given, s);
	if (s->slot && !slot_ok(s->slot))
		return pxc_fail(err, PXC_EINVAL, "%s: slot \"%s\" is none of scsi1 to scsi29",
				s->label, s->slot);
	if (s->serial && !is_word(s->serial, WORD_CHARS, MAX_SERIAL))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: serial \"%s\": at most %d letters, digits, _, . and -, beginning with a "
			"letter or digit",
			s->label, s->serial, MAX_SERIAL);
	return 0;
}

static int decode_metadata(struct pxc_env *env, const json_t *given, struct volume_spec *s,
			   struct pxc_err *err)
{
	json_t *raw = json_object_get(given, "metadata"), *value;
	const char *key;

	if (!raw)
		return 0;
	if (json_object_size(raw) > MAX_METADATA)
		return pxc_fail(err, PXC_EINVAL, "%s: metadata has %zu keys, at most %d are kept",
				s->label, json_object_size(raw), MAX_METADATA);
	s->metadata = pxc_env_keep(env, json_object());
	json_object_foreach (raw, key, value) {
		json_auto_t *text = item_scalar(value);

		if (!*key || strspn(key, NAME_CHARS) != strlen(key))
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: metadata key \"%s\": lower-case letters, digits, dot, _ and "
				"- only",
				s->label, key);
		if (!json_is_string(text) || json_string_length(text) > MAX_METADATA_VALUE)
			return pxc_fail(err, PXC_EINVAL,
					"%s: metadata %s: must be a text of 1 to %d bytes",
					s->label, key, MAX_METADATA_VALUE);
		(void)json_object_set(s->metadata, key, text);
	}
	return 0;
}

static void decode_behaviour(const json_t *item, const json_t *given, struct volume_spec *s)
{
	const json_t *protection = json_object_get(given, "protected");
	const char *flatten = item_text(item, "flatten"), *allow = item_text(item, "allow");
	json_int_t size = item_int(item, "size");

	s->absent = str_eq(item_text(item, "state"), "absent");
	s->size_bytes = size > 0 ? ((uint64_t)size + MIB - 1) / MIB * MIB : 0;
	s->class = item_text(item, "class");
	s->storage = item_text(item, "storage");
	s->flatten = str_eq(flatten, "never")    ? VM_FLATTEN_NEVER
		     : str_eq(flatten, "always") ? VM_FLATTEN_ALWAYS
						 : VM_FLATTEN_AUTO;
	s->description = item_text(given, "description");
	s->is_protected = json_is_boolean(protection) ? json_is_true(protection) : -1;
	s->force_snapshots = item_true(item, "force_snapshots");
	s->reseal = item_true(item, "reseal");
	s->allow = str_eq(allow, "quiet")      ? PXC_QUIET
		   : str_eq(allow, "disrupts") ? PXC_DISRUPTS
					       : PXC_DESTROYS;
}

static int check_absent(const struct volume_spec *s, struct pxc_err *err)
{
	const struct {
		bool named;
		const char *option;
	} rows[] = { { s->attach_to, "attach_to" },
		     { s->rollback, "rollback" },
		     { s->new_project, "new_project" },
		     { s->new_name, "new_name" } };

	for (size_t i = 0; s->absent && i < ARRAY_SIZE(rows); i++)
		if (rows[i].named)
			return pxc_fail(err, PXC_EINVAL, "%s: %s makes no sense with state: absent",
					s->label, rows[i].option);
	return 0;
}

static int decode_one(struct pxc_env *env, const json_t *item, const json_t *given,
		      struct volume_spec *s, struct pxc_err *err)
{
	if (decode_names(env, item, s, err) < 0)
		return -1;
	decode_behaviour(item, given, s);
	decode_source(item, s);
	if (decode_snaps(env, item, s, err) < 0 ||
	    decode_attachment(env, item, given, s, err) < 0 ||
	    decode_metadata(env, given, s, err) < 0)
		return -1;
	if (s->description && strchr(s->description, '\n'))
		return pxc_fail(err, PXC_EINVAL, "%s: its description must be one line", s->label);
	return check_absent(s, err);
}

static bool same(const char *project_a, const char *name_a, const char *project_b,
		 const char *name_b)
{
	return str_eq(project_a, project_b) && str_eq(name_a, name_b);
}

/* Two entries about one volume, or that would make one name of two volumes. */
static int refuse_twins(const struct volume_batch *b, struct pxc_err *err)
{
	for (size_t i = 0; i < b->nspecs; i++)
		for (size_t k = 0; k < i; k++) {
			const struct volume_spec *x = &b->specs[i], *y = &b->specs[k];

			if (same(x->project, x->name, y->project, y->name))
				return pxc_fail(err, PXC_EINVAL, "%s is named twice in this task",
						x->label);
			if (same(x->new_project ? x->new_project : x->project,
				 x->new_name ? x->new_name : x->name,
				 y->new_project ? y->new_project : y->project,
				 y->new_name ? y->new_name : y->name))
				return pxc_fail(err, PXC_EINVAL,
						"%s and %s would have one name in one project",
						x->label, y->label);
		}
	return 0;
}

int volume_decode(struct pxc_env *env, struct volume_batch **ret, struct pxc_err *err)
{
	struct volume_batch *b = arena_alloc(env->arena, sizeof(*b));
	const json_t *items = NULL, *given = NULL;

	if (items_of_task(env, &items, &given, err) < 0)
		return -1;
	b->nspecs = json_array_size(items);
	b->specs = arena_alloc(env->arena, (b->nspecs + 1) * sizeof(*b->specs));
	b->stamp = env->stamp;
	b->actor = env->actor;
	b->nonce = env->nonce;
	for (size_t i = 0; i < b->nspecs; i++)
		if (decode_one(env, json_array_get(items, i), json_array_get(given, i),
			       &b->specs[i], err) < 0)
			return -1;
	*ret = b;
	return refuse_twins(b, err);
}
