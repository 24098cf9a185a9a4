/* SPDX-License-Identifier: GPL-3.0-or-later */
/* areas.h - the tables of routes, one per area of the API. Layer: sim. */
#pragma once

#include "sim/core.h"

extern const struct sim_route sim_node_routes[];         /* api_nodes.c */
extern const struct sim_route sim_cluster_routes[];      /* api_cluster.c */
extern const struct sim_route sim_options_routes[];      /* api_options.c */
extern const struct sim_route sim_resources_routes[];    /* api_resources.c */
extern const struct sim_route sim_task_routes[];         /* api_tasks.c */
extern const struct sim_route sim_pool_routes[];         /* api_pools.c */
extern const struct sim_route sim_user_routes[];         /* api_users.c */
extern const struct sim_route sim_token_routes[];        /* api_tokens.c */
extern const struct sim_route sim_group_routes[];        /* api_groups.c: groups and roles */
extern const struct sim_route sim_acl_routes[];          /* api_acl.c */
extern const struct sim_route sim_permission_routes[];   /* api_permissions.c */
extern const struct sim_route sim_ticket_routes[];       /* api_ticket.c */
extern const struct sim_route sim_domain_routes[];       /* api_domains.c */
extern const struct sim_route sim_tfa_routes[];          /* api_tfa.c */
extern const struct sim_route sim_storage_routes[];      /* api_storage.c */
extern const struct sim_route sim_node_storage_routes[]; /* api_node_storage.c */
extern const struct sim_route sim_content_routes[];      /* api_content.c */
extern const struct sim_route sim_volume_routes[];       /* api_volume.c */
extern const struct sim_route sim_upload_routes[];       /* api_upload.c */
extern const struct sim_route sim_download_routes[];     /* api_download.c */
extern const struct sim_route sim_ha_routes[];           /* api_ha.c: resources */
extern const struct sim_route sim_ha_move_routes[];      /* api_ha_move.c */
extern const struct sim_route sim_ha_rule_routes[];      /* api_ha_rules.c */
extern const struct sim_route sim_ha_group_routes[];     /* api_ha_groups.c */
extern const struct sim_route sim_ha_status_routes[];    /* api_ha_status.c */
extern const struct sim_route sim_network_routes[];      /* api_network.c */
extern const struct sim_route sim_sdn_routes[]; /* sdn_lock.c: index, lock, rollback, fabrics */
extern const struct sim_route sim_sdn_zone_routes[];    /* sdn_zone.c */
extern const struct sim_route sim_sdn_vnet_routes[];    /* sdn_vnet.c */
extern const struct sim_route sim_sdn_subnet_routes[];  /* sdn_subnet.c */
extern const struct sim_route sim_sdn_service_routes[]; /* sdn_service.c: controllers, ipams, dns */
extern const struct sim_route sim_sdn_ips_routes[];     /* api_sdn_ips.c */
extern const struct sim_route sim_sdn_apply_routes[];   /* sdn_apply.c */
extern const struct sim_route sim_sdn_dry_routes[];     /* sdn_dry.c */
extern const struct sim_route sim_sdn_node_routes[];    /* api_sdn_node.c */
extern const struct sim_route sim_metrics_routes[];     /* api_metrics.c */
extern const struct sim_route sim_rrd_routes[];         /* api_rrd.c */
extern const struct sim_route sim_bulk_routes[];        /* api_bulk.c */
extern const struct sim_route sim_execute_routes[];     /* api_execute.c */
extern const struct sim_route sim_lxc_routes[];         /* api_lxc.c */
extern const struct sim_route sim_mapping_routes[];     /* api_mapping.c */

/* The answer of an index: a list of {key: name} from blank-separated names. */
int sim_answer_index(struct sim_call *call, const char *key, const char *names);

/* Does the caller hold any of the privileges on /access/groups, or on a group that the user is in? */
bool sim_may_user(const struct sim_call *call, const struct sim_user *user, const char *privs);
/* The user of parameter "userid", for such a caller; NULL after a failure: there is none (500), or no right (403). */
struct sim_user *sim_user_reach(struct sim_call *call, const char *privs);
/* The same for who looks after itself, with a ticket, too; all others are told nothing of users that do not exist. */
struct sim_user *sim_user_reach_self(struct sim_call *call, const char *privs);
/* "alice@pve" -> "pve" */
const char *sim_realm_of(const char *userid);
/* Realm.AllocateUser on the user's realm. */
int sim_need_realm(struct sim_call *call, const char *userid);
/* "alice@pve"; names of groups and of roles. */
sim_format_fn sim_format_userid, sim_format_group, sim_format_role;

/* "pve", "pam", "ldap", ...; NULL = no such realm. */
const char *sim_realm_type(const struct sim *sim, const char *realm);
/* Can the user's realm keep a password? Fails with PVE's words behind context otherwise. */
int sim_realm_takes(struct sim_call *call, const char *userid, const char *context);

/* PUT /pools: members come and go as "vms", "storage", "delete" and "allow-move" say. */
int sim_pool_change(struct sim_call *call, struct sim_pool *pool);

/* May the caller see and use the storage? */
bool sim_storage_usable(const struct sim_call *call, const struct sim_storage *storage);

/* The storage of the path; NULL after a failure: there is none, or not on that node. */
struct sim_storage *sim_storage_reach(struct sim_call *call);
/* A disk of a guest, not a file of other use. */
bool sim_volume_is_image(const struct sim_volume *volume);

/* "images", "iso", ...: kinds of content. */
sim_format_fn sim_format_content;

/* Storage and pool members as /cluster/resources shows them. New reference. */
json_t *sim_resource_storage(struct sim *sim, struct sim_storage *storage,
			     const struct sim_node *node);
/* Append the guest's entry, as JSON text, to out. */
void sim_resource_guest(const struct sim *sim, struct sim_guest *guest, bool show_pool,
			struct pxc_buf *out);
/* The node as /nodes and /cluster/resources show it; NULL privileges = the few fields anyone sees. New reference. */
json_t *sim_resource_node(const struct sim_call *call, const struct sim_node *node);
/* The pressure fields of PVE 9, of a guest or a container whose work waited for so many per cent of the time. */
void sim_add_pressure(json_t *entry, double stall);
/* SHA-1-like digest text (40 hex) over a JSON value, for the shared config files. */
void sim_json_digest(const json_t *value, char digest[41]);
