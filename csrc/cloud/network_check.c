/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What PVE itself would let pass: networks in use, overlapping subnets, quotas. */
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "cloud/network_parts.h"
#include "cloud/usage.h"

/* "vm acme/web-1 (101), container 205 and 3 more" */
struct users {
	struct pxc_buf text;
	const char *last; /* cards of one guest stand side by side */
	size_t n;
};

static void add_user(struct users *u, const struct network_case *c, const struct network_use *use)
{
	const char *who =
		network_use_shown(c->run->w, c->spec->project, use) ? use->who : "somebody else";

	if (str_eq(u->last, who))
		return;
	if (u->n++ < 3)
		buf_printf(&u->text, "%s%s", u->last ? ", " : "", who);
	u->last = who;
}

static const char *end_users(struct users *u)
{
	if (u->n > 3)
		buf_printf(&u->text, " and %zu more", u->n - 3);
	return buf_str(&u->text);
}

static void release_users(struct users *u)
{
	buf_release(&u->text);
}
#define auto_users on_scope_exit(release_users)

static int check_users(const struct network_case *c, struct pxc_err *err)
{
	auto_users struct users who = { .last = NULL };

	for (size_t i = 0; i < c->run->nw->nuses; i++)
		if (str_eq(c->run->nw->uses[i].vnet, c->have->id))
			add_user(&who, c, &c->run->nw->uses[i]);
	return who.n == 0 ? 0
			  : pxc_fail(err, PXC_EINVAL,
				     "%s is in use by %s: take their cards off it first",
				     c->spec->label, end_users(&who));
}

static bool stays(const struct network_case *c, const struct net_cidr *cidr)
{
	for (size_t i = 0; i < c->want.nsubnets; i++)
		if (network_same_cidr(&c->want.subnets[i].cidr, cidr))
			return true;
	return false;
}

static int check_subnet_goes(const struct network_case *c, const struct sdn_subnet *n,
			     struct pxc_err *err)
{
	auto_users struct users who = { .last = NULL };
	char cidr[IP_TEXT + 4];

	cidr_format(&n->cidr, cidr);
	for (size_t i = 0; i < c->want.nreserves; i++)
		if (cidr_contains(&n->cidr, &c->want.reserves[i].range.first))
			return pxc_fail(err, PXC_EINVAL,
					"%s: subnet %s cannot go: addresses in it are kept as %s",
					c->spec->label, cidr, c->want.reserves[i].name);
	for (size_t i = 0; i < c->run->nw->nuses; i++) {
		const struct network_use *u = &c->run->nw->uses[i];
		bool in = false;

		for (size_t k = 0; str_eq(u->vnet, c->have->id) && k < u->nips; k++)
			in |= cidr_contains(&n->cidr, &u->ips[k]);
		if (in)
			add_user(&who, c, u);
	}
	return who.n == 0
		       ? 0
		       : pxc_fail(
				 err, PXC_EINVAL,
				 "%s: subnet %s cannot go, nor get another size: %s %s addresses in "
				 "it",
				 c->spec->label, cidr, end_users(&who),
				 who.n == 1 ? "has" : "have");
}

int network_check_uses(const struct network_case *c, struct pxc_err *err)
{
	if (!c->have)
		return 0;
	if (c->spec->absent)
		return check_users(c, err);
	for (size_t i = 0; i < c->have->nsubnets; i++)
		if (!stays(c, &c->have->subnets[i].cidr) &&
		    check_subnet_goes(c, &c->have->subnets[i], err) < 0)
			return -1;
	return 0;
}

/* ---- overlaps: of the batch's networks with each other and with those that are there ---- */

static const struct network_case *case_of(const struct network_run *run, const struct sdn_vnet *v)
{
	for (size_t i = 0; i < run->ncases; i++)
		if (run->cases[i].have == v)
			return &run->cases[i];
	return NULL;
}

static int refuse(const struct network_case *c, const struct sdn_subnet *a,
		  const struct sdn_vnet *other, const struct sdn_subnet *b, struct pxc_err *err)
{
	char one[IP_TEXT + 4], two[IP_TEXT + 4];

	cidr_format(&a->cidr, one);
	cidr_format(&b->cidr, two);
	if (c->want.project && other->project && !str_eq(c->want.project, other->project))
		return pxc_fail(err, PXC_EINVAL,
				"%s: subnet %s overlaps one of another project in zone %s: choose "
				"other addresses, or another zone",
				c->spec->label, one, c->zone->id);
	return pxc_fail(err, PXC_EINVAL, "%s: subnet %s overlaps subnet %s of %s", c->spec->label,
			one, two, sdn_label(c->run->arena, other));
}

/* Within a project, addresses would be ambiguous; within a zone, PVE could not tell the subnets apart. */
static bool collides(const struct sdn_vnet *a, const struct sdn_vnet *b)
{
	return str_eq(a->zone, b->zone) ||
	       (a->project && b->project && str_eq(a->project, b->project));
}

