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
