/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "base/units.h"
#include "cloud/image.h"
#include "cloud/image_parts.h"

#define NAMES_SHOWN 12

const char *image_storage(const struct world *w, const char *storage)
{
	return storage ? storage : w->registry.storage;
}

/* Complete, readable, ours. */
bool image_is_ready(const struct rbd_seen *s)
{
	return rbd_is(s, "image") && str_eq(rbd_get(s, "state"), "available");
}

long image_rank(const struct rbd_seen *s)
{
	const char *rank = rbd_get(s, "rank");

	return rank ? strtol(rank, NULL, 10) : 0;
}

bool image_later(const struct rbd_seen *a, const struct rbd_seen *b)
{
	return image_rank(a) > image_rank(b) ||
	       (image_rank(a) == image_rank(b) &&
		strcmp(rbd_get(a, "version"), rbd_get(b, "version")) > 0);
}

const struct rbd_seen *image_find(const struct rbd_pool *p, const char *name, const char *version)
{
	const struct rbd_seen *best = NULL;

	for (size_t i = 0; i < p->nimages; i++) {
		const struct rbd_seen *s = &p->images[i];

		if (!image_is_ready(s) || !str_eq(rbd_get(s, "name"), name))
			continue;
		if (version ? str_eq(rbd_get(s, "version"), version)
			    : !rbd_get(s, "deprecated") && (!best || image_later(s, best)))
			best = s;
	}
	return best;
}

bool image_visible(const struct rbd_seen *image, const char *project)
{
	const char *visibility = rbd_get(image, "visibility"), *list = rbd_get(image, "projects");
	size_t len = strlen(project);

	if (!visibility || str_eq(visibility, "public") ||
	    str_eq(rbd_get(image, "project"), project))
		return true;
	for (const char *p = str_eq(visibility, "shared") ? list : NULL; p && *p;
	     p += strcspn(p, ","), p += *p == ',')
		if (strcspn(p, ",") == len && strncmp(p, project, len) == 0)
			return true;
	return false;
}

const char *image_names(const struct rbd_pool *p, const char *project, char *out, size_t size)
{
	auto_buf struct pxc_buf names = { .data = NULL };
	const char *last = "";
	size_t n = 0;

	for (size_t i = 0; i < p->nimages; i++) {
		const struct rbd_seen *s = &p->images[i];
		const char *name = rbd_get(s, "name");

		if (!image_is_ready(s) || str_eq(name, last) ||
		    (project && !image_visible(s, project)))
			continue;
		last = name;
		if (n++ < NAMES_SHOWN)
			buf_printf(&names, "%s%s", n > 1 ? ", " : "", name);
	}
	if (n == 0)
		(void)snprintf(out, size, "there is none yet: import one with pxc_rbd_image");
	else
		(void)snprintf(out, size, "there %s %s%s", n > 1 ? "are" : "is", buf_str(&names),
			       n > NAMES_SHOWN ? ", ..." : "");
	return out;
}

static void put(json_t *obj, const char *key, const char *text)
{
	if (text)
		(void)json_object_set_new(obj, key, json_string(text));
}

static json_t *split(const char *list)
{
	json_t *names = json_array();

	for (const char *p = list; p && *p; p += strcspn(p, ","), p += *p == ',')
		(void)json_array_append_new(names, json_stringn(p, strcspn(p, ",")));
	return names;
}

static json_t *properties(const struct annot *block)
{
	json_t *obj = json_object();

	for (size_t i = 0; i < block->npairs; i++)
		if (str_starts(block->pairs[i].key, "p."))
			put(obj, block->pairs[i].key + strlen("p."), block->pairs[i].value);
	return obj;
}

json_t *image_show(const struct rbd_pool *p, const struct rbd_seen *image)
{
	static const char *const same[] = { "name",   "version",    "checksum", "format",
					    "source", "visibility", "project",  "description",
					    "at",     "by" };
	json_t *obj = json_object();
	const struct rbd_seen *latest = image_find(p, rbd_get(image, "name"), NULL);

	for (size_t i = 0; i < ARRAY_SIZE(same); i++)
		put(obj, same[i], rbd_get(image, same[i]));
	put(obj, "state", rbd_get(image, "deprecated") ? "deprecated" : "present");
	put(obj, "storage", p->storage);
	put(obj, "pool", p->pool);
	put(obj, "rbd", image->name);
	(void)json_object_set_new(obj, "size_bytes", json_integer((json_int_t)image->size_bytes));
	(void)json_object_set_new(obj, "latest", json_boolean(latest == image));
	(void)json_object_set_new(obj, "protected",
				  json_boolean(rbd_get(image, "protected") != NULL));
	(void)json_object_set_new(obj, "projects", split(rbd_get(image, "projects")));
	(void)json_object_set_new(obj, "properties", properties(&image->block));
	return obj;
}
