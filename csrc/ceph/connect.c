/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "ceph/parts.h"

#define TIMEOUT_MS 15000u

static int set(rados_t cluster, const char *key, const char *value, struct pxc_err *err)
{
	int rc = rados_conf_set(cluster, key, value);

	return rc < 0 ? pxc_fail(err, PXC_EINVAL, "Ceph does not take %s = %s: %s", key, value,
				 strerror(-rc))
		      : 0;
}

static char *get(rados_t cluster, const char *key)
{
	char value[4096] = "";

	return rados_conf_get(cluster, key, value, sizeof(value)) < 0 ? pxc_strdup("")
								      : pxc_strdup(value);
}

static int read_conf(rados_t cluster, const struct ceph_options *options, struct pxc_err *err)
{
	int rc = rados_conf_read_file(cluster, options->conf);

	if (rc == 0 || (!options->conf && options->mon_host))
		return 0; /* without a file the options are enough */
	if (!options->conf)
		return pxc_fail(err, PXC_EINVAL,
				"Ceph finds no ceph.conf (it looks for /etc/ceph/ceph.conf): "
				"give the file, or the monitors' addresses");
	return pxc_fail(err, PXC_EINVAL, "Ceph cannot read %s: %s", options->conf, strerror(-rc));
}

/* Whole seconds: Ceph takes nothing smaller for these. */
static int set_deadlines(rados_t cluster, uint32_t timeout_ms, struct pxc_err *err)
{
	static const char *const keys[] = { "client_mount_timeout", "rados_mon_op_timeout",
					    "rados_osd_op_timeout" };
	auto_free char *seconds = pxc_printf("%u", (timeout_ms + 999) / 1000);

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (set(cluster, keys[i], seconds, err) < 0)
			return -1;
	}
	return 0;
}

const char *const ceph_words[] = { "debug_rbd",  "debug_rados", "debug_objecter", "debug_ms",
				   "debug_monc", "debug_auth",  "debug_striper",  NULL };

