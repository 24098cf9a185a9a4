/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/keypair.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

char *keypair_groupid(struct pxc_arena *arena, const char *project, const char *name)
{
	return arena_printf(arena, KEYPAIR_PREFIX "%s.%s", project, name);
}

static void read_token(const struct annot_text *t, struct pxc_arena *arena, struct keypair *k)
{
	const char *line = annot_get(&t->annot, "key");
	struct pxc_err err;

	if (t->finding == ANNOT_NONE || t->finding == ANNOT_FOREIGN ||
	    !group_owns(&t->annot, "keypair", k->group->groupid)) {
		k->foreign = true;
		k->problem = t->finding == ANNOT_FOREIGN ? "its annotation is of a newer format"
							 : "it carries no annotation of its own";
		return;
	}
	k->owner = arena_strdup(arena, annot_get(&t->annot, "u"));
	if (t->finding == ANNOT_TAMPERED)
		k->problem = arena_printf(arena, "its annotation is damaged: %s", t->problem);
	else if (!line)
		k->problem = "its annotation holds no key";
	else if (sshkey_parse(line, arena, &k->key, &err) < 0)
		k->problem = arena_printf(arena, "its key: %s", err.msg);
}

bool keypair_read(const struct world_group *group, struct pxc_arena *arena, struct keypair *ret)
{
	auto_annot_text struct annot_text t = { .before = NULL };
	const char *project = group->groupid + strlen(KEYPAIR_PREFIX), *dot;

	if (!str_starts(group->groupid, KEYPAIR_PREFIX))
		return false;
	dot = strchr(project, '.');
	if (!dot || dot == project || !dot[1] || strchr(dot + 1, '.'))
		return false;
	*ret = (struct keypair){ .group = group,
				 .project = arena_strndup(arena, project, (size_t)(dot - project)),
				 .name = dot + 1 };
	annot_parse(ANNOT_TOKEN, group->comment, &t);
	read_token(&t, arena, ret);
	return true;
}

static int by_name(const void *a, const void *b)
{
	const struct keypair *x = a, *y = b;
	int order = strcmp(x->project, y->project);

	return order ? order : strcmp(x->name, y->name);
}

size_t keypairs_of(const struct world *w, const char *project, struct pxc_arena *arena,
		   struct keypair **ret)
{
	const char *prefix =
		project ? arena_printf(arena, KEYPAIR_PREFIX "%s.", project) : KEYPAIR_PREFIX;
	size_t n = 0;

	*ret = arena_alloc(arena, (w->ngroups + 1) * sizeof(**ret));
	for (size_t i = 0; i < w->ngroups; i++)
		if (str_starts(w->groups[i].groupid, prefix) &&
		    keypair_read(&w->groups[i], arena, &(*ret)[n]))
			n++;
	qsort(*ret, n, sizeof(**ret), by_name);
	return n;
}

json_t *keypair_item(const struct keypair *k)
{
	json_t *o = json_pack("{s:s,s:s,s:s,s:s}", "project", k->project, "name", k->name, "group",
			      k->group->groupid, "state", "present");

	if (k->owner)
		(void)json_object_set_new(o, "owner", json_string(k->owner));
	if (k->problem) {
		(void)json_object_set_new(o, "tampered", json_string(k->problem));
		return o;
	}
	(void)json_object_set_new(o, "type", json_string(k->key.type));
	(void)json_object_set_new(o, "bits", json_integer(k->key.bits));
	(void)json_object_set_new(o, "fingerprint", json_string(k->key.fingerprint));
	(void)json_object_set_new(o, "public_key", json_string(k->key.line));
	return o;
}
