/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Projects that go, with what they have. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "cloud/keypair.h"
#include "cloud/project_parts.h"

/* The VM that holds the volumes of the project: it goes with the project, when no volume is left. */
static bool is_holder(const struct project_case *c, const struct world_guest *g)
{
	char vmid[16];

	(void)snprintf(vmid, sizeof(vmid), "%u", g->vmid);
	return str_eq(json_string_value(json_object_get(c->pw->holders, vmid)), c->spec->name);
}

static char *members(const struct project_case *c)
{
	const struct world *w = c->pw->w;
	struct pxc_buf out = { .data = NULL };
	size_t n = 0;

	for (size_t i = 0; i < w->nguests; i++)
		if (str_eq(w->guests[i].pool, c->spec->poolid) && !is_holder(c, &w->guests[i]) &&
		    n++ < 10)
			buf_printf(&out, "%s%u%s%s%s", out.len ? ", " : "", w->guests[i].vmid,
				   w->guests[i].name ? " (" : "",
				   w->guests[i].name ? w->guests[i].name : "",
				   w->guests[i].name ? ")" : "");
	if (n > 10)
		buf_printf(&out, " and %zu more", n - 10);
	return buf_take(&out);
}

static int refuse_volumes(const struct project_case *c, struct pxc_err *err)
{
	const json_t *left = json_object_get(c->pw->volumes, c->spec->name);
	auto_buf struct pxc_buf names = { .data = NULL };
	size_t i;
	json_t *name;

	json_array_foreach (left, i, name)
		if (i < 10)
			buf_printf(&names, "%s%s", i ? ", " : "", json_string_value(name));
	if (i > 10)
		buf_printf(&names, " and %zu more", i - 10);
	return i == 0 ? 0
		      : pxc_fail(
				err, PXC_EINVAL,
				"%s still has volumes: %s; remove them (pxc_volume with state: absent) or "
				"give them to another project (new_project) first",
				c->spec->label, buf_str(&names));
}

/* Damaged tokens count, too: a network is not left without an owner because somebody has touched its alias. */
static bool owns(const struct sdn_vnet *v, const char *project)
{
	const char *owner = annot_get(&v->notes.annot, "p");

	return owner && str_eq(owner, project) && (v->ours || v->notes.finding == ANNOT_TAMPERED);
}

static int refuse_networks(const struct project_case *c, struct pxc_err *err)
{
	const struct sdn *sdn = c->pw->sdn;
	auto_buf struct pxc_buf names = { .data = NULL };
	size_t n = 0;

	for (size_t i = 0; sdn && i < sdn->nvnets; i++) {
		const char *name = annot_get(&sdn->vnets[i].notes.annot, "n");

		if (owns(&sdn->vnets[i], c->spec->name) && n++ < 10)
			buf_printf(&names, "%s%s", n > 1 ? ", " : "",
				   name ? name : sdn->vnets[i].id);
	}
	if (n > 10)
		buf_printf(&names, " and %zu more", n - 10);
	if (!sdn)
		pxc_plan_warn(c->plan,
			      "%s: whether it has networks is not known: the API user needs the "
			      "privilege SDN.Audit on /sdn to see that",
			      c->spec->label);
	return n == 0 ? 0
		      : pxc_fail(err, PXC_EINVAL,
				 "%s still has networks %s: remove them with pxc_sdn first",
				 c->spec->label, buf_str(&names));
}

/* Damaged ones count, too; a group that is not ours stays where it is. Returns how many. */
static size_t own_keypairs(struct project_case *c, struct keypair **ret)
{
	size_t n = keypairs_of(c->pw->w, c->spec->name, &c->arena, ret), own = 0;

	for (size_t i = 0; i < n; i++)
		if (!(*ret)[i].foreign)
			(*ret)[own++] = (*ret)[i];
	return own;
}

