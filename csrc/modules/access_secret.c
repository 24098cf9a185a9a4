/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "modules/access.h"

static char *new_name(const char *path)
{
	return pxc_printf("%s.new", path);
}

static int open_new(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	/* One that was left may have other rights. */
	if (fd >= 0 && fchmod(fd, 0600) < 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

int access_file_begin(void *context, const json_t *args, json_t **ret_data, struct pxc_err *err)
{
	const char *path = json_string_value(json_object_get(args, "_file"));
	auto_free char *name = new_name(path);
	int fd = open_new(name);

	(void)context, (void)ret_data;
	if (fd < 0)
		return pxc_fail(err, PXC_EINVAL, "%s cannot be written: %s", name, strerror(errno));
	(void)close(fd);
	return 0;
}

int access_file_look(const char *path, const char **ret, struct pxc_err *err)
{
	auto_free char *name = new_name(path);
	struct stat st;

	*ret = NULL;
	if (lstat(name, &st) == 0) {
		*ret = ACCESS_FILE_BEGUN;
		return 0;
	}
	if (stat(path, &st) < 0)
		return errno == ENOENT ? 0
				       : pxc_fail(err, PXC_EINVAL, "save_to: %s: %s", path,
						  strerror(errno));
	if (!S_ISREG(st.st_mode))
		return pxc_fail(err, PXC_EINVAL, "save_to: %s is no plain file", path);
	if (st.st_size > 0)
		*ret = ACCESS_FILE_SAVED;
	return 0;
}

static int save(const char *path, const char *secret)
{
	auto_free char *name = new_name(path), *line = pxc_printf("%s\n", secret);
	int fd = open_new(name), r;

	if (fd < 0)
		return -1;
	r = file_write(fd, line, strlen(line));
	explicit_bzero(line, strlen(line));
	if (close(fd) < 0 || r < 0 || rename(name, path) < 0)
		return -1;
	file_sync_folder(path);
	return 0;
}

/* Nothing was asked for after all. */
static void forget_file(const char *path)
{
	auto_free char *name = path ? new_name(path) : NULL;

	if (name)
		(void)unlink(name);
}

/* A secret that cannot be saved is not lost: it goes into the result. */
static void deliver(struct pxc_env *env, struct access_batch *b, const char *token,
		    const char *file, const char *secret)
{
	bool saved = file && save(file, secret) == 0;
	int why = errno;

	(void)json_object_set_new(b->made, token, json_string(ACCESS_MADE_KEPT));
	if (file && !saved)
		pxc_env_warn(
			env,
			"the secret of %s could not be saved in %s (%s): it is in this result, "
			"and nowhere else",
			token, file, strerror(why));
	(void)json_array_append_new(
		b->secrets, saved ? json_pack("{s:s,s:s}", "token", token, "saved_to", file)
				  : json_pack("{s:s,s:s}", "token", token, "value", secret));
}

void access_secrets(struct pxc_env *env, struct access_batch *b, const struct pxc_plan *plan,
		    const struct pve_job *job)
{
	const char *begun = NULL;

	for (size_t k = 0; k < plan->nsteps && k <= job->ndone; k++) {
		const json_t *args = plan->steps[k].args;
		const char *token = json_string_value(json_object_get(args, "_token"));
		const char *file = json_string_value(json_object_get(args, "_file"));
		bool asks = plan->steps[k].op == ACCESS_TOKEN_NEW ||
			    plan->steps[k].op == ACCESS_TOKEN_AGAIN;
		const char *secret = asks && k < job->ndone
					     ? json_string_value(json_object_get(
						       job->steps[k].ret_data, "value"))
					     : NULL;

		if (plan->steps[k].op == ACCESS_FILE_BEGIN && k < job->ndone)
			begun = file;
		if (!asks)
			continue;
		if (secret)
			deliver(env, b, token, file, secret);
		else if (k < job->ndone || job->err.kind == PXC_EUNSURE)
			(void)json_object_set_new(b->made, token, json_string(ACCESS_MADE_LOST));
		if (secret || k < job->ndone || job->err.kind == PXC_EUNSURE)
			begun = NULL;
	}
	forget_file(begun);
}
