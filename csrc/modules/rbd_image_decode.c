/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/units.h"
#include "modules/items.h"
#include "modules/rbd_image.h"

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyz0123456789._-"
#define VERSION_CHARS NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZ+"
#define DEFAULT_VERSION "1"

static uint64_t bytes(const json_t *item, const char *key)
{
	json_int_t n = item_int(item, key);

	return n > 0 ? (uint64_t)n : 0;
}

static int decode_names(struct pxc_env *env, const json_t *item, struct image_spec *s,
			struct pxc_err *err)
{
	const char *version = item_text(item, "version");

	s->name = item_text(item, "name");
	s->version_named = version && *version;
	s->version = s->version_named ? version : DEFAULT_VERSION;
	s->label = s->version_named ? arena_printf(env->arena, "image %s %s", s->name, s->version)
				    : arena_printf(env->arena, "image %s", s->name);
	if (!isalnum((unsigned char)*s->name) || strlen(s->name) > 60 ||
	    strspn(s->name, NAME_CHARS) != strlen(s->name))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: an image's name has lower-case letters, digits, dot, _ and -, at most 60, "
			"and begins with a letter or digit",
			s->label);
	if (!isalnum((unsigned char)*s->version) || strlen(s->version) > 40 ||
	    strspn(s->version, VERSION_CHARS) != strlen(s->version))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: a version has letters, digits, dot, _, + and -, at most 40, and begins "
			"with a letter or digit; write numbers as text (\"1.10\")",
			s->label);
	return 0;
}

static bool is_hex(const char *text, size_t len)
{
	return strlen(text) == len && strspn(text, "0123456789abcdefABCDEF") == len;
}

static int decode_checksum(struct pxc_env *env, const char *text, struct image_spec *s,
			   struct pxc_err *err)
{
	char *lower;

	if (!text || !*text)
		return 0;
	if (!(str_starts(text, "sha256:") && is_hex(text + 7, 64)) &&
	    !(str_starts(text, "sha512:") && is_hex(text + 7, 128)))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: checksum must be sha256: and 64 or sha512: and 128 hex digits, not \"%s\"",
			s->label, text);
	lower = arena_strdup(env->arena, text);
	for (char *p = lower; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	s->checksum = lower;
	return 0;
}

/* Whether the file is there matters only when the image is not. */
static int check_source(struct image_spec *s, struct pxc_err *err)
{
	const char *path = s->source;
	const char *scheme = path ? strstr(path, "://") : NULL;

	if (!path)
		return 0;
	if (str_starts(path, "http://") || str_starts(path, "https://"))
		return 0;
	if (scheme && !str_starts(path, "file://"))
		return pxc_fail(err, PXC_EINVAL,
				"%s: source \"%s\": a path or a URL with http, https or file",
				s->label, path);
	return 0;
}

static int decode_from(const json_t *item, struct image_spec *s, struct pxc_err *err)
{
	const json_t *vm = json_object_get(item, "from_vm"),
		     *volume = json_object_get(item, "from_volume");
	const json_t *from = vm ? vm : volume;

	if (!from)
		return 0;
	s->from.project = item_text(from, "project") ? item_text(from, "project") : s->project;
	s->from.name = item_text(from, "name");
	s->from.stack = vm ? item_text(vm, "stack") : NULL;
	s->from.slot = vm ? item_text(vm, "disk") : NULL;
	s->from.snap = volume ? item_text(volume, "snapshot") : NULL;
	if (!s->from.project)
		return pxc_fail(err, PXC_EINVAL, "%s: %s needs a project", s->label,
				vm ? "from_vm" : "from_volume");
	return 0;
}

/* Null removes a property, and everywhere else is the same as nothing: what was given does not show it. */
static void decode_removals(struct pxc_env *env, size_t index, struct image_spec *s)
{
	const json_t *raw = env->args->raw;
	const json_t *one = json_array_get(json_object_get(raw, "images"), index);
	const char *key;
	json_t *value, *named = json_object_get(one, "properties");

	if (!named || json_is_null(named))
		named = json_object_get(raw, "properties");
	json_object_foreach (named, key, value)
		if (json_is_null(value))
			(void)json_object_set_new(s->properties, key, json_null());
}

static void decode_properties(struct pxc_env *env, const json_t *given, size_t index,
			      struct image_spec *s)
{
	const json_t *from = json_object_get(given, "properties");
	const char *key;
	json_t *value;

	if (!from)
		return;
	s->properties = pxc_env_keep(env, json_object());
	json_object_foreach ((json_t *)(uintptr_t)from, key, value)
		(void)json_object_set_new(s->properties, key, item_scalar(value));
	decode_removals(env, index, s);
}

