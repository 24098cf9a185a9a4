/* SPDX-License-Identifier: GPL-3.0-or-later */
/* argspec.c - from contracts to C tables and Python files; see argspec.h. */
#include "tools/argspec.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static int usage(void)
{
	(void)fputs(
		"usage: argspec c|runtime CONTRACT...    tables of all modules, meta/runtime.yml\n"
		"       argspec py|action CONTRACT       documentation stub, action plugin\n"
		"       argspec fragment FRAGMENT        documentation fragment\n"
		"       argspec schema FRAME CONTRACT... JSON Schema of a file that playbooks read\n"
		"       argspec check CONTRACT...        only look for mistakes\n",
		stderr);
	return 2;
}

static int read_models(int n, char **paths, json_t *models, struct pxc_err *err)
{
	for (int i = 0; i < n; i++) {
		json_t *model = NULL;

		if (model_read(paths[i], &model, err) < 0)
			return -1;
		(void)json_array_append_new(models, model);
		if (model_check(model, err) < 0)
			return -1;
	}
	return 0;
}

static int run(const char *mode, int n, char **paths, struct pxc_buf *out, struct pxc_err *err)
{
	json_auto_t *models = json_array();
	const json_t *first;

	if (str_eq(mode, "fragment"))
		return emit_fragment(paths[0], out, err);
	if (str_eq(mode, "schema"))
		return read_models(n - 1, paths + 1, models, err) < 0
			       ? -1
			       : emit_schema(paths[0], models, out, err);
	if (read_models(n, paths, models, err) < 0)
		return -1;
	first = json_array_get(models, 0);
	if (str_eq(mode, "c"))
		emit_c(models, out);
	else if (str_eq(mode, "runtime"))
		emit_runtime(models, out);
	else if (str_eq(mode, "action"))
		emit_action(first, out);
	else if (str_eq(mode, "py"))
		return emit_stub(first, out, err) < 0 ? pxc_context(err, "%s", paths[0]) : 0;
	return 0;
}

int main(int argc, char **argv)
{
	static const char *const modes[] = { "c",        "runtime", "py",   "action",
					     "fragment", "schema",  "check" };
	auto_buf struct pxc_buf out = { .data = NULL };
	struct pxc_err err = { .kind = PXC_OK };
	bool known = false;

	for (size_t i = 0; argc > 2 && i < ARRAY_SIZE(modes); i++)
		known |= str_eq(modes[i], argv[1]);
	if (!known)
		return usage();
	pxc_mem_init();
	if (run(argv[1], argc - 2, argv + 2, &out, &err) < 0) {
		(void)fprintf(stderr, "argspec: %s\n", err.msg);
		return 1;
	}
	return fwrite(buf_str(&out), 1, out.len, stdout) == out.len && fflush(stdout) == 0 ? 0 : 1;
}
