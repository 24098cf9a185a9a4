/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_normal.c - the values of a guest's options as they are stored. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "sim/qm.h"

static int compare_tags(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/*
 * Separators become ";", doubles go. Unless the cluster's tag-style says otherwise letters become lower-case and
 * tags are sorted.
 */
static json_t *normal_tags(const struct sim *sim, const char *text)
{
	const json_t *style = json_object_get(sim->dc, "tag-style");
	bool keep_case = qm_int(style, "case-sensitive", 0) != 0,
	     keep_order = !strcmp(qm_text(style, "ordering", ""), "config");
	auto_free char *lower = pxc_strdup(text);
	json_auto_t *list = NULL;
	auto_free const char **tags = NULL;
	auto_buf struct pxc_buf out = { .data = NULL };
	size_t n = 0;

	for (char *p = lower; *p && !keep_case; p++)
		*p = (char)tolower((unsigned char)*p);
	list = qm_split(lower);
	tags = pxc_calloc(json_array_size(list) + 1, sizeof(*tags));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *tag = json_string_value(json_array_get(list, i));
		bool twice = false;

		for (size_t k = 0; k < n; k++)
			twice |= !strcmp(tags[k], tag);
		if (!twice)
			tags[n++] = tag;
	}
	if (!keep_order)
		qsort(tags, n, sizeof(*tags), compare_tags);
	for (size_t i = 0; i < n; i++)
		buf_printf(&out, "%s%s", i ? ";" : "", tags[i]);
	return json_string(out.len ? buf_str(&out) : " ");
}

/* What crypt(3) would make of a password, in shape: nobody logs in to a simulated guest. */
static json_t *normal_password(struct sim *sim, const char *text)
{
	char hex[41];
	auto_free char *salted = NULL;
	unsigned salt = (unsigned)sim_random(sim);

	if (text[0] == '$' && (text[1] == '5' || text[1] == '6') && text[2] == '$')
		return json_string(text);
	salted = pxc_printf("%08x%s", salt, text);
	sim_sha1_hex(salted, hex);
	return json_sprintf("$5$%08x$%s...", salt, hex);
}

static json_t *normal_net(struct sim *sim, const char *text)
{
	json_auto_t *obj = prop_parse_net(text);
	auto_free char *out = NULL;
	char mac[18];

	if (!json_object_get(obj, "macaddr")) {
		sim_mac(sim, mac);
		(void)json_object_set_new(obj, "macaddr", json_string(mac));
	}
	out = prop_print_net(obj);
	return json_string(out);
}

json_t *qm_normal(struct sim *sim, struct sim_node *node, unsigned vmid, const char *key,
		  const json_t *value, struct pxc_err *err)
{
	const char *text = json_string_value(value);
	auto_free char *made = NULL;
	size_t n;

	if (!text)
		return json_deep_copy(value);
	if (!strcmp(key, "tags"))
		return normal_tags(sim, text);
	if (qm_family(key, "net"))
		return normal_net(sim, text);
	if (qm_is_drive(key)) {
		made = qm_drive_make(sim, node, vmid, key, text, err);
		return made ? json_string(made) : NULL;
	}
	if (!strcmp(key, "cipassword"))
		return normal_password(sim, text);
	if (strcmp(key, "description") != 0)
		return json_string(text);
	for (n = strlen(text); n && isspace((unsigned char)text[n - 1]); n--)
		;
	return json_stringn(text, n);
}
