/* SPDX-License-Identifier: GPL-3.0-or-later */
/* By what is known, in comments, that somebody is there for a task of ours. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "annot/annot.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/access_task_parts.h"

static bool says(const struct annot *a, const char *key, const char *value)
{
	return !value || str_eq(annot_get(a, key), value);
}

bool access_marked(const char *comment, const struct access_mark *m)
{
	auto_annot_text struct annot_text t = { .before = NULL };
	auto_free char *id = pxc_printf("%s.%s", m->what, m->who);

	annot_parse(ANNOT_TOKEN, comment, &t);
	return t.finding == ANNOT_OK && says(&t.annot, "t", m->kind) && says(&t.annot, "id", id) &&
	       says(&t.annot, "n", m->name) && says(&t.annot, "p", m->project);
}

const char *access_mark(const struct access_mark *m, const char *text, const struct access_facts *f,
			struct pxc_arena *arena)
{
	auto_annot struct annot a;
	auto_free char *id = pxc_printf("%s.%s", m->what, m->who), *comment = NULL;

	annot_init(&a);
	annot_set(&a, "t", m->kind);
	annot_set(&a, "id", id);
	annot_set(&a, "c", f->cluster);
	annot_set(&a, "n", m->name);
	annot_set(&a, "p", m->project);
	annot_set(&a, "r", "1");
	annot_set(&a, "at", f->stamp);
	annot_set(&a, "by", f->actor);
	comment = annot_render(ANNOT_TOKEN, text, &a, "");
	return arena_strdup(arena, comment);
}

static bool user_ours(const struct access_state *s, const char *userid)
{
	const char *comment = access_text(access_entry(s->users, "userid", userid), "comment");

	return access_marked(comment,
			     &(struct access_mark){ "consumer", "user", userid, NULL, NULL }) ||
	       access_marked(comment,
			     &(struct access_mark){ "automation", "user", userid, NULL, NULL });
}

static bool token_ours(const struct access_state *s, const char *full)
{
	const char *bang = strchr(full, '!');
	auto_free char *userid = pxc_printf("%.*s", bang ? (int)(bang - full) : 0, full);

	return bang &&
	       (user_ours(s, userid) ||
		access_marked(access_text(access_token_entry(s, userid, bang + 1), "comment"),
			      &(struct access_mark){ "token", "token", full, NULL, NULL }));
}

bool access_ours(const struct access_state *s, const char *type, const char *who)
{
	if (str_eq(type, access_subject_names[ACCESS_USER]))
		return user_ours(s, who);
	if (str_eq(type, access_subject_names[ACCESS_TOKEN]))
		return token_ours(s, who);
	return access_marked(access_text(access_entry(s->groups, "groupid", who), "comment"),
			     &(struct access_mark){ "projection", "group", who, NULL, NULL });
}
