/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "sim/qm.h"
#include "sim/rbd.h"

struct rbd_hold {
	struct sim_storage *storage;
	char *image;
	struct ceph_hold *hold;
	struct rbd_hold *next;
};

/* Close what the link of the list holds; the next one takes its place. */
static void let_go(struct rbd_hold **at)
{
	struct rbd_hold *h = *at;

	*at = h->next;
	rbd_release(h->storage, h->hold);
	free(h->image);
	free(h);
}

void rbd_let_go(struct sim_guest *g, const char *volid)
{
	struct rbd_name name;

	if (volid && rbd_parse(volid, &name, &(struct pxc_err){ 0 }) < 0)
		return;
	for (struct rbd_hold **at = &g->holds; *at;) {
		if (!volid || !strcmp((*at)->image, name.image))
			let_go(at);
		else
			at = &(*at)->next;
	}
}

void rbd_let_go_storage(struct sim *sim, const struct sim_storage *s)
{
	for (size_t i = 0; i < sim->guest_count; i++)
		for (struct rbd_hold **at = &sim->guests[i]->holds; *at;) {
			if ((*at)->storage == s)
				let_go(at);
			else
				at = &(*at)->next;
		}
}

static bool held(const struct sim_guest *g, const struct sim_storage *s, const char *image)
{
	for (const struct rbd_hold *h = g->holds; h; h = h->next)
		if (h->storage == s && !strcmp(h->image, image))
			return true;
	return false;
}

/* The storage in Ceph and the name of what a drive's text names; false: it is elsewhere. */
static bool in_ceph(const struct sim_guest *g, const char *text, struct sim_storage **ret_storage,
		    char **ret_volid)
{
	auto_free char *volid = text ? qm_volid(text) : NULL;
	auto_free char *id = volid ? pxc_strndup(volid, strcspn(volid, ":")) : NULL;

	*ret_storage = id ? sim_storage_find(g->sim, id) : NULL;
	if (!*ret_storage || !(*ret_storage)->rbd)
		return false;
	*ret_volid = pxc_strdup(volid);
	return true;
}

static int open_one(struct sim_guest *g, const char *text, struct pxc_err *err)
{
	auto_free char *volid = NULL;
	struct sim_storage *s;
	struct rbd_hold *h;
	struct rbd_name name;
	struct ceph_pool *pool;

	if (!in_ceph(g, text, &s, &volid))
		return 0;
	if (rbd_parse(volid, &name, err) < 0)
		return -1;
	if (held(g, s, name.image))
		return 0;
	pool = rbd_vm_pool(s, err);
	if (!pool)
		return -1;
	h = pxc_calloc(1, sizeof(*h));
	if (rbd_ops(s)->hold(pool, name.image, &h->hold, err) < 0) {
		bool missing = err->kind == PXC_ENOTFOUND;

		free(h);
		return pxc_fail(err, err->kind, "error reading header from %s: %s", name.image,
				missing ? "No such file or directory" : "Connection timed out");
	}
	h->storage = s;
	h->image = pxc_strdup(name.image);
	h->next = g->holds;
	g->holds = h;
	return 0;
}

/* Do the guest's drives still name the image? */
static bool named(const struct sim_guest *g, const struct rbd_hold *h)
{
	const char *key;
	json_t *value;

	json_object_foreach (g->config, key, value) {
		auto_free char *volid = NULL;
		struct sim_storage *s;
		struct rbd_name name;

		if (qm_is_drive(key) && in_ceph(g, json_string_value(value), &s, &volid) &&
		    s == h->storage && rbd_parse(volid, &name, &(struct pxc_err){ 0 }) == 0 &&
		    !strcmp(name.image, h->image))
			return true;
	}
	return false;
}

int rbd_hold(struct sim_guest *g, struct pxc_err *err)
{
	const char *key;
	json_t *value;

	if (g->run == SIM_STOPPED) {
		rbd_let_go(g, NULL);
		return 0;
	}
	for (struct rbd_hold **at = &g->holds; *at;) {
		if (named(g, *at))
			at = &(*at)->next;
		else
			let_go(at);
	}
	if (g->sim->options.ceph_idle)
		return 0;
	json_object_foreach (g->config, key, value) {
		if (qm_is_drive(key) && open_one(g, json_string_value(value), err) < 0)
			return -1;
	}
	return 0;
}