static int decode_template(const json_t *item, struct image_spec *s, struct pxc_err *err)
{
	const json_t *t = json_object_get(item, "template_vm");
	json_int_t vmid = item_int(t, "vmid");

	if (!t)
		return 0;
	if (json_object_get(t, "vmid") && (vmid < 100 || vmid > 999999999))
		return pxc_fail(err, PXC_EINVAL,
				"%s: template_vm: vmid must be between 100 and 999999999",
				s->label);
	s->template = (struct image_template){ .wanted = true,
					       .vmid = (unsigned)vmid,
					       .node = item_text(t, "node"),
					       .tags = json_object_get(t, "tags") };
	return 0;
}

static int check_sharing(const struct image_spec *s, struct pxc_err *err)
{
	if (str_eq(s->visibility, "private") && json_array_size(s->projects))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: projects says who may use it beside the owner: set visibility: shared",
			s->label);
	return 0;
}

static void decode_behaviour(const json_t *item, const json_t *given, struct image_spec *s)
{
	const json_t *protection = json_object_get(item, "protected"),
		     *keep = json_object_get(item, "keep");
	const char *state = item_text(item, "state"), *allow = item_text(item, "allow");

	s->state = str_eq(state, "absent")       ? IMAGE_ABSENT
		   : str_eq(state, "deprecated") ? IMAGE_DEPRECATED
						 : IMAGE_PRESENT;
	s->allow = str_eq(allow, "quiet")      ? PXC_QUIET
		   : str_eq(allow, "disrupts") ? PXC_DISRUPTS
					       : PXC_DESTROYS;
	s->storage = item_text(item, "storage");
	s->ca_path = item_text(item, "source_ca");
	s->work_dir = item_text(item, "work_dir");
	s->min_bytes = bytes(item, "size");
	s->max_bytes = bytes(item, "max_size");
	s->keep = json_is_integer(keep) ? json_integer_value(keep) : -1;
	s->latest = item_true(item, "latest");
	s->visibility = item_text(item, "visibility");
	s->project = item_text(item, "project");
	s->projects = json_object_get(given, "projects");
	s->description = item_text(item, "description");
	s->is_protected = json_is_boolean(protection) ? json_is_true(protection) : -1;
}

static int decode_one(struct pxc_env *env, const json_t *item, const json_t *given, size_t index,
		      struct image_spec *s, struct pxc_err *err)
{
	s->source = item_text(item, "source");
	decode_behaviour(item, given, s);
	decode_properties(env, given, index, s);
	if (decode_names(env, item, s, err) < 0 ||
	    decode_checksum(env, item_text(item, "checksum"), s, err) < 0 ||
	    check_source(s, err) < 0 || decode_from(item, s, err) < 0 ||
	    decode_template(item, s, err) < 0 || image_decode_file(env, item, given, s, err) < 0)
		return -1;
	if (s->keep == 0)
		return pxc_fail(err, PXC_EINVAL,
				"%s: keep counts this version too, so it is at least 1", s->label);
	if (s->max_bytes && s->min_bytes > s->max_bytes)
		return pxc_fail(err, PXC_EINVAL, "%s: size is above max_size", s->label);
	if (s->template.wanted && s->state == IMAGE_ABSENT)
		s->template.wanted = false;
	return check_sharing(s, err);
}

static int refuse_twins(const struct image_batch *b, struct pxc_err *err)
{
	for (size_t i = 0; i < b->nspecs; i++)
		for (size_t k = 0; k < i; k++) {
			const struct image_spec *x = &b->specs[i], *y = &b->specs[k];

			/* Files are compared where their node and storage are known: image_pve.c. */
			if (x->backend == IMAGE_RBD && y->backend == IMAGE_RBD &&
			    str_eq(x->name, y->name) && str_eq(x->storage, y->storage) &&
			    (str_eq(x->version, y->version) ||
			     (x->state == IMAGE_ABSENT && !x->version_named) ||
			     (y->state == IMAGE_ABSENT && !y->version_named)))
				return pxc_fail(err, PXC_EINVAL, "%s is named twice in this task",
						x->label);
		}
	return 0;
}

/* A task that only collects garbage is about no image. */
static bool no_objects(const struct pxc_env *env)
{
	const json_t *p = env->args->params;

	return item_true(p, "gc") && !item_text(p, "name") && !json_object_get(p, "images");
}

int image_decode(struct pxc_env *env, struct image_batch **ret, struct pxc_err *err)
{
	struct image_batch *b = arena_alloc(env->arena, sizeof(*b));
	const json_t *items = NULL, *given = NULL;

	if (!no_objects(env) && items_of_task(env, &items, &given, err) < 0)
		return -1;
	b->nspecs = json_array_size(items);
	b->specs = arena_alloc(env->arena, (b->nspecs + 1) * sizeof(*b->specs));
	b->gc = item_true(env->args->params, "gc");
	b->gc_storage = item_text(env->args->params, "storage");
	b->stamp = env->stamp;
	b->actor = env->actor;
	b->nonce = env->nonce;
	for (size_t i = 0; i < b->nspecs; i++)
		if (decode_one(env, json_array_get(items, i), json_array_get(given, i), i,
			       &b->specs[i], err) < 0)
			return -1;
	*ret = b;
	return refuse_twins(b, err);
}
