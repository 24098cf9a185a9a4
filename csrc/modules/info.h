/* SPDX-License-Identifier: GPL-3.0-or-later */
/* info.h - the parts of pxc_info. Layer: modules. */
#pragma once

#include "cloud/affinity_rule.h"
#include "cloud/keypair.h"
#include "cloud/network_info.h"
#include "cloud/render.h"
#include "cloud/vm.h"
#include "modules/kind.h"

struct info_spec {
	bool projects, usage, vms, flavors, cloud, images, volumes, networks, addresses, affinity;
	bool policy, groups, keypairs, audit, nodes, stores, partial;
	const char *const *
		storages; /* of images and volumes; NULL = the cloud's default, and those that holders name */
	const char *project, *stack;
	const char *const *names;  /* NULL = all */
	const char *const *fields; /* NULL = all */
	size_t limit;              /* 0 = none */
	const char *audit_since;   /* NULL = all */
	enum render_format format;
	const char *dest; /* NULL = into the result */
	/* Of this run, which looks at the cluster once: */
	struct info_world *seen;
	json_t *facts; /* kept by the run */
	char *text;    /* as "format" says; NULL for RENDER_NONE */
	bool saved;    /* dest holds it */
};

enum { INFO_SAVE };

struct info_world {
	const struct world *w;
	const char *actor;
	/* Projects in which the actor has a role (only the one that was named), and their pools; NULL = he is an admin and sees all. */
	const char **own, **pools;
	struct vm_seen **seen;
	size_t nseen;
	const struct rbd_world *rbd; /* NULL = not asked for */
	const struct network_view *nets;
	struct affinity *groups; /* NULL = not asked for */
	struct keypair *pairs;   /* by project and name; NULL = not asked for */
	size_t npairs;
	struct affinity_view affinity;
	json_t *problems; /* {part: sentence} of what could not be read; kept by the run; NULL = all could */
	json_t *audit; /* records, the newest first; kept by the run; NULL = not asked for */
};

/* Append within the limit, with the wanted fields only. Steals. */
void info_append(const struct info_spec *s, json_t *list, json_t *item);

/* info_own.c: who sees what */
must_check int info_read_own(struct pxc_env *env, const struct info_spec *s, struct info_world *iw,
			     struct world *w, struct pxc_err *err);
bool info_sees(const struct info_world *iw, const char *project);
/* The VMs of the pool (NULL = of all), as far as the actor sees them. */
void info_read_vms(struct pxc_env *env, const char *pool, struct info_world *iw);
/* The project as which the actor looks at a network; NULL = as an admin. */
const char *info_looker(const struct info_spec *s, const struct info_world *iw,
			const struct sdn_vnet *v);
bool info_sees_image(const struct info_spec *s, const struct info_world *iw,
		     const struct rbd_seen *image);
bool info_sees_flavor(const struct info_world *iw, const struct flavor *f);
/* Take those projects out of a list under key that the actor has no role in, unless the owner is his. Returns the item. */
json_t *info_hide(const struct info_world *iw, const char *owner, const char *key, json_t *item);
void info_report_cloud(const struct info_world *iw, json_t *result);
void info_report_policy(const struct info_spec *s, const struct info_world *iw, json_t *result);

/* info_rbd.c: what lies in Ceph */
must_check int info_read_rbd(struct pxc_env *env, const struct info_spec *s, struct info_world *iw,
			     struct pxc_err *err);
void info_report_rbd(const struct info_spec *s, const struct info_world *iw, json_t *result);

/* info_net.c: networks, and who has which address there */
must_check int info_read_nets(struct pxc_env *env, const struct info_spec *s, struct info_world *iw,
			      struct pxc_err *err);
void info_report_nets(const struct info_spec *s, const struct info_world *iw, json_t *result);

/* info_affinity.c: affinity groups, their members and HA rules */
void info_read_affinity(struct pxc_env *env, struct info_world *iw);
void info_report_affinity(const struct info_spec *s, const struct info_world *iw, json_t *result);
int64_t info_count_affinity(const struct info_world *iw, const char *project); /* its groups */

/* info_people.c: groups of people and key pairs, as far as the actor may know of them */
void info_read_people(struct pxc_env *env, const struct info_spec *s, struct info_world *iw);
void info_report_people(const struct info_spec *s, const struct info_world *iw, json_t *result);
int64_t info_count_keypairs(const struct info_world *iw, const char *project);

/* info_audit.c: the record of changes, with those that have no end */
must_check int info_read_audit(struct pxc_env *env, const struct info_spec *s,
			       struct info_world *iw, struct pxc_err *err);
void info_report_audit(const struct info_spec *s, const struct info_world *iw, json_t *result);

/* info_usage.c: projects, and what they use */
void info_report_projects(const struct info_spec *s, const struct info_world *iw, json_t *result);

/* info_nodes.c: nodes and storages; only admins ask */
void info_report_nodes(const struct info_spec *s, const struct info_world *iw, json_t *result);
void info_report_storages(const struct info_spec *s, const struct info_world *iw, json_t *result);

/* info_render.c: the result as a text. err EINVAL: options that do not go together, or a file that cannot be written. */
must_check int info_decode_format(struct pxc_env *env, struct info_spec *s, struct pxc_err *err);
void info_render(struct pxc_env *env, struct info_spec *s, const struct info_world *iw,
		 const json_t *facts);
must_check int info_look_file(struct info_spec *s, struct pxc_err *err);
void info_plan_file(const struct info_spec *s, struct pxc_plans *ret);
int info_save(void *context, const json_t *args, json_t **ret_data, struct pxc_err *err);
void info_report_text(const struct info_spec *s, json_t *result);
