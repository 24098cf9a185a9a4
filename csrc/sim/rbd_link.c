/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "sim/rbd.h"
#include "sim/state.h"

#define TIMEOUT_MS 10000
#define SLOW_MS 5000  /* for closing an image */
#define RETRY_MS 2000 /* so long nobody waits again for a cluster that did not answer */

struct sim_rbd {
	const struct ceph_ops *ops; /* NULL = not loaded yet */
	char *conf, *keyring;       /* NULL = none; the keyring a file, or its text */
	const json_t *config;       /* the storage's */
	struct link {
		struct ceph *ceph;
		struct ceph_pool *pool;
	} own, vms;
	int64_t retry_ms;    /* not before that, by the wall clock */
	struct pxc_err last; /* why it could not be reached, in the words of our Ceph layer */
	bool lost;           /* it does not even answer a goodbye */
	struct {
		uint64_t request; /* 0 = never asked */
		uint64_t total, used;
		bool known;
	} space;
};

const char *rbd_errno_words(const struct pxc_err *e)
{
	switch (e->kind) {
	case PXC_ENOTFOUND:
		return "(2) No such file or directory";
	case PXC_ECONFLICT:
		return "(17) File exists";
	case PXC_EBUSY:
		return "(16) Device or resource busy";
	case PXC_EDENIED:
		return "(1) Operation not permitted";
	case PXC_ETIMEOUT:
		return "(110) Connection timed out";
	case PXC_EINVAL:
		return "(22) Invalid argument";
	case PXC_OK:
	case PXC_EUNSURE:
	case PXC_EREMOTE:
	case PXC_EBUG:
		break;
	}
	return strstr(e->msg, "is full") ? "(28) No space left on device" : e->msg;
}

static const char *setting(const struct sim_rbd *rbd, const char *key)
{
	return json_string_value(json_object_get(rbd->config, key));
}

/* What the definition of a storage says but the API does not show. Caller frees. */
static char *take(json_t *config, const char *key)
{
	char *value = pxc_strdup(json_string_value(json_object_get(config, key)));

	(void)json_object_del(config, key);
	return value;
}

void rbd_bind(struct sim *sim, struct sim_storage *s)
{
	auto_free char *conf = NULL, *keyring = NULL;
	struct sim_rbd *rbd;

	if (strcmp(s->type, "rbd") != 0)
		return;
	conf = take(s->config, "ceph");
	keyring = take(s->config, "keyring");
	if (s->rbd) {
		conf = conf ? conf : pxc_strdup(s->rbd->conf);
		keyring = keyring ? keyring : pxc_strdup(s->rbd->keyring);
	}
	rbd_unbind(sim, s);
	if (!conf)
		conf = pxc_strdup(sim->options.ceph_conf);
	if (!conf)
		return;
	rbd = pxc_calloc(1, sizeof(*rbd));
	rbd->conf = pxc_strdup(conf);
	rbd->keyring = pxc_strdup(keyring);
	rbd->config = s->config;
	s->rbd = rbd;
	if (sim->options.ceph_pool && !json_object_get(s->config, "pool"))
		(void)json_object_set_new(s->config, "pool", json_string(sim->options.ceph_pool));
}

static void close_link(struct sim_rbd *rbd, struct link *link)
{
	if (!rbd->ops)
		return;
	rbd->ops->pool_close(link->pool);
	rbd->ops->disconnect(link->ceph);
	*link = (struct link){ .ceph = NULL };
}

/* Closing an image waits for Ceph. Of a cluster that is gone the first one is enough: the others are left open. */
void rbd_release(struct sim_storage *s, struct ceph_hold *hold)
{
	int64_t since = pxc_system_clock.mono_ms(&pxc_system_clock);

	if (s->rbd->lost)
		return;
	s->rbd->ops->release(hold);
	if (pxc_system_clock.mono_ms(&pxc_system_clock) - since < SLOW_MS)
		return;
	s->rbd->lost = true;
	s->rbd->vms = (struct link){ .ceph = NULL };
}

void rbd_unbind(struct sim *sim, struct sim_storage *s)
{
	struct sim_rbd *rbd = s->rbd;

	if (!rbd)
		return;
	rbd_let_go_storage(sim, s);
	close_link(rbd, &rbd->own);
	close_link(rbd, &rbd->vms);
	free(rbd->conf);
	free(rbd->keyring);
	free(rbd);
	s->rbd = NULL;
}

const struct ceph_ops *rbd_ops(const struct sim_storage *s)
{
	return s->rbd->ops;
}

/* The API hands over the text of a keyring, Ceph wants a file. "" = not written. */
static void write_keyring(const char *text, char path[32])
{
	size_t len = strlen(text);
	int fd;

	(void)snprintf(path, 32, "/tmp/pxcsim-key.XXXXXX");
	fd = mkstemp(path);
	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		path[0] = '\0';
	if (fd >= 0)
		(void)close(fd);
}

