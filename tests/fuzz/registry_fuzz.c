/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * registry_fuzz.c - any block in the datacenter notes as a registry: it is decoded or refused with a sentence, it can be shown, and a
 * tenant zone, storage class or flavor that was read is written as what is read as the same again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/registry.h"
#include "cloud/sdn_zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
	if (!truth)
		abort();
}

static void check_zone(const struct tenant_zone *z, struct pxc_arena *arena)
{
	auto_free char *text = registry_zone_text(z), *again = NULL;
	json_auto_t *options = json_object();
	struct tenant_zone copy = { .name = z->name, .options = options };
	struct pxc_err err = { .kind = PXC_OK };

	must(registry_zone_read(text, arena, &copy, &err) == 0);
	must(copy.first == z->first && copy.last == z->last && copy.is_default == z->is_default);
	must(str_eq(copy.type, z->type) && json_equal(copy.options, z->options));
	again = registry_zone_text(&copy);
	must(str_eq(text, again));
	if (sdn_zone_check("zone", z->type, z->options, true, &err) < 0)
		must(*err.msg != '\0');
}

static void check_class(const struct storage_class *c, struct pxc_arena *arena)
{
	auto_free char *text = registry_class_text(c), *again = NULL;
	struct storage_class copy = { .name = c->name };
	struct pxc_err err = { .kind = PXC_OK };

	must(registry_class_read(text, arena, &copy, &err) == 0);
	again = registry_class_text(&copy);
	must(str_eq(text, again));
}

static void check_flavor(const struct flavor *f, struct pxc_arena *arena)
{
	auto_free char *text = registry_flavor_text(f), *again = NULL;
	json_auto_t *extra = json_object();
	struct flavor copy = { .name = f->name, .is_public = true, .extra = extra };
	struct pxc_err err = { .kind = PXC_OK };

	must(registry_flavor_read(text, arena, &copy, &err) == 0);
	again = registry_flavor_text(&copy);
	must(str_eq(text, again));
}

static void check(struct annot *block)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	json_auto_t *extras = json_array(), *zones = NULL, *classes = NULL;
	struct pxc_err err = { .kind = PXC_OK };
	struct registry r;

	if (!annot_get(block, "domain"))
		annot_set(block, "domain", "example.org");
	if (registry_decode(block, &arena, extras, &r, &err) < 0) {
		must(*err.msg != '\0');
		return;
	}
	zones = registry_zone_items(&r);
	classes = registry_class_items(&r);
	must(json_array_size(zones) == r.nzones);
	for (size_t i = 0; i < r.nzones; i++)
		check_zone(&r.zones[i], &arena);
	for (size_t i = 0; i < r.nclasses; i++)
		check_class(&r.classes[i], &arena);
	for (size_t i = 0; i < r.nflavors; i++)
		check_flavor(&r.flavors[i], &arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = pxc_strndup((const char *)data, size);
	auto_annot_text struct annot_text t = { .before = NULL };

	annot_parse(ANNOT_BLOCK, text, &t);
	check(&t.annot);
	return 0;
}
