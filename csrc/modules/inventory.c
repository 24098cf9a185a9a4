/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/inventory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ansible/result.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "modules/connect.h"
#include "modules/items.h"

#define NAME "pxc_inventory"
#define TEMPLATE "pxc_info" /* the module whose table has the connection options */
#define MAX_OPTIONS 16

/* How a cluster is reached is said in the same words as in modules, with the same fallbacks. */
static const char *const connection[] = { "api_urls",    "api_user",        "api_password",
					  "api_otp",     "api_token_id",    "api_token_secret",
					  "ca_path",     "fingerprint",     "validate_certs",
					  "api_timeout", "api_connections", NULL };

static bool listed(const char *const *list, const char *name)
{
	for (; *list; list++)
		if (str_eq(*list, name))
			return true;
	return false;
}

static const struct ans_spec *connection_spec(void)
{
	static struct ans_option options[MAX_OPTIONS];
	static struct ans_spec spec = { .name = NAME };
	size_t n = 0;

	for (size_t i = 0; ans_specs[i]; i++)
		for (size_t k = 0;
		     str_eq(ans_specs[i]->name, TEMPLATE) && k < ans_specs[i]->rules.noptions; k++)
			if (listed(connection, ans_specs[i]->rules.options[k].name) &&
			    n < MAX_OPTIONS)
				options[n++] = ans_specs[i]->rules.options[k];
	spec.rules.options = options;
	spec.rules.noptions = n;
	return &spec;
}

void inventory_open(struct inventory *inv)
{
	*inv = (struct inventory){ .known = json_object() };
	inv->env = (struct pxc_env){ .args = &inv->args,
				     .arena = &inv->arena,
				     .clock = &pxc_system_clock };
}

void inventory_release(struct inventory *inv)
{
	pve_free(inv->env.pve);
	pxc_env_release(&inv->env);
	json_decref(inv->guests);
	json_decref(inv->known);
	ans_args_release(&inv->args);
	arena_release(&inv->arena);
}

static int connect_to(struct inventory *inv, const json_t *options, struct pve_transport *transport,
		      struct pxc_err *err)
{
	if (inv->env.pve ||
	    ans_validate(connection_spec(), options, ans_getenv, &inv->args, err) < 0) {
		if (transport)
			transport->destroy(transport);
		return inv->env.pve ? pxc_fail(err, PXC_EBUG, "this line came before") : -1;
	}
	if (pxc_connect(&inv->env, transport, err) < 0)
		return -1;
	pve_pack_reads(inv->env.pve, true);
	return 0;
}

static uint32_t milliseconds(const json_t *line, const char *key)
{
	json_int_t n = item_int(line, key);

	return n > 0 && n < UINT32_MAX ? (uint32_t)n : 1;
}

static int add_details(struct inventory *inv, const json_t *line, json_t *answer,
		       struct pxc_err *err)
{
	const json_t *vmids = json_object_get(line, "guests");
	const char *want = item_text(line, "want");
	json_t *details = json_object();

	(void)json_object_set_new(answer, "details", details);
	if (!inv->guests)
		return pxc_fail(err, PXC_EBUG, "nothing was listed yet");
	if (str_eq(want, "config"))
		inventory_config(inv, vmids, details);
	else if (str_eq(want, "agent"))
		inventory_agents(inv, vmids, milliseconds(line, "each_ms"),
				 milliseconds(line, "all_ms"), details);
	else if (str_eq(want, "ipam"))
		inventory_ipam(inv, vmids, details);
	else
		return pxc_fail(err, PXC_EBUG, "no such detail: %s", want ? want : "none");
	return 0;
}

static void add_warnings(struct inventory *inv, json_t *answer)
{
	json_t *list = json_array();

	if (inv->env.pve && !json_object_get(answer, "details"))
		(void)json_array_extend(list, (json_t *)(uintptr_t)pve_warnings(inv->env.pve));
	(void)json_array_extend(list, inv->args.warnings);
	(void)json_array_extend(list, inv->env.warnings);
	json_array_clear(inv->args.warnings);
	json_array_clear(inv->env.warnings);
	(void)json_object_set_new(answer, "warnings", list);
	(void)json_object_set_new(
		answer, "requests",
		json_integer(inv->env.pve ? (json_int_t)pve_requests(inv->env.pve) : 0));
}

json_t *inventory_answer(struct inventory *inv, const json_t *line, struct pve_transport *transport)
{
	const json_t *options = json_object_get(line, "connect");
	struct pxc_err err = { .kind = PXC_OK };
	json_t *answer = json_object();
	int r;

	if (options) {
		r = connect_to(inv, options, transport, &err);
		if (r == 0)
			r = inventory_list(inv, json_object_get(line, "read"), answer, &err);
	} else {
		r = add_details(inv, line, answer, &err);
	}
	if (r < 0) {
		auto_free char *text = result_mask_text(&inv->args, err.msg);

		(void)json_object_set_new(answer, "failed", json_true());
		(void)json_object_set_new(answer, "msg", result_text(text));
	}
	add_warnings(inv, answer);
	return answer;
}

/* Escapes make it ASCII, and a line of one line. */
static int print_new(json_t *answer)
{
	auto_free char *text = json_dumps(answer, JSON_COMPACT | JSON_ENSURE_ASCII);

	json_decref(answer);
	return text && fputs(text, stdout) >= 0 && fputc('\n', stdout) != EOF && fflush(stdout) == 0
		       ? 0
		       : -1;
}

static json_t *failure(const char *msg)
{
	return json_pack("{s:b,s:s}", "failed", 1, "msg", msg);
}

int inventory_main(void)
{
	struct inventory inv;
	size_t size = 0;
	char *text = NULL;
	ssize_t len;
	int r = 0;

	inventory_open(&inv);
	while (r == 0 && (len = getline(&text, &size, stdin)) > 0) {
		json_auto_t *line =
			(size_t)len > PXC_MAX_ARGS ? NULL : json_loadb(text, (size_t)len, 0, NULL);

		r = print_new(json_is_object(line) ? inventory_answer(&inv, line, NULL)
						   : failure("the line is no JSON object"));
	}
	free(text);
	inventory_release(&inv);
	return r == 0 ? 0 : 1;
}
