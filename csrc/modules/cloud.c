/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "ansible/args.h"
#include "base/buf.h"
#include "base/str.h"
#include "cloud/registry_plan.h"
#include "modules/cloud_zones.h"
#include "modules/items.h"
#include "modules/kind.h"
#include "modules/world.h"

#define SECONDS 1000u

/* Every request this kind can send to change something. (api: PUT /cluster/options, Sys.Modify on /) */
static const struct pve_op cloud_ops[REGISTRY_OPS] = {
	[REGISTRY_WRITE] = { .method = "PUT", .path = "/cluster/options", .wait_ms = 60 * SECONDS },
};

static void put_text(json_t *keys, const char *key, const char *text)
{
	(void)json_object_set_new(keys, key, text && *text ? json_string(text) : json_null());
}

static void put_int(json_t *keys, const char *key, const json_t *value)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
	put_text(keys, key, text);
}

static void put_list(json_t *keys, const char *key, const json_t *list)
{
	auto_buf struct pxc_buf text = { .data = NULL };
	size_t i;
	json_t *word;

	json_array_foreach (list, i, word)
		buf_printf(&text, "%s%s", i ? "," : "", json_string_value(word));
	put_text(keys, key, buf_str(&text));
}

static int decode_numbers(struct cloud_spec *s, const json_t *given, struct pxc_err *err)
{
	static const char *const ceilings[] = { "cores", "ram_mb", "disk_gb" };
	static const char *const ratios[] = { "cpu", "ram" };
	const json_t *quota = json_object_get(given, "default_quota"),
		     *max = json_object_get(given, "max_vm");
	const json_t *over = json_object_get(given, "overcommit");
	struct quota q;
	char key[64];

	if (item_quota(quota, &q, err) < 0)
		return pxc_context(err, "default_quota");
	for (int i = 0; i < QUOTA_KEYS; i++)
		if (q.v[i] != QUOTA_UNSET) {
			(void)snprintf(key, sizeof(key), "dq.%s", quota_names[i]);
			put_int(s->keys, key, json_object_get(quota, quota_names[i]));
		}
	for (size_t i = 0; i < ARRAY_SIZE(ceilings); i++) {
		(void)snprintf(key, sizeof(key), "mv.%s", ceilings[i]);
		if (json_object_get(max, ceilings[i]))
			put_int(s->keys, key, json_object_get(max, ceilings[i]));
	}
	for (size_t i = 0; i < ARRAY_SIZE(ratios); i++) {
		const json_t *v = json_object_get(over, ratios[i]);
		char text[32];

		if (!v)
			continue;
		if (!(json_number_value(v) > 0))
			return pxc_fail(err, PXC_EINVAL, "overcommit: %s must be above 0",
					ratios[i]);
		(void)snprintf(key, sizeof(key), "oc.%s", ratios[i]);
		(void)snprintf(text, sizeof(text), "%g", json_number_value(v));
		put_text(s->keys, key, text);
	}
	return 0;
}

static int decode_class(struct cloud_spec *s, const char *name, const json_t *entry,
			struct pxc_err *err)
{
	static const char *const known[] = { "storage", "description", "default" };
	const char *storage = item_text(entry, "storage");
	const json_t *truth = json_object_get(entry, "default"), *text;
	json_auto_t *is_default =
		truth ? ans_coerce_scalar(ANS_BOOL, NULL, truth, err) : json_false();
	const char *key;
	json_t *value;
	size_t i;

	if (!item_word(name))
		return pxc_fail(
			err, PXC_EINVAL,
			"storage class %s: a class's name has lower-case letters, digits, dot, _ and -, "
			"at most 60",
			name);
	json_object_foreach ((json_t *)(uintptr_t)entry, key, value) {
		for (i = 0; i < ARRAY_SIZE(known) && !str_eq(known[i], key);)
			i++;
		if (i == ARRAY_SIZE(known))
			return pxc_fail(
				err, PXC_EINVAL,
				"storage class %s: there is no %s: it has storage, description "
				"and default",
				name, key);
	}
	if (!storage || !*storage)
		return pxc_fail(
			err, PXC_EINVAL,
			"storage class %s must be a dict that names a storage, like {storage: "
			"ceph}",
			name);
	if (!is_default)
		return pxc_context(err, "storage class %s: default", name);
	text = json_object_get(entry, "description");
	if (text && !json_is_null(text) && !json_is_string(text))
		return pxc_fail(err, PXC_EINVAL, "storage class %s: its description must be a text",
				name);
	(void)json_object_set_new(s->classes, name,
				  json_pack("{s:s,s:O,s:O*}", "storage", storage, "default",
					    is_default, "description",
					    json_is_string(text) ? text : NULL));
	return 0;
}

