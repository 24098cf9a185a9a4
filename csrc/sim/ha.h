/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ha.h - the HA stack: rules and groups as they are written, and the manager that follows them. Layer: sim.
 *
 * The manager (the CRM of the master node) looks every ten seconds of cluster time, as long as there is a resource; right
 * after it each node's LRM carries out what it decided. Source: pve-ha-manager, and the recorded answers of PVE 9.2.
 */
#pragma once

#include "sim/core.h"

#define HA_ROUND_MS 10000

/* A set of nodes. */
struct ha_set {
	uint64_t bits[SIM_MAX_NODES / 64];
};

struct sim_ha {
	char sid[16]; /* "vm:100", "ct:200" */
	unsigned vmid;
	json_t *config; /* state, comment, max_restart, ...: what was set */
	char state[16]; /* what is asked for: started, stopped, disabled, ignored */

	/* the manager's own, see ha.h */
	char crm[24]; /* what it is at: started, stopped, migrate, ...; "" = it has not seen it */
	struct sim_node *node, *target; /* where it has it; where it is to go while crm says so */
	struct sim_node *back; /* where it comes back to after the maintenance of that node */
	char command[12];      /* asked for and not begun: migrate, relocate, stop; "" = none */
	struct sim_node *command_node; /* of a move */
	int64_t timeout_s;    /* of a stop that was asked for: 0 = hard, -1 = the LRM's own */
	struct ha_set failed; /* nodes where it did not start */
	unsigned failures;    /* how often that was so in a row */
	bool running;         /* it has been started since it is "started" */

	/* the LRM's */
	bool fresh;     /* it has not begun the manager's last order */
	unsigned tries; /* of that order, so far */
	char *upid;     /* of the task that carries it out, NULL = none */
	int result;     /* of the order: enum ha_result */

	/* what rules come to for it, see ha_compile() */
	struct sim_ha **together, **apart; /* in the order of their sids */
	size_t ntogether, napart;
	struct sim_map prefers; /* node -> priority + 1 as a pointer; empty = all alike */
	bool strict;            /* no other nodes than these */
};

enum ha_kind { HA_NODES, HA_TOGETHER, HA_APART };

/* A rule with its lists taken apart; also what a group of PVE 8 comes to. */
struct ha_rule {
	char *id;
	enum ha_kind kind;
	bool strict;
	struct sim_map sids;  /* "vm:100" -> non-NULL */
	struct sim_map nodes; /* name -> its priority, which ha_priority() reads; HA_NODES only */
};

/* Enabled rules in the order of the file, then changed as the checks and transformations below do. */
struct ha_rules {
	struct ha_rule *all;
	size_t count, room;
};

/* What the manager thinks of a node. */
enum ha_node_state { HA_UNKNOWN, HA_ONLINE, HA_MAINTENANCE, HA_FENCE };
enum ha_arm { HA_ARMED, HA_DISARMING, HA_DISARMED };

struct ha_node {
	enum ha_node_state state;
	bool wants_maintenance; /* "node-maintenance enable" */
	bool lrm_active;        /* it holds its lock, since it has or had services */
	unsigned idle_rounds;   /* of the LRM without services */
	int64_t alive_ms;       /* when its LRM last wrote its status, and held its lock */
};

struct sim_crm {
	json_t *rules; /* array in the order of the file, each as it is shown without digest and order */
	json_t *groups; /* PVE 8: name -> as it is shown without digest */
	bool compiled;  /* what resources have of rules is up to date */

	struct sim_node *master; /* NULL: nobody has written a status yet */
	int64_t written_ms;      /* when the master wrote its status last */
	struct ha_node *nodes;   /* by index in sim->nodes */
	json_t *commands; /* array of texts that wait for the next round: "migrate vm:100 pve2" */
	enum ha_arm arm;
	char resource_mode[8]; /* freeze, ignore; while not armed */
	unsigned idle_rounds;  /* without any service */
	unsigned held;         /* rounds in which the imbalance was above the threshold */
	bool ticking;          /* a round is due */
	bool changed;          /* the round at work changed something */
	unsigned spins;        /* rounds since the last kick, when time stands still */
};

void ha_init(struct sim *sim);
void ha_free(struct sim *sim);
json_t *ha_dump(const struct sim *sim); /* sid -> configuration; new reference */

/* ---- what guests ask ---------------------------------------------------------------------------------------- */

