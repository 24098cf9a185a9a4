/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * validate.c - the argument engine for compare_validator.py: one case a line in, one verdict a line out.
 *
 * {"module": "pxc_vm", "raw": {...}, "env": {...}} gives {"params", "given", "warnings", "secrets"} or the same with "error".
 * With --dump-spec: the tables.
 */
#include <stdio.h>
#include <string.h>

#include "ansible/dump.h"
#include "base/mem.h"
#include "base/str.h"

static const json_t *environment;

static const char *from_case(const char *name)
{
	return json_string_value(json_object_get(environment, name));
}

static const struct ans_spec *find(const char *name)
{
	for (size_t i = 0; ans_specs[i]; i++)
		if (str_eq(ans_specs[i]->name, name))
			return ans_specs[i];
	return NULL;
}

static int answer(const char *line)
{
	json_auto_t *test = json_loads(line, 0, NULL), *out = json_object();
	const struct ans_spec *spec = find(json_string_value(json_object_get(test, "module")));
	auto_args struct ans_args args = { .params = NULL };
	struct pxc_err err = { .kind = PXC_OK };

	if (!spec)
		return -1;
	environment = json_object_get(test, "env");
	if (ans_validate(spec, json_object_get(test, "raw"), from_case, &args, &err) < 0)
		(void)json_object_set_new(out, "error", json_string(err.msg));
	(void)json_object_set(out, "params", args.params);
	(void)json_object_set(out, "given", args.given);
	(void)json_object_set(out, "warnings", args.warnings);
	(void)json_object_set(out, "secrets", args.secrets);
	return json_dumpf(out, stdout, JSON_COMPACT) == 0 && putchar('\n') == '\n' ? 0 : -1;
}

int main(int argc, char **argv)
{
	auto_free char *line = NULL;
	size_t size = 0;

	pxc_mem_init();
	if (argc > 1 && str_eq(argv[1], "--dump-spec"))
		return ans_dump_main(NULL);
	while (getline(&line, &size, stdin) > 0)
		if (answer(line) < 0)
			return 1;
	return 0;
}
