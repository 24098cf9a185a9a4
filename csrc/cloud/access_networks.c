/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Networks as a task names them, as paths of PVE's permissions. */
#include <string.h>

#include "base/str.h"
#include "cloud/access_task.h"

#define LOCAL                                                                                      \
	"localnetwork/" /* PVE's name for bridges of nodes, a zone that the SDN does not list */

static const char *path_of(const struct sdn_vnet *v, struct pxc_arena *arena)
{
	return arena_printf(arena, "%s/%s", v->zone, v->id);
}

/* "zone/vnet" or "zone/vnet/tag": PVE takes any, and nothing would come of one that is not there. */
static bool is_path(const struct sdn *sdn, const char *name, struct pxc_arena *arena)
{
	const char *slash = strchr(name, '/');
	const struct sdn_vnet *v =
		slash ? sdn_vnet(sdn, arena_strndup(arena, slash + 1, strcspn(slash + 1, "/")))
		      : NULL;

	return str_starts(name, LOCAL) ||
	       (v && strlen(v->zone) == (size_t)(slash - name) && str_starts(name, v->zone));
}

static int one(const struct sdn *sdn, const char *project, const char *name,
	       struct pxc_arena *arena, const char **ret, struct pxc_err *err)
{
	const struct sdn_vnet *v = NULL;

	*ret = name;
	if (is_path(sdn, name, arena))
		return 0;
	if (sdn_network_find(sdn, project, name, &v, err) < 0)
		return pxc_context(err,
				   "vnets are named as zone/vnet, or as the project calls them");
	*ret = path_of(v, arena);
	return 0;
}

int access_networks(const struct sdn *sdn, const char *project, const char *const *names,
		    struct pxc_arena *arena, const char *const **ret, struct pxc_err *err)
{
	size_t n = 0, all = sdn->nvnets;
	const char **list;

	while (names && names[n])
		n++;
	list = arena_alloc(arena, (n + all + 1) * sizeof(*list));
	*ret = list;
	if (!names) {
		for (size_t i = 0; i < all; i++)
			if (project && sdn->vnets[i].ours && str_eq(sdn->vnets[i].project, project))
				list[n++] = path_of(&sdn->vnets[i], arena);
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		if (one(sdn, project, names[i], arena, &list[i], err) < 0)
			return -1;
	return 0;
}
