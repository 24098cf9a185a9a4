/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What cloud-init reads, as a small RBD image of the VM: an ISO 9660 volume "cidata" with user-data, meta-data and
 * network-config (NoCloud). It lies in the shared storage, so no snippet is needed on any node, and the VM can migrate.
 *
 * Key seed of the VM's block says what was written: 16 hex of SHA-256, "/u" behind it when the user's own data are part of
 * it. Passwords are not in the sum: a short one could be guessed from it.
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/propstr.h"
#include "base/str.h"
#include "cloud/vm_parts.h"

#define WITH_USER_DATA "/u"
#define MAX_USER_DATA (1u << 20)

static bool is_rbd(const struct vm_case *c)
{
	for (size_t i = 0; c->storage && i < c->w->nstorages; i++)
		if (str_eq(c->w->storages[i].name, c->storage))
			return str_eq(c->w->storages[i].type, "rbd");
	return false;
}

int vm_seed_decide(struct vm_case *c, struct pxc_err *err)
{
	const struct vm_spec *s = c->spec;
	bool own = s->user_data || s->network_config;

	if (s->user_data && strlen(s->user_data) > MAX_USER_DATA)
		return pxc_fail(err, PXC_EINVAL, "%s: user_data has more than 1 MiB", s->label);
	if (c->have) {
		c->seeded = annot_get(&c->have->notes.annot, "seed") != NULL;
		if ((s->reseed || own) && !c->seeded)
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: VM %u was made without a seed, so user_data, network_config and reseed "
				"are not for it",
				s->label, c->vmid);
		return 0;
	}
	c->seeded = s->seed == VM_SEED_RBD ||
		    (s->seed == VM_SEED_AUTO &&
		     (own || (c->image && !str_eq(rbd_get(c->image, "p.seed"), "none"))));
	if (own && !c->seeded)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: user_data and network_config need seed: rbd (or auto); PVE's own drive cannot "
			"hold them",
			s->label);
	if (c->seeded && !is_rbd(c))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: its seed needs a storage of type rbd, and %s is none: set storage, or seed: pve",
			s->label, c->storage ? c->storage : "(no storage)");
	return 0;
}

char *vm_new_mac(const struct vm_case *c, unsigned slot)
{
	const char *named = json_string_value(json_object_get(c->w->options, "mac_prefix"));
	auto_free char *text =
		pxc_printf("%s %s %u net%u", c->batch->nonce, c->spec->label, c->vmid, slot);
	struct pxc_buf mac = { .data = NULL };
	char h[65];

	sha256_hex(text, strlen(text), h);
	buf_adds(&mac, named && strlen(named) >= 8 ? named : "BC:24:11");
	for (size_t i = 0; mac.len < 17; i += 2)
		buf_printf(&mac, ":%c%c", h[i] >= 'a' ? h[i] - 32 : h[i],
			   h[i + 1] >= 'a' ? h[i + 1] - 32 : h[i + 1]);
	return buf_take(&mac);
}

/* --- the files -------------------------------------------------------------------------------------------- */

/* JSON is YAML, and needs no quoting rules of our own. */
static char *yaml(const char *head, const json_t *value)
{
	char *body = json_dumps(value, JSON_INDENT(2) | JSON_SORT_KEYS);
	char *text = pxc_printf("%s%s\n", head, body);

	free(body);
	return text;
}

static json_t *lines_of(const char *text, const char *separators)
{
	json_t *list = json_array();

	for (const char *p = text; p && *p; p += strcspn(p, separators), p += strspn(p, separators))
		if (strcspn(p, separators))
			(void)json_array_append_new(list, json_stringn(p, strcspn(p, separators)));
	return list;
}

static void put(json_t *obj, const char *key, const char *text)
{
	if (text && *text)
		(void)json_object_set_new(obj, key, json_string(text));
}

