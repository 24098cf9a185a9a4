/* SPDX-License-Identifier: GPL-3.0-or-later */
/* info_audit.c - records of changes out of the objects in Ceph: months backwards, and in each pages backwards. */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "modules/audit.h"
#include "modules/audit_read.h"
#include "modules/info.h"
#include "modules/rbd.h"

#define PAGE (256u << 10)
#define MONTHS 120 /* there need not be one for each */

/* One object, from its end. */
static int read_part(const struct rbd_store *store, const char *object, uint64_t size,
		     struct audit_reader *r, struct pxc_err *err)
{
	auto_buf struct pxc_buf text = { .data = NULL };

	while (size && !audit_reader_done(r)) {
		size_t len = size < PAGE ? (size_t)size : PAGE, rest = 0;
		auto_buf struct pxc_buf page = { .data = NULL };
		auto_free char *bytes = pxc_calloc(1, len);

		size -= len;
		if (store->ops->object_read(store->handle, object, size, bytes, len, err) < 0)
			return -1;
		buf_add(&page, bytes, len);
		buf_add(&page, buf_str(&text), text.len);
		audit_reader_text(r, buf_str(&page), page.len, size == 0, &rest);
		buf_release(&text);
		text = (struct pxc_buf){ .data = NULL };
		buf_add(&text, buf_str(&page), rest);
	}
	return 0;
}

/* A month has more than one object when the first was full. */
static int read_month(const struct rbd_store *store, const char *month, struct audit_reader *r,
		      struct pxc_err *err)
{
	uint64_t sizes[AUDIT_PARTS];
	unsigned n = 0;

	for (; n < AUDIT_PARTS; n++) {
		auto_free char *object = audit_object(month, n);

		if (store->ops->object_size(store->handle, object, &sizes[n], err) < 0)
			return -1;
		if (!sizes[n])
			break;
	}
	while (n-- && !audit_reader_done(r)) {
		auto_free char *object = audit_object(month, n);

		if (read_part(store, object, sizes[n], r, err) < 0)
			return -1;
	}
	return 0;
}

static int read_back(struct pxc_env *env, const struct rbd_store *store, struct audit_reader *r,
		     struct pxc_err *err)
{
	char stamp[STAMP_TEXT], month[7];

	clock_stamp(env->clock->wall_s(env->clock), stamp);
	memcpy(month, stamp, sizeof(month) - 1);
	month[sizeof(month) - 1] = '\0';
	for (unsigned i = 0; i < MONTHS && !audit_reader_done(r); i++) {
		if (*r->since && strncmp(month, r->since, sizeof(month) - 1) < 0)
			break;
		if (read_month(store, month, r, err) < 0)
			return pxc_context(err, "storage %s: the record of changes",
					   store->storage);
		audit_month_before(month);
	}
	return 0;
}

int info_read_audit(struct pxc_env *env, const struct info_spec *s, struct info_world *iw,
		    struct pxc_err *err)
{
	const char *storages[] = { iw->w->registry.audit_storage, NULL };
	const struct rbd_store *store = NULL;
	struct audit_reader r;
	int bad;

	if (!storages[0])
		return pxc_fail(
			err, PXC_EINVAL,
			"gather: audit: changes of this cloud are not recorded in Ceph: set "
			"audit_storage of pxc_cloud, or look into syslog");
	if (rbd_reach(env, storages, err) < 0 || rbd_store_get(env, storages[0], &store, err) < 0)
		return pxc_context(err, "the record of changes");
	bad = audit_reader_init(&r, s->audit_since, err);
	r.project = s->project;
	r.limit = s->limit;
	if (bad == 0)
		bad = read_back(env, store, &r, err);
	if (r.nunreadable)
		pxc_env_warn(env, "the record of changes has %zu lines that cannot be read",
			     r.nunreadable);
	iw->audit = pxc_env_keep(env, json_incref(r.list));
	audit_reader_release(&r);
	return bad;
}

void info_report_audit(const struct info_spec *s, const struct info_world *iw, json_t *result)
{
	json_t *list = json_array(), *record;
	size_t i;

	json_array_foreach (iw->audit, i, record)
		info_append(s, list, json_incref(record));
	(void)json_object_set_new(result, "audit", list);
}
