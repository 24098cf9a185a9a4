/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/propstr.h"
#include "base/str.h"
#include "cloud/cpu_model.h"
#include "cloud/registry_plan.h"

#define LEAST_MODEL "x86-64-v2" /* too old to be chosen by itself */

/* Tags that carry meaning for the cloud: only administrators of PVE may set them by hand. */
static const char *const protected_tags[] = { "pxc", "pxc-holder", "pxc-nobalance", "pxc-shelved",
					      "pxc-template" };

char *registry_notes(const struct world *w, const char *human, struct annot *block,
		     const char *stamp, const char *actor)
{
	const char *old = annot_get(block, "r");
	char r[16], *text;

	(void)snprintf(r, sizeof(r), "%lu", old ? strtoul(old, NULL, 10) + 1 : 1);
	annot_set(block, "r", r);
	annot_set(block, "at", stamp);
	annot_set(block, "by", actor);
	text = human ? annot_render(ANNOT_BLOCK, human, block, "")
		     : annot_rewrite(ANNOT_BLOCK, &w->notes, block);
	/* PVE adds a line break when it is read: what is sent must not grow by one each time. */
	for (size_t n = strlen(text); n && strchr(" \t\r\n", text[n - 1]); n--)
		text[n - 1] = '\0';
	return text;
}

json_t *registry_item(const struct world *w)
{
	static const struct {
		const char *key, *name;
	} rows[] = { { "cpu", "cpu_model" },         { "storage", "storage" },
		     { "import", "import_storage" }, { "locks", "lock_storage" },
		     { "bridge", "bridge" },         { "audit", "audit_storage" },
		     { "holders", "holder_range" } };
	json_t *o = json_pack("{s:s}", "cluster", w->cluster_name), *quota = json_object();
	json_t *admins = json_array(), *denied = json_array();

	(void)json_object_set_new(
		o, "state", json_string(w->notes.finding == ANNOT_NONE ? "absent" : "present"));
	if (w->registry.domain) {
		auto_free char *target = pxc_printf("%s.%s", w->cluster_name, w->registry.domain);

		(void)json_object_set_new(o, "domain", json_string(w->registry.domain));
		(void)json_object_set_new(o, "target_pve", json_string(target));
	}
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *v = annot_get(&w->notes.annot, rows[i].key);

		if (v)
			(void)json_object_set_new(o, rows[i].name, json_string(v));
	}
	for (int q = 0; w->registry.domain && q < QUOTA_KEYS; q++)
		if (w->registry.default_quota.v[q] != QUOTA_UNSET)
			(void)json_object_set_new(quota, quota_names[q],
						  json_integer(w->registry.default_quota.v[q]));
	(void)json_object_set_new(o, "default_quota", quota);
	for (size_t i = 0; w->registry.admins && w->registry.admins[i]; i++)
		(void)json_array_append_new(admins, json_string(w->registry.admins[i]));
	(void)json_object_set_new(o, "admins", admins);
	for (size_t i = 0; w->registry.denied && w->registry.denied[i]; i++)
		(void)json_array_append_new(denied, json_string(w->registry.denied[i]));
	(void)json_object_set_new(o, "denied", denied);
	(void)json_object_set_new(o, "storage_classes", registry_class_items(&w->registry));
	(void)json_object_set_new(o, "tenant_zones", registry_zone_items(&w->registry));
	(void)json_object_set_new(o, "ha_default", json_boolean(w->registry.ha_default));
	(void)json_object_set_new(o, "flavors", json_integer((json_int_t)w->registry.nflavors));
	return o;
}

/* The first node whose processor lacks something of the model; NULL = all can do it. */
static const char *lacking(const struct cloud_world *cw, const char *model)
{
	const char *node;
	json_t *flags;

	json_object_foreach (cw->cpu_flags, node, flags)
		if (!*json_string_value(flags) || cpu_model_lacks(model, json_string_value(flags)))
			return node;
	return NULL;
}

static int choose_cpu(const struct cloud_spec *s, const struct cloud_world *cw, struct annot *block,
		      struct pxc_err *err)
{
	const char *weak = NULL;

	if (s->cpu_model && cpu_model_known(s->cpu_model) && (weak = lacking(cw, s->cpu_model)))
		return pxc_fail(err, PXC_EINVAL,
				"cpu_model %s: the processor of node %s cannot do it", s->cpu_model,
				weak);
	for (size_t i = 0; s->auto_cpu && !str_eq(cpu_model_names[i], LEAST_MODEL); i++)
		if (!(weak = lacking(cw, cpu_model_names[i]))) {
			annot_set(block, "cpu", cpu_model_names[i]);
			return 0;
		}
	if (s->auto_cpu)
		return pxc_fail(
			err, PXC_EINVAL,
			"cpu_model auto: the processor of node %s has not even x86-64-v2-AES: name a "
			"model yourself",
			weak);
	annot_set(block, "cpu", s->cpu_model);
	return 0;
}

