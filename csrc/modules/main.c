/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "ansible/batch.h"
#include "ansible/dump.h"
#include "ansible/result.h"
#include "base/mem.h"
#include "base/str.h"
#include "modules/actor.h"
#include "modules/audit.h"
#include "modules/connect.h"
#include "modules/inventory.h"
#include "modules/kind.h"

#define ANSIBALLZ "AnsiballZ_"
#define FORBIDDEN 403
#define INVENTORY "pxc_inventory" /* no module: what the inventory plugin asks */

static const struct pxc_kind *find_kind(const char *module)
{
	for (size_t i = 0; str_starts(module, "pxc_") && pxc_kinds[i]; i++)
		if (str_eq(pxc_kinds[i]->name, module + strlen("pxc_")))
			return pxc_kinds[i];
	return NULL;
}

static const struct ans_spec *find_spec(const char *module)
{
	for (size_t i = 0; ans_specs[i]; i++)
		if (str_eq(ans_specs[i]->name, module))
			return ans_specs[i];
	return NULL;
}

static const char *module_of(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	return str_starts(name, ANSIBALLZ) ? name + strlen(ANSIBALLZ) : name;
}

static int prepare(struct pxc_env *env, struct pxc_err *err)
{
	unsigned char bytes[16];

	clock_stamp(env->clock->wall_s(env->clock), env->stamp);
	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		abort();
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(env->nonce + 2 * i, 3, "%02x", bytes[i]);
	return actor_find(env, err);
}

static void add_connection_warnings(struct pxc_env *env)
{
	const json_t *list = env->pve ? pve_warnings(env->pve) : NULL;
	size_t i;
	json_t *text;

	json_array_foreach (list, i, text)
		pxc_env_warn(env, "%s", json_string_value(text));
}

static int run(const struct pxc_kind *kind, const struct ans_args *args, json_t **ret_result,
	       struct pxc_err *err)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct pxc_env env = {
		.args = args,
		.arena = &arena,
		.clock = &pxc_system_clock,
		.to_syslog = true,
		.watched = args->task.verbosity > 0 && !args->task.no_log &&
			   ans_getenv("PXC_PROGRESS"),
	};
	int r;

	r = prepare(&env, err);
	if (r == 0)
		r = pxc_connect(&env, NULL, err);
	add_connection_warnings(&env);
	if (r == 0)
		r = kind_run(kind, &env, ret_result, err);
	if (!*ret_result && env.actor)
		*ret_result =
			json_pack("{s:b,s:o}", "changed", 0, "pxc_audit", audit_of_nothing(&env));
	pve_free(env.pve);
	pxc_env_release(&env);
	return r;
}

static int run_module(const struct pxc_kind *kind, const struct ans_spec *spec, int argc,
		      char **argv)
{
	auto_args struct ans_args args = { .params = NULL };
	struct pxc_err err = { .kind = PXC_OK };
	json_auto_t *raw = NULL;
	json_t *result = NULL;
	int r;

	if (ans_read(argc, argv, &raw, &err) < 0)
		return result_fail(err.msg);
	r = ans_validate(spec, raw, ans_getenv, &args, &err);
	if (r == 0)
		r = run(kind, &args, &result, &err);
	if (!result)
		result = json_pack("{s:b}", "changed", 0);
	if (r < 0) {
		(void)json_object_set_new(result, "failed", json_true());
		(void)json_object_set_new(result, "msg", result_text(err.msg));
		(void)json_object_set_new(result, "error", json_string(pxc_err_word(err.kind)));
		if (err.kind == PXC_EDENIED && err.http == FORBIDDEN)
			(void)json_object_set_new(result, "rc", json_integer(FORBIDDEN));
	}
	return result_print_new(&args, result);
}

static int usage(void)
{
	(void)fputs(
		"usage: pxc_<kind> [ARGS.json]          run as an Ansible module\n"
		"       pxc pxc_<kind> [ARGS.json]      the same by name; without a file, standard input\n"
		"       pxc pxc_inventory               what the inventory plugin asks, line by line\n"
		"       pxc --dump-spec [pxc_<kind>]    the argument tables as JSON\n"
		"       pxc --validate pxc_<kind>       check the arguments on standard input only\n",
		stderr);
	return 2;
}

int pxc_main(int argc, char **argv)
{
	const char *module = module_of(argv[0]);
	const struct pxc_kind *kind;
	const struct ans_spec *spec;

	pxc_mem_init();
	if (!find_kind(module) && argc > 1) {
		if (str_eq(argv[1], "--dump-spec"))
			return ans_dump_main(argc > 2 ? argv[2] : NULL);
		if (str_eq(argv[1], "--validate") && argc > 2 && find_spec(argv[2]))
			return ans_validate_main(find_spec(argv[2]));
		module = argv[1];
		argv++;
		argc--;
	}
	if (str_eq(module, INVENTORY))
		return inventory_main();
	kind = find_kind(module);
	spec = find_spec(module);
	if (!kind || !spec)
		return usage();
	result_guard(module);
	return run_module(kind, spec, argc, argv);
}
