/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How large VMs are, and are to be. */
#include <stdlib.h>

#include "base/propstr.h"
#include "cloud/vm_batch.h"

#define CORES 1 /* PVE's own defaults */
#define SOCKETS 1
#define RAM_MB 512

static int64_t count(const json_t *config, const char *key, int64_t fallback)
{
	const char *text = config ? vm_text(config, key) : NULL;
	json_auto_t *parts = text ? prop_parse(text, "current") : NULL;
	const char *n = json_string_value(json_object_get(parts, "current"));

	return n ? strtoll(n, NULL, 10) : fallback;
}

static struct vm_shape shape_of(const json_t *config)
{
	return (struct vm_shape){
		.cores = count(config, "cores", CORES) * count(config, "sockets", SOCKETS),
		.ram_mb = count(config, "memory", RAM_MB),
	};
}

/* What is named goes before what would be otherwise; null takes it back to the default. */
static int64_t named(const json_t *config, const char *key, int64_t otherwise, int64_t fallback)
{
	return json_object_get(config, key) ? count(config, key, fallback) : otherwise;
}

/*
 * What the task makes of that configuration: what is named, over its flavor, over what is there. Each number by itself: whoever
 * names the cores keeps the sockets.
 */
static struct vm_shape shape_over(const struct vm_case *c, const json_t *config)
{
	const struct flavor *f = vm_reshapes(c) ? c->flavor : NULL;
	int64_t cores = f ? (int64_t)f->vcpus : count(config, "cores", CORES);
	int64_t ram_mb = f ? (int64_t)f->memory_mib : count(config, "memory", RAM_MB);
	int64_t sockets = count(config, "sockets", SOCKETS);

	if (f)
		sockets = named(f->extra, "sockets", sockets, SOCKETS);
	return (struct vm_shape){
		.cores = named(c->spec->config, "cores", cores, CORES) *
			 named(c->spec->config, "sockets", sockets, SOCKETS),
		.ram_mb = named(c->spec->config, "memory", ram_mb, RAM_MB),
	};
}

struct vm_shape vm_shape_wanted(const struct vm_case *c)
{
	return shape_over(c, c->have ? c->have->config : c->template ? c->template->config : NULL);
}

static int64_t max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static struct vm_shape larger(struct vm_shape a, struct vm_shape b)
{
	return (struct vm_shape){ max(a.cores, b.cores), max(a.ram_mb, b.ram_mb) };
}

struct vm_shape vm_shape_now(const struct vm_seen *seen)
{
	return larger(shape_of(seen->config), shape_of(seen->current));
}

struct vm_shape vm_shape_then(const struct vm_case *c)
{
	struct vm_shape then;

	if (c->spec->absent)
		return (struct vm_shape){ 0, 0 };
	if (vm_rolls_back(c) && c->have->rollback)
		return larger(shape_of(c->have->rollback), shape_over(c, c->have->rollback));
	then = vm_shape_wanted(c);
	if (c->have && vm_runs(c) && !c->spec->allow_restart)
		then = larger(then, shape_of(c->have->current));
	return then;
}