static int compare(const struct network_case *c, const struct sdn_vnet *other, struct pxc_err *err)
{
	if (!collides(&c->want, other))
		return 0;
	for (size_t i = 0; i < c->want.nsubnets; i++)
		for (size_t k = 0; k < other->nsubnets; k++) {
			const struct sdn_subnet *a = &c->want.subnets[i], *b = &other->subnets[k];

			if (a == b || (other == &c->want && k >= i))
				continue;
			if (cidr_overlaps(&a->cidr, &b->cidr))
				return refuse(c, a, other, b, err);
		}
	return 0;
}

/* What overlaps already, and is not touched, is left as it is. */
static bool adds_subnets(const struct network_case *c)
{
	for (size_t i = 0; i < c->want.nsubnets; i++) {
		bool there = false;

		for (size_t k = 0; c->have && k < c->have->nsubnets; k++)
			there |= network_same_cidr(&c->want.subnets[i].cidr,
						   &c->have->subnets[k].cidr);
		if (!there)
			return true;
	}
	return false;
}

int network_check_overlaps(const struct network_run *run, struct pxc_err *err)
{
	for (size_t i = 0; i < run->ncases; i++) {
		const struct network_case *c = &run->cases[i];

		if (c->spec->absent || !adds_subnets(c))
			continue;
		if (compare(c, &c->want, err) < 0)
			return -1;
		for (size_t k = 0; k < run->ncases; k++)
			if (k != i && !run->cases[k].spec->absent &&
			    compare(c, &run->cases[k].want, err) < 0)
				return -1;
		for (size_t k = 0; k < run->sdn->nvnets; k++)
			if (!case_of(run, &run->sdn->vnets[k]) &&
			    compare(c, &run->sdn->vnets[k], err) < 0)
				return -1;
	}
	return 0;
}

/* ---- networks of one task that would be one ---- */

/* The name that both have, or get; NULL: none. */
static const char *common_name(const struct network_spec *a, const struct network_spec *b)
{
	if (!str_eq(a->project, b->project))
		return NULL;
	if (str_eq(a->name, b->name) || (b->new_name && str_eq(a->name, b->new_name)))
		return a->name;
	if (a->new_name && (str_eq(a->new_name, b->name) || str_eq(a->new_name, b->new_name)))
		return a->new_name;
	return NULL;
}

static int compare_twins(const struct network_case *a, const struct network_case *b,
			 struct pxc_err *err)
{
	const char *name = common_name(a->spec, b->spec);

	if (name)
		return pxc_fail(err, PXC_EINVAL, "%s and %s would both be called %s",
				a->spec->label, b->spec->label, name);
	if (!a->spec->absent && !b->spec->absent && str_eq(a->want.id, b->want.id))
		return pxc_fail(err, PXC_EINVAL, "%s and %s name the same vnet %s", a->spec->label,
				b->spec->label, a->want.id);
	return 0;
}

int network_check_twins(const struct network_run *run, struct pxc_err *err)
{
	for (size_t i = 0; i < run->ncases; i++)
		for (size_t k = 0; k < i; k++)
			if (compare_twins(&run->cases[i], &run->cases[k], err) < 0)
				return -1;
	return 0;
}

/* ---- quotas ---- */

static void count(struct quota *q, const struct sdn_vnet *v, const char *project, int64_t sign)
{
	if (!v || !(v->ours || v->damaged) || !str_eq(v->project, project))
		return;
	q->v[QUOTA_NETWORKS] += sign;
	q->v[QUOTA_SUBNETS] += sign * (int64_t)v->nsubnets;
}

static int check_project(const struct network_run *run, const struct network_case *c,
			 struct pxc_err *err)
{
	struct quota limit, used = { { 0 } }, asked = { { 0 } };

	for (size_t i = 0; i < run->sdn->nvnets; i++)
		count(&used, &run->sdn->vnets[i], c->spec->project, 1);
	for (size_t i = 0; i < run->ncases; i++) {
		count(&asked, run->cases[i].have, c->spec->project, -1);
		if (!run->cases[i].spec->absent)
			count(&asked, &run->cases[i].want, c->spec->project, 1);
	}
	if (usage_limit(run->w, c->pool, &limit, err) < 0 ||
	    quota_check(&limit, &used, &asked, err) < 0)
		return pxc_context(err, "project %s", c->spec->project);
	return 0;
}

int network_check_quota(const struct network_run *run, struct pxc_err *err)
{
	for (size_t i = 0; i < run->ncases; i++) {
		const struct network_case *c = &run->cases[i];
		bool seen = !c->pool;

		for (size_t k = 0; k < i && !seen; k++)
			seen = run->cases[k].pool && str_eq(run->cases[k].pool, c->pool);
		if (!seen && check_project(run, c, err) < 0)
			return -1;
	}
	return 0;
}