/* "vm:100" -> resource, or NULL. */
struct sim_ha *sim_ha_find(const struct sim *sim, unsigned vmid);
void sim_ha_remove(struct sim *sim, unsigned vmid, bool purge_rules);
/* Is the guest the HA manager's business: a resource that is not "ignored"? */
bool sim_ha_managed(const struct sim *sim, unsigned vmid);
/* The state as /cluster/resources shows it: the manager's, before its first look the one that is asked for; NULL = none. */
const char *sim_ha_hastate(const struct sim_ha *ha);
/* "ha" of a guest's status: {"managed": 1, "state": ...}. New reference. */
json_t *sim_ha_entry(const struct sim *sim, unsigned vmid);
/* What it shows for a node: "online", "maintenance", "fence", "unknown"; NULL: no manager has looked. */
const char *sim_ha_node_state(const struct sim *sim, const struct sim_node *node);
/*
 * Those that PVE moves along with a guest ("dependent-ha-resources"): positive affinity, itself not among them, in the
 * order of their sids. *ret is the caller's to free, NULL for none.
 */
void sim_ha_partners(const struct sim *sim, unsigned vmid, unsigned **ret, size_t *n);
/*
 * "blocking-ha-resources" of a node: [{"sid": "vm:101", "cause": "resource-affinity"}], empty = may go. New reference.
 * Node affinity blocks nothing in the PVE that was recorded: the manager moves such a guest, and then back.
 */
json_t *sim_ha_blocking(const struct sim *sim, unsigned vmid, const struct sim_node *to);
/* May the rules have the guest on the node at all? (strict node affinity and resource affinity; true without HA) */
bool sim_ha_allows(const struct sim *sim, unsigned vmid, const struct sim_node *to);
/* Ask the manager: "migrate" or "relocate" to a node. */
void sim_ha_request(struct sim *sim, const struct sim_ha *ha, const char *what, const char *node);
/* Ask it to start a guest, or to stop it: hard with timeout_s 0. */
void sim_ha_request_start(struct sim *sim, struct sim_ha *ha);
void sim_ha_request_stop(struct sim *sim, const struct sim_ha *ha, int64_t timeout_s);
/* What is asked for: started (or enabled), stopped, disabled, ignored. */
void sim_ha_set_state(struct sim_ha *ha, const char *state);
/* `ha-manager crm-command ...`: -1 = it says something else than the real one takes. */
int sim_ha_command(struct sim *sim, const char *command);
/* Something changed that the manager will look at: resources, rules, nodes. */
void sim_ha_kick(struct sim *sim);

/* ---- qm_ha.c ---- */

/* A node died: its guests are off (HA ones recover elsewhere later). */
void sim_qemu_node_died(struct sim *sim, struct sim_node *node);
/* What an LRM starts; the task is borrowed, and may have ended. timeout_s 0 = a hard stop. */
const struct sim_task *sim_qemu_ha_start(struct sim *sim, struct sim_guest *guest);
const struct sim_task *sim_qemu_ha_stop(struct sim *sim, struct sim_guest *guest,
					int64_t timeout_s);
const struct sim_task *sim_qemu_ha_migrate(struct sim *sim, struct sim_guest *guest,
					   const struct sim_node *to);

/* ---- ha_rules.c, ha_check.c ------------------------------------------------------------------------------------ */

/* Take the enabled rules of the configuration apart; on PVE 8 what the groups come to. */
void ha_rules_read(const struct sim *sim, const json_t *configs, struct ha_rules *ret);
void ha_rules_release(struct ha_rules *rules);
void ha_rule_drop(struct ha_rules *rules, size_t i);
#define auto_ha_rules on_scope_exit(ha_rules_release)
int ha_priority(const struct ha_rule *rule, const char *node); /* -1: the rule does not name it */
bool ha_disjoint(const struct sim_map *a, const struct sim_map *b);
/* A positive rule and all that hang together with it, as PVE finds them (see ha_check.c). */
struct ha_bundle {
	struct sim_map sids;
	size_t *rules; /* indices */
	size_t nrules;
};
struct ha_bundle *ha_bundles(const struct ha_rules *rules, size_t *ret_count);
void ha_bundles_free(struct ha_bundle *bundles, size_t count);
/*
 * Which rules cannot be followed: {rule: [texts]}; all are about "resources". New reference.
 * nodes: that the manager knows of; 0 before its first status
 */
json_t *ha_check(const struct ha_rules *rules, size_t nodes);
/* Bring what resources have of rules up to date. */
void ha_compile(struct sim *sim);
size_t ha_known_nodes(const struct sim *sim);
