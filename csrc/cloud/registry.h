/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * registry.h - what the cloud knows about itself: one block in the datacenter notes. Pure. Layer: cloud.
 *
 * Keys: t=cloud, id=cloud.<cluster name>, c, domain, adm, deny (lists), dq.<key> default quota, mv.<key> ceilings of one VM,
 * oc.cpu, oc.ram, reserve_mb, ha (1: new VMs are highly available), cpu, storage, import, bridge, audit, locks (storages), holders (VMIDs "first-last"), f.<flavor>, sc.<storage class>
 * and z.<tenant zone> (items "name/value"), r, at, by.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "annot/annot.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "cloud/quota.h"

/* Are new VMs highly available? */
enum ha_policy { HA_UNSAID, HA_ALWAYS, HA_NEVER };
extern const char *const ha_policy_names[]; /* "default", "enabled", "disabled"; ends with NULL */
enum ha_policy ha_policy_named(const char *word);

struct flavor {
	const char *name;
	unsigned vcpus;
	uint64_t memory_mib;
	unsigned disk_gib;                        /* 0 = as large as the image */
	const char *cpu, *machine, *bios, *class; /* NULL = not said */
	const char *description;                  /* NULL = none */
	bool is_public;
	enum ha_policy ha;           /* of new VMs that have it */
	const char *const *projects; /* NULL-terminated: who may use it when not public */
	json_t *extra; /* more PVE options, key -> text; kept by the arena's owner; never NULL */
	const char *const *unknown; /* items of a newer writer, as they stand; NULL = none */
};

/* A name for a storage. Volumes and disks keep their storage, whatever becomes of the name. */
struct storage_class {
	const char *name, *storage;
	const char *description; /* NULL = none */
	bool is_default;
};

/* A zone of PVE's SDN in which projects may have networks. It is made there when the first network needs it. */
struct tenant_zone {
	const char *name; /* the zone's id */
	const char *type; /* PVE's word; see cloud/sdn_zone.h */
	uint32_t first,
		last; /* numbers (VLAN or VNI) for new networks; 0 = none: a zone of type simple */
	bool is_default; /* networks that name no zone lie here */
	json_t *options; /* PVE's option -> text; "peers": "auto" = all nodes' addresses; kept by the arena's owner; never NULL */
};

struct registry {
	const char *domain;                         /* NULL only while nothing was decoded */
	const char *cluster;                        /* key c; NULL = absent */
	const char *const *admins;                  /* NULL-terminated; NULL or empty: everybody */
	const char *const *denied;                  /* users who may nothing; NULL-terminated */
	struct quota default_quota;                 /* QUOTA_UNSET where not named */
	int64_t max_cores, max_ram_mb, max_disk_gb; /* of one VM; -1 = no ceiling */
	bool ha_default; /* new VMs are highly available where nobody says otherwise */
	double overcommit_cpu, overcommit_ram;
	uint64_t reserve_mb; /* memory of each node that guests must leave alone */
	unsigned holder_first,
		holder_last; /* VMIDs kept for holders of volumes; 0 = the usual ones */
	const char *cpu_model, *storage, *import_storage, *bridge; /* NULL = not said */
	const char *audit_storage; /* where changes are recorded; NULL = not in Ceph */
	const char *lock_storage;  /* of type rbd, where locks lie; NULL = they are groups of PVE */
	struct flavor *flavors;    /* in the order of the text */
	size_t nflavors;
	struct storage_class *classes; /* in the order of the text */
	size_t nclasses;
	struct tenant_zone *zones; /* in the order of the text */
	size_t nzones;
};

/*
 * err EINVAL: a key whose value cannot be read. extras: JSON array that keeps flavors' extra objects and zones'
 * options alive (borrowed).
 */
must_check int registry_decode(const struct annot *a, struct pxc_arena *arena, json_t *extras,
			       struct registry *ret, struct pxc_err *err);

const struct flavor *registry_flavor(const struct registry *r, const char *name); /* NULL: none */
/* May VMs of the project have it? */
bool registry_flavor_for(const struct flavor *f, const char *project);
/* For people: "there are m1.small, m1.large" (cut after a dozen): those that the project may have. */
const char *registry_flavor_names(const struct registry *r, const char *project, char *out,
				  size_t size);

/*
 * Fill f, which has its name and an empty extra, from the value of key f.<name>: items "name/value" divided by ",";
 * a "," inside a value stands there as byte 0x1F.
 * err EINVAL: an item without "/", or a number that is none
 */
must_check int registry_flavor_read(const char *text, struct pxc_arena *arena, struct flavor *f,
				    struct pxc_err *err);
/* The same back; new string. Projects and extra are sorted: their order in a playbook is no difference. */
char *registry_flavor_text(const struct flavor *f);

/* --- storage classes: registry_class.c -------------------------------------------------------------------- */

#define REGISTRY_CLASS "sc." /* of their keys */

/*
 * Fill c, which has its name, from the value of key sc.<name>: items storage/<id>, default/1, d/<description>.
 * err EINVAL: it has no storage
 */
must_check int registry_class_read(const char *text, struct pxc_arena *arena,
				   struct storage_class *c, struct pxc_err *err);
char *registry_class_text(const struct storage_class *c); /* the same back; new string */
/* {name: {storage, default, description}}; new reference. */
json_t *registry_class_items(const struct registry *r);

const struct storage_class *registry_class(const struct registry *r,
					   const char *name);                 /* NULL: none */
const struct storage_class *registry_default_class(const struct registry *r); /* NULL: none */
/* Where a disk lies for which nobody says where: in the default class, else in the cloud's storage. NULL: not said. */
const char *registry_usual_storage(const struct registry *r);
/*
 * The storage that a task means by naming a class. name NULL: *ret stays as it is.
 * err EINVAL: no such class, and which there are
 */
must_check int registry_class_storage(const struct registry *r, const char *name, const char **ret,
				      struct pxc_err *err);

/* --- tenant zones: registry_zone.c ------------------------------------------------------------------------- */

#define REGISTRY_ZONE "z." /* of their keys */

/*
 * Fill z, which has its name and empty options, from the value of key z.<name>: items type/<type>, tags/<first>-<last>,
 * default/1, x.<PVE's option>/<text>.
 * err EINVAL: it has no type, or tags that are no range
 */
must_check int registry_zone_read(const char *text, struct pxc_arena *arena, struct tenant_zone *z,
				  struct pxc_err *err);
char *registry_zone_text(const struct tenant_zone *z); /* the same back; new string */
/* [{name, type, vlan_range or vni_range, default, options under our names}]; new reference. */
json_t *registry_zone_items(const struct registry *r);

const struct tenant_zone *registry_zone(const struct registry *r,
					const char *name); /* NULL: none */
/* The one that is flagged, or the only one. NULL: none. */
const struct tenant_zone *registry_default_zone(const struct registry *r);

/* Commas divide the items of flavors, classes and zones; one inside a free text stands there as byte 0x1F. */
const char *registry_free_text(struct pxc_arena *arena, const char *text);
void registry_add_free_text(struct pxc_buf *out, const char *text);
/* ",x.<key>/<text>" for every text of the object, sorted by key: their order in a playbook is no difference. */
void registry_add_extra(struct pxc_buf *out, const json_t *extra);

bool strv_has(const char *const *list, const char *word); /* list may be NULL */
/* "a,b" -> NULL-terminated list; "" and NULL give an empty one. */
const char *const *strv_split(struct pxc_arena *arena, const char *text);