static int refuse_keypairs(struct project_case *c, struct pxc_err *err)
{
	auto_buf struct pxc_buf names = { .data = NULL };
	struct keypair *pairs = NULL;
	size_t n = own_keypairs(c, &pairs);

	if (n == 0 || c->spec->purge)
		return 0;
	for (size_t i = 0; i < n && i < 10; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", pairs[i].name);
	if (n > 10)
		buf_printf(&names, " and %zu more", n - 10);
	return pxc_fail(err, PXC_EINVAL,
			"%s still has key pairs: %s; remove them first (pxc_keypair with state: "
			"absent), or set purge: all",
			c->spec->label, buf_str(&names));
}

/* One plan for all: PVE changes groups one after the other anyway. */
static void purge_keypairs(struct project_case *c)
{
	struct keypair *pairs = NULL;
	size_t n = own_keypairs(c, &pairs);
	struct pxc_plan *p;

	if (n == 0)
		return;
	p = pxc_plans_add(c->plans, c->spec->label);
	p->phase = 1;
	c->plan->needs = p;
	for (size_t i = 0; i < n; i++)
		pxc_plan_add(p, PROJECT_KEYPAIR_REMOVE, PXC_DESTROYS,
			     json_pack("{s:s}", "groupid", pairs[i].group->groupid),
			     "delete key pair %s/%s", pairs[i].project, pairs[i].name);
}

static void add_ha_remove(struct pxc_plan *p, const struct world_guest *g)
{
	char sid[24];

	(void)snprintf(sid, sizeof(sid), "vm:%u", g->vmid);
	if (*g->ha)
		pxc_plan_add(p, PROJECT_VM_HA_REMOVE, PXC_QUIET, json_pack("{s:s}", "sid", sid),
			     "take VM %u out of HA", g->vmid);
}

/* PVE's own list is told before the VM goes, as pxc_vm does it. */
static void release_addresses(struct project_case *c, struct pxc_plan *p, unsigned vmid)
{
	char key[16];
	size_t i;
	json_t *entry;

	(void)snprintf(key, sizeof(key), "%u", vmid);
	json_array_foreach (json_object_get(c->pw->registered, key), i, entry)
		pxc_plan_add(p, PROJECT_IPAM_REMOVE, PXC_QUIET, json_deep_copy(entry),
			     "release %s of VM %u in PVE's IPAM",
			     json_string_value(json_object_get(entry, "ip")), vmid);
}

/* Steps that remove one guest of the project; each guest is a helper plan of its own, so that they go side by side. */
static void purge_guest(struct project_case *c, const struct world_guest *g)
{
	struct pxc_plan *p = pxc_plans_add(c->plans, c->spec->label);
	json_t *args = json_pack("{s:s,s:i}", "node", g->node, "vmid", (int)g->vmid);

	p->phase = 1;
	p->about = g->vmid;
	add_ha_remove(p, g);
	if (!str_eq(g->status, "stopped"))
		pxc_plan_add(p, PROJECT_VM_STOP, PXC_DISRUPTS, json_deep_copy(args), "stop VM %u",
			     g->vmid);
	release_addresses(c, p, g->vmid);
	(void)json_object_set_new(args, "purge", json_integer(1));
	(void)json_object_set_new(args, "destroy-unreferenced-disks", json_integer(1));
	pxc_plan_add(p, PROJECT_VM_DELETE, PXC_DESTROYS, args, "delete VM %u (%s) with its disks",
		     g->vmid, g->name ? g->name : "no name");
}

/* It has no disks, and what lies in Ceph under its number is not ours to remove with it. */
static void purge_holder(struct project_case *c, const struct world_guest *g)
{
	struct pxc_plan *p = pxc_plans_add(c->plans, c->spec->label);
	json_t *args = json_pack("{s:s,s:i}", "node", g->node, "vmid", (int)g->vmid);

	p->phase = 1;
	p->about = g->vmid;
	add_ha_remove(p, g);
	(void)json_object_set_new(args, "protection", json_integer(0));
	pxc_plan_add(p, PROJECT_VM_CONFIG, PXC_QUIET, json_deep_copy(args),
		     "take the protection off VM %u, which held its volumes", g->vmid);
	(void)json_object_del(args, "protection");
	(void)json_object_set_new(args, "purge", json_integer(1));
	(void)json_object_set_new(args, "destroy-unreferenced-disks", json_integer(0));
	pxc_plan_add(p, PROJECT_VM_DELETE, PXC_QUIET, args, "delete VM %u, which held its volumes",
		     g->vmid);
}

/* Only what carries the project's own annotation is ever removed. */
static int check_purge(const struct project_case *c, struct pxc_err *err)
{
	for (size_t i = 0; i < c->pw->w->nguests; i++) {
		const struct world_guest *g = &c->pw->w->guests[i];
		char vmid[16];
		const char *owner;

		if (!str_eq(g->pool, c->spec->poolid) || is_holder(c, g))
			continue;
		(void)snprintf(vmid, sizeof(vmid), "%u", g->vmid);
		owner = json_string_value(json_object_get(c->pw->owned, vmid));
		if (!str_eq(owner, c->spec->name))
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: guest %u (%s) in pool %s was not made by this project, so purge does "
				"not remove it: move it to another pool, or delete it by hand",
				c->spec->label, g->vmid, g->name ? g->name : "no name",
				c->spec->poolid);
	}
	return 0;
}

