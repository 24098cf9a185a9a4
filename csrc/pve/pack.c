/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pack.c - many reads of one node in one request. (api: POST /nodes/{node}/execute, "root only")
 *
 * PVE carries the commands out one after the other in one of its processes and answers each by itself, so this is for reads
 * that are short: whatever waits (for an agent) would hold up those behind it.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "pve/core.h"

/* An answer of a hundred configurations stays below a megabyte or two, and far below the 30 s of pveproxy. */
#define MAX_COMMANDS 100

struct pack {
	struct pve_exchange x;
	struct pxc_err err;
	char *path;
	json_t *params;
	size_t reads[MAX_COMMANDS], n;
	struct packing *all;
};

struct packing {
	struct pve_read *reads;
	bool *answered;
	struct pack *packs;
	size_t npacks, nopen;
};

void pve_pack_reads(struct pve_client *pve, bool on)
{
	pve->packs = on;
}

bool pve_packs_reads(const struct pve_client *pve)
{
	return pve->packs && pve->login.password && str_eq(pve->login.user, "root@pam");
}

/* "/nodes/pve1/qemu/100/config" -> "qemu/100/config" and the length of "pve1"; NULL: cannot be packed. */
static const char *below_node(const struct pve_read *read, size_t *ret_len)
{
	static const char nodes[] = "/nodes/";
	const char *node = read->path + strlen(nodes);

	/* A command's path is taken as it is, without decoding. */
	if (!str_starts(read->path, nodes) || read->params || strchr(read->path, '%'))
		return NULL;
	*ret_len = strcspn(node, "/");
	return *ret_len && node[*ret_len] ? node + *ret_len + 1 : NULL;
}

static void take_entry(struct packing *all, size_t i, const json_t *entry)
{
	json_t *data = json_object_get(entry, "data");

	/* What failed is asked for alone, so that its error is told in the same words as everywhere. */
	if (json_integer_value(json_object_get(entry, "status")) != 200 || !data)
		return;
	all->answered[i] = true;
	all->reads[i].data = json_is_null(data) ? NULL : json_incref(data);
}

/* Nothing reached the node, or nothing came back: asking once more for each would take as long for each. */
static bool no_answer(const struct pack *pack)
{
	return pack->err.kind == PXC_EDENIED || !pack->x.http || pack->x.http > 501;
}

static void pack_done(struct pve_client *pve, struct pve_exchange *x)
{
	struct pack *pack = x->owner;
	struct packing *all = pack->all;
	bool refused = x->http == 400 || x->http == 403 || x->http == 501;

	all->nopen--;
	if (pack->err.kind == PXC_OK) {
		for (size_t i = 0; i < pack->n && json_array_size(x->data) == pack->n; i++)
			take_entry(all, pack->reads[i], json_array_get(x->data, i));
		return;
	}
	if (refused)
		pve->packs = false;
	for (size_t i = 0; i < pack->n && !refused && no_answer(pack); i++) {
		struct pve_read *read = &all->reads[pack->reads[i]];

		all->answered[pack->reads[i]] = true;
		read->err = pack->err;
		(void)pxc_context(&read->err, "GET %s", read->path);
	}
}

static struct pack *pack_for(struct packing *all, json_t *open, const char *node, size_t len)
{
	const json_t *at = json_object_getn(open, node, len);
	struct pack *pack = at ? &all->packs[json_integer_value(at)] : NULL;

	if (pack && pack->n < MAX_COMMANDS)
		return pack;
	(void)json_object_setn_new(open, node, len, json_integer((json_int_t)all->npacks));
	pack = &all->packs[all->npacks++];
	pack->path = pxc_printf("/nodes/%.*s/execute", (int)len, node);
	pack->params = json_array(); /* the commands, until they are text */
	pack->all = all;
	return pack;
}

static void sort_out(struct packing *all, size_t nreads)
{
	json_auto_t *open = json_object();

	for (size_t i = 0; i < nreads; i++) {
		size_t len;
		const char *rest = below_node(&all->reads[i], &len);
		struct pack *pack;

		if (!rest)
			continue;
		pack = pack_for(all, open, all->reads[i].path + strlen("/nodes/"), len);
		pack->reads[pack->n++] = i;
		(void)json_array_append_new(pack->params,
					    json_pack("{s:s, s:s}", "method", "GET", "path", rest));
	}
}

static void submit(struct pve_client *pve, struct pack *pack)
{
	auto_free char *text = json_dumps(pack->params, JSON_COMPACT);

	json_decref(pack->params);
	pack->params = json_pack("{s:s}", "commands", text);
	pack->x = (struct pve_exchange){ .method = "POST",
					 .path = pack->path,
					 .params = pack->params,
					 .repeatable = true, /* nothing but reads is in it */
					 .done = pack_done,
					 .owner = pack,
					 .err = &pack->err };
	pve_submit(pve, &pack->x, 0);
}

void pve_read_packed(struct pve_client *pve, struct pve_read *reads, size_t nreads, bool *answered)
{
	struct packing all = { .reads = reads, .answered = answered };

	/* At worst each read is one of another node. */
	all.packs = pxc_calloc(nreads, sizeof(*all.packs));
	sort_out(&all, nreads);
	for (size_t i = 0; i < all.npacks; i++) {
		struct pack *pack = &all.packs[i];

		/* One alone is better asked for as everywhere. */
		if (pack->n < 2)
			continue;
		all.nopen++;
		submit(pve, pack);
	}
	while (all.nopen)
		pve_pump(pve, PVE_LONG_MS);
	for (size_t i = 0; i < all.npacks; i++) {
		free(all.packs[i].path);
		json_decref(all.packs[i].params);
	}
	free(all.packs);
}
