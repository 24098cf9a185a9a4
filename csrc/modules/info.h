/* SPDX-License-Identifier: GPL-3.0-or-later */
/* info.h - the parts of pxc_info. Layer: modules. */
#pragma once

#include "cloud/affinity_rule.h"
#include "cloud/network_info.h"
#include "cloud/vm.h"
#include "modules/kind.h"

struct info_spec {
	bool projects, usage, vms, flavors, cloud, images, volumes, networks, addresses, affinity,
		audit;
	const char *const *
		storages; /* of images and volumes; NULL = the cloud's default, and those that holders name */
	const char *project, *stack;
	const char *const *names;  /* NULL = all */
	const char *const *fields; /* NULL = all */
	size_t limit;              /* 0 = none */
	const char *audit_since;   /* NULL = all */
};

struct info_world {
	const struct world *w;
	struct vm_seen **seen;
	size_t nseen;
	const struct rbd_world *rbd; /* NULL = not asked for */
	const struct network_view *nets;
	struct affinity *groups; /* NULL = not asked for */
	struct affinity_view affinity;
	json_t *audit; /* records, the newest first; kept by the run; NULL = not asked for */
};

/* Append within the limit, with the wanted fields only. Steals. */
void info_append(const struct info_spec *s, json_t *list, json_t *item);

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

/* info_audit.c: the record of changes, with those that have no end */
must_check int info_read_audit(struct pxc_env *env, const struct info_spec *s,
			       struct info_world *iw, struct pxc_err *err);
void info_report_audit(const struct info_spec *s, const struct info_world *iw, json_t *result);
