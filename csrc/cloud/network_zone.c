/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The zones that the networks of a task lie in: found, made, changed, removed. */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/network_parts.h"

#define LABEL "SDN zones"

static int no_zone(const struct network_case *c, struct pxc_err *err)
{
	return pxc_fail(err, PXC_EINVAL,
			c->spec->provider
				? "%s: zone is missing: a provider network says where it lies"
				: "%s: the cloud has no zone for project networks yet (pxc_cloud: "
				  "tenant_zones), or more than one and none is the default",
			c->spec->label);
}

/* Members get their networks in the zones that an admin has set aside for them. */
static int check_tenant(const struct network_case *c, const struct network_zone *z,
			struct pxc_err *err)
{
	if (c->spec->provider || c->have)
		return 0;
	if (!z->tenant)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: zone %s is not for project networks: leave zone out, or let an "
			"admin add it (pxc_cloud: tenant_zones)",
			c->spec->label, z->id);
	return 0;
}

/* "auto" peers of a VXLAN are all nodes, those that are down among them. New reference. */
static json_t *meant(const struct network_run *run, const char *key, json_t *value)
{
	auto_buf struct pxc_buf list = { .data = NULL };

	if (!str_eq(key, "peers") || !str_eq(json_string_value(value), "auto"))
		return json_incref(value);
	for (size_t i = 0; i < run->w->nnodes; i++)
		if (run->w->nodes[i].address)
			buf_printf(&list, "%s%s", list.len ? "," : "", run->w->nodes[i].address);
	return json_string(buf_str(&list));
}

static struct network_zone *find(struct network_run *run, const char *id)
{
	struct network_zone *z;
	const char *key;
	json_t *value;

	for (size_t i = 0; i < run->nzones; i++)
		if (str_eq(run->zones[i].id, id))
			return &run->zones[i];
	z = &run->zones[run->nzones++];
	*z = (struct network_zone){ .id = id,
				    .have = sdn_zone(run->sdn, id),
				    .tenant = registry_zone(&run->w->registry, id),
				    .options = json_object(),
				    .named = json_object() };
	if (z->tenant) {
		z->type = z->tenant->type;
		json_object_foreach (z->tenant->options, key, value)
			(void)json_object_set_new(z->options, key, meant(run, key, value));
	}
	if (z->have)
		z->type = z->have->type;
	return z;
}

static int take_type(const struct network_case *c, struct network_zone *z, struct pxc_err *err)
{
	const char *named = c->spec->zone_type;

	if (named && z->type && !str_eq(named, z->type))
		return pxc_fail(err, PXC_EINVAL,
				"%s: zone %s is of type %s%s, not %s: a zone keeps its type",
				c->spec->label, z->id, z->type,
				z->have ? "" : " in the registry of the cloud", named);
	if (named)
		z->type = named;
	return z->type ? 0
		       : pxc_fail(err, PXC_EINVAL,
				  "%s: there is no zone %s: name zone_type, and it is made",
				  c->spec->label, z->id);
}

static int take_options(const struct network_case *c, struct network_zone *z, struct pxc_err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach (c->spec->zone_options, key, value) {
		const char *other = json_string_value(json_object_get(z->named, key));
		json_auto_t *want = meant(c->run, key, value);

		if (other && !json_equal(json_object_get(z->options, key), want))
			return pxc_fail(err, PXC_EINVAL, "%s and %s say different %s of zone %s",
					c->spec->label, other,
					sdn_zone_option(key) ? sdn_zone_option(key)->name : key,
					z->id);
		(void)json_object_set(z->options, key, want);
		(void)json_object_set_new(z->named, key, json_string(c->spec->label));
	}
	return 0;
}

int network_zone_take(struct network_case *c, struct pxc_err *err)
{
	const struct network_spec *s = c->spec;
	const struct tenant_zone *usual = registry_default_zone(&c->run->w->registry);
	const char *id = c->have ? c->have->zone : s->zone;

	if (c->have && s->zone && !str_eq(s->zone, c->have->zone) && !s->absent)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s lies in zone %s: a network does not move to another, here %s; make "
			"one with another name and move the VMs",
			s->label, c->have->zone, s->zone);
	if (!id && !s->provider && usual)
		id = usual->name;
	if (!id)
		return no_zone(c, err);
	c->zone = find(c->run, id);
	c->zone->remove |= s->absent && s->remove_zone;
	if (s->absent)
		return 0;
	if (check_tenant(c, c->zone, err) < 0 || take_type(c, c->zone, err) < 0)
		return -1;
	return take_options(c, c->zone, err);
}

bool network_zone_on(const struct network_zone *z, const char *node)
{
	const json_t *named = json_object_get(z->options, "nodes");
	const char *nodes = json_is_string(named)             ? json_string_value(named)
			    : z->have && !json_is_null(named) ? sdn_option(z->have, "nodes")
							      : NULL;
	size_t len = strlen(node);

	for (const char *p = nodes; p && *p; p += strcspn(p, ","), p += *p == ',')
		if (strcspn(p, ",") == len && strncmp(p, node, len) == 0)
			return true;
	return !nodes || !*nodes;
}

static struct pxc_plan *helper(struct network_run *run, int phase, const struct network_zone *z)
{
	struct pxc_plan *p = pxc_plans_add(run->plans, LABEL);

