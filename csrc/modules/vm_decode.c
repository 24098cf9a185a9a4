/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/vm_decode.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/units.h"
#include "cloud/vm_parts.h"
#include "modules/items.h"

#define MAX_METADATA 32
#define MAX_METADATA_VALUE 255

static unsigned number(const json_t *item, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(item, key));

	return n > 0 ? (unsigned)n : 0;
}

static uint64_t bytes(const json_t *item, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(item, key));

	return n > 0 ? (uint64_t)n : 0;
}

/* A DNS name as PVE wants it; stack and project share the alphabet. */
static bool dns_name(const char *name, size_t max, bool dots)
{
	size_t n = strlen(name);

	if (n == 0 || n > max || !isalnum((unsigned char)name[0]) ||
	    !isalnum((unsigned char)name[n - 1]))
		return false;
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '-' && !(dots && *p == '.' && p[1] != '.'))
			return false;
	return true;
}

static int decode_names(struct pxc_env *env, const json_t *item, struct vm_spec *s,
			struct pxc_err *err)
{
	s->project = item_text(item, "project");
	s->name = item_text(item, "name");
	s->stack = item_text(item, "stack");
	s->new_name = item_text(item, "new_name");
	s->label = arena_printf(env->arena, "vm %s/%s", s->project, s->name);
	if (!str_eq(s->stack, "default"))
		s->label = arena_printf(env->arena, "vm %s/%s/%s", s->project, s->stack, s->name);
	if (!dns_name(s->name, 63, true) || (s->new_name && !dns_name(s->new_name, 63, true)))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: \"%s\" is no DNS name: letters, digits and - , parts divided by "
			"dots, at most 63 characters",
			s->label, s->new_name ? s->new_name : s->name);
	if (!dns_name(s->stack, 40, false))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: stack \"%s\" must be letters, digits and - , at most 40 characters",
			s->label, s->stack);
	return 0;
}

static void put(json_t *config, const char *key, json_t *value_new)
{
	(void)json_object_set_new(config, key, value_new);
}

/* Options of ours that are PVE's under the same name. */
static const char *const plain[] = { "cores",  "sockets", "cpu",    "machine", "bios",
				     "ostype", "scsihw",  "onboot", "agent" };

/* Keys of PVE that must not come in by the back door: they have options, or belong to the loop. */
static const struct {
	const char *key, *use;
} reserved[] = {
	{ "description", "description" },
	{ "tags", "tags" },
	{ "name", "name or new_name" },
	{ "memory", "memory" },
	{ "cores", "cores" },
	{ "protection", "protected" },
	{ "cipassword", "cloud_init" },
	{ "sshkeys", "cloud_init" },
	{ "ciuser", "cloud_init" },
	{ "delete", "null as the value" },
	{ "digest", NULL },
	{ "vmid", NULL },
	{ "pool", NULL },
	{ "lock", NULL },
	{ "revert", NULL },
	{ "smbios1", NULL },
	{ "node", "node" },
	{ "force", NULL },
};

static int decode_config(const json_t *given, struct vm_spec *s, struct pxc_err *err)
{
	json_t *raw = json_object_get(given, "config"), *value;
	const char *key;
	char mib[32];

	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		if ((value = json_object_get(given, plain[i])))
			put(s->config, plain[i], item_scalar(value));
	if (bytes(given, "memory")) {
		(void)snprintf(mib, sizeof(mib), "%llu",
			       (unsigned long long)(bytes(given, "memory") / MIB));
		put(s->config, "memory", json_string(mib));
	}
	json_object_foreach (raw, key, value) {
		for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
			if (str_eq(reserved[i].key, key))
				return pxc_fail(err, PXC_EINVAL,
						"%s: config: %s cannot be set here%s%s", s->label,
						key, reserved[i].use ? ": use " : "",
						reserved[i].use ? reserved[i].use : "");
		if (str_starts(key, "net") || str_starts(key, "ipconfig") ||
		    (vm_is_drive(key) && !str_starts(key, "efidisk") &&
		     !str_starts(key, "tpmstate")))
			return pxc_fail(err, PXC_EINVAL,
					"%s: config: %s cannot be set here: use disks or networks",
					s->label, key);
		if (json_is_object(value) || json_is_array(value))
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: config: %s must be a text as PVE takes it, not a list or dict",
				s->label, key);
		put(s->config, key, item_scalar(value));
	}
	return 0;
}

