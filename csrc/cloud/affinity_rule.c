/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/affinity_rule.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/affinity_rule_parts.h"

#define HUMAN "group %s of pxcloud.pve" /* in front of the token */

/* Does the comment say that the rule was made for a group? Of which, in project and name (new strings, or NULL). */
bool affinity_rule_token(const struct ha_rule *r, char **project, char **name)
{
	auto_annot_text struct annot_text t = { .before = NULL };
	auto_free char *id = NULL;

	if (!strstr(r->comment, "[pxc/"))
		return false;
	annot_parse(ANNOT_TOKEN, r->comment, &t);
	id = pxc_printf("ha.%s", r->name);
	if (t.finding != ANNOT_OK || !str_eq(annot_get(&t.annot, "t"), "affinity") ||
	    !str_eq(annot_get(&t.annot, "id"), id) || !annot_get(&t.annot, "project") ||
	    !annot_get(&t.annot, "n"))
		return false;
	*project = pxc_strdup(annot_get(&t.annot, "project"));
	*name = pxc_strdup(annot_get(&t.annot, "n"));
	return true;
}

/* The kind of rule that shows a policy; false: none does. */
bool affinity_rule_type(enum affinity_policy p, enum ha_rule_type *ret)
{
	if (p == AFFINITY_SOFT_APART || p == AFFINITY_SOFT_TOGETHER)
		return false;
	*ret = affinity_sites(p) ? HA_NODES : p == AFFINITY_APART ? HA_APART : HA_TOGETHER;
	return true;
}

const struct affinity_group *affinity_projected(const struct affinity *a, const struct ha_rule *r)
{
	auto_free char *project = NULL, *name = NULL;
	const struct affinity_group *g;
	enum ha_rule_type type;

	if (!affinity_rule_token(r, &project, &name))
		return NULL;
	g = affinity_group(a, project, name);
	if (!g || !affinity_rule_type(g->policy, &type) || type != r->type ||
	    (type == HA_NODES && r->strict != affinity_hard(g->policy)))
		return NULL;
	return g;
}

const struct ha_rule *affinity_rule_of(const struct ha *ha, const char *project, const char *name)
{
	auto_free char *hint = pxc_printf(" n=%s ", name);

	for (size_t i = 0; ha && i < ha->nrules; i++) {
		auto_free char *p = NULL, *n = NULL;

		/* Most rules are those of others: parse only what can be it. */
		if (strstr(ha->rules[i].comment, hint) &&
		    affinity_rule_token(&ha->rules[i], &p, &n) && str_eq(p, project) &&
		    str_eq(n, name))
			return &ha->rules[i];
	}
	return NULL;
}

static void plain_id(const struct affinity_group *g, char out[80])
{
	(void)snprintf(out, 80, "pxc-%s-%s", g->project, g->name);
}

/* acme/web-1 and acme-web/1 would be called alike: the second one, or one whose id a person has taken, gets a hash. */
void affinity_rule_id(const struct affinity_view *v, const struct affinity_group *g, char out[80])
{
	const struct ha_rule *there;
	bool taken;
	char hash[65];

	plain_id(g, out);
	there = ha_rule(v->ha, out);
	/* Its own rule is there only when it is removed first, to become one of another type. */
	taken = there && there != affinity_rule_of(v->ha, g->project, g->name);
	for (const struct affinity_group *o = v->groups->groups; o < g && !taken; o++) {
		char other[80];

		plain_id(o, other);
		taken = str_eq(other, out);
	}
	if (!taken)
		return;
	sha256_hex(g->title, strlen(g->title), hash);
	(void)snprintf(out + strlen(out), 80 - strlen(out), "-%.8s", hash);
}

char *affinity_rule_comment(const struct affinity_view *v, const struct affinity_group *g,
			    const char *rule)
{
	auto_annot struct annot a = { .npairs = 0 };
	auto_free char *id = pxc_printf("ha.%s", rule), *human = pxc_printf(HUMAN, g->title);
	char cluster[9];

	world_cluster_hash(v->w->registry.domain, v->w->cluster_name, cluster);
	annot_set(&a, "t", "affinity");
	annot_set(&a, "id", id);
	annot_set(&a, "c", cluster);
	annot_set(&a, "project", g->project);
	annot_set(&a, "n", g->name);
	return annot_render(ANNOT_TOKEN, human, &a, "");
}