/* The options of cloud_init as cloud-config. password NULL = leave it out. */
static char *cloud_config(const struct vm_case *c, const json_t *config, const char *password)
{
	json_auto_t *doc = json_object();
	const char *keys = vm_text(config, "sshkeys"), *name = vm_text(config, "name");
	auto_free char *plain = keys ? vm_url_decode(keys) : NULL;
	const char *upgrade = vm_text(config, "ciupgrade");

	put(doc, "hostname", name ? name : c->spec->name);
	(void)json_object_set_new(doc, "manage_etc_hosts", json_true());
	/* A name alone would do, but not from cloud-init 27.2 on. */
	if (vm_text(config, "ciuser"))
		(void)json_object_set_new(doc, "user",
					  json_pack("{s:s}", "name", vm_text(config, "ciuser")));
	if (plain)
		(void)json_object_set_new(doc, "ssh_authorized_keys", lines_of(plain, "\n"));
	if (upgrade)
		(void)json_object_set_new(
			doc, "package_upgrade",
			json_boolean(prop_is_bool(upgrade) && prop_bool(upgrade)));
	if (password) {
		put(doc, "password", password);
		(void)json_object_set_new(doc, "chpasswd", json_pack("{s:b}", "expire", 0));
	}
	return yaml("#cloud-config\n", doc);
}

static void add_route(json_t *routes, const char *to, const char *via)
{
	if (via)
		(void)json_array_append_new(routes, json_pack("{s:s,s:s}", "to", to, "via", via));
}

static void add_address(json_t *card, json_t *addresses, const char *value, const char *dhcp)
{
	if (!value)
		return;
	if (str_eq(value, "dhcp"))
		(void)json_object_set_new(card, dhcp, json_true());
	else if (str_eq(value, "auto"))
		(void)json_object_set_new(card, "accept-ra", json_true());
	else
		(void)json_array_append_new(addresses, json_string(value));
}

static json_t *card(const json_t *config, const char *mac, const char *ipconfig)
{
	json_auto_t *ip = prop_parse(ipconfig, NULL), *addresses = json_array(),
		    *routes = json_array();
	json_t *obj = json_object(), *dns = json_object();
	auto_free char *lower = pxc_strdup(mac);

	for (char *p = lower; *p; p++)
		*p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
	(void)json_object_set_new(obj, "match", json_pack("{s:s}", "macaddress", lower));
	add_address(obj, addresses, json_string_value(json_object_get(ip, "ip")), "dhcp4");
	add_address(obj, addresses, json_string_value(json_object_get(ip, "ip6")), "dhcp6");
	add_route(routes, "0.0.0.0/0", json_string_value(json_object_get(ip, "gw")));
	add_route(routes, "::/0", json_string_value(json_object_get(ip, "gw6")));
	if (json_array_size(addresses))
		(void)json_object_set(obj, "addresses", addresses);
	if (json_array_size(routes))
		(void)json_object_set(obj, "routes", routes);
	if (vm_text(config, "nameserver"))
		(void)json_object_set_new(dns, "addresses",
					  lines_of(vm_text(config, "nameserver"), " ,"));
	if (vm_text(config, "searchdomain"))
		(void)json_object_set_new(dns, "search",
					  lines_of(vm_text(config, "searchdomain"), " ,"));
	if (json_object_size(dns))
		(void)json_object_set(obj, "nameservers", dns);
	json_decref(dns);
	return obj;
}

/* Version 2, by MAC address; NULL when no card has an address: then cloud-init asks DHCP on the first one itself. */
static char *network(const json_t *config)
{
	json_auto_t *cards = json_object(), *doc = NULL;

	for (unsigned n = 0; n < 32; n++) {
		char key[16], name[16], address[16];
		const char *ipconfig, *net;
		json_auto_t *parts = NULL;
		const char *mac;
		json_t *obj;

		(void)snprintf(key, sizeof(key), "net%u", n);
		(void)snprintf(address, sizeof(address), "ipconfig%u", n);
		(void)snprintf(name, sizeof(name), "eth%u", n);
		net = vm_text(config, key);
		ipconfig = vm_text(config, address);
		parts = net && ipconfig ? prop_parse_net(net) : NULL;
		mac = json_string_value(json_object_get(parts, "macaddr"));
		if (!mac)
			continue;
		obj = card(config, mac, ipconfig);
		(void)json_object_set_new(obj, "set-name", json_string(name));
		(void)json_object_set_new(cards, name, obj);
	}
	if (!json_object_size(cards))
		return NULL;
	doc = json_pack("{s:i,s:O}", "version", 2, "ethernets", cards);
	return yaml("", doc);
}