static bool tag_ok(const char *tag)
{
	if (!isalnum((unsigned char)*tag) && *tag != '_')
		return false;
	for (const char *p = tag; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_-+.", *p))
			return false;
	return true;
}

static int decode_tags(const json_t *given, const json_t *item, struct vm_spec *s,
		       struct pxc_err *err)
{
	json_t *list = json_object_get(given, "tags"), *tag;
	size_t i;

	s->tags = list;
	s->tags_exact = str_eq(item_text(item, "tags_mode"), "exact");
	json_array_foreach (list, i, tag) {
		const char *t = json_string_value(tag);

		if (!t || !tag_ok(t))
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: tag \"%s\": a tag begins with a letter, digit or _ and goes "
				"on with these and - + .",
				s->label, t ? t : "");
		if ((strncasecmp(t, "pxc", 3) == 0 && strcasecmp(t, "pxc-nobalance") != 0) ||
		    strncasecmp(t, "stack-", 6) == 0)
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: tag \"%s\": names beginning with pxc and stack- are the "
				"cloud's own",
				s->label, t);
	}
	return 0;
}

static int decode_metadata(struct pxc_env *env, const json_t *given, struct vm_spec *s,
			   struct pxc_err *err)
{
	json_t *raw = json_object_get(given, "metadata"), *value;
	const char *key;

	if (!raw)
		return 0;
	if (json_object_size(raw) > MAX_METADATA)
		return pxc_fail(err, PXC_EINVAL, "%s: metadata has %zu keys, at most %d are kept",
				s->label, json_object_size(raw), MAX_METADATA);
	s->metadata = pxc_env_keep(env, json_object());
	json_object_foreach (raw, key, value) {
		json_t *t = json_is_null(value) ? json_string("") : item_scalar(value);

		if (!*key ||
		    strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789._-") != strlen(key)) {
			json_decref(t);
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: metadata key \"%s\": lower-case letters, digits, dot, _ and - "
				"only",
				s->label, key);
		}
		if (!json_is_string(t) || strlen(json_string_value(t)) > MAX_METADATA_VALUE) {
			json_decref(t);
			return pxc_fail(err, PXC_EINVAL,
					"%s: metadata %s: must be a text of 1 to %d bytes",
					s->label, key, MAX_METADATA_VALUE);
		}
		put(s->metadata, key, t);
	}
	return 0;
}

static char *join_lines(const json_t *list)
{
	struct pxc_buf out = { .data = NULL };
	size_t i;
	json_t *line;

	json_array_foreach (list, i, line)
		buf_printf(&out, "%s%s", i ? "\n" : "", json_string_value(line));
	return buf_take(&out);
}

static void decode_cloud_init(struct pxc_env *env, const json_t *given, struct vm_spec *s)
{
	static const char *const keys[][2] = {
		{ "user", "ciuser" },
		{ "search", "searchdomain" },
		{ "upgrade", "ciupgrade" },
		{ "type", "citype" },
	};
	const json_t *ci = json_object_get(given, "cloud_init"), *list;
	const char *password = item_text(ci, "password_hash");

	s->at_creation = pxc_env_keep(env, json_object());
	s->keypairs = item_list(env->arena, given, "keypairs");
	s->cloud_init = json_object_size(ci) > 0 || (s->keypairs && s->keypairs[0]);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (json_object_get(ci, keys[i][0]))
			put(s->config, keys[i][1], item_scalar(json_object_get(ci, keys[i][0])));
	if (!password)
		password = item_text(ci, "password");
	if (password)
		put(s->at_creation, "cipassword", json_string(password));
	if ((list = json_object_get(ci, "ssh_keys"))) {
		auto_free char *lines = join_lines(list), *encoded = vm_url_encode(lines);

		put(s->config, "sshkeys", *encoded ? json_string(encoded) : json_null());
		s->ssh_keys = arena_strdup(env->arena, lines);
	}
	if ((list = json_object_get(ci, "dns"))) {
		auto_free char *servers = join_lines(list);

		for (char *p = servers; *p; p++)
			*p = *p == '\n' ? ' ' : *p;
		put(s->config, "nameserver", *servers ? json_string(servers) : json_null());
	}
}

