/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/image_parts.h"

static void put(json_t *block, const char *key, const char *text)
{
	if (text && *text)
		(void)json_object_set_new(block, key, json_string(text));
	else
		(void)json_object_del(block, key);
}

static void put_properties(json_t *block, const json_t *properties)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)properties, key, value) {
		auto_free char *name = pxc_printf("p.%s", key);

		put(block, name, json_string_value(value));
	}
}

static int name_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, since their order in a playbook is no difference. */
static char *join_sorted(const json_t *list)
{
	size_t n = json_array_size(list), i;
	const char **names = pxc_calloc(n + 1, sizeof(*names));
	struct pxc_buf out = { .data = NULL };
	json_t *name;

	json_array_foreach (list, i, name)
		names[i] = json_string_value(name);
	qsort(names, n, sizeof(*names), name_order);
	for (i = 0; i < n; i++)
		if (i == 0 || !str_eq(names[i], names[i - 1]))
			buf_printf(&out, "%s%s", out.len ? "," : "", names[i]);
	free(names);
	return buf_take(&out);
}

/* The highest rank of the name, but for one image. */
static long top_rank(const struct image_case *c, const struct rbd_seen *but)
{
	long top = 0;

	for (size_t i = 0; i < c->pool->nimages; i++) {
		const struct rbd_seen *s = &c->pool->images[i];

		if (s != but && rbd_is(s, "image") && str_eq(rbd_get(s, "name"), c->spec->name) &&
		    image_rank(s) > top)
			top = image_rank(s);
	}
	return top;
}

/* New versions come above all others in the order of the task, the one that is to be the latest above them; else as it is. */
static long wanted_rank(const struct image_case *c)
{
	long top = top_rank(c, NULL), own = c->have ? image_rank(c->have) : 0;
	long fresh = 0, before = 0;

	for (const struct image_case *x = c->all; x < c->all + c->nall; x++)
		if (image_same_name(x, c) && !x->have && !x->spec->latest &&
		    x->spec->state != IMAGE_ABSENT) {
			fresh++;
			before += x < c;
		}
	if (!c->spec->latest)
		return c->have ? own : top + before + 1;
	return c->have && !fresh && own > top_rank(c, c->have) ? own : top + fresh + 1;
}

/* A password in a URL is not for image-meta, which everybody can read. */
static char *public_source(const char *source)
{
	const char *scheme = strstr(source, "://"), *host = scheme ? scheme + 3 : NULL;
	const char *at = host ? memrchr(host, '@', strcspn(host, "/?#")) : NULL;
	size_t len = strcspn(source, scheme ? "?" : "");

	if (!at)
		return pxc_strndup(source, len);
	return pxc_printf("%.*s%.*s", (int)(host - source), source,
			  (int)(len - (size_t)(at + 1 - source)), at + 1);
}

static void put_origin(const struct image_case *c, json_t *block)
{
	const struct image_spec *s = c->spec;
	auto_free char *source = NULL;

	if (s->source)
		source = public_source(s->source);
	else if (s->from.name)
		source = pxc_printf("%s %s/%s", s->from.stack ? "vm" : "volume", s->from.project,
				    s->from.name);
	put(block, "source", source);
}

static void put_sharing(const struct image_spec *s, json_t *block)
{
	auto_free char *projects = s->projects ? join_sorted(s->projects) : NULL;

	if (projects)
		put(block, "projects", projects);
	if (s->project)
		put(block, "project", s->project);
	if (s->visibility)
		put(block, "visibility", s->visibility);
	else if (!json_object_get(block, "visibility"))
		put(block, "visibility", s->project ? "private" : "public");
}

json_t *image_block(const struct image_case *c)
{
	const struct image_spec *s = c->spec;
	json_t *block = c->have ? rbd_block_json(&c->have->block) : json_object();
	const char *r = c->have ? rbd_get(c->have, "r") : NULL;
	char number[24];

	put(block, "t", "image");
	put(block, "c", c->cluster);
	put(block, "name", s->name);
	put(block, "version", s->version);
	(void)snprintf(number, sizeof(number), "%ld", wanted_rank(c));
	put(block, "rank", number);
	if (!c->have)
		put_origin(c, block);
	put_sharing(s, block);
	put_properties(block, s->properties);
	if (s->is_protected >= 0)
		put(block, "protected", s->is_protected ? "1" : NULL);
	if (s->description)
		put(block, "description", s->description);
	put(block, "deprecated", s->state == IMAGE_DEPRECATED ? "1" : NULL);
	(void)snprintf(number, sizeof(number), "%lu", r ? strtoul(r, NULL, 10) + 1 : 1);
	put(block, "r", number);
	put(block, "at", c->batch->stamp);
	put(block, "by", c->batch->actor);
	return block;
}
