/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ha_sid.c - resources by their names. */
#include "sim/ha_sid.h"

#include <stdio.h>
#include <string.h>

bool ha_format_sid(const char *name, const char *value, struct pxc_buf *why)
{
	size_t type = strspn(value, "abcdefghijklmnopqrstuvwxyz");

	(void)name;
	if ((*value && !value[strspn(value, "0123456789")]) ||
	    (type && value[type] == ':' && value[type + 1] && !strpbrk(value, " \t\n")))
		return true;
	buf_adds(why, "value does not look like a valid ha resource id\n");
	return false;
}

int ha_sid(struct sim_call *call, struct ha_sid *ret)
{
	const char *sid = sim_arg(call, "sid"), *colon = strchr(sid, ':');
	const struct sim_guest *g = sim_guest_find(call->sim, (unsigned)strtoul(sid, NULL, 10));

	if (!colon && !g)
		return sim_fail(call, 500,
				"unable do detect SID from VMID - VM/CT %s does not exist", sid);
	(void)snprintf(ret->full, sizeof(ret->full), "%s%s",
		       colon          ? ""
		       : g->container ? "ct:"
				      : "vm:",
		       sid);
	ret->name = strchr(ret->full, ':') + 1;
	ret->vm = !strncmp(ret->full, "vm:", 3);
	return 0;
}

int ha_need_sane(struct sim_call *call, const struct sim_ha *ha)
{
	const char *state = sim_arg(call, "state");

	if (!ha || strcmp(ha->crm, "error") != 0 || (state && !strcmp(state, "disabled")))
		return 0;
	return sim_fail(call, 500, "service '%s' in error state, must be disabled and fixed first",
			ha->sid);
}
