/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "modules/lock_parts.h"
#include "modules/sdn_pending.h"
#include "pve/errors.h"

#define RETRY_MS 500
#define NOT_IMPLEMENTED 501

enum { SDN_LOCK, SDN_UNLOCK, SDN_BREAK, SDN_ROLLBACK };

/* Every request this lock can send, besides the lists of what is pending. */
static const struct pve_op ops[] = {
	[SDN_LOCK] = { .method = "POST", .path = "/cluster/sdn/lock", .wait_ms = 30000 },
	[SDN_UNLOCK] = { .method = "DELETE",
			 .path = "/cluster/sdn/lock",
			 .wait_ms = 30000,
			 .sdn = true },
	[SDN_BREAK] = { .method = "DELETE", .path = "/cluster/sdn/lock", .wait_ms = 30000 },
	[SDN_ROLLBACK] = { .method = "POST",
			   .path = "/cluster/sdn/rollback",
			   .wait_ms = 60000,
			   .sdn = true },
};

static int lock(struct pxc_env *env, struct pxc_err *err)
{
	json_auto_t *args = json_object(), *data = NULL;

	*err = (struct pxc_err){ .kind = PXC_OK };
	if (pve_call(env->pve, &ops[SDN_LOCK], args, &data, err) < 0)
		return -1;
	if (!json_is_string(data))
		return pxc_fail(err, PXC_EREMOTE, "POST /cluster/sdn/lock gave no token");
	pve_set_sdn_token(env->pve, json_string_value(data));
	return 0;
}

static int break_lock(struct pxc_env *env, struct pxc_err *err)
{
	json_auto_t *args = json_pack("{s:i}", "force", 1);

	return pve_call(env->pve, &ops[SDN_BREAK], args, NULL, err);
}

static int held_by_others(struct pxc_err *err)
{
	return pxc_fail(
		err, PXC_EBUSY,
		"somebody else holds the lock on the SDN configuration, and PVE does not say "
		"who: wait for them, or, if it was surely left behind, run once with "
		"break_lock: true (or DELETE /cluster/sdn/lock with force=1)");
}

static int others_pending(struct pxc_env *env, struct pxc_err *err)
{
	auto_buf struct pxc_buf list = { .data = NULL };
	struct pxc_err ignored = { .kind = PXC_OK };

	if (sdn_pending_names(env, &list, &ignored) < 0)
		buf_adds(&list, "(they cannot be listed)");
	return pxc_fail(
		err, PXC_EINVAL,
		"changes of others to the SDN wait to be applied, and would be with ours%s%s; "
		"apply them or take them back first (Datacenter, SDN)",
		list.len ? ": " : "", buf_str(&list));
}

/* maybe_ours: a request of ours for it was sent, but its answer was lost. */
static int take(struct pxc_env *env, bool *maybe_ours, bool *ret_again, struct pxc_err *err)
{
	*ret_again = false;
	if (lock(env, err) == 0)
		return 0;
	if (err->http == NOT_IMPLEMENTED) {
		*err = (struct pxc_err){ .kind = PXC_OK };
		return 0;
	}
	if (err->kind == PXC_EUNSURE) {
		*ret_again = *maybe_ours = true;
		return -1;
	}
	if (pve_words_sdn_pending(err->msg))
		return others_pending(env, err);
	if (!pve_words_sdn_locked(err->msg))
		return pxc_context(err, "lock on the SDN configuration");
	*ret_again = true;
	if (*maybe_ours) {
		*maybe_ours = false;
		if (break_lock(env, err) < 0)
			return -1;
	}
	return held_by_others(err);
}

int lock_sdn_take(struct pxc_env *env, const char *groupid, struct pxc_err *err)
{
	int64_t give_up = pve_now_ms(env->pve) + env->sdn_wait_ms;
	bool maybe_ours = false, again;

	while (take(env, &maybe_ours, &again, err) < 0) {
		bool late = pve_now_ms(env->pve) >= give_up;

		if (!again || (late && !env->break_sdn_lock))
			return -1;
		if (late && break_lock(env, err) < 0)
			return -1;
		if (late)
			env->break_sdn_lock = false;
		pve_sleep(env->pve, RETRY_MS);
	}
	if (!groupid || !pve_sdn_token(env->pve) ||
	    lock_group_note(env, groupid, pve_sdn_token(env->pve), err) == 0)
		return 0;
	(void)lock_sdn_release(env);
	return -1;
}

/* Said twice it does no harm: what is not locked needs no token, and another's lock does not know this one. */
static int unlock(struct pxc_env *env, struct pxc_err *err)
{
	json_auto_t *args = json_object();
	int r = pve_call(env->pve, &ops[SDN_UNLOCK], args, NULL, err);

	if (r < 0 && err->kind == PXC_EUNSURE)
		r = pve_call(env->pve, &ops[SDN_UNLOCK], args, NULL, err);
	return r == 0 || pve_words_sdn_locked(err->msg) ? 0 : -1;
}

bool lock_sdn_release(struct pxc_env *env)
{
	struct pxc_err err = { .kind = PXC_OK };
	bool ok;

	if (!pve_sdn_token(env->pve))
		return true;
	ok = unlock(env, &err) == 0;
	if (!ok)
		pxc_env_warn(env, "the lock on the SDN configuration could not be released: %s",
			     err.msg);
	pve_set_sdn_token(env->pve, NULL);
	return ok;
}

/*
 * 1: somebody holds the lock; 0: nobody does; -1: this user cannot tell. A rollback with a token that nothing is locked by would
 * take back what others have just begun.
 */
static int is_locked(struct pxc_env *env)
{
	struct pxc_err err = { .kind = PXC_OK };

	if (lock(env, &err) == 0)
		return lock_sdn_release(env) ? 0 : -1;
	if (pve_words_sdn_locked(err.msg))
		return 1;
	return err.http == NOT_IMPLEMENTED || pve_words_sdn_pending(err.msg) ? 0 : -1;
}

/* Refused when the lock is somebody else's by now: then there is nothing of ours to take back. */
static bool take_back(struct pxc_env *env, const char *token, bool changes)
{
	json_auto_t *args = json_pack("{s:i}", "release-lock", 1);
	struct pxc_err err = { .kind = PXC_OK };
	int r;

	pve_set_sdn_token(env->pve, token);
	r = pve_call(env->pve, &ops[SDN_ROLLBACK], args, NULL, &err);
	pve_set_sdn_token(env->pve, NULL);
	if (r == 0 && changes)
		pxc_env_warn(env, "a run that was cut off had changed the SDN without applying it: "
				  "that was taken back");
	return r == 0 || pve_words_sdn_locked(err.msg);
}

bool lock_sdn_recover(struct pxc_env *env, const char *token)
{
	auto_buf struct pxc_buf pending = { .data = NULL };
	struct pxc_err err = { .kind = PXC_OK };
	int locked = is_locked(env);

	if (locked <= 0)
		return locked == 0;
	if (sdn_pending_names(env, &pending, &err) < 0)
		return false;
	if (token)
		return take_back(env, token, pending.len);
	/* It was cut off before it could write its token down, and so before its first change. */
	return pending.len || break_lock(env, &err) == 0;
}
