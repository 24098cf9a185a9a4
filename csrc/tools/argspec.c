/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tools/argspec.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static const char fragments[] = "plugins/doc_fragments";

static int load_all(int n, char **paths, json_t *ret, struct pxc_err *err)
{
	for (int i = 0; i < n; i++) {
		json_t *module = NULL;

		if (module_load(paths[i], fragments, &module, err) < 0)
			return -1;
		(void)json_array_append_new(ret, module);
	}
	return 0;
}

static int usage(void)
{
	(void)fputs("usage: argspec c|runtime K.yml...      C tables, meta/runtime.yml\n"
		    "       argspec py|action K.yml         documentation stub, action stub\n"
		    "       argspec fragment F.yml          doc fragment\n"
		    "Run in the root of the project; writes to standard output.\n",
		    stderr);
	return 2;
}

static int generate(const char *mode, int n, char **paths, struct pxc_buf *out, struct pxc_err *err)
{
	json_auto_t *modules = json_array(), *doc = NULL;

	if (str_eq(mode, "fragment")) {
		if (yaml_load(paths[0], &doc, err) < 0)
			return -1;
		emit_fragment(module_name(paths[0]), doc, out);
		return 0;
	}
	if (load_all(n, paths, modules, err) < 0)
		return -1;
	if (str_eq(mode, "c"))
		emit_c(modules, out);
	else if (str_eq(mode, "runtime"))
		emit_runtime(modules, out);
	else if (str_eq(mode, "py"))
		emit_py(json_array_get(modules, 0), out);
	else if (str_eq(mode, "action"))
		emit_action(module_name(paths[0]), out);
	else
		return pxc_fail(err, PXC_EINVAL, "argspec: there is no mode %s", mode);
	return 0;
}

int main(int argc, char **argv)
{
	auto_buf struct pxc_buf out = { .data = NULL };
	struct pxc_err err = { .kind = PXC_OK };

	pxc_mem_init();
	if (argc < 3)
		return usage();
	if (generate(argv[1], argc - 2, argv + 2, &out, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	return fputs(buf_str(&out), stdout) < 0 ? 1 : 0;
}
