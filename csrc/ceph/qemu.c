/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * qcow2 and vmdk by QEMU's own reader, qemu-img, writing into an image that is there. It gets the source as an open file
 * and opens nothing by a name that stands in it; header.c has refused what names other files, and "backing" is ruled out
 * again. A file that ends too early reads as zeros in QEMU, so qemu-img check comes first.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "ceph/import_parts.h"

#define PROGRAM "qemu-img"
#define SOURCE_PATH "/proc/self/fd/3"
#define CONF_PATH "/proc/self/fd/4"
#define AT_ONCE "16"
#define MEMORY                                                                                     \
	((uint64_t)6                                                                               \
	 << 30) /* addresses, most of which are stacks of librados that are never touched */
#define CPU_S 300u
#define CPU_BYTES_PER_S ((uint64_t)8 << 20)
#define LEAKS 3 /* exit status of check: space is lost, data are not */

/* --- what it is told --------------------------------------------------------------------------------------------- */

static void add_setting(struct pxc_buf *out, const char *key, const char *value)
{
	buf_printf(out, "%s = ", key);
	for (const char *p = value; *p; p++) {
		if (strchr("\\#;\"'", *p))
			buf_addc(out, '\\');
		buf_addc(out, *p);
	}
	buf_addc(out, '\n');
}

/* How this connection reaches the cluster, as a ceph.conf for the child. Much waits in it at once, hence its deadline. */
static int write_conf(struct ceph_pool *pool, int *ret, struct pxc_err *err)
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
		"ms_bind_ipv4",
		"ms_bind_ipv6",
		"client_mount_timeout",
		"rados_mon_op_timeout",
	};
	auto_buf struct pxc_buf text = { .data = NULL };
	int fd = memfd_create("ceph.conf", MFD_CLOEXEC);

	buf_adds(
		&text,
		"[global]\nlog_to_stderr = false\nerr_to_stderr = false\nadmin_socket =\nlog_file =\n");
	buf_printf(&text, "rados_osd_op_timeout = %u\n", (pool->ceph->timeout_ms + 999) / 1000 * 2);
	for (const char *const *key = ceph_words; *key; key++)
		buf_printf(&text, "%s = 0/0\n", *key);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		char value[4096] = "";

		if (rados_conf_get(pool->ceph->cluster, keys[i], value, sizeof(value)) == 0 &&
		    *value)
			add_setting(&text, keys[i], value);
	}
	if (fd < 0 || write(fd, text.data, text.len) != (ssize_t)text.len) {
		(void)pxc_fail(err, PXC_EREMOTE, "configuration for " PROGRAM ": %s",
			       strerror(errno));
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	*ret = fd;
	return 0;
}

static char *source(enum format format)
{
	return pxc_printf("json:{\"driver\":\"%s\",\"backing\":null,\"file\":{\"driver\":\"file\","
			  "\"locking\":\"off\",\"filename\":\"" SOURCE_PATH "\"}}",
			  format_name(format));
}

/* In options, a comma in a value is written twice; nothing else means anything. */
static void add_option(struct pxc_buf *out, const char *key, const char *value)
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
	char space[256] = "", name[256] = "";

	(void)rados_ioctx_get_pool_name(pool->io, name, sizeof(name));
	(void)rados_ioctx_get_namespace(pool->io, space, sizeof(space));
	buf_adds(&out, "driver=raw,file.driver=rbd");
	add_option(&out, "pool", name);
	if (*space)
		add_option(&out, "namespace", space);
	add_option(&out, "image", image);
	add_option(&out, "user", pool->ceph->user);
	add_option(&out, "conf", CONF_PATH);
	return buf_take(&out);
}

/* --- how it went -------------------------------------------------------------------------------------------------- */

static const char *behind(const char *words, const char *what)
{
	const char *found = strstr(words, what);

	return found ? found + strlen(what) : words;
}

static int ended(const struct child *c, const char *what, struct pxc_err *err)
{
	const char *words = c->words;

	if (c->status == CHILD_ABSENT)
		return pxc_fail(err, PXC_ENOTFOUND,
				"images of this format need " PROGRAM
				" on this host: install qemu-utils and qemu-block-extra (as Debian "
				"names them), or convert the image to raw");
	if (strstr(words, "Unknown driver 'rbd'") || strstr(words, "Unknown protocol 'rbd'") ||
	    strstr(words, "block-rbd.so"))
		return pxc_fail(err, PXC_ENOTFOUND,
				PROGRAM
				" on this host cannot write to Ceph: install qemu-block-extra "
				"(as Debian names it), or convert the image to raw");
	if (WIFSIGNALED(c->status) && WTERMSIG(c->status) == SIGXCPU)
		return pxc_fail(err, PXC_EINVAL, PROGRAM " %s: it took too long for its size",
				what);
	if (WIFSIGNALED(c->status))
		return pxc_fail(err, PXC_EREMOTE, PROGRAM " %s was ended by signal %d (%s)%s%s",
				what, WTERMSIG(c->status), strsignal(WTERMSIG(c->status)),
				*words ? ": " : "", words);
	words = behind(words, "}': "); /* the options that we gave it ourselves */
	words = behind(words, PROGRAM ": ");
	return pxc_fail(err, PXC_EINVAL, PROGRAM " %s: %s", what,
			*words ? words : "it does not say why it failed");
}

