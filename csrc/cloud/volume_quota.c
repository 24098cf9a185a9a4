/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/str.h"
#include "base/units.h"
#include "cloud/usage.h"
#include "cloud/volume_parts.h"

struct tally {
	int64_t volumes, snapshots;
	uint64_t bytes;
};

static size_t count_snaps(const struct rbd_seen *v)
{
	size_t n = 0;

	for (size_t i = 0; i < v->nsnaps; i++)
		n += volume_user_snap(&v->snaps[i]) &&
		     str_starts(v->snaps[i].name, VOLUME_SNAP_PREFIX);
	return n;
}

/* Also those whose block was edited by hand: they take room all the same. */
static struct tally count(const struct rbd_world *rbd, const char *project)
{
	struct tally t = { 0, 0, 0 };

	for (size_t i = 0; i < rbd->npools; i++)
		for (size_t k = 0; !volume_pool_again(rbd, i) && k < rbd->pools[i].nimages; k++) {
			const struct rbd_seen *v = &rbd->pools[i].images[k];

			if (!volume_is(v) || !str_eq(volume_get(v, "project"), project))
				continue;
			t.volumes++;
			t.bytes += v->size_bytes;
			t.snapshots += (int64_t)count_snaps(v);
		}
	return t;
}

static int64_t gib(uint64_t bytes)
{
	return (int64_t)((bytes + GIB - 1) / GIB);
}

void volume_usage(const struct rbd_world *rbd, const char *project, struct quota *ret)
{
	struct tally t = count(rbd, project);

	ret->v[QUOTA_VOLUMES] = t.volumes;
	ret->v[QUOTA_VOLUME_GB] = gib(t.bytes);
	ret->v[QUOTA_SNAPSHOTS] = t.snapshots;
}

/* Snapshots that there will be. */
static int64_t snaps_after(const struct volume_case *c)
{
	const struct volume_spec *s = c->spec;
	int64_t n = 0;

	for (size_t i = 0; c->have && i < c->have->nsnaps; i++) {
		const struct rbd_snap *snap = &c->have->snaps[i];

		n += volume_user_snap(snap) && str_starts(snap->name, VOLUME_SNAP_PREFIX) &&
		     volume_keeps_snap(s, snap->name + strlen(VOLUME_SNAP_PREFIX));
	}
	for (size_t i = 0; i < s->nsnaps; i++)
		n += !s->snaps[i].absent && !(c->have && volume_snap(c->have, s->snaps[i].name));
	return n;
}

/* What the batch makes of the tally of a project. */
static void apply(const struct volume_case *c, const char *project, struct tally *t)
{
	if (c->have && str_eq(volume_get(c->have, "project"), project)) {
		t->volumes--;
		t->bytes -= c->have->size_bytes;
		t->snapshots -= (int64_t)count_snaps(c->have);
	}
	if (!c->spec->absent && str_eq(c->home->project, project)) {
		t->volumes++;
		t->bytes += c->size_bytes;
		t->snapshots += snaps_after(c);
	}
}

bool volume_takes_snapshots(const struct volume_spec *s, const struct volume_world *vw)
{
	const struct rbd_pool *pool = NULL;
	const struct rbd_seen *have = NULL;
	struct pxc_err err;

	if (s->absent || volume_find(vw->rbd, s->project, s->name, &pool, &have, &err) < 0)
		return false;
	for (size_t i = 0; i < s->nsnaps; i++)
		if (!s->snaps[i].absent && !(have && volume_snap(have, s->snaps[i].name)))
			return true;
	/* Its snapshots go with it. */
	return s->new_project && have && count_snaps(have);
}

/* Together with those of VMs, where they were counted: that is the case when one is to be taken, and there is a limit. */
static int snaps_used(const struct volume_run *run, const struct volume_home *h,
		      const struct quota *limit, int64_t asked, int64_t *ret, struct pxc_err *err)
{
	const json_t *n = json_object_get(run->vw->snapshots, h->project);

	if (json_is_integer(n))
		*ret = (int64_t)json_integer_value(n);
	else if (n && asked > 0 && limit->v[QUOTA_SNAPSHOTS] >= 0)
		return pxc_fail(err, PXC_EINVAL, "quota: snapshots cannot be counted: %s",
				json_string_value(n));
	return 0;
}

int volume_check_quota(const struct volume_run *run, struct pxc_err *err)
{
	for (size_t i = 0; i < run->nhomes; i++) {
		const struct volume_home *h = &run->homes[i];
		struct tally now = count(run->vw->rbd, h->project), then = now;
		struct quota limit, used = { { 0 } }, asked = { { 0 } };

		for (size_t k = 0; k < run->ncases; k++)
			apply(&run->cases[k], h->project, &then);
		used.v[QUOTA_VOLUMES] = now.volumes;
		used.v[QUOTA_VOLUME_GB] = gib(now.bytes);
		used.v[QUOTA_SNAPSHOTS] = now.snapshots;
		asked.v[QUOTA_VOLUMES] = then.volumes - now.volumes;
		asked.v[QUOTA_VOLUME_GB] = gib(then.bytes) - gib(now.bytes);
		asked.v[QUOTA_SNAPSHOTS] = then.snapshots - now.snapshots;
		if (usage_limit(run->vw->w, h->pool, &limit, err) < 0 ||
		    snaps_used(run, h, &limit, asked.v[QUOTA_SNAPSHOTS], &used.v[QUOTA_SNAPSHOTS],
			       err) < 0 ||
		    quota_check(&limit, &used, &asked, err) < 0)
			return pxc_context(err, "project %s", h->project);
	}
	return 0;
}
