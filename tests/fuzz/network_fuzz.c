/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * network_fuzz.c - any text as the alias of a vnet: what it says of a network is read without a crash, and the alias that is
 * written of that says the same again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/network.h"
#include "cloud/network_block.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
	if (!truth)
		abort();
}

static void must_be_same(const struct sdn_vnet *a, const struct sdn_vnet *b)
{
	size_t n = 0;

	must(a->ours && b->ours && a->provider == b->provider);
	must(str_eq(a->name, b->name) && str_eq(a->project, b->project));
	while (a->shared[n] && b->shared[n] && str_eq(a->shared[n], b->shared[n]))
		n++;
	must(!a->shared[n] && !b->shared[n]);
	must(a->nreserves == b->nreserves);
	for (size_t i = 0; i < a->nreserves; i++) {
		must(str_eq(a->reserves[i].name, b->reserves[i].name));
		must(ip_order(&a->reserves[i].range.first, &b->reserves[i].range.first) == 0);
		must(ip_order(&a->reserves[i].range.last, &b->reserves[i].range.last) == 0);
	}
}

static void write_again(struct sdn_vnet *v, const char *cluster, struct pxc_arena *arena)
{
	struct sdn_vnet again = { .id = v->id };
	struct pxc_err err = { .kind = PXC_OK };
	auto_free char *alias = NULL;

	if (network_block_alias(v, NULL, cluster, "20260101T000000Z", "fuzz", &alias, &err) < 0) {
		must(err.kind == PXC_EINVAL && *err.msg);
		return;
	}
	must(strlen(alias) <= NETWORK_ALIAS_MAX);
	annot_parse(ANNOT_TOKEN, alias, &again.notes);
	network_block_read(&again, cluster, arena);
	must_be_same(v, &again);
	annot_text_release(&again.notes);
}

/* As it is; and sealed, as if somebody who knows how had written it. */
static void check(const char *text, bool sealed)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct sdn_vnet v = { .id = "v1", .zone = "z" };
	json_auto_t *item = NULL;
	struct sdn s = { .vnets = &v, .nvnets = 1 };

	annot_parse(ANNOT_TOKEN, text, &v.notes);
	if (sealed) {
		auto_annot struct annot a = { .npairs = 0 };
		auto_free char *alias = NULL;

		annot_copy(&a, &v.notes.annot);
		annot_set(&a, "t", "net");
		annot_set(&a, "id", "net.v1");
		if (!annot_get(&a, "n"))
			annot_set(&a, "n", "blue");
		annot_set(&a, "c", "0a0b0c0d");
		alias = annot_render(ANNOT_TOKEN, v.notes.before, &a, v.notes.after);
		annot_text_release(&v.notes);
		annot_parse(ANNOT_TOKEN, alias, &v.notes);
	}
	network_block_read(&v, "0a0b0c0d", &arena);
	must(v.shared != NULL && (!v.ours || v.name) && !(v.ours && v.damaged));
	item = network_item(&s, &v);
	must(json_is_object(item));
	if (v.ours)
		write_again(&v, "0a0b0c0d", &arena);
	annot_text_release(&v.notes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = pxc_strndup((const char *)data, size);

	check(text, false);
	check(text, true);
	return 0;
}
