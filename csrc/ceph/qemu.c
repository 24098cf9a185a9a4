/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * qcow2 and vmdk by QEMU's own reader, qemu-img, writing into an image that is there. The child gets the source as an open
 * file, so that it opens nothing by name; it cannot write files, and ends with us.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "ceph/import_parts.h"

#define SOURCE_FD 3
#define CONF_FD 4
#define PROGRAM "qemu-img"
#define NO_PROGRAM 127

/* How this connection reaches the cluster, as a ceph.conf for the child. */
static int write_conf(struct ceph_pool *pool, struct pxc_err *err)
{
	static const char *const keys[] = {
		"mon_host",
		"keyring",
		"key",
		"keyfile",
		"auth_client_required",
		"auth_cluster_required",
		"auth_service_required",
		"ms_client_mode",
		"ms_mon_client_mode",
		"client_mount_timeout",
		"rados_mon_op_timeout",
		"rados_osd_op_timeout",
		"rbd_default_clone_format",
	};
	auto_buf struct pxc_buf text = { .data = NULL };
	int fd = memfd_create("ceph.conf", 0);

	buf_adds(&text, "[global]\nlog_to_stderr = false\nadmin_socket =\nlog_file =\n");
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		char value[4096] = "";

		if (rados_conf_get(pool->ceph->cluster, keys[i], value, sizeof(value)) == 0 &&
		    *value)
			buf_printf(&text, "%s = %s\n", keys[i], value);
	}
	if (fd < 0 || write(fd, text.data, text.len) != (ssize_t)text.len) {
		if (fd >= 0)
			(void)close(fd);
		return pxc_fail(err, PXC_EREMOTE, "configuration for " PROGRAM ": %s",
				strerror(errno));
	}
	return fd;
}

/* A comma in a value is written twice. */
static void add_value(struct pxc_buf *out, const char *key, const char *value)
{
	buf_printf(out, ",file.%s=", key);
	for (const char *p = value; *p; p++) {
		buf_addc(out, *p);
		if (*p == ',')
			buf_addc(out, ',');
	}
}

static char *target(struct ceph_pool *pool, const char *image)
{
	struct pxc_buf out = { .data = NULL };
	char id[128] = "", space[256] = "", name[256] = "";

	(void)rados_ioctx_get_pool_name(pool->io, name, sizeof(name));
	(void)rados_ioctx_get_namespace(pool->io, space, sizeof(space));
	if (rados_conf_get(pool->ceph->cluster, "name", id, sizeof(id)) < 0 ||
	    !str_starts(id, "client."))
		(void)snprintf(id, sizeof(id), "client.admin");
	buf_adds(&out, "driver=raw,file.driver=rbd");
	add_value(&out, "pool", name);
	if (*space)
		add_value(&out, "namespace", space);
	add_value(&out, "image", image);
	add_value(&out, "user", id + strlen("client."));
	add_value(&out, "conf", "/proc/self/fd/4");
	return buf_take(&out);
}

/* Between fork and exec: only what is safe in a copy of one thread of many. */
static no_return void become(char *const *argv, char *const *env, int source, int conf, int out,
			     pid_t parent)
{
	const struct rlimit none = { 0, 0 };
	int null = open("/dev/null", O_RDWR);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void)setrlimit(RLIMIT_FSIZE, &none);
	(void)setrlimit(RLIMIT_CORE, &none);
	if (getppid() != parent || null < 0)
		_exit(NO_PROGRAM);
	/* First out of the way of the numbers they get, then there. */
	source = fcntl(source, F_DUPFD, 10);
	conf = fcntl(conf, F_DUPFD, 10);
	out = fcntl(out, F_DUPFD, 10);
	(void)dup2(null, STDIN_FILENO);
	(void)dup2(out, STDOUT_FILENO);
	(void)dup2(out, STDERR_FILENO);
	(void)dup2(source, SOURCE_FD);
	(void)dup2(conf, CONF_FD);
	(void)syscall(436 /* close_range */, CONF_FD + 1, ~0u, 0);
	(void)execvpe(PROGRAM, argv, env);
	_exit(NO_PROGRAM);
}

/* The end of what it says is what went wrong. */
static void listen_to(int fd, char *last, size_t size)
{
	char text[1024];
	ssize_t n;

	last[0] = '\0';
	while ((n = read(fd, text, sizeof(text) - 1)) > 0 || (n < 0 && errno == EINTR)) {
		if (n <= 0)
			continue;
		text[n] = '\0';
		while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
			text[--n] = '\0';
		if (n > 0)
			(void)snprintf(last, size, "%.*s", (int)size - 1, text);
	}
}

static int verdict(int status, const char *words, struct pxc_err *err)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_PROGRAM)
		return pxc_fail(err, PXC_ENOTFOUND,
				"images of this format need " PROGRAM
				" here: install qemu-utils (Debian) or "
				"qemu-img");
	if (strstr(words, "Unknown driver 'rbd'") || strstr(words, "Unknown protocol 'rbd'"))
		return pxc_fail(err, PXC_ENOTFOUND,
				PROGRAM
				" here cannot write to Ceph: install qemu-block-extra (Debian) or "
				"qemu-block-rbd");
	if (WIFSIGNALED(status))
		return pxc_fail(err, PXC_EREMOTE, PROGRAM " was ended by signal %d",
				WTERMSIG(status));
	return pxc_fail(err, PXC_EINVAL, "%s",
			*words ? words : PROGRAM " failed and did not say why");
}

static int run(char *const *argv, int source, int conf, struct pxc_err *err)
{
	char *env[] = { pxc_strdup("PATH=/usr/bin:/bin:/usr/local/bin"), pxc_strdup("LC_ALL=C"),
			NULL };
	pid_t parent = getpid(), child;
	int pipes[2], status = 0;
	char words[512] = "";

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return pxc_fail(err, PXC_EREMOTE, "pipe: %s", strerror(errno));
	child = fork();
	if (child == 0)
		become(argv, env, source, conf, pipes[1], parent);
	(void)close(pipes[1]);
	if (child > 0) {
		listen_to(pipes[0], words, sizeof(words));
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
	}
	(void)close(pipes[0]);
	free(env[0]);
	free(env[1]);
	return child < 0 ? pxc_fail(err, PXC_EREMOTE, "fork: %s", strerror(errno))
			 : verdict(status, words, err);
}

int qemu_convert(struct ceph_pool *pool, const char *image, int fd, enum format format,
		 struct pxc_err *err)
{
	/* What the header check has ruled out is ruled out again: no backing file is opened. */
	auto_free char *from = pxc_printf(
		"json:{\"driver\":\"%s\",%s\"file\":{\"driver\":\"file\","
		"\"locking\":\"off\",\"filename\":\"/proc/self/fd/%d\"}}",
		format_name(format), format == FORMAT_QCOW2 ? "\"backing\":null," : "", SOURCE_FD);
	auto_free char *to = target(pool, image);
	const char *const words[] = { PROGRAM,
				      "convert",
				      "-q",
				      "-n",
				      "-W",
				      "-m",
				      "16",
				      "-S",
				      "64k",
				      "--target-is-zero",
				      "--target-image-opts",
				      from,
				      to,
				      NULL };
	char *argv[ARRAY_SIZE(words)];
	int conf = write_conf(pool, err), r;

	if (conf < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		argv[i] = pxc_strdup(words[i]);
	r = run(argv, fd, conf, err);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		free(argv[i]);
	(void)close(conf);
	return r;
}
