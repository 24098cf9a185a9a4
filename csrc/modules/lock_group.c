/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Locks that are empty PVE groups: made, looked at, broken when their process is gone. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "annot/annot.h"
#include "base/mem.h"
#include "base/str.h"
#include "modules/lock_parts.h"

#define RETRY_MS 250

enum { LOCK_CREATE, LOCK_NOTE, LOCK_DELETE };

/* Every request such a lock can send, besides GET /access/groups/{groupid}. */
static const struct pve_op ops[] = {
	[LOCK_CREATE] = { .method = "POST", .path = "/access/groups", .wait_ms = 30000 },
	[LOCK_NOTE] = { .method = "PUT", .path = "/access/groups/{groupid}", .wait_ms = 30000 },
	[LOCK_DELETE] = { .method = "DELETE",
			  .path = "/access/groups/{groupid}",
			  .wait_ms = 30000,
			  .gone_ok = true },
};

struct holder {
	char who[128], host[128];
	long pid;
	unsigned long long
		born; /* the process's start time in ticks: a recycled pid is another process */
	int64_t until_s;
	char space[64]; /* of process numbers, that pid is one of; "?" = not said */
	char sdn[64];   /* token of the SDN lock it holds; "?" = none noted */
};

/* Start time of a process of this host in clock ticks since boot (proc(5), field 22); 0: no such process, or a dead one. */
static unsigned long long born(long pid)
{
	char path[64], line[1024];
	unsigned long long ticks = 0;
	const char *p;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	p = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	(void)fclose(f);
	/* One that nobody has waited for yet does nothing any more. */
	if (p && (str_starts(p, ") Z") || str_starts(p, ") X")))
		p = NULL;
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	if (p)
		ticks = strtoull(p + 1, NULL, 10);
	return ticks;
}

/* Containers of one host may have its name, but not its process numbers. */
static void own_space(char *out, size_t size)
{
	ssize_t n = readlink("/proc/self/ns/pid", out, size - 1);

	(void)snprintf(out + (n > 0 ? n : 0), size - (size_t)(n > 0 ? n : 0), "%s",
		       n > 0 ? "" : "?");
}

static char *token(struct pxc_env *env, const char *name, const char *sdn)
{
	auto_annot struct annot a = { .npairs = 0 };
	char host[128] = "", number[32], id[256], space[64];

	(void)gethostname(host, sizeof(host) - 1);
	(void)snprintf(id, sizeof(id), "lock.%s", name);
	annot_set(&a, "t", "lock");
	annot_set(&a, "id", id);
	annot_set(&a, "by", env->actor);
	annot_set(&a, "host", host);
	(void)snprintf(number, sizeof(number), "%ld", (long)getpid());
	annot_set(&a, "pid", number);
	(void)snprintf(number, sizeof(number), "%llu", born(getpid()));
	annot_set(&a, "born", number);
	(void)snprintf(number, sizeof(number), "%lld",
		       (long long)(env->clock->wall_s(env->clock) + LOCK_LEASE_S));
	annot_set(&a, "until", number);
	own_space(space, sizeof(space));
	annot_set(&a, "ns", space);
	annot_set(&a, "sdn", sdn);
	return annot_render(ANNOT_TOKEN, "", &a, "");
}

static void take_text(const struct annot *a, const char *key, char *out, size_t size)
{
	const char *v = annot_get(a, key);

	(void)snprintf(out, size, "%s", v ? v : "?");
}

static long long take_number(const struct annot *a, const char *key)
{
	const char *v = annot_get(a, key);

	return v ? strtoll(v, NULL, 10) : 0;
}

/* A comment that is not ours counts as held without an end. */
static void parse_holder(const char *comment, struct holder *ret)
{
	auto_annot_text struct annot_text t = { .before = NULL };

	annot_parse(ANNOT_TOKEN, comment, &t);
	*ret = (struct holder){ .until_s = INT64_MAX };
	take_text(&t.annot, "by", ret->who, sizeof(ret->who));
	take_text(&t.annot, "host", ret->host, sizeof(ret->host));
	take_text(&t.annot, "ns", ret->space, sizeof(ret->space));
	take_text(&t.annot, "sdn", ret->sdn, sizeof(ret->sdn));
	if (t.finding != ANNOT_OK)
		return;
	ret->pid = (long)take_number(&t.annot, "pid");
	ret->born = (unsigned long long)take_number(&t.annot, "born");
	ret->until_s = take_number(&t.annot, "until");
}

/* Who holds it? err ENOTFOUND: nobody any more. */
static int read_holder(struct pxc_env *env, const char *groupid, struct holder *ret,
		       struct pxc_err *err)
{
	json_auto_t *data = NULL;
	char path[300];

	(void)snprintf(path, sizeof(path), "/access/groups/%s", groupid);
	if (pve_get(env->pve, path, &data, err) < 0)
		return -1;
	parse_holder(json_string_value(json_object_get(data, "comment")), ret);
	return 0;
}

static bool stale(const struct pxc_env *env, const struct holder *h)
{
	char host[128] = "", space[64];

	(void)gethostname(host, sizeof(host) - 1);
	if (h->until_s < env->clock->wall_s(env->clock))
		return true;
	own_space(space, sizeof(space));
	if (!str_eq(h->space, "?") && !str_eq(h->space, space))
		return false;
	return str_eq(h->host, host) && h->pid > 0 && born(h->pid) != h->born;
}

static bool is_mine(const struct holder *h)
{
	char host[128] = "", space[64];

	(void)gethostname(host, sizeof(host) - 1);
	own_space(space, sizeof(space));
	return str_eq(h->host, host) && str_eq(h->space, space) && h->pid == (long)getpid() &&
	       h->born == born(getpid());
}