static json_t *files_of(const struct vm_case *c, const json_t *config, const char *password)
{
	auto_free char *own = cloud_config(c, config, password), *net = network(config);
	const struct vm_spec *s = c->spec;
	json_t *files = json_object();

	/* The user's own data go before ours, which then are the vendor's: cloud-init merges the two that way. */
	put(files, "user-data", s->user_data ? s->user_data : own);
	if (s->user_data)
		put(files, "vendor-data", own);
	put(files, "network-config", s->network_config ? s->network_config : net);
	return files;
}

static void sum_of(const json_t *files, char out[17])
{
	char *text = json_dumps(files, JSON_SORT_KEYS | JSON_COMPACT);
	char h[65];

	sha256_hex(text, strlen(text), h);
	(void)snprintf(out, 17, "%.16s", h);
	free(text);
}

/* Stable for the VM as long as its seed is: another one makes cloud-init do what it does once for each instance. */
static void add_meta_data(const struct vm_case *c, const json_t *config, const char *sum,
			  json_t *files)
{
	char uuid[37];
	const char *own = c->uuid ? c->uuid : vm_smbios_uuid(c->have->config, uuid);
	const char *name = vm_text(config, "name");
	json_auto_t *doc = json_pack("{s:o,s:s}", "instance-id", json_sprintf("%s-%.8s", own, sum),
				     "local-hostname", name ? name : c->spec->name);
	auto_free char *text = yaml("", doc);

	put(files, "meta-data", text);
}

/* --- what has to be done ---------------------------------------------------------------------------------- */

static bool same_sum(const char *have, const char *sum)
{
	return have && strncmp(have, sum, 16) == 0;
}

/* Is there none where one will be read: for a new root disk, or of a clone whose configuration is not written yet? */
static bool lacks_seed(const struct vm_case *c, const json_t *base)
{
	return !vm_text(base, VM_SEED_SLOT) &&
	       (vm_rebuilds(c) || str_eq(annot_get(&c->have->notes.annot, "op"), VM_OP_CLONE));
}

/* Is the seed there another one than this task would write? Then it is written again, or the user is told. */
static int compare(struct vm_case *c, const json_t *base, const char *sum, bool *ret_write,
		   struct pxc_err *err)
{
	const struct vm_spec *s = c->spec;
	const char *have = annot_get(&c->have->notes.annot, "seed");
	bool had_own = have && str_ends(have, WITH_USER_DATA), lacks = lacks_seed(c, base);

	*ret_write = lacks || (s->reseed && !same_sum(have, sum));
	if (!*ret_write && (same_sum(have, sum) || !s->user_data))
		return 0;
	if (*ret_write && had_own && !s->user_data)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: its seed has user_data, which cannot be read back: name them beside %s",
			s->label, lacks ? "rebuild" : "reseed");
	if (*ret_write && !lacks && s->seed_cleanup)
		return pxc_fail(err, PXC_EINVAL,
				"%s: the seed that reseed writes is read at the next boot, and "
				"seed_cleanup removes it before: name one of them",
				s->label);
	if (*ret_write && !lacks && vm_snapshotted(c))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: VM %u has snapshots, which hold its seed: remove them before reseed "
			"(snapshots: [], snapshots_mode: exact)",
			s->label, c->vmid);
	if (!*ret_write)
		pxc_plan_warn(
			c->plan,
			"%s: user_data differ from those the VM was made with; reseed: true writes "
			"them, and cloud-init then runs as at a first boot",
			s->label);
	return 0;
}

