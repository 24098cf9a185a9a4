/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/connect.h"

#include <string.h>

#include "base/str.h"

#define SECONDS 1000u
#define DEFAULT_PORT 8006
#define MAX_SECONDS 604800 /* a week */

static const char *option(const struct pxc_env *env, const char *name)
{
	return json_string_value(json_object_get(env->args->params, name));
}

static long number(const struct pxc_env *env, const char *name, long fallback)
{
	const json_t *v = json_object_get(env->args->params, name);

	return json_is_integer(v) ? (long)json_integer_value(v) : fallback;
}

/* "host", "host:port", "https://host:port/" -> "https://host:port"; IPv6 literals stand in brackets. */
static const char *full_url(struct pxc_arena *arena, const char *text)
{
	const char *host = str_starts(text, "https://") ? text + strlen("https://") : text;
	size_t len = strcspn(host, "/");
	const char *bracket = memchr(host, ']', len);
	const char *from = bracket ? bracket : host;
	bool has_port = memchr(from, ':', len - (size_t)(from - host)) != NULL;

	if (has_port)
		return arena_printf(arena, "https://%.*s", (int)len, host);
	return arena_printf(arena, "https://%.*s:%d", (int)len, host, DEFAULT_PORT);
}

const char *pxc_api_url(struct pxc_env *env)
{
	const char *text = json_string_value(
		json_array_get(json_object_get(env->args->params, "api_urls"), 0));

	return text && *text ? full_url(env->arena, text) : NULL;
}

static int read_urls(struct pxc_env *env, const char *const **ret, struct pxc_err *err)
{
	const json_t *list = json_object_get(env->args->params, "api_urls");
	const char **urls = arena_alloc(env->arena, (json_array_size(list) + 1) * sizeof(*urls));
	size_t i, n = 0;
	json_t *url;

	json_array_foreach (list, i, url) {
		const char *text = json_string_value(url);

		if (!text || !*text)
			continue;
		if (str_starts(text, "http://"))
			return pxc_fail(err, PXC_EINVAL, "api_urls: %s: PVE speaks https only",
					text);
		urls[n++] = full_url(env->arena, text);
	}
	if (n == 0)
		return pxc_fail(err, PXC_EINVAL,
				"no API to talk to: set api_urls (or the environment variable "
				"PXC_API_URLS), for example https://pve1.example.org:8006");
	*ret = urls;
	return 0;
}

/* An option that is a time in seconds, in milliseconds. */
static int read_time(const struct pxc_env *env, const char *key, long otherwise, uint32_t *ret_ms,
		     struct pxc_err *err)
{
	long n = number(env, key, otherwise);

	if (n < 1 || n > MAX_SECONDS)
		return pxc_fail(err, PXC_EINVAL, "%s must be between 1 and %d seconds, not %ld",
				key, MAX_SECONDS, n);
	*ret_ms = (uint32_t)n * SECONDS;
	return 0;
}

int pxc_connect(struct pxc_env *env, struct pve_transport *transport, struct pxc_err *err)
{
	const json_t *verify = json_object_get(env->args->params, "validate_certs");
	struct pve_options o = {
		.user = option(env, "api_user"),
		.password = option(env, "api_password"),
		.otp = option(env, "api_otp"),
		.token_id = option(env, "api_token_id"),
		.token_secret = option(env, "api_token_secret"),
		.tls = { .verify = !json_is_false(verify),
			 .ca_path = option(env, "ca_path"),
			 .fingerprint = option(env, "fingerprint") },
		.per_endpoint = (unsigned)number(env, "api_connections", 4),
	};

	if (read_time(env, "api_timeout", 30, &o.timeout_ms, err) < 0 ||
	    read_time(env, "task_timeout", 600, &env->task_timeout_ms, err) < 0 ||
	    read_urls(env, &o.urls, err) < 0) {
		if (transport)
			transport->destroy(transport);
		return -1;
	}
	o.retry_ms = o.timeout_ms;
	return pve_create(&o, transport, &env->pve, err);
}
