/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How large VMs are, and are to be. */
#include <stdlib.h>

#include "base/propstr.h"
#include "cloud/vm_batch.h"

static int64_t count(const json_t *config, const char *key, int64_t fallback)
{
	const char *text = config ? vm_text(config, key) : NULL;
	json_auto_t *parts = text ? prop_parse(text, "current") : NULL;
	const char *n = json_string_value(json_object_get(parts, "current"));

	return n ? strtoll(n, NULL, 10) : fallback;
}

struct vm_shape vm_shape_of(const json_t *config, struct vm_shape base)
{
	return (struct vm_shape){
		.cores = count(config, "cores", base.cores) * count(config, "sockets", 1),
		.ram_mb = count(config, "memory", base.ram_mb),
	};
}

struct vm_shape vm_shape_over(const struct vm_case *c, const json_t *config)
{
	struct vm_shape base = vm_shape_of(config, VM_SHAPE_BLANK);

	if (vm_reshapes(c))
		base = (struct vm_shape){ c->flavor->vcpus, (int64_t)c->flavor->memory_mib };
	return vm_shape_of(c->spec->config, base);
}

struct vm_shape vm_shape_wanted(const struct vm_case *c)
{
	return vm_shape_over(c, c->have       ? c->have->config
				: c->template ? c->template->config
					      : NULL);
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
	return larger(vm_shape_of(seen->config, VM_SHAPE_BLANK),
		      vm_shape_of(seen->current, VM_SHAPE_BLANK));
}

struct vm_shape vm_shape_then(const struct vm_case *c)
{
	struct vm_shape then;

	if (c->spec->absent)
		return (struct vm_shape){ 0, 0 };
	if (vm_rolls_back(c) && c->have->rollback)
		return larger(vm_shape_of(c->have->rollback, VM_SHAPE_BLANK),
			      vm_shape_over(c, c->have->rollback));
	then = vm_shape_wanted(c);
	if (c->have && vm_runs(c) && !c->spec->allow_restart)
		then = larger(then, vm_shape_of(c->have->current, VM_SHAPE_BLANK));
	return then;
}