/* Does PVE's value (text, number, or object of sub-options) say what is wanted? */
static bool option_same(const json_t *have, const json_t *want)
{
	const char *key;
	json_t *value;

	if (json_is_object(want)) {
		json_object_foreach ((json_t *)(uintptr_t)want, key, value)
			if (!option_same(json_object_get(have, key), value))
				return false;
		return json_is_object(have);
	}
	if (json_is_integer(have)) {
		char text[32];

		(void)snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(have));
		return prop_same_value("", text, json_string_value(want));
	}
	if (json_is_object(have)) {
		json_auto_t *parsed = prop_parse(json_string_value(want), NULL);

		return parsed && option_same(have, parsed);
	}
	return have && prop_same_value("", json_string_value(have), json_string_value(want));
}

/* Sub-options that were not named stay: the whole property string has to be sent. */
static char *option_text(const json_t *have, const json_t *want)
{
	json_auto_t *all = NULL;

	if (!json_is_object(want))
		return pxc_strdup(json_string_value(want));
	all = json_is_object(have) ? json_copy((json_t *)(uintptr_t)have) : json_object();
	(void)json_object_update(all, (json_t *)(uintptr_t)want);
	return prop_print(all, NULL);
}

static void want_options(const struct cloud_spec *s, const struct world *w, json_t *args,
			 json_t *gone)
{
	const char *key;
	json_t *value;

	json_object_foreach (s->options, key, value) {
		const json_t *have = json_object_get(w->options, key);

		if (json_is_null(value)) {
			if (have)
				(void)json_array_append_new(gone, json_string(key));
		} else if (!option_same(have, value)) {
			auto_free char *text = option_text(have, value);

			(void)json_object_set_new(args, key, json_string(text));
		}
	}
}

static void want_tags(const struct world *w, json_t *args)
{
	const json_t *have = json_object_get(w->options, "registered-tags");
	auto_buf struct pxc_buf all = { .data = NULL };
	bool missing = false;
	size_t i;
	json_t *tag;

	json_array_foreach (have, i, tag)
		buf_printf(&all, "%s%s", all.len ? ";" : "", json_string_value(tag));
	for (size_t k = 0; k < ARRAY_SIZE(protected_tags); k++) {
		bool known = false;

		json_array_foreach (have, i, tag)
			known |= strcasecmp(json_string_value(tag), protected_tags[k]) == 0;
		if (known)
			continue;
		buf_printf(&all, "%s%s", all.len ? ";" : "", protected_tags[k]);
		missing = true;
	}
	if (missing)
		(void)json_object_set_new(args, "registered-tags", json_string(buf_str(&all)));
}

/* A record that can be kept must be possible. */
static int check_audit(const struct cloud_spec *s, const struct world *w, struct pxc_err *err)
{
	const char *storage = json_string_value(json_object_get(s->keys, "audit"));
	const char *type = storage ? world_storage_type(w, storage) : NULL;

	if (!storage || str_eq(type, "rbd"))
		return 0;
	(void)pxc_fail(
		err, PXC_EINVAL,
		"audit_storage: changes can only be recorded in a storage of type rbd, and %s is "
		"%s%s",
		storage, type ? "of type " : "no storage of the cluster", type ? type : "");
	return world_storage_unseen(w, storage, err);
}

static int want_block(const struct cloud_spec *s, const struct cloud_world *cw,
		      struct pxc_plan *plan, struct annot *block, struct pxc_err *err)
{
	const struct world *w = cw->w;
	const char *key, *old = annot_get(block, "domain");
	auto_free char *id = pxc_printf("cloud.%s", w->cluster_name);
	char hash[9];
	json_t *value;

	if (!s->domain && !old)
		return pxc_fail(err, PXC_EINVAL,
				"cluster %s has no cloud registry yet: it needs a domain",
				w->cluster_name);
	if (s->domain && old && !str_eq(s->domain, old) && !s->reseal)
		return pxc_fail(
			err, PXC_EINVAL,
			"cluster %s belongs to the cloud %s, not %s: is this the right cluster? "
			"(reseal: true renames the cloud)",
			w->cluster_name, old, s->domain);
	annot_set(block, "t", "cloud");
	annot_set(block, "id", id);
	world_cluster_hash(s->domain ? s->domain : old, w->cluster_name, hash);
	annot_set(block, "c", hash);
	if (s->domain)
		annot_set(block, "domain", s->domain);
	json_object_foreach (s->keys, key, value)
		annot_set(block, key, json_string_value(value));
	if (check_audit(s, w, err) < 0 || cloud_want_classes(s, w, block, plan, err) < 0 ||
	    cloud_want_zones(s, cw, block, plan, err) < 0)
		return -1;
	if (cloud_want_admins(s, w, block, err) < 0)
		return -1;
	return s->auto_cpu || s->cpu_model ? choose_cpu(s, cw, block, err) : 0;
}

