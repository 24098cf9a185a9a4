/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * registry_plan.h - changes of the cloud registry: the cloud itself and its flavors. Pure half of the kinds cloud and
 * flavor. Both write one text, the datacenter notes, for which PVE has no digest: a run holds the lock "cloud".
 * Layer: cloud.
 */
#pragma once

#include "cloud/plan.h"
#include "cloud/world.h"

enum registry_op { REGISTRY_WRITE, REGISTRY_OPS }; /* PUT /cluster/options */

struct flavor_spec {
	const char *label; /* "flavor m1.small" */
	const char *name;
	bool absent, force;
	/* Named fields; has_* false or NULL = not named. */
	bool has_vcpus, has_memory, has_disk, has_public;
	unsigned vcpus, disk_gib;
	uint64_t memory_mib;
	bool is_public;
	const char *ha; /* word of ha_policy_names; NULL = not named */
	const char *cpu, *machine, *bios, *class, *description;
	const char *const *projects;
	json_t *extra; /* key -> text; NULL = not named */
};

struct flavor_batch {
	struct flavor_spec *specs;
	size_t nspecs;
	const char *stamp, *actor;
};

struct flavor_world {
	const struct world *w;
	json_t *used; /* flavor name -> array of "vm acme/web-1" that name it; only of flavors that would change; kept by the run */
};

must_check int flavor_plan(const struct flavor_batch *batch, const struct flavor_world *fw,
			   struct pxc_plans *ret, struct pxc_err *err);
/* Would the shape of (or the flavor itself) change, so that its users must be known? */
bool flavor_reshapes(const struct flavor_spec *s, const struct world *w);

struct cloud_spec {
	bool absent, reseal;
	const char *domain, *description;
	json_t *keys; /* block key -> text, null = remove: adm, deny, dq.*, mv.*, oc.*, reserve_mb, ha, storage, import, bridge, cpu */
	json_t *classes; /* storage class -> {storage, default, description}, all of them; NULL = not named */
	const struct tenant_zone *zones; /* all of them; NULL = not named */
	size_t nzones;
	json_t *options; /* cluster options: name -> text or object of texts, null = remove */
	bool protect_tags, auto_cpu;
	const char *cpu_model; /* named, other than auto */
	const char *stamp, *actor;
};

struct cloud_world {
	const struct world *w;
	json_t *cpu_flags; /* node -> text of its processor's flags; NULL = not asked */
	json_t *zones;     /* zone of PVE's SDN -> its type; NULL = not asked */
};

/* cloud_quota.c: warn of projects that use more than the default quota which the task names */
void cloud_warn_lowered(const struct cloud_spec *s, const struct world *w, struct pxc_plan *plan);

/*
 * cloud_classes.c: bring the classes into the block; those not named go. warned of: what that means for disks there are.
 * err EINVAL: a storage that is not there, or takes no disks
 */
must_check int cloud_want_classes(const struct cloud_spec *s, const struct world *w,
				  struct annot *block, struct pxc_plan *plan, struct pxc_err *err);

/*
 * cloud_admins.c: who makes the registry becomes its first admin when none is named.
 * err EINVAL: nobody would be left who is an admin, an unknown group
 */
must_check int cloud_want_admins(const struct cloud_spec *s, const struct world *w,
				 struct annot *block, struct pxc_err *err);

/*
 * cloud_zones.c: bring the tenant zones into the block; those not named go, with a warning. Their types and options fit
 * already (sdn_zone_check).
 * err EINVAL: two of one name, two defaults, numbers that two would give to networks, nodes that are not there, a zone
 *             of PVE that has another type
 */
must_check int cloud_want_zones(const struct cloud_spec *s, const struct cloud_world *cw,
				struct annot *block, struct pxc_plan *plan, struct pxc_err *err);

must_check int cloud_plan(const struct cloud_spec *spec, const struct cloud_world *cw,
			  struct pxc_plans *ret, struct pxc_err *err);

/* The registry as a task's result shows it. New reference. */
json_t *registry_item(const struct world *w);
json_t *flavor_item(const struct flavor *f);

/* The datacenter notes with the block as changed (r, at and by are set in it); human NULL = the text there stays. New string. */
char *registry_notes(const struct world *w, const char *human, struct annot *block,
		     const char *stamp, const char *actor);
