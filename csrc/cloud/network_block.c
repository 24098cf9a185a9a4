/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/network_block.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/registry.h"

#define RESERVE "v." /* of their keys */

bool network_name(const char *name)
{
	size_t n = name ? strlen(name) : 0;

	return n >= 1 && n <= 40 && strchr("._-", name[0]) == NULL &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

bool network_made_id(const char *id)
{
	return id && *id == 'n' && strlen(id) == 8 &&
	       strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789") == 8;
}

static void read_reserves(struct sdn_vnet *v, struct pxc_arena *arena)
{
	const struct annot *a = &v->notes.annot;

	v->reserves = arena_alloc(arena, (a->npairs + 1) * sizeof(*v->reserves));
	for (size_t i = 0; i < a->npairs; i++) {
		struct sdn_reserve *r = &v->reserves[v->nreserves];

		if (!str_starts(a->pairs[i].key, RESERVE) ||
		    !range_parse(a->pairs[i].value, &r->range))
			continue;
		r->name = arena_strdup(arena, a->pairs[i].key + strlen(RESERVE));
		v->nreserves++;
	}
}

void network_block_read(struct sdn_vnet *v, const char *cluster, struct pxc_arena *arena)
{
	const struct annot *a = &v->notes.annot;
	const char *id = annot_get(a, "id"), *c = annot_get(a, "c");

	v->shared = strv_split(arena, NULL);
	v->ours = v->notes.finding == ANNOT_OK && str_eq(annot_get(a, "t"), "net") && id &&
		  str_starts(id, "net.") && str_eq(id + strlen("net."), v->id) &&
		  !(cluster && c && !str_eq(c, cluster)) && annot_get(a, "n");
	v->damaged = v->notes.finding == ANNOT_TAMPERED && annot_get(a, "n");
	if (!v->ours && !v->damaged)
		return;
	v->name = arena_strdup(arena, annot_get(a, "n"));
	v->project = arena_strdup(arena, annot_get(a, "p"));
	v->provider = annot_get(a, "k") && str_eq(annot_get(a, "k"), "provider");
	v->shared = strv_split(arena, annot_get(a, "sh"));
	read_reserves(v, arena);
}

static void set_reserves(const struct sdn_vnet *v, struct annot *a)
{
	for (size_t i = a->npairs; i-- > 0;)
		if (str_starts(a->pairs[i].key, RESERVE)) {
			auto_free char *old = pxc_strdup(a->pairs[i].key);

			annot_set(a, old, NULL);
		}
	for (size_t i = 0; i < v->nreserves; i++) {
		auto_free char *key = pxc_printf(RESERVE "%s", v->reserves[i].name);
		char text[2 * IP_TEXT];

		range_format(&v->reserves[i].range, text);
		annot_set(a, key, text);
	}
}

static void set_facts(const struct sdn_vnet *v, const char *cluster, struct annot *a)
{
	auto_buf struct pxc_buf shared = { .data = NULL };
	auto_free char *id = pxc_printf("net.%s", v->id);

	for (size_t i = 0; v->shared && v->shared[i]; i++)
		buf_printf(&shared, "%s%s", i ? "," : "", v->shared[i]);
	annot_set(a, "t", "net");
	annot_set(a, "id", id);
	annot_set(a, "c", cluster);
	annot_set(a, "p", v->project);
	annot_set(a, "n", v->name);
	annot_set(a, "k", v->provider ? "provider" : NULL);
	annot_set(a, "sh", shared.len ? buf_str(&shared) : NULL);
	set_reserves(v, a);
}

static void bump(struct annot *a, const char *stamp, const char *actor)
{
	const char *old = annot_get(a, "r");
	char r[16];

	(void)snprintf(r, sizeof(r), "%lu", old ? strtoul(old, NULL, 10) + 1 : 1);
	annot_set(a, "r", r);
	annot_set(a, "at", stamp);
	annot_set(a, "by", actor);
}

/* The range ")" to "_" of PVE's pattern is an accident, but it is what the server takes. */
static char refused(const char *text)
{
	for (const char *p = text; *p; p++)
		if (!((*p >= ')' && *p <= '_') || (*p >= 'a' && *p <= 'z') || *p == '(' ||
		      *p == ' '))
			return *p;
	return 0;
}

static int check(const struct sdn_vnet *v, const char *text, struct pxc_err *err)
{
	size_t len = strlen(text);
	char bad = refused(text);

	if (bad)
		return pxc_fail(
			err, PXC_EINVAL,
			"PVE takes no %s in the alias of a vnet, where the description goes: "
			"letters without accents, digits, blanks and ( ) * + , - . / : ; < = > ? @ "
			"[ \\ ] ^ _ only",
			(unsigned char)bad >= 0x80 ? "letters beyond ASCII"
			: (unsigned char)bad < ' ' ? "line breaks"
						   : (char[2]){ bad, 0 });
	if (len > NETWORK_ALIAS_MAX)
		return pxc_fail(
			err, PXC_EINVAL,
			"the alias of vnet %s would have %zu characters, PVE takes %d: shorten "
			"the description by %zu, or share with or reserve less",
			v->id, len, NETWORK_ALIAS_MAX, len - NETWORK_ALIAS_MAX);
	return 0;
}

/* A text that holds a token of its own could not be told from ours. */
static int check_description(const char *description, struct pxc_err *err)
{
	auto_annot_text struct annot_text t = { .before = NULL };

	annot_parse(ANNOT_TOKEN, description, &t);
	if (t.finding == ANNOT_NONE)
		return 0;
	return pxc_fail(err, PXC_EINVAL,
			"the description holds \"[pxc/\", which marks the cloud's own token: take "
			"that out");
}

int network_block_alias(const struct sdn_vnet *v, const char *description, const char *cluster,
			const char *stamp, const char *actor, char **ret, struct pxc_err *err)
{
	bool had = v->notes.before && v->notes.finding != ANNOT_NONE; /* else it is a new vnet */
	auto_annot struct annot a = { .npairs = 0 };
	auto_free char *text = NULL;

	if (check_description(description, err) < 0)
		return -1;
	if (had)
		annot_copy(&a, &v->notes.annot);
	set_facts(v, cluster, &a);
	if (stamp)
		bump(&a, stamp, actor);
	if (description)
		text = annot_render(ANNOT_TOKEN, description, &a, "");
	else if (had)
		text = annot_rewrite(ANNOT_TOKEN, &v->notes, &a);
	else
		text = annot_render(ANNOT_TOKEN, "", &a, "");
	if (check(v, text, err) < 0)
		return -1;
	*ret = text;
	text = NULL;
	return 0;
}
