/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tables.c - from schemas/ to C tables; see tables.h. */
#include "tools/tables.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/str.h"
#include "tools/argspec.h"

static const struct {
	const char *name, *what;
	table_emit *emit;
} tables[] = {
	{ "policy", "C table of schemas/policy.yml", emit_policy },
	{ "policy-doc", "the same for docs/policy.md", emit_policy_doc },
	{ "privileges", "C tables of schemas/privileges.yml", emit_privileges },
	{ "privileges-doc", "the same for docs/consumers.md", emit_privileges_doc },
};

int table_fail(struct pxc_err *err, const char *path, const json_t *mapping, const char *fmt, ...)
{
	json_int_t line = mapping ? json_integer_value(json_object_get(mapping, YAML_LINE)) : 1;
	char what[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return pxc_fail(err, PXC_EINVAL, "%s: line %lld: %s", path, (long long)line, what);
}

static int usage(void)
{
	(void)fputs("usage: tables TABLE FILE\n", stderr);
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		(void)fprintf(stderr, "       %-12s %s\n", tables[i].name, tables[i].what);
	return 2;
}

static int run(const char *name, const char *path, struct pxc_buf *out, struct pxc_err *err)
{
	json_auto_t *data = NULL;

	if (yaml_read_lines(path, &data, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		if (str_eq(tables[i].name, name))
			return tables[i].emit(path, data, out, err);
	return pxc_fail(err, PXC_EINVAL, "there is no table %s", name);
}

int main(int argc, char **argv)
{
	auto_buf struct pxc_buf out = { .data = NULL };
	struct pxc_err err = { .kind = PXC_OK };

	if (argc != 3)
		return usage();
	pxc_mem_init();
	if (run(argv[1], argv[2], &out, &err) < 0) {
		(void)fprintf(stderr, "tables: %s\n", err.msg);
		return 1;
	}
	return fwrite(buf_str(&out), 1, out.len, stdout) == out.len && fflush(stdout) == 0 ? 0 : 1;
}
