/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sdn.c - the store of software-defined networks: configured, running, and the way from one to the other. */
#include "sim/sdn.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *key, *name;
} kinds[SDN_KINDS] = {
	[SDN_ZONE] = { "zone", "zones" },       [SDN_VNET] = { "vnet", "vnets" },
	[SDN_SUBNET] = { "subnet", "subnets" }, [SDN_CONTROLLER] = { "controller", "controllers" },
	[SDN_IPAM] = { "ipam", "ipams" },       [SDN_DNS] = { "dns", "dns" },
};

const char *sdn_key(enum sdn_kind kind)
{
	return kinds[kind].key;
}

const char *sdn_name(enum sdn_kind kind)
{
	return kinds[kind].name;
}

void sdn_init(struct sim *sim)
{
	struct sim_sdn *sdn = pxc_calloc(1, sizeof(*sdn));

	for (size_t k = 0; k < SDN_KINDS; k++)
		sdn->config[k] = json_object();
	sdn->tags = json_object();
	sdn->garbled = json_object();
	sdn->ipam = json_object();
	sim->sdn = sdn;
	/* There without being configured, and in no digest. */
	json_object_set_new(sdn->config[SDN_IPAM], "pve", json_pack("{s:s}", "type", "pve"));
}

void sdn_free(struct sim *sim)
{
	struct sim_sdn *sdn = sim->sdn;

	if (!sdn)
		return;
	for (size_t k = 0; k < SDN_KINDS; k++)
		json_decref(sdn->config[k]);
	json_decref(sdn->running);
	json_decref(sdn->tags);
	json_decref(sdn->garbled);
	json_decref(sdn->ipam);
	free(sdn);
	sim->sdn = NULL;
}

bool sdn_old(const struct sim *sim)
{
	return sim->options.pve == 8;
}

json_t *sdn_find(const struct sim *sim, enum sdn_kind kind, const char *id)
{
	return json_object_get(sim->sdn->config[kind], id);
}

json_t *sdn_running(const struct sim *sim, enum sdn_kind kind)
{
	return json_object_get(sim->sdn->running, kinds[kind].name);
}

/* Add a section to the kind's sum, or take it away: each is the other's reverse, so a change costs one section. */
static void count(struct sim *sim, enum sdn_kind kind, const char *id, const json_t *section)
{
	auto_free char *text = section ? json_dumps(section, JSON_SORT_KEYS | JSON_COMPACT) : NULL,
		       *whole = text ? pxc_printf("%s %s", id, text) : NULL;
	char hex[41];

	if (!whole)
		return;
	sim_sha1_hex(whole, hex);
	for (size_t i = 0; i < 20; i++) {
		unsigned byte = 0;

		(void)sscanf(hex + 2 * i, "%2x", &byte);
		sim->sdn->sums[kind][i] ^= (uint8_t)byte;
	}
}

static void tag_key(json_int_t tag, char key[24])
{
	(void)snprintf(key, 24, "%lld", (long long)tag);
}

json_int_t sdn_tag_users(const struct sim *sim, json_int_t tag)
{
	char key[24];

	tag_key(tag, key);
	return json_integer_value(json_object_get(sim->sdn->tags, key));
}

/* A vnet comes (1) or goes (-1). */
static void count_tag(struct sim *sim, const json_t *vnet, int by)
{
	json_int_t tag = json_integer_value(json_object_get(vnet, "tag"));
	char key[24];

	if (!vnet)
		return;
	tag_key(tag, key);
	json_object_set_new(sim->sdn->tags, key, json_integer(sdn_tag_users(sim, tag) + by));
}

/*
 * An alias with letters outside of ASCII is written, but not understood by who reads the file next: the write after that
 * one is without it.
 */
static void lose_aliases(struct sim *sim)
{
	const char *id;
	json_t *value;

	json_object_foreach (sim->sdn->garbled, id, value) {
		json_t *old = sdn_find(sim, SDN_VNET, id), *now;

		if (!old)
			continue;
		now = json_copy(old);
		json_object_del(now, "alias");
		count(sim, SDN_VNET, id, old);
		count(sim, SDN_VNET, id, now);
		json_object_set_new(sim->sdn->config[SDN_VNET], id, now);
	}
	json_object_clear(sim->sdn->garbled);
}

static bool ascii(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text > 126)
			return false;
	return true;
}

