/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "ceph/parts.h"

static int no_such_pool(struct ceph *ceph, const char *pool, struct pxc_err *err)
{
	char names[4096];
	auto_buf struct pxc_buf there = { .data = NULL };
	int len = rados_pool_list(ceph->cluster, names, sizeof(names));

	for (const char *p = names; len > 0 && p < names + sizeof(names) && *p; p += strlen(p) + 1)
		buf_printf(&there, "%s%s", there.len ? ", " : "", p);
	return pxc_fail(err, PXC_ENOTFOUND, "Ceph has no pool \"%s\"%s%s", pool,
			there.len ? "; there are: " : "", buf_str(&there));
}

/* A user of one namespace only may not ask; then the first use tells. */
static int check_namespace(struct ceph_pool *pool, const char *bare, const char *name_space,
			   struct pxc_err *err)
{
	bool exists = false;
	int rc = rbd_namespace_exists(pool->io, name_space, &exists);

	if (rc < 0 && rc != -EPERM)
		return ceph_fail(err, pool, rc, "namespaces of pool %s", bare);
	if (rc == 0 && !exists)
		return pxc_fail(err, PXC_ENOTFOUND,
				"pool %s has no RBD namespace \"%s\": make it with rbd namespace "
				"create %s/%s",
				bare, name_space, bare, name_space);
	rados_ioctx_set_namespace(pool->io, name_space);
	return 0;
}

int ceph_pool_open(struct ceph *ceph, const char *pool, const char *name_space,
		   struct ceph_pool **ret, struct pxc_err *err)
{
	struct ceph_pool *p = pxc_calloc(1, sizeof(*p));
	bool bare = !name_space || !*name_space;
	int rc;

	p->ceph = ceph;
	p->name = bare ? pxc_strdup(pool) : pxc_printf("%s/%s", pool, name_space);
	rc = rados_ioctx_create(ceph->cluster, pool, &p->io);
	if (rc < 0) {
		rc = rc == -ENOENT ? no_such_pool(ceph, pool, err)
				   : ceph_fail(err, p, rc, "pool %s", pool);
		p->io = NULL;
		ceph_pool_close(p);
		return rc;
	}
	/* A full pool is an error at once, not a request that waits until somebody makes room. */
	rados_set_pool_full_try(p->io);
	if (!bare && check_namespace(p, pool, name_space, err) < 0) {
		ceph_pool_close(p);
		return -1;
	}
	*ret = p;
	return 0;
}

void ceph_pool_close(struct ceph_pool *pool)
{
	if (!pool)
		return;
	if (pool->io)
		rados_ioctx_destroy(pool->io);
	free(pool->name);
	free(pool);
}

int64_t ceph_pool_id(const struct ceph_pool *pool)
{
	return rados_ioctx_get_id(pool->io);
}

/* The number after "key": in text up to end. */
static uint64_t number(const char *text, const char *end, const char *key)
{
	auto_free char *quoted = pxc_printf("\"%s\":", key);
	const char *at = strstr(text, quoted);

	return at && at < end ? strtoull(at + strlen(quoted), NULL, 10) : 0;
}

/* One pool of "ceph df detail": {"name":"rbd","id":1,"stats":{"stored":0,...,"max_avail":0,"quota_bytes":0}}. */
static int read_space(const char *df, int64_t id, uint64_t *ret_used, uint64_t *ret_free)
{
	auto_free char *begin = pxc_printf("\"id\":%" PRId64 ",\"stats\":{", id);
	const char *at = strstr(df, begin), *end = at ? strchr(at, '}') : NULL;
	uint64_t quota;

	if (!end)
		return -1;
	*ret_used = number(at, end, "stored");
	*ret_free = number(at, end, "max_avail");
	quota = number(at, end, "quota_bytes");
	if (quota && *ret_used >= quota)
		*ret_free = 0;
	else if (quota && *ret_free > quota - *ret_used)
		*ret_free = quota - *ret_used;
	return 0;
}

int ceph_pool_space(struct ceph_pool *pool, uint64_t *ret_used, uint64_t *ret_free,
		    struct pxc_err *err)
{
	const char *command = "{\"prefix\":\"df\",\"detail\":\"detail\",\"format\":\"json\"}";
	char *out = NULL, *words = NULL;
	size_t len = 0, nwords = 0;
	auto_free char *df = NULL;
	int rc = rados_mon_command(pool->ceph->cluster, &command, 1, "", 0, &out, &len, &words,
				   &nwords);

	df = pxc_strndup(rc < 0 ? "" : out, rc < 0 ? 0 : len);
	rados_buffer_free(out);
	rados_buffer_free(words);
	if (rc < 0)
		return ceph_fail(err, pool, rc, "space in pool %s", pool->name);
	if (read_space(df, ceph_pool_id(pool), ret_used, ret_free) < 0)
		return pxc_fail(
			err, PXC_EBUSY,
			"Ceph has not counted pool %s yet: it does so every few seconds, if a "
			"manager runs (ceph mgr stat)",
			pool->name);
	return 0;
}