/* As block/rbd.c and qemu-img.c word it. */
static bool is_about_target(const char *words)
{
	static const char *const about[] = { "rbd request failed", "error while writing",
					     "error opening pool", "error reading header",
					     "error connecting" };

	for (size_t i = 0; i < ARRAY_SIZE(about); i++) {
		if (strstr(words, about[i]))
			return true;
	}
	return false;
}

/* Why it could not write: Ceph tells us better than it told the child. */
static int could_not_write(struct ceph_pool *pool, const char *image, const char *words,
			   struct pxc_err *err)
{
	static const int codes[] = { ETIMEDOUT, ENOSPC, EDQUOT,    EPERM, EACCES,
				     ENOENT,    EROFS,  ESHUTDOWN, EIO };
	static const char some[SECTOR] = "x";
	auto_image rbd_image_t rbd = NULL;
	int rc = -EIO;

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		if (strstr(words, strerrordesc_np(codes[i]))) {
			rc = -codes[i];
			break;
		}
	}
	/* To the child, a full pool is one that does not answer; we have asked to be told. */
	if (rc == -ETIMEDOUT && ceph_open(pool, image, &rbd, err) == 0) {
		ssize_t n = rbd_write(rbd, 0, sizeof(some), some);

		rc = n < 0 ? (int)n : rc;
	}
	return ceph_fail(err, pool, rc, "image %s/%s: write", pool->name, image);
}

/* --- the two runs --------------------------------------------------------------------------------------------------- */

static int check(int fd, enum format format, struct pxc_err *err)
{
	auto_free char *from = source(format);
	const char *const argv[] = { PROGRAM, "check", "-q", from, NULL };
	struct child c = { .argv = argv, .fds = { fd, -1 }, .cpu_s = CPU_S, .memory = MEMORY };

	if (child_run(&c, err) < 0)
		return -1;
	if (WIFEXITED(c.status) && (WEXITSTATUS(c.status) == 0 || WEXITSTATUS(c.status) == LEAKS))
		return 0;
	if (WIFEXITED(c.status) && str_starts(c.words, "ERROR"))
		return pxc_fail(err, PXC_EINVAL,
				"it is damaged or not whole: " PROGRAM " check says %s", c.words);
	return ended(&c, "check", err);
}

struct conversion {
	const struct ceph_import *job;
	uint64_t size, done;
	bool cancelled;
};

/* "    (12.34/100%)" */
static int heard(void *context, const char *line)
{
	struct conversion *v = context;
	double percent = 0;

	if (sscanf(line, " (%lf/100%%)", &percent) == 1 && percent >= 0 && percent <= 100)
		v->done = (uint64_t)((double)v->size / 100 * percent);
	if (v->job->progress && v->job->progress(v->job->progress_context, v->done, v->size))
		v->cancelled = true;
	return v->cancelled;
}

static int convert(struct ceph_pool *pool, const struct ceph_import *job, int fd, int conf,
		   enum format format, uint64_t size, struct pxc_err *err)
{
	auto_free char *from = source(format), *to = target(pool, job->image);
	const char *const argv[] = { PROGRAM,
				     "convert",
				     "-p",
				     "-n",
				     "-W",
				     "-m",
				     AT_ONCE,
				     "-S",
				     "64k",
				     "--target-is-zero",
				     "--target-image-opts",
				     from,
				     to,
				     NULL };
	struct conversion v = { .job = job, .size = size };
	struct child c = { .argv = argv,
			   .fds = { fd, conf },
			   .grace_ms = pool->ceph->timeout_ms,
			   .cpu_s = CPU_S + size / CPU_BYTES_PER_S,
			   .memory = MEMORY,
			   .heard = heard,
			   .context = &v };

	if (child_run(&c, err) < 0)
		return -1;
	if (v.cancelled)
		return pxc_fail(err, PXC_EINVAL, "cancelled");
	if (WIFEXITED(c.status) && WEXITSTATUS(c.status) == 0)
		return 0;
	if (is_about_target(c.words))
		return could_not_write(pool, job->image, c.words, err);
	return ended(&c, "convert", err);
}

int qemu_convert(struct ceph_pool *pool, const struct ceph_import *job, int fd, enum format format,
		 uint64_t size, struct pxc_err *err)
{
	int conf, r;

	if (check(fd, format, err) < 0 || write_conf(pool, &conf, err) < 0)
		return -1;
	r = convert(pool, job, fd, conf, format, size, err);
	(void)close(conf);
	return r;
}