/* Where the seed is, or is to be. */
static const char *seed_storage(const struct vm_case *c)
{
	const char *now = c->have ? vm_drive_storage(c->have, VM_SEED_SLOT, c->arena) : NULL;

	return now ? now : c->disk_pool ? c->ceph_storage : c->storage;
}

int vm_want_seed(struct vm_case *c, const json_t *base, struct vm_change *ret, struct pxc_err *err)
{
	json_auto_t *config = json_copy((json_t *)(uintptr_t)base), *plain = NULL;
	const char *password =
		json_string_value(json_object_get(c->spec->at_creation, "cipassword"));
	bool write = !c->have;
	auto_free char *drive = NULL;
	char sum[17];

	if (!c->seeded)
		return 0;
	(void)json_object_update(config, ret->set);
	plain = files_of(c, config, NULL);
	sum_of(plain, sum);
	if (c->have && compare(c, base, sum, &write, err) < 0)
		return -1;
	if (!write)
		return 0;
	ret->seed = files_of(c, config, password);
	add_meta_data(c, config, sum, ret->seed);
	c->seed = arena_printf(c->arena, "%s%s", sum, c->spec->user_data ? WITH_USER_DATA : "");
	if (!vm_text(base, VM_SEED_SLOT)) {
		drive = pxc_printf("%s:vm-%u-pxcseed,ro=1", seed_storage(c), c->vmid);
		vm_set(ret, VM_SEED_SLOT, drive);
	}
	return 0;
}

void vm_seed_step(struct vm_case *c, const struct vm_change *change)
{
	const struct vm_spec *s = c->spec;
	json_t *block;
	char uuid[37], id[64];

	if (!change->seed)
		return;
	vm_block_id(c->vmid, c->uuid ? c->uuid : vm_smbios_uuid(c->have->config, uuid), id);
	block = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "t", "seed", "c", c->cluster, "vm",
			  id, "project", s->project, "stack", s->stack, "name", s->name, "at",
			  c->batch->stamp, "by", c->batch->actor);
	pxc_plan_add(c->plan, VM_RBD_SEED, PXC_QUIET,
		     json_pack("{s:s,s:o,s:s,s:O,s:o}", "storage", seed_storage(c), "name",
			       json_sprintf("vm-%u-pxcseed", c->vmid), "label", "cidata", "files",
			       change->seed, "block", block),
		     "write the seed vm-%u-pxcseed", c->vmid);
}

/*
 * Has the system that reads it answered: one that the task has waited for, or one that ran already when the task began?
 * Without the latter a VM that the task itself has just started would lose its seed before it is read.
 */
static bool is_read(const struct vm_case *c)
{
	const struct vm_spec *s = c->spec;

	if (s->wait >= VM_WAIT_FOR_AGENT)
		return true;
	return c->have && c->have->agent && !vm_rebuilds(c) && s->first_seen && s->first_pid &&
	       c->have->guest->pid == s->first_pid;
}

void vm_seed_cleanup(struct vm_case *c)
{
	const char *drive = c->have ? vm_text(c->have->config, VM_SEED_SLOT) : NULL;
	json_t *args;

	if (!c->spec->seed_cleanup || !c->seeded || !is_read(c) ||
	    (c->have && !c->seed && (!drive || !strstr(drive, "-pxcseed"))))
		return;
	if (vm_snapshotted(c)) {
		pxc_plan_warn(
			c->plan,
			"%s: its seed stays as long as VM %u has snapshots, which may hold it",
			c->spec->label, c->vmid);
		return;
	}
	args = vm_target(c);
	(void)json_object_set_new(args, "idlist", json_string(VM_SEED_SLOT));
	(void)json_object_set_new(args, "force", json_integer(1));
	pxc_plan_add(c->plan, VM_UNLINK, PXC_QUIET, args, "remove the seed: it has been read");
}
