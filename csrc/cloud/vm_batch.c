/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/vm_batch.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/propstr.h"
#include "base/str.h"
#include "base/units.h"
#include "cloud/project_block.h"
#include "cloud/usage.h"

static int64_t count(const json_t *config, const char *key, int64_t fallback)
{
	const char *text = config ? vm_text(config, key) : NULL;
	json_auto_t *parts = text ? prop_parse(text, "current") : NULL;
	const char *n = json_string_value(json_object_get(parts, "current"));

	return n ? strtoll(n, NULL, 10) : fallback;
}

/* Cores and memory of a configuration, over a base that says what is not named. */
static struct vm_shape shape_of(const json_t *config, struct vm_shape base)
{
	struct vm_shape s = {
		.cores = count(config, "cores", base.cores) * count(config, "sockets", 1),
		.ram_mb = count(config, "memory", base.ram_mb),
		.disk_gb = base.disk_gb,
	};

	return s;
}

struct vm_shape vm_shape_wanted(const struct vm_case *c)
{
	struct vm_shape base = { 1, 512, 0 };

	if (c->have)
		base = shape_of(c->have->config, base);
	else if (c->template)
		base = shape_of(c->template->config, base);
	if (vm_reshapes(c))
		base = (struct vm_shape){ c->flavor->vcpus, (int64_t)c->flavor->memory_mib, 0 };
	base.disk_gb = (int64_t)(vm_disk_bytes_wanted(c) / GIB);
	return shape_of(c->spec->config, base);
}

static int check_ceiling(const struct vm_case *c, struct pxc_err *err)
{
	const struct registry *r = &c->w->registry;
	struct vm_shape s = vm_shape_wanted(c);
	const struct {
		const char *what;
		int64_t asked, limit;
	} rows[] = {
		{ "cores", s.cores, r->max_cores },
		{ "ram_mb", s.ram_mb, r->max_ram_mb },
		{ "disk_gb", s.disk_gb, r->max_disk_gb },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].limit >= 0 && rows[i].asked > rows[i].limit)
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: %s asked %lld > %lld, the most this cloud gives one VM",
				c->spec->label, rows[i].what, (long long)rows[i].asked,
				(long long)rows[i].limit);
	return 0;
}

/* What the batch adds to (or, by removing and shrinking, takes from) the usage of the project of case first. */
static struct quota asked_of(const struct vm_case *cases, size_t n, size_t first)
{
	struct quota q = { { 0 } };

	for (size_t i = first; i < n; i++) {
		const struct vm_case *c = &cases[i];
		struct vm_shape now = { 0, 0, 0 }, then = { 0, 0, 0 }, base = { 1, 512, 0 };

		if (!str_eq(c->pool, cases[first].pool))
			continue;
		if (c->have)
			now = shape_of(c->have->config, base);
		if (!c->spec->absent)
			then = vm_shape_wanted(c);
		q.v[QUOTA_IPS] += vm_addresses_asked(c);
		q.v[QUOTA_INSTANCES] += (c->spec->absent ? 0 : 1) - (c->have ? 1 : 0);
		q.v[QUOTA_CORES] += then.cores - now.cores;
		q.v[QUOTA_RAM_MB] += then.ram_mb - now.ram_mb;
	}
	return q;
}

static bool first_of_project(const struct vm_case *cases, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (str_eq(cases[k].pool, cases[i].pool))
			return false;
	return true;
}

int vm_check_quota(const struct vm_case *cases, size_t n, struct pxc_err *err)
{
	for (size_t i = 0; i < n; i++)
		if (!cases[i].spec->absent && check_ceiling(&cases[i], err) < 0)
			return -1;
	for (size_t i = 0; i < n; i++) {
		struct quota asked, used, limit;

		if (i && (str_eq(cases[i].pool, cases[i - 1].pool) || !first_of_project(cases, i)))
			continue;
		asked = asked_of(cases, n, i);
		if (usage_limit(cases[i].w, cases[i].pool, &limit, err) < 0 ||
		    usage_count(cases[i].w, cases[i].pool, &limit, &asked, &used, err) < 0)
			return pxc_context(err, "project %s", cases[i].spec->project);
		used.v[QUOTA_IPS] = (int64_t)vm_addresses_used(&cases[i]);
		if (quota_check(&limit, &used, &asked, err) < 0)
			return pxc_context(err, "project %s", cases[i].spec->project);
	}
	return 0;
}
