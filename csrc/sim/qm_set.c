/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_set.c - changing a guest's options: how values are stored, and what waits for a stop. */
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
		  const json_t *value)
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
		made = qm_drive_make(sim, node, vmid, key, text);
		return json_string(made);
	}
	if (!strcmp(key, "cipassword"))
		return normal_password(sim, text);
	if (strcmp(key, "description") != 0)
		return json_string(text);
	for (n = strlen(text); n && isspace((unsigned char)text[n - 1]); n--)
		;
	return json_stringn(text, n);
}

/* "order=scsi0;net0" without device. */
static void unboot(json_t *config, const char *device)
{
	const char *order = qm_text(config, "boot", "");
	auto_buf struct pxc_buf left = { .data = NULL };

	if (strncmp(order, "order=", 6) != 0)
		return;
	for (const char *p = order + 6; *p; p += *p == ';') {
		size_t n = strcspn(p, ";");

		if (strlen(device) != n || strncmp(p, device, n) != 0)
			buf_printf(&left, "%s%.*s", left.len ? ";" : "", (int)n, p);
		p += n;
	}
	(void)json_object_set_new(config, "boot",
				  left.len ? json_sprintf("order=%s", buf_str(&left))
					   : json_string(" "));
}

/* A new CD drive can be booted from, after everything else; into says so, the configuration or what waits. */
static void boot_cdrom(const struct sim_guest *g, json_t *into, const char *device,
		       const char *text)
{
	const char *order = qm_text(into, "boot", qm_text(g->config, "boot", ""));

	if (json_object_get(g->config, device) || strncmp(order, "order=", 6) != 0 ||
	    !strstr(text, "media=cdrom") || strstr(text, "cloudinit"))
		return;
	(void)json_object_set_new(into, "boot", json_sprintf("%s;%s", order, device));
}

/* Take an option out of config. A disk of the guest's own becomes unused, or is destroyed with force. */
void qm_remove_option(struct sim *sim, struct sim_guest *g, json_t *config, const char *key,
		      bool force)
{
	auto_free char *text = pxc_strdup(qm_text(config, key, NULL));
	char name[16];

	(void)json_object_del(config, key);
	unboot(config, key);
	if (!text || (!qm_is_drive(key) && !qm_is_unused(key)) || !qm_owns(g, text))
		return;
	if (force || qm_is_unused(key) || strstr(text, "cloudinit")) {
		qm_drive_free(sim, g, text);
		return;
	}
	for (unsigned n = 0; n < 256; n++) {
		(void)snprintf(name, sizeof(name), "unused%u", n);
		if (json_object_get(config, name))
			continue;
		(void)json_object_set_new(config, name, json_stringn(text, strcspn(text, ",")));
		return;
	}
}

/* A volume that is attached again is unused no more. */
static void use_again(json_t *config, const char *drive)
{
	auto_free char *volid = qm_volid(drive);

	for (unsigned n = 0; volid && n < 256; n++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "unused%u", n);
		if (!strcmp(qm_text(config, name, ""), volid))
			(void)json_object_del(config, name);
	}
}

static void set_one(struct sim *sim, struct sim_guest *g, const char *key, const json_t *value)
{
	json_t *now = qm_normal(sim, g->node, g->vmid, key, value),
	       *old = json_object_get(g->config, key);
	const char *text = json_string_value(now);
	bool live = g->run == SIM_STOPPED || qm_live(g, key);

	(void)json_object_del(g->deleted, key);
	if (text && !*text && live) {
		json_decref(now);
		(void)json_object_del(g->config, key);
		return;
	}
	if (json_equal(old, now)) {
		(void)json_object_del(g->pending, key);
		json_decref(now);
		return;
	}
	if (!live) {
		if (qm_is_drive(key))
			boot_cdrom(g, g->pending, key, text);
		(void)json_object_set_new(g->pending, key, now);
		return;
	}
	/* Another volume in the same place: the old one becomes unused. */
	if (qm_is_drive(key) && old) {
		auto_free char *a = qm_volid(json_string_value(old)), *b = qm_volid(text);

		if (a && (!b || strcmp(a, b) != 0))
			qm_remove_option(sim, g, g->config, key, false);
	}
	if (qm_is_drive(key)) {
		use_again(g->config, text);
		boot_cdrom(g, g->config, key, text);
	}
	(void)json_object_del(g->pending, key);
	(void)json_object_set_new(g->config, key, now);
}

void qm_change_apply(struct sim *sim, struct sim_guest *g, const struct qm_change *c)
{
	auto_free const char **keys = NULL;
	size_t count = 0, i;
	const char *key;
	json_t *value;

	json_array_foreach (c->revert, i, value) {
		(void)json_object_del(g->pending, json_string_value(value));
		(void)json_object_del(g->deleted, json_string_value(value));
	}
	json_array_foreach (c->remove, i, value) {
		key = json_string_value(value);
		(void)json_object_del(g->pending, key);
		if (!json_object_get(g->config, key))
			continue;
		if (g->run == SIM_STOPPED || qm_live(g, key))
			qm_remove_option(sim, g, g->config, key, c->force);
		else
			(void)json_object_set_new(g->deleted, key, json_integer(c->force ? 2 : 1));
	}
	keys = qm_sorted_keys(c->set, &count);
	for (i = 0; i < count; i++)
		set_one(sim, g, keys[i], json_object_get(c->set, keys[i]));
	sim_guest_touch(g);
}

void qm_apply_pending(struct sim *sim, struct sim_guest *g)
{
	const char *key;
	json_t *value;

	json_object_foreach (g->deleted, key, value)
		qm_remove_option(sim, g, g->config, key, json_integer_value(value) == 2);
	(void)json_object_update(g->config, g->pending);
	(void)json_object_clear(g->pending);
	(void)json_object_clear(g->deleted);
	sim_guest_touch(g);
}
