/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/world.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/hash.h"
#include "base/str.h"

const struct world_guest *world_guest(const struct world *w, unsigned vmid)
{
	size_t lo = 0, hi = w->nguests;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (w->guests[mid].vmid == vmid)
			return &w->guests[mid];
		if (w->guests[mid].vmid < vmid)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

const struct world_node *world_node(const struct world *w, const char *name)
{
	for (size_t i = 0; i < w->nnodes; i++)
		if (str_eq(w->nodes[i].name, name))
			return &w->nodes[i];
	return NULL;
}

const struct world_pool *world_pool(const struct world *w, const char *poolid)
{
	for (size_t i = 0; i < w->npools; i++)
		if (str_eq(w->pools[i].poolid, poolid))
			return &w->pools[i];
	return NULL;
}

const struct world_group *world_group(const struct world *w, const char *groupid)
{
	for (size_t i = 0; i < w->ngroups; i++)
		if (str_eq(w->groups[i].groupid, groupid))
			return &w->groups[i];
	return NULL;
}

/* Is word one of the parts of list that any of separators divides? */
static bool listed(const char *list, const char *separators, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; *p;) {
		size_t len = strcspn(p, separators);

		if (len == n && strncasecmp(p, word, n) == 0)
			return true;
		p += len;
		p += *p != '\0';
	}
	return false;
}

const struct world_storage *world_storage(const struct world *w, const char *node, const char *name,
					  const char *content)
{
	for (size_t i = 0; i < w->nstorages; i++) {
		const struct world_storage *s = &w->storages[i];

		if (str_eq(s->node, node) && str_eq(s->name, name))
			return !content || listed(s->content, ",", content) ? s : NULL;
	}
	return NULL;
}

const char *world_storage_type(const struct world *w, const char *name)
{
	for (size_t i = 0; name && i < w->nstorages; i++)
		if (str_eq(w->storages[i].name, name))
			return w->storages[i].type;
	return NULL;
}

int world_storage_unseen(const struct world *w, const char *name, struct pxc_err *err)
{
	return world_storage_type(w, name) ? -1 : pxc_unseen(err, "/storage/%s", name);
}

bool world_has_tag(const char *tags, const char *tag)
{
	return listed(tags, ";, ", tag);
}

void world_cluster_hash(const char *domain, const char *cluster_name, char out[9])
{
	char text[512], hex[65];
	int n = snprintf(text, sizeof(text), "%s\n%s", domain, cluster_name);

	sha256_hex(text, strnlen(text, n < 0 ? 0 : (size_t)n), hex);
	memcpy(out, hex, 8);
	out[8] = '\0';
}

int world_writable(const struct world *w, struct pxc_err *err)
{
	char hash[9];

	if (!w->quorate)
		return pxc_fail(err, PXC_EREMOTE,
				"cluster %s has no quorum: nothing can be changed until it has",
				w->cluster_name);
	if (w->notes.finding == ANNOT_NONE)
		return pxc_fail(
			err, PXC_EINVAL,
			"cluster %s has no cloud registry yet: run pxc_cloud with a domain first",
			w->cluster_name);
	if (w->notes.finding != ANNOT_OK)
		return pxc_fail(
			err, PXC_EINVAL,
			"the cloud registry in the datacenter notes is damaged (%s): look at "
			"it, then run pxc_cloud with reseal: true",
			w->notes.problem);
	world_cluster_hash(w->registry.domain, w->cluster_name, hash);
	if (w->registry.cluster && !str_eq(w->registry.cluster, hash))
		return pxc_fail(
			err, PXC_EINVAL,
			"the cloud registry was written for another cluster (c=%s, this is %s): "
			"run pxc_cloud with reseal: true if this cluster was renamed",
			w->registry.cluster, hash);
	return 0;
}