static void journal_purge(struct project_case *c)
{
	struct project_block want = c->have;
	auto_annot struct annot block = { .npairs = 0 };
	auto_free char *text = NULL;
	struct pxc_plan *p;

	if (str_eq(c->have.op, "purge"))
		return;
	p = pxc_plans_add(c->plans, c->spec->label);
	want.op = "purge";
	annot_copy(&block, &c->text.annot);
	text = project_comment(c, &want, &block);
	pxc_plan_add(p, PROJECT_WRITE, PXC_QUIET,
		     json_pack("{s:s,s:s}", "poolid", c->spec->poolid, "comment", text),
		     "note in the journal that %s is being purged", c->spec->label);
}

int project_absent(struct project_case *c, struct pxc_err *err)
{
	const struct project_spec *s = c->spec;
	auto_free char *left = members(c);

	c->plan->item =
		json_pack("{s:s,s:s,s:s}", "name", s->name, "pool", s->poolid, "state", "absent");
	if (!c->pool)
		return 0;
	if (!c->managed)
		return pxc_fail(err, PXC_EINVAL, "%s: pool %s is no project and is left alone",
				s->label, s->poolid);
	if (*left && !s->purge)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s still has guests: %s; remove them first, or set purge: all to delete them "
			"with their disks",
			s->label, left);
	if (refuse_volumes(c, err) < 0 || refuse_networks(c, err) < 0 ||
	    refuse_keypairs(c, err) < 0 || (*left && check_purge(c, err) < 0))
		return -1;
	c->plan->before = project_block_json(&c->have, s->poolid, c->text.before);
	c->plan->phase = 2;
	pxc_plan_add(c->plan, PROJECT_DELETE, PXC_DESTROYS, json_pack("{s:s}", "poolid", s->poolid),
		     "delete %s", s->label);
	c->purges = *left;
	return 0;
}

/* Helper plans stand after all objects, so its guests are planned in a second pass. */
void project_purge(struct project_case *c)
{
	if (c->purges)
		journal_purge(c);
	if (c->plan->nsteps)
		purge_keypairs(c);
	for (size_t i = 0; c->plan->nsteps && i < c->pw->w->nguests; i++) {
		const struct world_guest *g = &c->pw->w->guests[i];

		if (!str_eq(g->pool, c->spec->poolid))
			continue;
		if (is_holder(c, g))
			purge_holder(c, g);
		else
			purge_guest(c, g);
	}
}