static int word(const char *value, const char *const *words, size_t n, int fallback)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(words[i], value))
			return (int)i;
	return fallback;
}

static void decode_behaviour(const json_t *item, struct vm_spec *s)
{
	static const char *const powers[] = { "", "running", "stopped", "paused", "restarted" };
	static const char *const waits[] = { "none", "running", "agent", "ip" };
	static const char *const impacts[] = { "waits", "quiet", "disrupts", "destroys" };
	const json_t *protection = json_object_get(item, "protected");

	s->absent = str_eq(item_text(item, "state"), "absent");
	s->flavor = item_text(item, "flavor");
	s->description = item_text(item, "description");
	s->node = str_eq(item_text(item, "node"), "auto") ? NULL : item_text(item, "node");
	s->class = item_text(item, "class");
	s->storage = item_text(item, "storage");
	s->disk_bytes = bytes(item, "disk_size");
	s->power = (enum vm_power)word(item_text(item, "power"), powers, ARRAY_SIZE(powers),
				       VM_POWER_KEEP);
	s->wait = (enum vm_wait)word(item_text(item, "wait"), waits, ARRAY_SIZE(waits),
				     VM_WAIT_FOR_NONE);
	s->allow = (enum pxc_impact)word(item_text(item, "allow"), impacts, ARRAY_SIZE(impacts),
					 PXC_DESTROYS);
	s->wait_s = number(item, "wait_timeout");
	s->shutdown_s = number(item, "shutdown_timeout");
	s->force_stop = item_true(item, "force_stop");
	s->protection = protection ? json_is_true(protection) : -1;
	s->allow_restart = item_true(item, "allow_restart");
	s->delete_unreferenced = item_true(item, "delete_unreferenced");
	s->reseal = item_true(item, "reseal");
	s->quota_ignore = str_eq(item_text(item, "quota_unknown"), "ignore");
}

/* A text that holds a block of its own could not be told from the annotation. */
static int check_description(const struct vm_spec *s, struct pxc_err *err)
{
	auto_annot_text struct annot_text t = { .before = NULL };

	annot_parse(ANNOT_BLOCK, s->description, &t);
	if (t.finding == ANNOT_NONE)
		return 0;
	return pxc_fail(
		err, PXC_EINVAL,
		"%s: its description holds a line \"<!-- pxc/...\", which marks the cloud's own "
		"annotation: take that line out",
		s->label);
}

static int decode_seed(const json_t *item, struct vm_spec *s, struct pxc_err *err)
{
	static const char *const seeds[] = { "auto", "pve", "rbd", "none" };
	static const char *const flattens[] = { "auto", "never", "always" };

	s->seed =
		(enum vm_seed)word(item_text(item, "seed"), seeds, ARRAY_SIZE(seeds), VM_SEED_AUTO);
	s->flatten = (enum vm_flatten)word(item_text(item, "flatten"), flattens,
					   ARRAY_SIZE(flattens), VM_FLATTEN_AUTO);
	s->user_data = item_text(item, "user_data");
	s->network_config = item_text(item, "network_config");
	s->reseed = item_true(item, "reseed");
	s->seed_cleanup = item_true(item, "seed_cleanup");
	s->rebuild = item_true(item, "rebuild");
	if (s->user_data && !str_starts(s->user_data, "#") &&
	    !str_starts(s->user_data, "Content-Type:") &&
	    !str_starts(s->user_data, "MIME-Version:"))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: user_data must begin with a line that says what they are, for example "
			"#cloud-config or #!/bin/sh",
			s->label);
	return 0;
}

