/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "base/str.h"
#include "modules/kind.h"

struct env_defer {
	struct env_defer *next;
	void (*release)(void *ptr);
	void *ptr;
};

json_t *pxc_env_keep(struct pxc_env *env, json_t *value_new)
{
	if (!env->kept)
		env->kept = json_array();
	(void)json_array_append_new(env->kept, value_new);
	return value_new;
}

void pxc_env_defer(struct pxc_env *env, void (*release)(void *ptr), void *ptr)
{
	struct env_defer *d = arena_alloc(env->arena, sizeof(*d));

	*d = (struct env_defer){ env->defers, release, ptr };
	env->defers = d;
}

void pxc_env_warn(struct pxc_env *env, const char *fmt, ...)
{
	char text[1024];
	json_t *said;
	va_list ap;
	size_t i;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!env->warnings)
		env->warnings = json_array();
	/* A run that looks several times sees the same each time. */
	json_array_foreach (env->warnings, i, said)
		if (str_eq(json_string_value(said), text))
			return;
	(void)json_array_append_new(env->warnings, json_string(text));
}

void pxc_env_release(struct pxc_env *env)
{
	for (struct env_defer *d = env->defers; d; d = d->next)
		d->release(d->ptr);
	env->defers = NULL;
	json_decref(env->kept);
	json_decref(env->warnings);
	env->kept = env->warnings = NULL;
	env->links = NULL;
	env->stores = NULL;
}