static void view(const struct annot *block, const char *human, json_t **ret)
{
	*ret = json_object();
	for (size_t i = 0; i < block->npairs; i++)
		if (!str_eq(block->pairs[i].key, "r") && !str_eq(block->pairs[i].key, "at") &&
		    !str_eq(block->pairs[i].key, "by"))
			(void)json_object_set_new(*ret, block->pairs[i].key,
						  json_string(block->pairs[i].value));
	(void)json_object_set_new(*ret, "description", json_string(human));
}

static int plan_absent(const struct cloud_spec *s, const struct world *w, struct pxc_plan *plan,
		       struct pxc_err *err)
{
	auto_free char *human = NULL;
	json_t *args;

	plan->item = json_pack("{s:s,s:s}", "cluster", w->cluster_name, "state", "absent");
	if (w->notes.finding == ANNOT_NONE)
		return 0;
	if (w->notes.finding != ANNOT_OK && !s->reseal)
		return pxc_fail(
			err, PXC_EINVAL,
			"the cloud registry is damaged (%s): look at the datacenter notes, then set "
			"reseal: true to remove it all the same",
			w->notes.problem);
	for (size_t i = 0; i < w->npools; i++)
		if (strstr(w->pools[i].comment, "[pxc/"))
			return pxc_fail(
				err, PXC_EINVAL,
				"the cloud still has the project of pool %s: remove its projects first",
				w->pools[i].poolid);
	human = pxc_printf("%s%s", w->notes.before, w->notes.after);
	args = *human ? json_pack("{s:s}", "description", human)
		      : json_pack("{s:s}", "delete", "description");
	view(&w->notes.annot, human, &plan->before);
	pxc_plan_add(plan, REGISTRY_WRITE, PXC_DESTROYS, args, "remove the cloud registry");
	return 0;
}

static int plan_present(const struct cloud_spec *s, const struct cloud_world *cw,
			struct pxc_plan *plan, struct pxc_err *err)
{
	static const char *const changing[] = { "r", "at", "by", NULL };
	const struct world *w = cw->w;
	auto_annot struct annot block = { .npairs = 0 };
	auto_buf struct pxc_buf why = { .data = NULL };
	json_auto_t *args = json_object(), *gone = json_array();
	auto_free char *old_human = pxc_printf("%s%s", w->notes.before, w->notes.after);
	const char *key;
	size_t i;
	json_t *value;
	bool text_changes;

	if (w->notes.finding == ANNOT_FOREIGN || (w->notes.finding == ANNOT_TAMPERED && !s->reseal))
		return pxc_fail(
			err, PXC_EINVAL,
			"the cloud registry in the datacenter notes is damaged (%s): look at it, then "
			"set reseal: true",
			w->notes.problem);
	annot_copy(&block, &w->notes.annot);
	if (want_block(s, cw, plan, &block, err) < 0)
		return -1;
	text_changes = s->description && !annot_text_same(s->description, old_human);
	view(&w->notes.annot, old_human, &plan->before);
	view(&block, text_changes ? s->description : old_human, &plan->after);
	if (w->notes.finding != ANNOT_OK || text_changes ||
	    !annot_equal(&w->notes.annot, &block, changing)) {
		auto_free char *notes =
			registry_notes(w, s->description, &block, s->stamp, s->actor);

		if (utf8_length(notes) > PXC_MAX_DC_NOTES)
			return pxc_fail(
				err, PXC_EINVAL,
				"the datacenter notes would have %zu characters, PVE takes %d",
				utf8_length(notes), PXC_MAX_DC_NOTES);
		(void)json_object_set_new(args, "description", json_string(notes));
	}
	cloud_warn_lowered(s, w, plan);
	want_options(s, w, args, gone);
	if (s->protect_tags)
		want_tags(w, args);
	json_object_foreach (args, key, value) {
		buf_printf(&why, "%s%s", why.len ? ", " : "set ",
			   str_eq(key, "description") ? "the registry" : key);
		if (!str_eq(key, "description"))
			(void)json_object_set(plan->after, key, value);
	}
	json_array_foreach (gone, i, value)
		buf_printf(&why, "%sunset %s", why.len ? ", " : "", json_string_value(value));
	if (json_array_size(gone)) {
		auto_buf struct pxc_buf keys = { .data = NULL };

		json_array_foreach (gone, i, value)
			buf_printf(&keys, "%s%s", i ? "," : "", json_string_value(value));
		(void)json_object_set_new(args, "delete", json_string(buf_str(&keys)));
	}
	plan->item = registry_item(w);
	if (json_object_size(args))
		pxc_plan_add(plan, REGISTRY_WRITE, PXC_QUIET, pxc_take(&args), "%s", buf_str(&why));
	return 0;
}

int cloud_plan(const struct cloud_spec *spec, const struct cloud_world *cw, struct pxc_plans *ret,
	       struct pxc_err *err)
{
	struct pxc_plan *plan = pxc_plans_add(ret, "cloud");

	if (!cw->w->quorate)
		return pxc_fail(err, PXC_EREMOTE,
				"cluster %s has no quorum: nothing can be changed until it has",
				cw->w->cluster_name);
	return spec->absent ? plan_absent(spec, cw->w, plan, err)
			    : plan_present(spec, cw, plan, err);
}
