/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/items.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "ansible/batch.h"
#include "base/limits.h"

const char *const *item_list(struct pxc_arena *arena, const json_t *item, const char *key)
{
	const json_t *list = json_object_get(item, key);
	const char **ret;
	size_t i;
	json_t *value;

	if (!list)
		return NULL;
	ret = arena_alloc(arena, (json_array_size(list) + 1) * sizeof(*ret));
	json_array_foreach (list, i, value)
		ret[i] = json_string_value(value);
	return ret;
}

int item_quota(const json_t *dict, struct quota *ret, struct pxc_err *err)
{
	*ret = quota_unset();
	for (int q = 0; q < QUOTA_KEYS; q++) {
		const json_t *v = json_object_get(dict, quota_names[q]);

		if (!v)
			continue;
		ret->v[q] = json_integer_value(v);
		if (ret->v[q] < QUOTA_UNLIMITED)
			return pxc_fail(err, PXC_EINVAL,
					"quota: %s must be -1 (unlimited) or more, not %lld",
					quota_names[q], (long long)ret->v[q]);
	}
	return 0;
}

json_t *item_scalar(const json_t *value)
{
	char buf[64];

	if (json_is_string(value))
		return *json_string_value(value) ? json_string(json_string_value(value))
						 : json_null();
	if (json_is_boolean(value))
		return json_string(json_is_true(value) ? "1" : "0");
	if (json_is_integer(value))
		(void)snprintf(buf, sizeof(buf), "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		(void)snprintf(buf, sizeof(buf), "%.10g", json_real_value(value));
	else
		return json_null();
	return json_string(buf);
}

bool item_slug(const char *name)
{
	size_t n = name ? strlen(name) : 0;

	return n >= 2 && n <= 31 && name[0] >= 'a' && name[0] <= 'z' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

bool item_storage(const char *name)
{
	size_t n = 0;

	while (isalnum((unsigned char)name[n]) || (name[n] && strchr("-_.", name[n])))
		n++;
	return !name[n] && n >= 2 && isalpha((unsigned char)name[0]) &&
	       isalnum((unsigned char)name[n - 1]);
}

bool item_word(const char *name)
{
	size_t n = strlen(name);

	return n >= 1 && n <= 60 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

bool item_person(const char *name)
{
	return *name && *name != '@' && !strpbrk(name, ", \t\r\n");
}

void item_hide(struct pxc_env *env, const char *text)
{
	json_t *secrets = env->args->secrets, *old;
	size_t i;

	/* Longest first. */
	json_array_foreach (secrets, i, old)
		if (strlen(json_string_value(old)) < strlen(text))
			break;
	(void)json_array_insert_new(secrets, i, json_string(text));
}

static int once(json_t *seen, const char *label, struct pxc_err *err)
{
	if (json_object_get(seen, label))
		return pxc_fail(err, PXC_EINVAL, "%s is named twice in this task", label);
	(void)json_object_set_new(seen, label, json_true());
	return 0;
}

int items_of_task(struct pxc_env *env, const json_t **ret_items, const json_t **ret_given,
		  struct pxc_err *err)
{
	json_t *items = NULL, *given = NULL;

	if (ans_batch(env->args, &items, &given, err) < 0)
		return -1;
	*ret_items = pxc_env_keep(env, items);
	*ret_given = pxc_env_keep(env, given);
	if (json_array_size(items) > PXC_MAX_BATCH)
		return pxc_fail(err, PXC_EINVAL, "%zu objects in one task: at most %d are taken",
				json_array_size(items), PXC_MAX_BATCH);
	return 0;
}

void *items_read(struct pxc_env *env, item_read_fn *read, size_t size, size_t *ret_n,
		 struct pxc_err *err)
{
	const json_t *items = NULL, *given = NULL;
	json_auto_t *seen = json_object();
	char *specs;
	size_t n;

	if (items_of_task(env, &items, &given, err) < 0)
		return NULL;
	n = json_array_size(items);
	specs = arena_alloc(env->arena, (n + 1) * size);
	for (size_t i = 0; i < n; i++) {
		void *spec = specs + i * size;

		if (read(env, json_array_get(items, i), json_array_get(given, i), spec, err) < 0 ||
		    once(seen, *(const char *const *)spec, err) < 0)
			return NULL;
	}
	*ret_n = n;
	return specs;
}

const char *const *items_locks(struct pxc_env *env, const struct pxc_plans *plans,
			       const void *specs, size_t n, size_t size,
			       const char *(*lock_of)(struct pxc_env *env, const void *spec))
{
	const char **names = arena_alloc(env->arena, (n + 1) * sizeof(*names));
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (plans->plans[i]->nsteps || plans->plans[i]->via)
			names[k++] = lock_of(env, (const char *)specs + i * size);
	return names;
}
