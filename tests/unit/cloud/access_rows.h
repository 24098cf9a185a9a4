/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * access_rows.h - tasks of pxc_access planned against what a server has, for tables. world: {roles, users, groups, acls as PVE
 * lists them, user and token of the run, files, made, watch, release: "8"}; single quotes stand for double ones.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "lib/access.h"
#include "lib/plan.h"
#include "modules/access.h"

/* Single quotes for double ones, so that tables can be read. New reference. */
static json_t *parse(const char *text)
{
	auto_free char *copy = pxc_strdup(text);
	json_error_t e;
	json_t *value;

	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	value = json_loads(copy, 0, &e);
	if (!value)
		fail_msg("%s: %s", text, e.text);
	return value;
}

static const char *no_env(const char *name)
{
	(void)name;
	return NULL;
}

static const struct ans_spec *spec(void)
{
	size_t i = 0;

	while (!str_eq(ans_specs[i]->name, "pxc_access"))
		i++;
	return ans_specs[i];
}

struct task {
	struct pxc_arena arena;
	struct ans_args args;
	struct pxc_env env;
	struct pxc_err err;
	struct pxc_plans plans;
	int result;
};

static const char *word(const json_t *world, const char *key, const char *otherwise)
{
	const char *v = json_string_value(json_object_get(world, key));

	return v ? v : otherwise;
}

static void plan_it(struct task *t, json_t *world, const json_t *raw)
{
	struct access_state s =
		access_server(str_eq(word(world, "release", ""), "8") ? 8 : 9, NULL, NULL, NULL);
	json_auto_t *realms = parse("[{'realm':'pam'},{'realm':'pve'}]");
	struct access_want want = { .exact = false };

	*t = (struct task){ .err = { .kind = PXC_OK } };
	t->env = (struct pxc_env){ .args = &t->args, .arena = &t->arena };
	s.regenerates = s.major == 9;
	if (json_object_get(world, "roles"))
		(void)json_array_extend(s.roles, json_object_get(world, "roles"));
	(void)json_array_extend(s.users, json_object_get(world, "users"));
	(void)json_array_extend(s.acls, json_object_get(world, "acls"));
	(void)json_array_extend(s.groups, json_object_get(world, "groups"));
	s.realms = realms;
	s.user = word(world, "user", "root@pam");
	s.token = word(world, "token", "");
	s.now_s = 1000;
	s.files = json_object_get(world, "files");
	s.made = json_object_get(world, "made");
	t->result = ans_validate(spec(), raw, no_env, &t->args, &t->err);
	if (t->result == 0)
		t->result = access_decode_lists(&t->env, &want, &t->err);
	want.watch = word(world, "watch", NULL)
			     ? (const char *const[]){ word(world, "watch", ""), NULL }
			     : NULL;
	if (t->result == 0)
		t->result = access_plan(&want, &s,
					json_is_true(json_object_get(t->args.params, "lockout")),
					&t->plans, &t->err);
	access_server_release(&s);
}

static void release(struct task *t)
{
	pxc_plans_release(&t->plans);
	pxc_env_release(&t->env);
	ans_args_release(&t->args);
	arena_release(&t->arena);
}

static char *planned(const char *task, const char *text)
{
	json_auto_t *world = parse(text), *raw = parse(task);
	struct pxc_buf out = { .data = NULL };
	struct task t;

	plan_it(&t, world, raw);
	plan_print(&t.plans, t.result, &t.err, true, &out);
	release(&t);
	buf_adds(&out, "");
	return buf_take(&out);
}

#define CSI                                                                                          \
	"'roles':[{'roleid':'CSI','privs':'VM.Audit,VM.Config.Disk','special':0}],"                  \
	"'groups':[{'groupid':'ops','comment':'Ops','users':'csi@pve'},{'groupid':'dev'}],"          \
	"'users':[{'userid':'csi@pve','comment':'CSI','email':'','enable':1,'expire':0,"             \
	"'groups':'ops','tokens':[{'tokenid':'drv','privsep':1,'expire':0}]},"                       \
	"{'userid':'eve@pve','enable':1,'expire':0,'groups':'','tokens':null}],"                     \
	"'acls':[{'path':'/pool/acme','type':'user','ugid':'csi@pve','roleid':'CSI','propagate':1}," \
	"{'path':'/pool/acme','type':'token','ugid':'csi@pve!drv','roleid':'CSI','propagate':1},"    \
	"{'path':'/pool/acme','type':'group','ugid':'dev','roleid':'PVESDNUser','propagate':0}]"
#define W "{" CSI "}"