/* A name with more in it would name a volume, perhaps another VM's: disks are "<storage>:<GiB>,options". */
static int check_storages(const struct vm_spec *s, struct pxc_err *err)
{
	const char *wrong = NULL;

	for (size_t i = 0; i < s->ndisks + 2 && !wrong; i++) {
		const char *name = i < s->ndisks   ? s->disks[i].storage
				   : i > s->ndisks ? s->image_storage
						   : s->storage;

		if (name && !item_storage(name))
			wrong = name;
	}
	return !wrong ? 0
		      : pxc_fail(err, PXC_EINVAL, "%s: \"%s\" is no name of a storage", s->label,
				 wrong);
}

static int decode_one(struct pxc_env *env, const json_t *item, const json_t *given,
		      struct vm_spec *s, struct pxc_err *err)
{
	s->config = pxc_env_keep(env, json_object());
	decode_behaviour(item, s);
	if (decode_names(env, item, s, err) < 0 || check_description(s, err) < 0 ||
	    decode_config(given, s, err) < 0 || decode_tags(given, item, s, err) < 0 ||
	    vm_decode_affinity(env, given, s, err) < 0 || decode_metadata(env, given, s, err) < 0 ||
	    decode_seed(item, s, err) < 0 || vm_decode_ha(item, s, err) < 0 ||
	    vm_decode_image(env, item, s, err) < 0 || vm_decode_snaps(env, item, s, err) < 0)
		return -1;
	decode_cloud_init(env, given, s);
	s->nets_exact = str_eq(item_text(item, "networks_mode"), "exact") &&
			json_object_get(given, "networks");
	if (vm_decode_disks(env, json_object_get(given, "disks"), s, err) < 0 ||
	    check_storages(s, err) < 0)
		return -1;
	return vm_decode_nets(env, json_object_get(given, "networks"), s, err);
}

static int name_order(const void *a, const void *b)
{
	const struct vm_spec *x = *(const struct vm_spec *const *)a,
			     *y = *(const struct vm_spec *const *)b;
	int r = strcmp(x->project, y->project);

	if (r == 0)
		r = strcmp(x->stack, y->stack);
	return r ? r : strcmp(x->name, y->name);
}

static int refuse_twins(struct pxc_env *env, const struct vm_batch *b, struct pxc_err *err)
{
	const struct vm_spec **order = arena_alloc(env->arena, b->nspecs * sizeof(*order));

	for (size_t i = 0; i < b->nspecs; i++)
		order[i] = &b->specs[i];
	qsort(order, b->nspecs, sizeof(*order), name_order);
	for (size_t i = 1; i < b->nspecs; i++)
		if (name_order(&order[i - 1], &order[i]) == 0)
			return pxc_fail(err, PXC_EINVAL, "%s is named twice in this task",
					order[i]->label);
	return 0;
}

int vm_decode(struct pxc_env *env, struct vm_batch **ret, struct pxc_err *err)
{
	struct vm_batch *b = arena_alloc(env->arena, sizeof(*b));
	const json_t *items = NULL, *given = NULL;

	if (items_of_task(env, &items, &given, err) < 0)
		return -1;
	b->nspecs = json_array_size(items);
	b->specs = arena_alloc(env->arena, b->nspecs * sizeof(*b->specs));
	b->stamp = env->stamp;
	b->actor = env->actor;
	b->nonce = env->nonce;
	b->verbose = env->args->task.verbosity > 0;
	for (size_t i = 0; i < b->nspecs; i++)
		if (decode_one(env, json_array_get(items, i), json_array_get(given, i),
			       &b->specs[i], err) < 0)
			return -1;
	*ret = b;
	return refuse_twins(env, b, err);
}
