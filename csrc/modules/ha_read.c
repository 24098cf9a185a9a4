/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/ha_read.h"

#define NOT_IMPLEMENTED 501 /* no such path there */

enum { RULES, GROUPS, CURRENT, MANAGER, NREADS };

static const char *const paths[NREADS] = {
	[RULES] = "/cluster/ha/rules",
	[GROUPS] = "/cluster/ha/groups",
	[CURRENT] = "/cluster/ha/status/current",
	[MANAGER] = "/cluster/ha/status/manager_status",
};

/*
 * PVE 8 has groups and no rules, PVE 9 rules and, once it has turned the groups into rules, an error for the groups: what is
 * wrong with them there does not matter.
 */
static int check_reads(struct pxc_env *env, struct pve_read *reads, struct pxc_err *err)
{
	bool has_rules = reads[RULES].err.http != NOT_IMPLEMENTED;
	int r = 0;

	for (size_t i = 0; i < NREADS; i++) {
		if (reads[i].data)
			(void)pxc_env_keep(env, reads[i].data);
		if (r < 0 || reads[i].err.http == NOT_IMPLEMENTED || (i == GROUPS && has_rules))
			continue;
		if (reads[i].err.kind != PXC_OK) {
			*err = reads[i].err;
			r = -1;
		} else if (!reads[i].data) {
			r = pxc_fail(err, PXC_EREMOTE,
				     "GET %s: half an answer, not taken for truth", paths[i]);
		}
	}
	return r;
}

int ha_read(struct pxc_env *env, const struct world *w, struct ha **ret, struct pxc_err *err)
{
	json_auto_t *warnings = json_array();
	struct pve_read reads[NREADS] = { { .path = NULL } };
	json_t *sentence;
	size_t i;

	for (i = 0; i < NREADS; i++)
		reads[i].path = arena_strdup(env->arena, paths[i]);
	pve_read_all(env->pve, reads, NREADS);
	if (check_reads(env, reads, err) < 0 ||
	    ha_decode(w->ha_resources, reads[RULES].data, reads[GROUPS].data, reads[CURRENT].data,
		      reads[MANAGER].data, w->options, env->arena, warnings, ret, err) < 0)
		return -1;
	json_array_foreach (warnings, i, sentence)
		pxc_env_warn(env, "%s", json_string_value(sentence));
	return 0;
}