/* A client keeps quiet, leaves no socket behind, and makes clones that need no protected snapshot. */
static int set_manners(rados_t cluster, struct pxc_err *err)
{
	static const char *const pairs[][2] = {
		{ "log_to_stderr", "false" },
		{ "err_to_stderr", "false" },
		{ "mon_cluster_log_to_stderr", "false" },
		{ "log_file", "" },
		{ "admin_socket", "" },
		{ "rbd_default_clone_format", "2" },
		/* It copies, and what is written here is not read again. */
		{ "rbd_cache", "false" },
		/* The bytes of a write stay as they are until it ends, so they need not be copied. */
		{ "rbd_disable_zero_copy_writes", "false" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		if (set(cluster, pairs[i][0], pairs[i][1], err) < 0)
			return -1;
	}
	for (const char *const *key = ceph_words; *key; key++)
		(void)rados_conf_set(cluster, *key, "0/0");
	return 0;
}

static int resolve(const char *host, struct pxc_err *err)
{
	struct addrinfo *found = NULL;
	int rc = getaddrinfo(host, NULL, NULL, &found);

	if (rc != 0)
		return pxc_fail(err, PXC_EINVAL,
				"Ceph's monitor \"%s\" has no address (%s): correct mon_host", host,
				gai_strerror(rc));
	freeaddrinfo(found);
	return 0;
}

/* "v2:host:3300" and "host:6789/0" to "host"; an IPv6 address, which has more colons, stays. */
static char *bare_host(char *host)
{
	char *colon;

	if (strncmp(host, "v1:", 3) == 0 || strncmp(host, "v2:", 3) == 0)
		host += 3;
	host[strcspn(host, "/")] = '\0';
	colon = strchr(host, ':');
	if (colon && colon == strrchr(host, ':'))
		*colon = '\0';
	return host;
}

/* Ceph writes about addresses it does not understand to stderr, and then says EINVAL only. So they are tried before. */
static int check_monitors(rados_t cluster, struct pxc_err *err)
{
	auto_free char *hosts = get(cluster, "mon_host");
	char *rest = hosts, *host;
	int open = 0;

	for (const char *p = hosts; *p && open >= 0; p++)
		open += *p == '[' ? 1 : *p == ']' ? -1 : 0;
	if (open != 0)
		return pxc_fail(err, PXC_EINVAL, "mon_host \"%s\" lacks a bracket", hosts);
	while ((host = strsep(&rest, "[],; \t"))) {
		host = bare_host(host);
		if (*host && resolve(host, err) < 0)
			return -1;
	}
	return 0;
}

static int configure(rados_t cluster, const struct ceph_options *options, uint32_t timeout_ms,
		     struct pxc_err *err)
{
	if (read_conf(cluster, options, err) < 0 || set_manners(cluster, err) < 0 ||
	    set_deadlines(cluster, timeout_ms, err) < 0)
		return -1;
	if (options->mon_host && set(cluster, "mon_host", options->mon_host, err) < 0)
		return -1;
	if (options->keyring) {
		if (access(options->keyring, R_OK) < 0)
			return pxc_fail(err, PXC_EINVAL, "the keyring %s cannot be read: %s",
					options->keyring, strerror(errno));
		if (set(cluster, "keyring", options->keyring, err) < 0)
			return -1;
	}
	return check_monitors(cluster, err);
}

static bool file_has_key(const char *path, const char *user)
{
	auto_free char *section = pxc_printf("[client.%s]", user);
	FILE *file = fopen(path, "re");
	char line[512];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = strncmp(line + strspn(line, " \t"), section, strlen(section)) == 0;
	if (file)
		(void)fclose(file);
	return found;
}

/* Ceph does not say whether the key is wrong or missing. */
static bool has_key(rados_t cluster, const char *user, const char *keyrings)
{
	auto_free char *inline_key = get(cluster, "key"), *key_file = get(cluster, "keyfile");
	auto_free char *paths = pxc_strdup(keyrings);
	char *rest = paths, *path;

	while ((path = strsep(&rest, ",; \t"))) {
		if (*path && file_has_key(path, user))
			return true;
	}
	return *inline_key || *key_file;
}

static int connect_failed(rados_t cluster, const char *user, uint32_t timeout_ms, int rc,
			  struct pxc_err *err)
{
	auto_free char *keyring = get(cluster, "keyring");
	auto_free char *hosts = get(cluster, "mon_host");

	if (rc == -ENOENT && !*hosts)
		return pxc_fail(err, PXC_EINVAL,
				"Ceph knows no monitors: ceph.conf has no mon_host, and none was "
				"given");
	switch (-rc) {
	case EACCES:
	case EPERM:
	case ENOENT:
		if (!has_key(cluster, user, keyring))
			return pxc_fail(err, PXC_EINVAL,
					"Ceph finds no key of client.%s: %s cannot be read, or has "
					"none",
					user, keyring);
		return pxc_fail(err, PXC_EDENIED,
				"Ceph at %s refuses client.%s with the key in %s: it is not the "
				"user's key there (ceph auth get client.%s shows it)",
				hosts, user, keyring, user);
	case ETIMEDOUT:
		return pxc_fail(err, PXC_ETIMEOUT,
				"no monitor of Ceph answered within %u s at %s: is the address "
				"right, and can this host reach it?",
				(timeout_ms + 999) / 1000, *hosts ? hosts : "(no mon_host)");
	default:
		return pxc_fail(err, PXC_EREMOTE, "Ceph at %s cannot be used: %s", hosts,
				strerror(-rc));
	}
}

int ceph_connect(const struct ceph_options *options, struct ceph **ret, struct pxc_err *err)
{
	const char *user = options->user ? options->user : "admin";
	auto_free char *entity = pxc_printf("client.%s", user);
	uint32_t timeout_ms = options->timeout_ms ? options->timeout_ms : TIMEOUT_MS;
	struct ceph *ceph;
	rados_t cluster;
	int rc = rados_create2(&cluster, "ceph", entity, 0);

	if (rc < 0)
		return pxc_fail(err, PXC_EINVAL, "Ceph does not take the user \"%s\": %s", user,
				strerror(-rc));
	if (configure(cluster, options, timeout_ms, err) < 0) {
		rados_shutdown(cluster);
		return -1;
	}
	rc = rados_connect(cluster);
	if (rc < 0) {
		(void)connect_failed(cluster, user, timeout_ms, rc, err);
		rados_shutdown(cluster);
		return -1;
	}
	ceph = pxc_calloc(1, sizeof(*ceph));
	ceph->cluster = cluster;
	ceph->user = pxc_strdup(user);
	ceph->timeout_ms = timeout_ms;
	ceph->self = rados_get_instance_id(cluster);
	(void)rados_cluster_fsid(cluster, ceph->fsid, sizeof(ceph->fsid));
	*ret = ceph;
	return 0;
}

void ceph_disconnect(struct ceph *ceph)
{
	if (!ceph || atomic_load(&ceph->is_wedged))
		return;
	rados_shutdown(ceph->cluster);
	free(ceph->user);
	free(ceph);
}

const char *ceph_fsid(const struct ceph *ceph)
{
	return ceph->fsid;
}
