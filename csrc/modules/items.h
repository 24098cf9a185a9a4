/* SPDX-License-Identifier: GPL-3.0-or-later */
/* items.h - small readers of decoded arguments, shared by the kinds. Layer: modules. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/json.h"
#include "cloud/quota.h"
#include "modules/kind.h"

static inline const char *item_text(const json_t *item, const char *key)
{
	return json_string_value(json_object_get(item, key));
}

static inline bool item_true(const json_t *item, const char *key)
{
	return json_is_true(json_object_get(item, key));
}

static inline json_int_t item_int(const json_t *item, const char *key)
{
	return json_integer_value(json_object_get(item, key));
}

/* Array of texts -> NULL-terminated list; NULL when the key is absent. */
const char *const *item_list(struct pxc_arena *arena, const json_t *item, const char *key);

/* A dict of quota keys; absent ones stay unset. err EINVAL: below -1. */
must_check int item_quota(const json_t *dict, struct quota *ret, struct pxc_err *err);

/* JSON scalar as the text PVE takes: true is "1"; null, "" and anything nested is JSON null (remove). New reference. */
json_t *item_scalar(const json_t *value);

/* [a-z][a-z0-9-]{1,30}: names of projects. */
bool item_slug(const char *name);

/* Letters, digits, - _ and ., a letter first: names of storages as PVE takes them, which stand in front of the name of a volume. */
bool item_storage(const char *name);

/* 1 to 60 of a-z 0-9 . _ -: names of flavors and storage classes, which are keys of an annotation. */
bool item_word(const char *name);

/* A name of somebody, as roles and groups of people list them: not empty, without blanks and commas, no "@" in front. */
bool item_person(const char *name);

/* The text is a secret that was given where none belongs: it is masked wherever it would be printed. */
void item_hide(struct pxc_env *env, const char *text);

/*
 * The objects of the task, complete (items) and as named (given): equally long arrays that live as long as the run.
 * err EINVAL: as ans_batch(); more than PXC_MAX_BATCH.
 */
must_check int items_of_task(struct pxc_env *env, const json_t **ret_items,
			     const json_t **ret_given, struct pxc_err *err);

/* One object of a task, complete (item) and as named (given), into a spec, which is zeroed. */
typedef int item_read_fn(struct pxc_env *env, const json_t *item, const json_t *given, void *spec,
			 struct pxc_err *err);

/*
 * The objects of the task as specs of that size, in the arena. A spec begins with its label (const char *).
 * NULL: failed; err EINVAL: as items_of_task(); or a label that is there already: "... is named twice in this task"
 */
must_check void *items_read(struct pxc_env *env, item_read_fn *read, size_t size, size_t *ret_n,
			    struct pxc_err *err);

/* For a kind's locks(): one for each spec that is changed, by its own plan or via a helper. */
const char *const *items_locks(struct pxc_env *env, const struct pxc_plans *plans,
			       const void *specs, size_t n, size_t size,
			       const char *(*lock_of)(struct pxc_env *env, const void *spec));
