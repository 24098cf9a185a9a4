/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The requests that bring a network to what it is to be. */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/network_block.h"
#include "cloud/network_parts.h"

static bool same_text(const char *a, const char *b)
{
	return a && b ? str_eq(a, b) : !a && !b;
}

/* The alias to write; NULL when what is there says the same. */
static int want_alias(const struct network_case *c, char **ret, struct pxc_err *err)
{
	const struct network_spec *s = c->spec;
	const struct network_batch *b = c->run->batch;
	const char *cluster = c->run->w->registry.cluster;
	auto_free char *same = NULL, *have = NULL;
	auto_annot_text struct annot_text now = { .before = NULL };

	*ret = NULL;
	if (network_block_alias(&c->want, s->description, cluster, NULL, NULL, &same, err) < 0)
		return -1;
	if (c->have && c->have->ours) {
		have = annot_rewrite(ANNOT_TOKEN, &c->have->notes, &c->have->notes.annot);
		annot_parse(ANNOT_TOKEN, same, &now);
		if (annot_equal(&now.annot, &c->have->notes.annot, (const char *const[]){ NULL }) &&
		    annot_text_same(now.before, c->have->notes.before) &&
		    annot_text_same(now.after, c->have->notes.after))
			return 0;
	}
	return network_block_alias(&c->want, s->description, cluster, b->stamp, b->actor, ret, err);
}

static int create(struct network_case *c, struct pxc_err *err)
{
	auto_free char *alias = NULL;
	json_t *args;

	if (want_alias(c, &alias, err) < 0)
		return -1;
	args = json_pack("{s:s,s:s,s:s}", "vnet", c->want.id, "zone", c->want.zone, "alias", alias);
	if (c->want.tag)
		(void)json_object_set_new(args, "tag", json_integer(c->want.tag));
	if (c->want.vlan_aware)
		(void)json_object_set_new(args, "vlanaware", json_integer(1));
	if (c->want.isolate_ports)
		(void)json_object_set_new(args, "isolate-ports", json_integer(1));
	pxc_plan_add(c->plan, NETWORK_CREATE, PXC_QUIET, args,
		     c->want.tag ? "create vnet %s in zone %s, tag %u"
				 : "create vnet %s in zone %s",
		     c->want.id, c->want.zone, c->want.tag);
	return 0;
}

static int change(struct network_case *c, struct pxc_err *err)
{
	const struct sdn_vnet *have = c->have, *want = &c->want;
	auto_buf struct pxc_buf why = { .data = NULL };
	json_t *args = json_pack("{s:s}", "vnet", have->id);
	enum pxc_impact impact = PXC_QUIET;
	auto_free char *alias = NULL;

	if (want_alias(c, &alias, err) < 0) {
		json_decref(args);
		return -1;
	}
	if (alias) {
		(void)json_object_set_new(args, "alias", json_string(alias));
		buf_adds(&why, "alias");
	}
	if (have->tag != want->tag) {
		if (want->tag)
			(void)json_object_set_new(args, "tag", json_integer(want->tag));
		else
			(void)json_object_set_new(args, "delete", json_string("tag"));
		buf_printf(&why, "%stag %u -> %u", why.len ? ", " : "", have->tag, want->tag);
		impact = PXC_DISRUPTS;
	}
	if (have->vlan_aware != want->vlan_aware) {
		(void)json_object_set_new(args, "vlanaware", json_integer(want->vlan_aware));
		buf_printf(&why, "%svlan_aware", why.len ? ", " : "");
		impact = PXC_DISRUPTS;
	}
	if (have->isolate_ports != want->isolate_ports) {
		(void)json_object_set_new(args, "isolate-ports", json_integer(want->isolate_ports));
		buf_printf(&why, "%sisolate_ports", why.len ? ", " : "");
	}
	if (why.len)
		pxc_plan_add(c->plan, NETWORK_CHANGE, impact, args, "change vnet %s: %s", have->id,
			     buf_str(&why));
	else
		json_decref(args);
	return 0;
}

/* ---- subnets ---- */

static json_t *range_texts(const struct sdn_subnet *n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n->nranges; i++) {
		char first[IP_TEXT], last[IP_TEXT];

		ip_format(&n->ranges[i].first, first);
		ip_format(&n->ranges[i].last, last);
		(void)json_array_append_new(
			list, json_sprintf("start-address=%s,end-address=%s", first, last));
	}
	return list;
}

static void put(json_t *args, const char *key, const char *text)
{
	if (text)
		(void)json_object_set_new(args, key, json_string(text));
}

