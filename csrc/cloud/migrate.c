/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/migrate.h"

#define ROOM_S 60
#define WORTH_S 15 /* the list of nodes is up to ten seconds old */
#define MOVE_S 3600
#define TAKEN_UP_S 90 /* the HA manager reads requests every ten seconds */
#define THERE_S 30
#define MS 1000

/* A look at a guest on a node, for so long. */
static json_t *look(const struct migration *m, const char *node, uint32_t seconds)
{
	return json_pack("{s:s,s:i,s:I}", "node", node, "vmid", (int)m->vmid, "_wait_ms",
			 (json_int_t)seconds * MS);
}

static json_t *request(const struct migration *m, uint32_t seconds)
{
	json_t *args = look(m, m->from, seconds);

	(void)json_object_set_new(args, "target", json_string(m->to));
	if (m->running)
		(void)json_object_set_new(args, "online", json_integer(1));
	if (m->local_disks)
		(void)json_object_set_new(args, "with-local-disks", json_integer(1));
	if (m->more)
		(void)json_object_update(args, (json_t *)(uintptr_t)m->more);
	return args;
}

static json_t *worth(const struct migration *m)
{
	const struct migrate_worth *w = m->worth;

	return json_pack("{s:s,s:s,s:s,s:[f,f],s:[f,f],s:f,s:I}", "type", "node", "_into", m->to,
			 "_out_of", m->from, "_to", w->to[0], w->to[1], "_from", w->from[0],
			 w->from[1], "_limit", w->limit, "_wait_ms", (json_int_t)WORTH_S * MS);
}

void migrate_plan(struct pxc_plan *plan, const struct migration *m, struct pxc_arena *arena)
{
	uint32_t room_s = m->room_s ? m->room_s : ROOM_S, move_s = m->wait_s ? m->wait_s : MOVE_S;
	json_t *still = look(m, m->from, room_s);

	plan->about = m->vmid;
	plan->uses[0] = (struct pxc_use){ arena_printf(arena, "into %s", m->to),
					  m->max_into ? m->max_into : 1 };
	plan->uses[1] = (struct pxc_use){ arena_printf(arena, "out of %s", m->from),
					  m->max_out_of ? m->max_out_of : 1 };
	(void)json_object_set_new(still, "_running", json_boolean(m->running));
	pxc_plan_add(plan, MIGRATE_STILL, PXC_WAITS, still, "look whether it is as it was");
	if (m->worth)
		pxc_plan_add(plan, MIGRATE_WORTH, PXC_WAITS, worth(m),
			     "look whether %s is still less busy than %s", m->to, m->from);
	if (m->limit_mib && m->running)
		pxc_plan_add(plan, MIGRATE_ROOM, PXC_WAITS,
			     json_pack("{s:s,s:I,s:I,s:I}", "node", m->to, "_need_mib",
				       (json_int_t)m->need_mib, "_limit_mib",
				       (json_int_t)m->limit_mib, "_wait_ms",
				       (json_int_t)room_s * MS),
			     "look whether %s has room", m->to);
	pxc_plan_add(plan, MIGRATE_SEND, PXC_QUIET, request(m, move_s), "migrate from %s to %s",
		     m->from, m->to);
	if (!m->ha)
		return;
	pxc_plan_add(plan, MIGRATE_HA_BEGUN, PXC_WAITS, look(m, m->from, TAKEN_UP_S),
		     "wait for the HA manager");
	pxc_plan_add(plan, MIGRATE_HA_MOVED, PXC_WAITS, look(m, m->from, move_s),
		     "wait until it has left %s", m->from);
	pxc_plan_add(plan, MIGRATE_THERE, PXC_WAITS, look(m, m->to, THERE_S),
		     "wait until it is on %s", m->to);
}