static int create(struct pxc_env *env, const char *groupid, struct pxc_err *err)
{
	auto_free char *comment = token(env, groupid, NULL);
	json_auto_t *args = json_pack("{s:s,s:s}", "groupid", groupid, "comment", comment);
	struct holder h;
	int r = pve_call(env->pve, &ops[LOCK_CREATE], args, NULL, err);

	if (r == 0 || (err->kind != PXC_ECONFLICT && err->kind != PXC_EUNSURE))
		return r;
	/* "Already exists" may be our own request, whose answer was lost and which was sent again. */
	if (read_holder(env, groupid, &h, err) < 0)
		return err->kind == PXC_ENOTFOUND ? pxc_fail(err, PXC_ECONFLICT, "just freed") : -1;
	if (is_mine(&h) && !stale(env, &h))
		return 0;
	return pxc_fail(err, PXC_ECONFLICT, "held");
}

void lock_group_drop(struct pxc_env *env, const char *groupid)
{
	json_auto_t *args = json_pack("{s:s}", "groupid", groupid);
	struct pxc_err err = { .kind = PXC_OK };

	if (pve_call(env->pve, &ops[LOCK_DELETE], args, NULL, &err) < 0)
		pxc_env_warn(env, "lock %s could not be released: %s", groupid, err.msg);
}

/* What its holder had begun goes before the lock does. */
static bool recover(struct pxc_env *env, const char *groupid, const struct holder *h)
{
	return !str_eq(groupid, LOCK_GROUP_SDN) ||
	       lock_sdn_recover(env, str_eq(h->sdn, "?") ? NULL : h->sdn);
}

/* Remove a stale lock, unless somebody else is at it or it has changed hands meanwhile. false: it may still be there. */
static bool break_stale(struct pxc_env *env, const char *groupid)
{
	bool gone = false;
	struct pxc_err err = { .kind = PXC_OK };
	char guard[256];
	struct holder h;

	(void)snprintf(guard, sizeof(guard), "%s.break", groupid);
	if (create(env, guard, &err) < 0) {
		if (read_holder(env, guard, &h, &err) == 0 && stale(env, &h))
			lock_group_drop(env, guard);
		return false;
	}
	if (read_holder(env, groupid, &h, &err) < 0) {
		gone = err.kind == PXC_ENOTFOUND;
	} else if (stale(env, &h) && recover(env, groupid, &h)) {
		lock_group_drop(env, groupid);
		gone = true;
	}
	lock_group_drop(env, guard);
	return gone;
}

int lock_group_acquire(struct pxc_env *env, const char *groupid, struct pxc_err *err)
{
	int64_t give_up = pve_now_ms(env->pve) + env->task_timeout_ms;

	for (;;) {
		struct holder h = { .pid = 0 };
		bool is_late;

		if (create(env, groupid, err) == 0)
			return 0;
		if (err->kind != PXC_ECONFLICT)
			return pxc_context(err, "lock %s", groupid);
		if (read_holder(env, groupid, &h, err) < 0) {
			if (err->kind != PXC_ENOTFOUND)
				return pxc_context(err, "lock %s", groupid);
			continue; /* freed this moment */
		}
		is_late = pve_now_ms(env->pve) >= give_up;
		if (stale(env, &h) && break_stale(env, groupid) && !is_late)
			continue;
		if (is_late)
			return pxc_fail(
				err, PXC_EBUSY,
				"%s is held by %s (process %ld on %s): wait for that run, or, if it "
				"is surely gone, delete the PVE group %s",
				groupid, h.who, h.pid, h.host, groupid);
		pve_sleep(env->pve, RETRY_MS);
	}
}

int lock_group_note(struct pxc_env *env, const char *groupid, const char *sdn, struct pxc_err *err)
{
	auto_free char *comment = token(env, groupid, sdn);
	json_auto_t *args = json_pack("{s:s,s:s}", "groupid", groupid, "comment", comment);

	if (pve_call(env->pve, &ops[LOCK_NOTE], args, NULL, err) == 0)
		return 0;
	if (err->kind != PXC_EUNSURE)
		return -1;
	*err = (struct pxc_err){ .kind = PXC_OK }; /* said twice it is the same */
	return pve_call(env->pve, &ops[LOCK_NOTE], args, NULL, err);
}

bool lock_group_prolong(struct pxc_env *env, const char *groupid)
{
	const char *sdn = str_eq(groupid, LOCK_GROUP_SDN) ? pve_sdn_token(env->pve) : NULL;
	struct pxc_err err = { .kind = PXC_OK };
	struct holder h;

	/* Not to be read or written just now: there is time for two more tries. */
	if (read_holder(env, groupid, &h, &err) < 0)
		return err.kind != PXC_ENOTFOUND;
	if (!is_mine(&h))
		return false;
	return lock_group_note(env, groupid, sdn, &err) == 0 || err.kind != PXC_ENOTFOUND;
}

void locks_sweep(struct pxc_env *env)
{
	struct pxc_err err = { .kind = PXC_OK };
	json_auto_t *groups = NULL;
	size_t i;
	json_t *row;

	if (pve_get(env->pve, "/access/groups", &groups, &err) < 0)
		return;
	json_array_foreach (groups, i, row) {
		const char *groupid = json_string_value(json_object_get(row, "groupid"));
		struct holder h;

		if (!groupid || !str_starts(groupid, LOCK_GROUP))
			continue;
		parse_holder(json_string_value(json_object_get(row, "comment")), &h);
		if (!stale(env, &h))
			continue;
		if (str_ends(groupid, ".break"))
			lock_group_drop(env, groupid);
		else
			(void)break_stale(env, groupid);
	}
}