static int decode_classes(struct pxc_env *env, struct cloud_spec *s, const json_t *given,
			  struct pxc_err *err)
{
	json_t *all = json_object_get(given, "storage_classes"), *entry;
	const char *name, *first = NULL;

	if (!all)
		return 0;
	s->classes = pxc_env_keep(env, json_object());
	json_object_foreach (all, name, entry)
		if (decode_class(s, name, entry, err) < 0)
			return -1;
	json_object_foreach (s->classes, name, entry) {
		if (!item_true(entry, "default"))
			continue;
		if (first)
			return pxc_fail(
				err, PXC_EINVAL,
				"storage classes %s and %s are both the default: only one can "
				"be",
				first, name);
		first = name;
	}
	return 0;
}

/* Options of datacenter.cfg: scalars as texts, dicts as objects of texts, null to unset. */
static int decode_options(struct pxc_env *env, struct cloud_spec *s, const json_t *given,
			  struct pxc_err *err)
{
	json_t *raw = json_object_get(given, "options"), *value, *part;
	const char *key, *name;

	s->options = pxc_env_keep(env, json_object());
	json_object_foreach (raw, key, value) {
		json_t *obj;

		if (str_eq(key, "description") || str_eq(key, "delete"))
			return pxc_fail(err, PXC_EINVAL, "options: %s cannot be set here%s", key,
					str_eq(key, "delete") ? ": give null as an option's value"
							      : ": use description");
		if (!json_is_object(value)) {
			(void)json_object_set_new(s->options, key, item_scalar(value));
			continue;
		}
		obj = json_object();
		json_object_foreach (value, name, part)
			(void)json_object_set_new(obj, name, item_scalar(part));
		(void)json_object_set_new(s->options, key, obj);
	}
	return 0;
}

/* "900000-999999"; empty is the usual one. */
static bool range_ok(const char *text)
{
	unsigned first, last;
	char end;

	return !text || !*text ||
	       (strspn(text, "0123456789") && sscanf(text, "%9u-%9u%c", &first, &last, &end) == 2 &&
		first >= 100 && first <= last);
}

static bool domain_ok(const char *d)
{
	size_t n = strlen(d);

	return n > 0 && n <= 253 && d[0] != '.' && d[n - 1] != '.' &&
	       strspn(d, "abcdefghijklmnopqrstuvwxyz0123456789.-") == n;
}

static int check_people(const char *option, const json_t *list, bool groups, struct pxc_err *err)
{
	size_t i;
	json_t *entry;

	json_array_foreach (list, i, entry) {
		const char *name = json_string_value(entry);

		if (!name || !item_person(groups && *name == '@' ? name + 1 : name))
			return pxc_fail(err, PXC_EINVAL, "%s: \"%s\" is no name of a user%s",
					option, name ? name : "",
					groups ? ", nor of a group with @ before it" : "");
	}
	return 0;
}

static int decode(struct pxc_env *env, void **ret_batch, struct pxc_err *err)
{
	static const char *const texts[][2] = {
		{ "storage", "storage" },      { "import_storage", "import" },
		{ "bridge", "bridge" },        { "audit_storage", "audit" },
		{ "holder_range", "holders" }, { "lock_storage", "locks" },
	};
	const json_t *given = env->args->given, *item = env->args->params;
	struct cloud_spec *s = arena_alloc(env->arena, sizeof(*s));
	const char *cpu = item_text(given, "cpu_model");

	s->absent = str_eq(item_text(item, "state"), "absent");
	s->reseal = item_true(item, "reseal");
	s->domain = item_text(given, "domain");
	s->description = item_text(given, "description");
	s->protect_tags = item_true(item, "protect_tags");
	s->auto_cpu = str_eq(cpu, "auto");
	s->cpu_model = s->auto_cpu ? NULL : cpu;
	s->stamp = env->stamp;
	s->actor = env->actor;
	s->keys = pxc_env_keep(env, json_object());
	if (s->domain && !domain_ok(s->domain))
		return pxc_fail(
			err, PXC_EINVAL,
			"domain: \"%s\" is no DNS domain in lower case, like cloud.example.org",
			s->domain);
	if (!range_ok(item_text(given, "holder_range")))
		return pxc_fail(err, PXC_EINVAL,
				"holder_range: \"%s\" is no range of VMIDs, like 900000-999999",
				item_text(given, "holder_range"));
	if (s->description && strstr(s->description, "<!-- pxc/"))
		return pxc_fail(
			err, PXC_EINVAL,
			"description: \"<!-- pxc/...\" marks the cloud's own annotation: take it "
			"out");
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (json_object_get(given, texts[i][0]))
			put_text(s->keys, texts[i][1], item_text(given, texts[i][0]));
	if (json_object_get(given, "admins"))
		put_list(s->keys, "adm", json_object_get(given, "admins"));
	if (json_object_get(given, "denied"))
		put_list(s->keys, "deny", json_object_get(given, "denied"));
	if (json_object_get(given, "host_reserve_mb"))
		put_int(s->keys, "reserve_mb", json_object_get(given, "host_reserve_mb"));
	if (json_object_get(given, "ha_default"))
		put_text(s->keys, "ha", item_true(given, "ha_default") ? "1" : "");
	*ret_batch = s;
	if (check_people("admins", json_object_get(given, "admins"), true, err) < 0 ||
	    check_people("denied", json_object_get(given, "denied"), false, err) < 0)
		return -1;
	if (decode_numbers(s, given, err) < 0 || decode_classes(env, s, given, err) < 0 ||
	    cloud_zones_decode(env, given, s, err) < 0)
		return -1;
	return decode_options(env, s, given, err);
}

