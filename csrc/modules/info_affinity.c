/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What pxc_info tells of affinity groups. */
#include "base/str.h"
#include "modules/info.h"
#include "modules/items.h"

void info_read_affinity(struct pxc_env *env, struct info_world *iw)
{
	json_auto_t *warnings = json_array();
	size_t i;
	json_t *text;

	iw->groups = arena_alloc(env->arena, sizeof(*iw->groups));
	affinity_decode(iw->w, env->arena, warnings, iw->groups);
	/* They are about projects of others, too. */
	json_array_foreach (warnings, i, text)
		if (!iw->own)
			pxc_env_warn(env, "%s", json_string_value(text));
	iw->affinity = (struct affinity_view){
		.w = iw->w,
		.ha = iw->w->ha,
		.groups = iw->groups,
		.members = affinity_members(iw->w, iw->groups, NULL, 0, env->arena),
	};
}

void info_report_affinity(const struct info_spec *s, const struct info_world *iw, json_t *result)
{
	json_t *list = json_array();

	for (size_t i = 0; i < iw->groups->ngroups; i++) {
		const struct affinity_group *g = &iw->groups->groups[i];

		if ((!s->project || str_eq(s->project, g->project)) && info_sees(iw, g->project) &&
		    (!s->names || strv_has(s->names, g->name)))
			info_append(s, list, affinity_show(&iw->affinity, g));
	}
	(void)json_object_set_new(result, "affinity", list);
}

int64_t info_count_affinity(const struct info_world *iw, const char *project)
{
	int64_t n = 0;

	for (size_t i = 0; i < iw->groups->ngroups; i++)
		n += str_eq(iw->groups->groups[i].project, project);
	return n;
}
