/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ha_format.c - the texts of rules and groups. */
#include "sim/ha_format.h"

#include <ctype.h>
#include <string.h>

#include "sim/request.h"

bool ha_format_id(const char *name, const char *value, struct pxc_buf *why)
{
	bool good = isalpha((unsigned char)value[0]) && value[1];

	(void)name;
	for (const char *at = value; *at && good; at++)
		good = isalnum((unsigned char)*at) || *at == '_' || *at == '-';
	if (!good)
		buf_printf(why, "invalid configuration ID '%s'\n", value);
	return good;
}

static bool is_sid(const char *text)
{
	size_t type = strspn(text, "abcdefghijklmnopqrstuvwxyz");

	return type && text[type] == ':' && text[type + 1];
}

static bool is_node(const char *text)
{
	size_t len = strcspn(text, ":");

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && (text[i] != '-' || !i || i == len - 1))
			return false;
	if (!len || !text[len])
		return len > 0;
	return text[len + 1] && !text[len + 1 + strspn(text + len + 1, "0123456789")];
}

static bool each(const char *list, bool (*good)(const char *), struct pxc_buf *why,
		 const char *sentence)
{
	bool all = true;

	for (char *one; (one = sim_list_next(&list)); free(one))
		all = all && good(one);
	if (!all)
		buf_adds(why, sentence);
	return all;
}

bool ha_format_sids(const char *name, const char *value, struct pxc_buf *why)
{
	(void)name;
	return each(value, is_sid, why, "value does not look like a valid ha resource id\n");
}

bool ha_format_nodes(const char *name, const char *value, struct pxc_buf *why)
{
	(void)name;
	return each(value, is_node, why, "value does not look like a valid ha group node\n");
}

static char *join(const struct sim_map *set)
{
	auto_buf struct pxc_buf text = { 0 };

	for (size_t i = 0; i < set->count; i++) {
		const char *priority = set->entries[i].value;

		buf_printf(&text, "%s%s", i ? "," : "", set->entries[i].key);
		if (strtoul(priority, NULL, 10))
			buf_printf(&text, ":%lu", strtoul(priority, NULL, 10));
	}
	return buf_take(&text);
}

char *ha_normal_sids(const char *list)
{
	static char none[] = "";
	struct sim_map set = { 0 };
	char *text;

	for (char *one; (one = sim_list_next(&list)); free(one))
		(void)sim_map_put(&set, one, none);
	text = join(&set);
	sim_map_release(&set, NULL);
	return text;
}

char *ha_normal_nodes(const char *list)
{
	struct sim_map set = { 0 };
	char *text;

	for (char *one; (one = sim_list_next(&list)); free(one)) {
		char *colon = strchr(one, ':');

		if (colon)
			*colon = 0;
		free(sim_map_put(&set, one, pxc_strdup(colon ? colon + 1 : "0")));
	}
	text = join(&set);
	sim_map_release(&set, free);
	return text;
}

char *ha_mangled(const char *comment)
{
	auto_buf struct pxc_buf bytes = { 0 };
	const unsigned char *at = (const unsigned char *)comment;

	for (; *at; at++) {
		if (*at < 0x80) {
			buf_addc(&bytes, (char)*at);
		} else if ((*at & 0xfc) == 0xc0 && (at[1] & 0xc0) == 0x80) {
			buf_addc(&bytes, (char)((*at & 3) << 6 | (at[1] & 0x3f)));
			at++;
		} else {
			return NULL;
		}
	}
	return sim_url_decode(buf_str(&bytes), bytes.len, false);
}
