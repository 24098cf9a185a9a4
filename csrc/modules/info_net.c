/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/buf.h"
#include "base/str.h"
#include "cloud/network_info.h"
#include "modules/info.h"
#include "modules/items.h"
#include "modules/network_use_read.h"
#include "modules/sdn_nodes.h"
#include "modules/sdn_read.h"

struct look {
	const struct info_spec *spec;
	const struct info_world *iw;
};

static bool wants(const struct sdn *s, const struct sdn_vnet *v, void *context)
{
	const struct look *look = context;

	(void)s;
	return network_shown(v, info_looker(look->spec, look->iw, v));
}

/* PVE shows its own list of addresses only for zones in which it gives them to guests itself. */
static const char *ipam_of(const struct sdn_zone *z)
{
	return sdn_option(z, "dhcp") ? sdn_option(z, "ipam") : NULL;
}

/* Each IPAM that some zone has, once. Only PVE's own can be asked; what another one says is left out with a warning. */
static json_t *read_ipams(struct pxc_env *env, const struct sdn *sdn)
{
	struct pve_read *reads = arena_alloc(env->arena, (sdn->nzones + 1) * sizeof(*reads));
	const char **names = arena_alloc(env->arena, (sdn->nzones + 1) * sizeof(*names));
	json_t *all = pxc_env_keep(env, json_array());
	size_t n = 0;

	for (size_t i = 0; i < sdn->nzones; i++) {
		const char *ipam = ipam_of(&sdn->zones[i]);

		if (!ipam || strv_has(names, ipam))
			continue;
		reads[n].path = arena_printf(env->arena, "/cluster/sdn/ipams/%s/status", ipam);
		names[n++] = ipam;
	}
	pve_read_all(env->pve, reads, n);
	for (size_t i = 0; i < n; i++) {
		if (json_is_array(reads[i].data))
			(void)json_array_extend(all, reads[i].data);
		else
			pxc_env_warn(env, "IPAM %s: what is registered there is not known: %s",
				     names[i], *reads[i].err.msg ? reads[i].err.msg : "no list");
		json_decref(reads[i].data);
	}
	return all;
}

/* Others are counted all the same: a node that is down must not hide what is known. */
static void warn_unread(struct pxc_env *env, const struct network_uses *u)
{
	auto_buf struct pxc_buf list = { .data = NULL };
	size_t n = 0;

	for (size_t i = 0; i < u->nunread; i++)
		if (!u->unread[i].vanished && n++ < 5)
			buf_printf(&list, "%s%u (%s)", n > 1 ? ", " : "", u->unread[i].guest->vmid,
				   u->unread[i].problem);
	if (n > 5)
		buf_printf(&list, " and %zu more", n - 5);
	if (n)
		pxc_env_warn(env,
			     "addresses of guests that cannot be read are not counted, and what "
			     "is left over of such guests is not known: %s",
			     buf_str(&list));
}

int info_read_nets(struct pxc_env *env, const struct info_spec *s, struct info_world *iw,
		   struct pxc_err *err)
{
	struct network_view *nv = arena_alloc(env->arena, sizeof(*nv));
	json_t *status = pxc_env_keep(env, json_object());
	struct look look = { s, iw };
	struct sdn *sdn = NULL;

	if (sdn_read(env, iw->w, wants, &look, &sdn, err) < 0 ||
	    sdn_status_read(env, iw->w, status, err) < 0)
		return -1;
	*nv = (struct network_view){
		.w = iw->w, .sdn = sdn, .project = s->project, .status = status
	};
	iw->nets = nv;
	if (!s->addresses)
		return 0;
	nv->uses = network_use_read(env, iw->w, sdn, iw->seen, iw->nseen, true);
	if (!iw->own)
		warn_unread(env, nv->uses);
	nv->ipam = read_ipams(env, sdn);
	return 0;
}

void info_report_nets(const struct info_spec *s, const struct info_world *iw, json_t *result)
{
	const struct sdn *sdn = iw->nets->sdn;
	json_t *list = json_array();

	for (size_t i = 0; i < sdn->nvnets; i++) {
		const struct sdn_vnet *v = &sdn->vnets[i];
		struct network_view nv = *iw->nets;
		json_t *item;

		nv.project = info_looker(s, iw, v);
		if (!network_shown(v, nv.project))
			continue;
		item = info_hide(iw, v->project, "shared_with", network_show(&nv, v));
		if (s->names && !strv_has(s->names, item_text(item, "name")) &&
		    !strv_has(s->names, sdn->vnets[i].id))
			json_decref(item);
		else
			info_append(s, list, item);
	}
	(void)json_object_set_new(result, "networks", list);
}