static int connect_link(struct sim_rbd *rbd, struct link *link, struct pxc_err *err)
{
	struct ceph_options options = { .conf = rbd->conf,
					.mon_host = setting(rbd, "monhost"),
					.user = setting(rbd, "username"),
					.keyring = rbd->keyring,
					.timeout_ms = TIMEOUT_MS };
	char path[32] = "";
	int rc;

	if (rbd->keyring && rbd->keyring[0] != '/') {
		write_keyring(rbd->keyring, path);
		options.keyring = path;
	}
	rc = rbd->ops->connect(&options, &link->ceph, err);
	if (*path)
		(void)unlink(path);
	return rc;
}

static int open_link(struct sim_rbd *rbd, struct link *link, struct pxc_err *err)
{
	const char *pool = setting(rbd, "pool"), *space = setting(rbd, "namespace");

	if ((!rbd->ops && ceph_load(&rbd->ops, &rbd->last) < 0) ||
	    (!link->ceph && connect_link(rbd, link, &rbd->last) < 0)) {
		rbd->retry_ms = pxc_system_clock.mono_ms(&pxc_system_clock) + RETRY_MS;
		return pxc_fail(err, rbd->last.kind, "rbd: couldn't connect to the cluster!");
	}
	pool = pool ? pool : "rbd";
	if (rbd->ops->pool_open(link->ceph, pool, space, &link->pool, &rbd->last) == 0)
		return 0;
	if (rbd->last.kind == PXC_ENOTFOUND && space && strstr(rbd->last.msg, "namespace"))
		return pxc_fail(err, PXC_ENOTFOUND, "rbd: namespace '%s' does not exist.", space);
	return pxc_fail(err, rbd->last.kind, "rbd: error opening pool '%s': %s", pool,
			rbd_errno_words(&rbd->last));
}

static struct ceph_pool *reach(struct sim_rbd *rbd, struct link *link, struct pxc_err *err)
{
	if (link->pool)
		return link->pool;
	rbd->lost = false;
	if (pxc_system_clock.mono_ms(&pxc_system_clock) < rbd->retry_ms) {
		(void)pxc_fail(err, rbd->last.kind, "rbd: couldn't connect to the cluster!");
		return NULL;
	}
	return open_link(rbd, link, err) == 0 ? link->pool : NULL;
}

struct ceph_pool *rbd_pool(struct sim_storage *s, struct pxc_err *err)
{
	return reach(s->rbd, &s->rbd->own, err);
}

struct ceph_pool *rbd_vm_pool(struct sim_storage *s, struct pxc_err *err)
{
	return reach(s->rbd, &s->rbd->vms, err);
}

/* A Ceph without a manager counts nothing; its pools can be used all the same. */
static bool read_space(struct sim_storage *s)
{
	struct sim_rbd *rbd = s->rbd;
	struct pxc_err err;
	struct ceph_pool *pool = rbd_pool(s, &err);
	uint64_t left = 0;

	if (!pool)
		return false;
	if (rbd->ops->pool_space(pool, &rbd->space.used, &left, &err) == 0) {
		rbd->space.total = rbd->space.used + left;
		return true;
	}
	rbd->space.used = 0;
	rbd->space.total = s->total_bytes;
	return err.kind == PXC_EREMOTE;
}

bool rbd_space(const struct sim *sim, struct sim_storage *s, uint64_t *ret_total,
	       uint64_t *ret_used)
{
	struct sim_rbd *rbd = s->rbd;

	if (rbd->space.request != sim->requests || !sim->requests) {
		rbd->space.request = sim->requests;
		rbd->space.known = read_space(s);
	}
	*ret_total = rbd->space.total;
	*ret_used = rbd->space.used;
	return rbd->space.known;
}

static struct sim_storage *first_rbd(const struct sim *sim)
{
	for (size_t i = 0; i < sim->storages.count; i++) {
		struct sim_storage *s = sim->storages.entries[i].value;

		if (!strcmp(s->type, "rbd"))
			return s;
	}
	return NULL;
}

/* Names that stood for images so far. */
static void forget_volumes(struct sim *sim, const struct sim_storage *s)
{
	for (size_t i = sim->volumes.count; i-- > 0;) {
		struct sim_volume *v = sim->volumes.entries[i].value;

		if (v->storage == s)
			sim_volume_remove(sim, v);
	}
}

int sim_ceph_attach(struct sim *sim, const char *conf, const char *pool, struct pxc_err *err)
{
	char *owned[] = { pxc_strdup(conf), pxc_strdup(pool) };

	free((char *)(uintptr_t)sim->options.ceph_conf);
	free((char *)(uintptr_t)sim->options.ceph_pool);
	sim->options.ceph_conf = owned[0];
	sim->options.ceph_pool = owned[1];
	if (conf && !first_rbd(sim))
		(void)sim_storage_add(sim, "ceph", "rbd", json_pack("{s:s}", "content", "images"));
	for (size_t i = 0; i < sim->storages.count; i++) {
		struct sim_storage *s = sim->storages.entries[i].value;

		if (!s->rbd) {
			rbd_bind(sim, s);
			if (s->rbd)
				forget_volumes(sim, s);
		}
		/* As in PVE, a pool may be missing; a cluster that is given must be there. */
		if (s->rbd && !rbd_pool(s, err) && !s->rbd->own.ceph)
			return pxc_fail(err, s->rbd->last.kind, "storage %s: %s", s->id,
					s->rbd->last.msg);
	}
	return 0;
}