static void create_subnet(struct network_case *c, const struct sdn_subnet *n)
{
	char cidr[IP_TEXT + 4];
	json_t *args;

	cidr_format(&n->cidr, cidr);
	args = json_pack("{s:s,s:s,s:s}", "vnet", c->want.id, "subnet", cidr, "type", "subnet");
	put(args, "gateway", n->gateway);
	put(args, "dhcp-dns-server", n->dns);
	put(args, "dnszoneprefix", n->dns_prefix);
	if (n->snat)
		(void)json_object_set_new(args, "snat", json_integer(1));
	if (n->nranges)
		(void)json_object_set_new(args, "dhcp-range", range_texts(n));
	pxc_plan_add(c->plan, NETWORK_SUBNET_CREATE, PXC_QUIET, args, "add subnet %s", cidr);
}

/* Set, or named for deletion: PVE leaves alone what it is not told. */
static void differ(json_t *args, struct pxc_buf *gone, struct pxc_buf *why, const char *key,
		   const char *have, const char *want)
{
	if (same_text(have, want))
		return;
	if (want)
		put(args, key, want);
	else
		buf_printf(gone, "%s%s", gone->len ? "," : "", key);
	buf_printf(why, "%s%s %s -> %s", why->len ? ", " : "", key, have ? have : "none",
		   want ? want : "none");
}

static void change_subnet(struct network_case *c, const struct sdn_subnet *have,
			  const struct sdn_subnet *want)
{
	json_t *args = json_pack("{s:s,s:s}", "vnet", c->want.id, "subnet", have->id);
	auto_buf struct pxc_buf gone = { .data = NULL }, why = { .data = NULL };
	json_auto_t *old = range_texts(have), *new = range_texts(want);

	differ(args, &gone, &why, "gateway", have->gateway, want->gateway);
	differ(args, &gone, &why, "dhcp-dns-server", have->dns, want->dns);
	differ(args, &gone, &why, "dnszoneprefix", have->dns_prefix, want->dns_prefix);
	differ(args, &gone, &why, "snat", have->snat ? "1" : NULL, want->snat ? "1" : NULL);
	if (!json_equal(old, new)) {
		if (json_array_size(new))
			(void)json_object_set(args, "dhcp-range", new);
		else
			buf_printf(&gone, "%sdhcp-range", gone.len ? "," : "");
		buf_printf(&why, "%sranges", why.len ? ", " : "");
	}
	if (gone.len)
		put(args, "delete", buf_str(&gone));
	if (why.len)
		pxc_plan_add(c->plan, NETWORK_SUBNET_CHANGE, PXC_QUIET, args,
			     "change subnet %s: %s", have->id, buf_str(&why));
	else
		json_decref(args);
}

static void delete_subnet(struct network_case *c, const struct sdn_subnet *n)
{
	pxc_plan_add(c->plan, NETWORK_SUBNET_DELETE, PXC_DESTROYS,
		     json_pack("{s:s,s:s}", "vnet", c->have->id, "subnet", n->id),
		     "remove subnet %s", n->id);
}

static const struct sdn_subnet *find(const struct sdn_vnet *v, const struct net_cidr *cidr)
{
	for (size_t i = 0; v && i < v->nsubnets; i++)
		if (network_same_cidr(&v->subnets[i].cidr, cidr))
			return &v->subnets[i];
	return NULL;
}

static void subnets_go(struct network_case *c)
{
	for (size_t i = 0; c->have && i < c->have->nsubnets; i++)
		if (!find(&c->want, &c->have->subnets[i].cidr))
			delete_subnet(c, &c->have->subnets[i]);
}

static void subnets_come(struct network_case *c)
{
	for (size_t i = 0; i < c->want.nsubnets; i++) {
		const struct sdn_subnet *want = &c->want.subnets[i];
		const struct sdn_subnet *have = find(c->have, &want->cidr);

		if (have)
			change_subnet(c, have, want);
		else
			create_subnet(c, want);
	}
}

int network_steps(struct network_case *c, struct pxc_err *err)
{
	if (c->spec->absent) {
		for (size_t i = 0; c->have && i < c->have->nsubnets; i++)
			delete_subnet(c, &c->have->subnets[i]);
		if (c->have)
			pxc_plan_add(c->plan, NETWORK_DELETE, PXC_DESTROYS,
				     json_pack("{s:s}", "vnet", c->have->id), "remove vnet %s",
				     c->have->id);
		return 0;
	}
	/* A subnet that grows overlaps its former self, and a vnet that passes tags on may have none. */
	subnets_go(c);
	if ((c->have ? change(c, err) : create(c, err)) < 0)
		return -1;
	subnets_come(c);
	return 0;
}
