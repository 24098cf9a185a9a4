/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_options.c - /cluster/options: the datacenter's settings and its notes. */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/dc_format.h"
#include "sim/state.h"

static bool format_option(const char *name, const char *value, struct pxc_buf *why)
{
	json_auto_t *scratch = json_object();
	auto_buf struct pxc_buf lines = { 0 };

	if (dc_parse(name, value, scratch, &lines))
		return true;
	buf_printf(why, "format error\n%s", buf_str(&lines));
	return false;
}

static bool format_mac_prefix(const char *name, const char *value, struct pxc_buf *why)
{
	size_t len = strlen(value);
	bool good = len == 8 || (len >= 5 && len <= 17);

	(void)name;
	for (size_t i = 0; i < len && good; i++)
		good = i % 3 == 2 ? value[i] == ':'
				  : strchr("0123456789abcdefABCDEF", value[i]) != NULL;
	if (!good)
		buf_adds(why, "value is not a valid unicast MAC address prefix\n");
	return good;
}

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Registered tags and those users may set, sorted, each once. */
static json_t *allowed_tags(const json_t *dc)
{
	const json_t *lists[2] = { json_object_get(dc, "registered-tags"),
				   json_object_get(json_object_get(dc, "user-tag-access"),
						   "user-allow-list") };
	size_t room = json_array_size(lists[0]) + json_array_size(lists[1]), count = 0;
	auto_free const char **tags = pxc_calloc(room + 1, sizeof(*tags));
	json_t *result = json_array();

	for (size_t l = 0; l < 2; l++)
		for (size_t i = 0; i < json_array_size(lists[l]); i++)
			tags[count++] = json_string_value(json_array_get(lists[l], i));
	qsort(tags, count, sizeof(*tags), compare_text);
	for (size_t i = 0; i < count; i++)
		if (!i || strcmp(tags[i], tags[i - 1]))
			json_array_append_new(result, json_string(tags[i]));
	return result;
}

static int get_options(struct sim_call *call)
{
	const json_t *dc = call->sim->dc;
	bool all = sim_may(call, "/", "Sys.Audit");

	call->data = all ? json_copy((json_t *)(uintptr_t)dc) : json_object();
	if (!all && json_object_get(dc, "tag-style"))
		json_object_set(call->data, "tag-style", json_object_get(dc, "tag-style"));
	json_object_set_new(call->data, "allowed-tags", allowed_tags(dc));
	if (!all)
		return 0;
	if (!json_object_get(dc, "description"))
		json_object_set_new(call->data, "description", json_string(""));
	if (!json_object_get(dc, "mac_prefix"))
		json_object_set_new(call->data, "mac_prefix", json_string("BC:24:11"));
	return 0;
}

static void set_option(json_t *dc, const char *key, json_t *value)
{
	const char *text = json_string_value(value);
	auto_buf struct pxc_buf why = { 0 };
	json_t *parsed;

	if (!strcmp(key, "description")) {
		if (*text)
			json_object_set_new(dc, key, json_sprintf("%s\n", text));
		else
			json_object_del(dc, key);
	} else if (!strcmp(key, "registered-tags")) {
		json_object_set_new(dc, key, dc_list(text));
	} else if (dc_is_property(key)) {
		parsed = json_object();
		dc_parse(key, text, parsed, &why);
		json_object_set_new(dc, key, parsed);
	} else {
		json_object_set(dc, key, value);
	}
}

static int put_options(struct sim_call *call)
{
	json_t *dc = call->sim->dc;
	const char *key;
	json_t *value;

	if (!call->sim->quorate)
		return sim_fail(call, 500, "cfs-lock 'file-datacenter_cfg' error: no quorum!");
	sim_forget_keys(dc, sim_arg(call, "delete"));
	json_object_foreach (call->params, key, value)
		if (strcmp(key, "delete"))
			set_option(dc, key, value);
	return 0;
}

#define TAG "[a-zA-Z0-9_][a-zA-Z0-9_.+-]*"

static const struct sim_param options_put[] = {
	{ .name = "bwlimit", .format = format_option },
	{ .name = "consent-text", .max = 65536 },
	{ .name = "console", .choices = "applet, vv, html5, xtermjs" },
	{ .name = "crs", .format = format_option },
	{ .name = "delete", .flags = SIM_LIST },
	{ .name = "description", .max = 65536 },
	{ .name = "email_from" },
	{ .name = "fencing", .choices = "watchdog, hardware, both" },
	{ .name = "ha", .format = format_option },
	{ .name = "http_proxy", .pattern = "^http://" },
	{ .name = "keyboard",
	  .choices =
		  "de, de-ch, da, en-gb, en-us, es, fi, fr, fr-be, fr-ca, fr-ch, hu, is, it, ja, lt, "
		  "mk, nl, no, pl, pt, pt-br, sv, sl, tr" },
	{ .name = "language",
	  .choices =
		  "ar, ca, da, de, en, es, eu, fa, fr, hr, he, it, ja, ka, kr, nb, nl, nn, pl, pt_BR, "
		  "ru, sl, sv, tr, ukr, zh_CN, zh_TW" },
	{ .name = "location" },
	{ .name = "mac_prefix", .format = format_mac_prefix },
	{ .name = "max_workers", .type = SIM_INT, .min = 1, .max = INT32_MAX },
	{ .name = "migration", .format = format_option },
	{ .name = "migration_unsecure", .type = SIM_BOOL },
	{ .name = "next-id", .format = format_option },
	{ .name = "notify", .format = format_option },
	{ .name = "registered-tags", .pattern = "^(" TAG ";)*" TAG "$" },
	{ .name = "replication", .format = format_option },
	{ .name = "tag-style", .format = format_option },
	{ .name = "u2f", .format = format_option },
	{ .name = "user-tag-access", .format = format_option },
	{ .name = "webauthn", .format = format_option },
	{ 0 },
};

const struct sim_route sim_options_routes[] = {
	{ "GET", "/cluster/options", get_options, NULL, NULL, "user", 0 },
	{ "PUT", "/cluster/options", put_options, options_put, NULL, "/ Sys.Modify", 0 },
	{ 0 },
};
