/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/ha_read.h"

#include <stdio.h>

#define NOT_IMPLEMENTED 501 /* no such path there */

enum { RULES, GROUPS, CURRENT, MANAGER, VERSION, NREADS };

static const char *const paths[NREADS] = {
	[RULES] = "/cluster/ha/rules",
	[GROUPS] = "/cluster/ha/groups",
	[CURRENT] = "/cluster/ha/status/current",
	[MANAGER] = "/cluster/ha/status/manager_status",
	[VERSION] = "/version",
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

/* {"version": "9.2.1", ...} */
static int read_release(const json_t *data, unsigned *ret, struct pxc_err *err)
{
	const char *text = json_string_value(json_object_get(data, "version"));
	unsigned major = 0, minor = 0;

	if (!text || sscanf(text, "%3u.%2u", &major, &minor) != 2 || !major)
		return pxc_fail(err, PXC_EREMOTE, "GET /version: \"%s\" is no version of PVE",
				text ? text : "");
	*ret = major * 100 + minor;
	return 0;
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
		      reads[MANAGER].data, w->options, env->arena, warnings, ret, err) < 0 ||
	    read_release(reads[VERSION].data, &(*ret)->release, err) < 0)
		return -1;
	json_array_foreach (warnings, i, sentence)
		pxc_env_warn(env, "%s", json_string_value(sentence));
	return 0;
}
