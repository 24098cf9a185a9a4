/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/migrate.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/str.h"

#define MIB (1024 * 1024)
#define SECONDS 1000u
#define MINUTES (60 * SECONDS)

#define GUEST "/nodes/{node}/qemu/{vmid}"

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static enum pve_judgement say(struct pve_look *look, enum pve_judgement what, const char *fmt, ...)
	printf_like(3, 4);

static enum pve_judgement say(struct pve_look *look, enum pve_judgement what, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(look->why, sizeof(look->why), fmt, ap);
	va_end(ap);
	return what;
}

/* While there is time; what is still not so then is no reason to fail. */
static enum pve_judgement later(const struct pve_look *look)
{
	return look->late ? PVE_DROP : PVE_WAIT;
}

static enum pve_judgement still(struct pve_look *look)
{
	const char *node = text_of(look->args, "node"), *lock = text_of(look->data, "lock");
	bool runs = str_eq(text_of(look->data, "status"), "running");

	if (look->err->kind == PXC_ENOTFOUND)
		return say(look, PVE_DROP, "it is not on %s any more", node);
	if (!look->data)
		return say(look, later(look), "%s does not say how it is: %s", node,
			   look->err->msg);
	if (*lock)
		return say(look, later(look), "it is locked (%s)", lock);
	if (runs != json_is_true(json_object_get(look->args, "_running")))
		return say(look, PVE_DROP,
			   runs ? "it has been started" : "it does not run any more");
	return PVE_GO;
}

/* What is in use of a node by the list of all, in MiB and millicores. */
static bool in_use(const json_t *list, const char *node, double ret[2])
{
	size_t i;
	json_t *row;

	json_array_foreach (list, i, row) {
		const json_t *mem = json_object_get(row, "mem"), *cpu = json_object_get(row, "cpu");

		if (!str_eq(text_of(row, "node"), node) || !json_is_number(mem) ||
		    !json_is_number(cpu))
			continue;
		ret[0] = json_number_value(mem) / MIB;
		ret[1] = json_number_value(cpu) * 1000 *
			 json_number_value(json_object_get(row, "maxcpu"));
		return true;
	}
	return false;
}

/* The list is up to ten seconds old, so guests that have just been moved may count where they were: looked at for longer than that. */
static enum pve_judgement worth(struct pve_look *look)
{
	const char *into = text_of(look->args, "_into"), *out_of = text_of(look->args, "_out_of");
	const json_t *to = json_object_get(look->args, "_to"),
		     *from = json_object_get(look->args, "_from");
	double there[2], here[2], sum = 0;

	if (!look->data && !look->late)
		return say(look, PVE_WAIT, "%s", look->err->msg);
	/* Who cannot tell has nothing against it. */
	if (!in_use(look->data, into, there) || !in_use(look->data, out_of, here))
		return PVE_GO;
	for (size_t r = 0; r < 2; r++)
		sum += json_number_value(json_array_get(to, r)) * there[r] -
		       json_number_value(json_array_get(from, r)) * here[r];
	if (sum > json_number_value(json_object_get(look->args, "_limit")))
		return say(look, later(look), "%s is as busy as %s by now", into, out_of);
	return PVE_GO;
}

/* "used" counts what the kernel would not give back at once, as PVE shows it to people. */
static enum pve_judgement room(struct pve_look *look)
{
	const char *node = text_of(look->args, "node");
	const json_t *used = json_object_get(json_object_get(look->data, "memory"), "used");
	json_int_t need = json_integer_value(json_object_get(look->args, "_need_mib"));
	json_int_t limit = json_integer_value(json_object_get(look->args, "_limit_mib"));
	json_int_t left = limit - json_integer_value(used) / MIB;

	if (!json_is_integer(used))
		return say(look, later(look), "%s does not say how much memory it has left: %s",
			   node, look->err->msg);
	if (need > left)
		return say(look, later(look),
			   "%s has %" JSON_INTEGER_FORMAT " MiB left, %" JSON_INTEGER_FORMAT
			   " are needed",
			   node, left > 0 ? left : 0, need);
	return PVE_GO;
}

static const char *ha_state(const struct pve_look *look)
{
	const char *state = text_of(json_object_get(look->data, "ha"), "state");

	return *state ? state : "unknown";
}

static bool ha_is_at_it(const char *state)
{
	return str_eq(state, "migrate") || str_eq(state, "relocate");
}

/*
 * The HA manager takes a request, "hamigrate", at once and looks at it in its next round, when the guest's state becomes
 * "migrate"; it stays so to the next round at least. The guest's node answers for it until it has moved.
 */
enum pve_judgement migrate_ha_begun(struct pve_look *look)
{
	const char *state = ha_state(look);

	if (look->err->kind == PXC_ENOTFOUND || (look->data && ha_is_at_it(state)))
		return PVE_GO;
	if (!look->data)
		return say(look, PVE_WAIT, "%s", look->err->msg);
	if (str_eq(state, "error") || str_eq(state, "fence") || str_eq(state, "recovery"))
		return say(look, PVE_FAIL, "the HA manager has it in state %s", state);
	return say(look, look->late ? PVE_FAIL : PVE_WAIT,
		   "the HA manager has not taken it up (state %s); its log on the master says why",
		   state);
}

enum pve_judgement migrate_ha_moved(struct pve_look *look)
{
	const char *state = ha_state(look);

	if (look->err->kind == PXC_ENOTFOUND)
		return PVE_GO;
	if (!look->data)
		return say(look, PVE_WAIT, "%s", look->err->msg);
	if (ha_is_at_it(state))
		return say(look, PVE_WAIT, "the HA manager is still at it");
	return say(look, PVE_FAIL, "the HA manager has given it up: it stays on %s (state %s)",
		   text_of(look->args, "node"), state);
}

static enum pve_judgement there(struct pve_look *look)
{
	return look->data ? PVE_GO : say(look, PVE_WAIT, "%s", look->err->msg);
}

const struct pve_op migrate_ops[MIGRATE_OPS] = {
	[MIGRATE_STILL] = { .method = "GET",
			    .path = GUEST "/status/current",
			    .wait_ms = MINUTES,
			    .judge = still },
	[MIGRATE_WORTH] = { .method = "GET",
			    .path = "/cluster/resources",
			    .wait_ms = MINUTES,
			    .judge = worth },
	[MIGRATE_ROOM] = { .method = "GET",
			   .path = "/nodes/{node}/status",
			   .wait_ms = MINUTES,
			   .judge = room },
	[MIGRATE_SEND] = { .method = "POST", .path = GUEST "/migrate", .wait_ms = 60 * MINUTES },
	[MIGRATE_HA_BEGUN] = { .method = "GET",
			       .path = GUEST "/status/current",
			       .wait_ms = 2 * MINUTES,
			       .judge = migrate_ha_begun },
	[MIGRATE_HA_MOVED] = { .method = "GET",
			       .path = GUEST "/status/current",
			       .wait_ms = 60 * MINUTES,
			       .judge = migrate_ha_moved },
	[MIGRATE_THERE] = { .method = "GET",
			    .path = GUEST "/status/current",
			    .wait_ms = MINUTES,
			    .judge = there },
};
