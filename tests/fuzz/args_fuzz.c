/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * args_fuzz.c - any text as the arguments of each module: reading, checking and making the list of objects never crash, what was
 * accepted is accepted again unchanged.
 *
 *	clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/args_fuzz.c specs.o libansible.a libbase.a
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ansible/batch.h"
#include "ansible/diff.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *no_env(const char *name)
{
	(void)name;
	return NULL;
}

/* The values of an accepted call, given again, are the same values. */
static void check_again(const struct ans_spec *spec, const struct ans_args *args)
{
	auto_args struct ans_args again = { .params = NULL };
	struct pxc_err err = { .kind = PXC_OK };

	if (ans_validate(spec, args->params, no_env, &again, &err) < 0 ||
	    !json_equal(again.params, args->params))
		abort();
}

static bool has_sizes(const struct ans_rules *rules)
{
	for (size_t i = 0; i < rules->noptions; i++)
		if (rules->options[i].unit ||
		    (rules->options[i].sub && has_sizes(rules->options[i].sub)))
			return true;
	return false;
}

static void check_module(const struct ans_spec *spec, const json_t *raw)
{
	auto_args struct ans_args args = { .params = NULL };
	json_auto_t *items = NULL, *given = NULL;
	struct pxc_err err = { .kind = PXC_OK };

	if (ans_validate(spec, raw, no_env, &args, &err) == 0) {
		auto_free char *yaml = yaml_render(args.params);

		if (!yaml)
			abort();

		/* A size was a number of its unit and is bytes now: it does not read the same. */
		if (!has_sizes(&spec->rules))
			check_again(spec, &args);
		if (spec->batch && ans_batch(&args, &items, &given, &err) == 0 &&
		    json_array_size(items) != json_array_size(given))
			abort();
	}
	if (err.kind != PXC_OK && err.kind != PXC_EINVAL)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char program[] = "pxc", path[64], *argv[] = { program, path, NULL };
	int fd = memfd_create("args", 0);
	struct pxc_err err = { .kind = PXC_OK };
	json_auto_t *raw = NULL;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (ans_read(2, argv, &raw, &err) == 0)
		for (size_t i = 0; ans_specs[i]; i++)
			check_module(ans_specs[i], raw);
	else if (err.kind != PXC_EINVAL)
		abort();
	(void)close(fd);
	return 0;
}