void sdn_keep(struct sim *sim, enum sdn_kind kind, const char *id, json_t *section_new)
{
	const char *alias = json_string_value(json_object_get(section_new, "alias"));

	if (kind == SDN_VNET)
		lose_aliases(sim);
	if (kind == SDN_VNET && alias && !ascii(alias))
		json_object_set_new(sim->sdn->garbled, id, json_true());
	if (kind == SDN_VNET) {
		count_tag(sim, sdn_find(sim, kind, id), -1);
		count_tag(sim, section_new, 1);
	}
	count(sim, kind, id, sdn_find(sim, kind, id));
	count(sim, kind, id, section_new);
	json_object_set_new(sim->sdn->config[kind], id, section_new);
}

void sdn_drop(struct sim *sim, enum sdn_kind kind, const char *id)
{
	if (kind == SDN_IPAM && !strcmp(id, "pve"))
		return; /* comes back by itself */
	if (kind == SDN_VNET) {
		lose_aliases(sim);
		count_tag(sim, sdn_find(sim, kind, id), -1);
	}
	count(sim, kind, id, sdn_find(sim, kind, id));
	json_object_del(sim->sdn->config[kind], id);
}

void sdn_digest(const struct sim *sim, enum sdn_kind kind, char digest[41])
{
	static const uint8_t empty[20] = { 0 };
	char hex[41];

	for (size_t i = 0; i < 20; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", sim->sdn->sums[kind][i]);
	/* the digest of an absent file is that of nothing */
	sim_sha1_hex(memcmp(sim->sdn->sums[kind], empty, 20) ? hex : "", digest);
}

bool sdn_pending(const struct sim *sim)
{
	for (enum sdn_kind kind = 0; kind < SDN_COMMITTED; kind++) {
		const json_t *running = sdn_running(sim, kind);

		if (json_object_size(running) != json_object_size(sim->sdn->config[kind]) ||
		    (running && !json_equal(running, sim->sdn->config[kind])))
			return true;
	}
	return false;
}

void sdn_commit(struct sim *sim)
{
	const json_t *before = json_object_get(sim->sdn->running, "version");
	json_t *running = json_object();

	json_object_set_new(running, "version", json_integer(json_integer_value(before) + 1));
	for (enum sdn_kind kind = 0; kind < SDN_COMMITTED; kind++)
		json_object_set_new(running, kinds[kind].name, json_copy(sim->sdn->config[kind]));
	json_decref(sim->sdn->running);
	sim->sdn->running = running;
}

json_t *sdn_dump(const struct sim *sim)
{
	json_t *config = json_object(), *running = json_object(), *stale = json_array();

	for (enum sdn_kind kind = 0; kind < SDN_KINDS; kind++)
		json_object_set_new(config, kinds[kind].name, json_copy(sim->sdn->config[kind]));
	for (enum sdn_kind kind = 0; kind < SDN_COMMITTED; kind++)
		if (sdn_running(sim, kind))
			json_object_set(running, kinds[kind].name, sdn_running(sim, kind));
	for (size_t i = 0; i < sim->node_count; i++)
		if (sim->nodes[i].sdn_links != sim->sdn->running)
			json_array_append_new(stale, json_string(sim->nodes[i].name));
	return json_pack("{s:o, s:o, s:o, s:o, s:b}", "config", config, "running", running, "stale",
			 stale, "ipam", json_deep_copy(sim->sdn->ipam), "locked",
			 *sim->sdn->token != 0);
}

void sdn_rollback(struct sim *sim)
{
	const char *vnet;
	json_t *section;

	for (enum sdn_kind kind = 0; kind < SDN_COMMITTED; kind++) {
		const json_t *running = sdn_running(sim, kind);
		const char *id;

		json_decref(sim->sdn->config[kind]);
		sim->sdn->config[kind] =
			running ? json_copy((json_t *)(uintptr_t)running) : json_object();
		memset(sim->sdn->sums[kind], 0, sizeof(sim->sdn->sums[kind]));
		json_object_foreach (sim->sdn->config[kind], id, section)
			count(sim, kind, id, section);
	}
	json_object_clear(sim->sdn->tags);
	json_object_foreach (sim->sdn->config[SDN_VNET], vnet, section)
		count_tag(sim, section, 1);
	json_object_clear(sim->sdn->garbled);
}