	p->phase = phase;
	p->about = (unsigned)(z - run->zones);
	return p;
}

static json_t *new_zone(const struct network_zone *z)
{
	json_t *args = json_pack("{s:s,s:s}", "zone", z->id, "type", z->type);
	const char *key;
	json_t *value;

	json_object_foreach (z->options, key, value)
		if (json_is_string(value))
			(void)json_object_set(args, key, value);
	return args;
}

/* What is named and differs. NULL: nothing. why gets the list of options. */
static json_t *changes(const struct network_zone *z, struct pxc_buf *why)
{
	json_t *args = json_pack("{s:s}", "zone", z->id);
	auto_buf struct pxc_buf gone = { .data = NULL };
	const char *key;
	json_t *value;

	json_object_foreach (z->options, key, value) {
		const char *have = sdn_option(z->have, key), *want = json_string_value(value);

		if (sdn_zone_same(key, have, want))
			continue;
		buf_printf(why, "%s%s %s -> %s", why->len ? ", " : "", key, have ? have : "unset",
			   want ? want : "unset");
		if (want)
			(void)json_object_set(args, key, value);
		else
			buf_printf(&gone, "%s%s", gone.len ? "," : "", key);
	}
	if (gone.len)
		(void)json_object_set_new(args, "delete", json_string(buf_str(&gone)));
	return args;
}

/* PVE itself finds that out in the middle of the work. */
static int check_controller(const struct network_run *run, const struct network_zone *z,
			    struct pxc_err *err)
{
	const char *name = json_string_value(json_object_get(z->options, "controller"));

	if (!name || !run->nw->controllers || json_object_get(run->nw->controllers, name))
		return 0;
	return pxc_fail(
		err, PXC_EINVAL,
		"zone %s: there is no controller %s: make it first, and apply it (Datacenter, "
		"SDN, Options)",
		z->id, name);
}

static void take_usual(const struct network_run *run, struct network_zone *z)
{
	json_t *peers;

	sdn_zone_usual(z->type, z->options);
	peers = json_object_get(z->options, "peers");
	if (peers)
		(void)json_object_set_new(z->options, "peers", meant(run, "peers", peers));
}

static int make_steps(struct network_run *run, struct network_zone *z, struct pxc_err *err)
{
	auto_free char *label = pxc_printf("zone %s", z->id);
	auto_buf struct pxc_buf why = { .data = NULL };
	json_t *args;

	if (!z->have)
		take_usual(run, z);
	if (sdn_zone_check(label, z->type, z->options, !z->have, err) < 0 ||
	    check_controller(run, z, err) < 0)
		return -1;
	if (!z->have && !sdn_zone_id(z->id))
		return pxc_fail(err, PXC_EINVAL, "zone %s: " SDN_ID_RULE, z->id);
	if (!z->have) {
		z->plan = helper(run, PHASE_ZONES, z);
		if (network_check_bridges(run, z, z->plan, err) < 0)
			return -1;
		pxc_plan_add(z->plan, NETWORK_ZONE_CREATE, PXC_QUIET, new_zone(z),
			     "create zone %s of type %s", z->id, z->type);
		return 0;
	}
	args = changes(z, &why);
	if (why.len == 0) {
		json_decref(args);
		return 0;
	}
	z->plan = helper(run, PHASE_ZONES, z);
	if (network_check_bridges(run, z, z->plan, err) < 0) {
		json_decref(args);
		return -1;
	}
	pxc_plan_add(z->plan, NETWORK_ZONE_CHANGE, PXC_DISRUPTS, args, "change zone %s: %s", z->id,
		     buf_str(&why));
	return 0;
}

/* Does a network stay, or come, in it? */
static bool inhabited(const struct network_run *run, const struct network_zone *z)
{
	for (size_t i = 0; i < run->ncases; i++)
		if (run->cases[i].zone == z && !run->cases[i].spec->absent)
			return true;
	for (size_t i = 0; i < run->sdn->nvnets; i++) {
		const struct sdn_vnet *v = &run->sdn->vnets[i];
		bool goes = false;

		for (size_t k = 0; k < run->ncases; k++)
			goes |= run->cases[k].have == v && run->cases[k].spec->absent;
		if (str_eq(v->zone, z->id) && !goes)
			return true;
	}
	return false;
}

static bool in_use(const struct network_run *run, const struct network_zone *z)
{
	for (size_t i = 0; i < run->ncases; i++)
		if (run->cases[i].zone == z && !run->cases[i].spec->absent)
			return true;
	return false;
}

int network_zone_steps(struct network_run *run, struct pxc_err *err)
{
	for (size_t i = 0; i < run->nzones; i++) {
		struct network_zone *z = &run->zones[i];

		if (in_use(run, z) && make_steps(run, z, err) < 0)
			return -1;
		if (!z->remove || !z->have || inhabited(run, z))
			continue;
		z->gone = helper(run, PHASE_ZONES_GONE, z);
		pxc_plan_add(z->gone, NETWORK_ZONE_DELETE, PXC_DESTROYS,
			     json_pack("{s:s}", "zone", z->id), "remove zone %s, which is empty",
			     z->id);
	}
	return 0;
}