/* What can the processors do? Asked only when a CPU model is to be chosen or checked. */
static int read_flags(struct pxc_env *env, struct cloud_world *cw, struct pxc_err *err)
{
	cw->cpu_flags = pxc_env_keep(env, json_object());
	for (size_t i = 0; i < cw->w->nnodes; i++) {
		const struct world_node *n = &cw->w->nodes[i];
		const char *path = arena_printf(env->arena, "/nodes/%s/status", n->name);
		json_auto_t *data = NULL;
		const char *flags;

		if (!n->online)
			continue;
		if (pve_get(env->pve, path, &data, err) < 0)
			return pxc_context(err, "processor of node %s", n->name);
		flags = json_string_value(
			json_object_get(json_object_get(data, "cpuinfo"), "flags"));
		(void)json_object_set_new(cw->cpu_flags, n->name, json_string(flags ? flags : ""));
	}
	return 0;
}

/* The list of admins as it is to be. */
static const char *admins_text(const struct cloud_spec *s, const struct world *w)
{
	const json_t *named = json_object_get(s->keys, "adm");
	const char *text = named ? json_string_value(named) : annot_get(&w->notes.annot, "adm");

	return text ? text : "";
}

static int observe(struct pxc_env *env, void *batch, void **ret_world, struct pxc_err *err)
{
	struct cloud_world *cw = arena_alloc(env->arena, sizeof(*cw));
	const struct cloud_spec *s = batch;
	struct world *w = NULL;

	if (world_read(env, WORLD_LISTS, &w, err) < 0)
		return -1;
	/* Whom the groups hold that are admins, or are to be. */
	if (strchr(admins_text(s, w), '@') && world_groups_read(env, w, err) < 0)
		return -1;
	cw->w = w;
	*ret_world = cw;
	if (s->zones && cloud_zones_read(env, cw, err) < 0)
		return -1;
	return s->auto_cpu || s->cpu_model ? read_flags(env, cw, err) : 0;
}

static void asks(const void *batch, const struct world *w, struct policy_asks *ret)
{
	(void)batch, (void)w;
	policy_ask(ret, "cloud.manage", NULL, NULL);
}

static int plan(const void *batch, const void *world, struct pxc_plans *ret, struct pxc_err *err)
{
	return cloud_plan(batch, world, ret, err);
}

static const char *const *locks(struct pxc_env *env, const void *batch,
				const struct pxc_plans *plans)
{
	const struct cloud_spec *s = batch;
	const char **names = arena_alloc(env->arena, 3 * sizeof(*names));
	const json_t *where = json_object_get(s->keys, "locks");
	const char *storage = json_string_value(where);

	if (!plans->plans[0]->nsteps)
		return NULL;
	names[0] = "cloud";
	/* Who puts locks elsewhere holds it in both places. */
	if (where && !str_eq(storage, env->lock_storage))
		names[1] = storage ? arena_printf(env->arena, LOCK_RBD "%s/cloud", storage)
				   : LOCK_PVE "cloud";
	return names;
}

const struct pxc_kind cloud_kind = {
	.name = "cloud",
	.plural = "clouds",
	.ops = cloud_ops,
	.decode = decode,
	.asks = asks,
	.observe = observe,
	.plan = plan,
	.locks = locks,
};
