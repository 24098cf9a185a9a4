/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cloud/vm.h"
#include "modules/affinity_read.h"
#include "modules/kind.h"
#include "modules/migrate.h"
#include "modules/rbd_work.h"
#include "modules/vm_decode.h"
#include "modules/vm_observe.h"

#define SECONDS 1000u
#define MINUTES (60 * SECONDS)

static const char *status_of(const json_t *data, const char *key)
{
	const char *s = json_string_value(json_object_get(data, key));

	return s ? s : "";
}

static bool is_running(const json_t *data, const json_t *args, int http, const char *text)
{
	(void)args, (void)http, (void)text;
	return str_eq(status_of(data, "status"), "running");
}

static bool is_stopped(const json_t *data, const json_t *args, int http, const char *text)
{
	(void)args, (void)http, (void)text;
	return str_eq(status_of(data, "status"), "stopped");
}

/* Asked at the node where it is to arrive: before that, the node does not know the guest. */
static bool is_there(const json_t *data, const json_t *args, int http, const char *text)
{
	(void)args, (void)text;
	return http == 200 && data != NULL;
}

static bool agent_answers(const json_t *data, const json_t *args, int http, const char *text)
{
	(void)args, (void)text;
	return http == 200 && json_is_object(data);
}

static bool has_address(const json_t *data, const json_t *args, int http, const char *text)
{
	json_auto_t *list = vm_agent_addresses(data);

	(void)args, (void)http, (void)text;
	return json_array_size(list) > 0;
}

/* PVE chooses the slot of a disk that is replaced: it is looked at before what is there is destroyed. */
static bool is_unused(const json_t *data, const json_t *args, int http, const char *text)
{
	const char *slot = status_of(args, "_slot"), *disk = status_of(args, "_disk");
	const char *is = status_of(data, slot);

	(void)http, (void)text;
	return *disk && strncmp(is, disk, strlen(disk)) == 0 && strchr(",", is[strlen(disk)]);
}

/* A resource that is new, or starts, is not at rest: requests are forgotten when its state changes. */
static enum pve_judgement ha_rests(struct pve_look *look)
{
	const json_t *ha = json_object_get(look->data, "ha");
	const char *state = status_of(ha, "state");

	if (str_eq(state, "started") || str_eq(state, "stopped"))
		return PVE_GO;
	(void)snprintf(look->why, sizeof(look->why), "the HA manager has it in state %s",
		       *state ? state : "unknown");
	return look->late || str_eq(state, "error") ? PVE_FAIL : PVE_WAIT;
}

#define GUEST "/nodes/{node}/qemu/{vmid}"

/* Every request this kind can send to change something, or to wait. */
static const struct pve_op vm_ops[VM_OPS] = {
	[VM_DOWNLOAD] = { .method = "POST",
			  .path = "/nodes/{node}/storage/{storage}/download-url",
			  .wait_ms = 60 * MINUTES },
	[VM_CREATE] = { .method = "POST", .path = "/nodes/{node}/qemu", .wait_ms = 60 * MINUTES },
	[VM_CLONE] = { .method = "POST", .path = GUEST "/clone", .wait_ms = 60 * MINUTES },
	[VM_CONFIG] = { .method = "PUT", .path = GUEST "/config", .wait_ms = 2 * MINUTES },
	[VM_CONFIG_DISKS] = { .method = "POST", .path = GUEST "/config", .wait_ms = 10 * MINUTES },
	[VM_RESIZE] = { .method = "PUT", .path = GUEST "/resize", .wait_ms = 10 * MINUTES },
	[VM_UNLINK] = { .method = "PUT", .path = GUEST "/unlink", .wait_ms = 10 * MINUTES },
	[VM_START] = { .method = "POST", .path = GUEST "/status/start", .wait_ms = 10 * MINUTES },
	[VM_STOP] = { .method = "POST", .path = GUEST "/status/stop", .wait_ms = 5 * MINUTES },
	[VM_SHUTDOWN] = { .method = "POST",
			  .path = GUEST "/status/shutdown",
			  .wait_ms = 10 * MINUTES },
	[VM_SUSPEND] = { .method = "POST",
			 .path = GUEST "/status/suspend",
			 .wait_ms = 5 * MINUTES },
	[VM_RESUME] = { .method = "POST", .path = GUEST "/status/resume", .wait_ms = 5 * MINUTES },
	[VM_MIGRATE] = { .method = "POST", .path = GUEST "/migrate", .wait_ms = 60 * MINUTES },
	[VM_DELETE] = { .method = "DELETE",
			.path = GUEST,
			.wait_ms = 30 * MINUTES,
			.gone_ok = true },
	[VM_HA_ADD] = { .method = "POST", .path = "/cluster/ha/resources", .wait_ms = 1 * MINUTES },
	[VM_HA_SET] = { .method = "PUT",
			.path = "/cluster/ha/resources/{sid}",
			.wait_ms = 1 * MINUTES },
	[VM_HA_REMOVE] = { .method = "DELETE",
			   .path = "/cluster/ha/resources/{sid}",
			   .wait_ms = 1 * MINUTES,
			   .gone_ok = true },
	[VM_SNAP_CREATE] = { .method = "POST", .path = GUEST "/snapshot", .wait_ms = 60 * MINUTES },
	[VM_SNAP_NOTES] = { .method = "PUT",
			    .path = GUEST "/snapshot/{snapname}/config",
			    .wait_ms = 2 * MINUTES },
	[VM_SNAP_REMOVE] = { .method = "DELETE",
			     .path = GUEST "/snapshot/{snapname}",
			     .wait_ms = 60 * MINUTES },
	[VM_SNAP_ROLLBACK] = { .method = "POST",
			       .path = GUEST "/snapshot/{snapname}/rollback",
			       .wait_ms = 60 * MINUTES },
	[VM_WAIT_RUNNING] = { .method = "GET",
			      .path = GUEST "/status/current",
			      .wait_ms = 5 * MINUTES,
			      .until = is_running },
	[VM_WAIT_STOPPED] = { .method = "GET",
			      .path = GUEST "/status/current",
			      .wait_ms = 5 * MINUTES,
			      .until = is_stopped },
	[VM_WAIT_HA_REST] = { .method = "GET",
			      .path = GUEST "/status/current",
			      .wait_ms = 2 * MINUTES,
			      .judge = ha_rests },
	[VM_WAIT_HA_BEGUN] = { .method = "GET",
			       .path = GUEST "/status/current",
			       .wait_ms = 2 * MINUTES,
			       .judge = migrate_ha_begun },
	[VM_WAIT_HA_MOVED] = { .method = "GET",
			       .path = GUEST "/status/current",
			       .wait_ms = 60 * MINUTES,
			       .judge = migrate_ha_moved },
	[VM_WAIT_NODE] = { .method = "GET",
			   .path = GUEST "/status/current",
			   .wait_ms = 10 * MINUTES,
			   .until = is_there },
	[VM_WAIT_AGENT] = { .method = "GET",
			    .path = GUEST "/agent/network-get-interfaces",
			    .wait_ms = 5 * MINUTES,
			    .until = agent_answers },
	[VM_IPAM_ADD] = { .method = "POST",
			  .path = "/cluster/sdn/vnets/{vnet}/ips",
			  .wait_ms = 1 * MINUTES },
	[VM_IPAM_REMOVE] = { .method = "DELETE",
			     .path = "/cluster/sdn/vnets/{vnet}/ips",
			     .wait_ms = 1 * MINUTES,
			     .gone_ok = true },
	[VM_WAIT_UNUSED] = { .method = "GET",
			     .path = GUEST "/config",
			     .wait_ms = 5 * SECONDS,
			     .until = is_unused },
	[VM_WAIT_HA_NODES] = { .method = "GET",
			       .path = "/cluster/ha/status/manager_status",
			       .wait_ms = 3 * MINUTES,
			       .until = affinity_knows_nodes },
	[VM_RULE_CREATE] = { .method = "POST",
			     .path = "/cluster/ha/rules",
			     .wait_ms = 1 * MINUTES },
	[VM_RULE_CHANGE] = { .method = "PUT",
			     .path = "/cluster/ha/rules/{rule}",
			     .wait_ms = 1 * MINUTES },
	[VM_RULE_REMOVE] = { .method = "DELETE",
			     .path = "/cluster/ha/rules/{rule}",
			     .wait_ms = 1 * MINUTES,
			     .gone_ok = true },
	[VM_RBD_CLONE] = { .method = "CEPH", .path = "clone", .work = rbd_work_clone },
	[VM_RBD_SEED] = { .method = "CEPH", .path = "write seed", .work = rbd_work_iso },
	[VM_RBD_REMOVE] = { .method = "CEPH",
			    .path = "remove",
			    .gone_ok = true,
			    .work = rbd_work_remove },
	[VM_RBD_STATE] = { .method = "CEPH", .path = "state", .work = rbd_work_state },
	[VM_WAIT_IP] = { .method = "GET",
			 .path = GUEST "/agent/network-get-interfaces",
			 .wait_ms = 5 * MINUTES,
			 .until = has_address },
};

static int decode(struct pxc_env *env, void **ret_batch, struct pxc_err *err)
{
	struct vm_batch *batch = NULL;

	if (vm_decode(env, &batch, err) < 0)
		return -1;
	*ret_batch = batch;
	return 0;
}

static int observe(struct pxc_env *env, void *batch, void **ret_world, struct pxc_err *err)
{
	struct vm_world *vw = NULL;

	if (vm_observe(env, batch, &vw, err) < 0)
		return -1;
	*ret_world = vw;
	return 0;
}

static void asks(const void *batch, const struct world *w, struct policy_asks *ret)
{
	vm_asks(batch, w, ret);
}

static int plan(const void *batch, const void *world, struct pxc_plans *ret, struct pxc_err *err)
{
	return vm_plan(batch, world, ret, err);
}

/* What this run makes it may take back, when somebody whom no lock holds up has taken the room in its project meanwhile. */
static void note_made(struct vm_batch *b, const struct pxc_plan *plan, const struct pve_job *job)
{
	bool makes = false;

	for (size_t k = 0; k < plan->nsteps; k++)
		makes |= plan->steps[k].op == VM_CREATE || plan->steps[k].op == VM_CLONE;
	for (size_t i = 0; i < b->nspecs && job->err.kind == PXC_OK; i++) {
		struct vm_spec *s = &b->specs[i];

		if (s->label != plan->label || !plan->item)
			continue;
		if (plan->takes_back) {
			s->absent = true;
		} else if (makes) {
			s->made = true;
			s->made_ms = job->ended_ms;
		}
	}
}

static void told(struct pxc_env *env, void *batch, const struct pxc_plan *plan,
		 const struct pve_job *job)
{
	struct vm_batch *b = batch;
	json_t *placement = json_object_get(plan->item, "placement");

	vm_note_refused(env, batch, plan, job, vm_ops);
	note_made(b, plan, job);
	if (!placement)
		return;
	if (!b->placed)
		b->placed = pxc_env_keep(env, json_object());
	(void)json_object_set(b->placed, plan->label, placement);
}

struct names {
	const char **list;
	size_t n, cap;
};

static void add_name(struct pxc_env *env, struct names *names, const char *name)
{
	names->list =
		arena_grow(env->arena, names->list, names->n, &names->cap, sizeof(*names->list));
	names->list[names->n++] = name;
}

/* project: of the plan; NULL = of a helper */
static void add_step(struct pxc_env *env, const char *project, const struct pxc_step *step,
		     struct names *names)
{
	json_t *name;
	size_t i;

	/* Networks whose addresses are chosen or released; projects whose groups VMs join, or of whose quota they take. */
	json_array_foreach (json_object_get(step->args, "_locks"), i, name)
		add_name(env, names, arena_strdup(env->arena, json_string_value(name)));
	if (!project)
		return;
	if (step->op == VM_RBD_STATE)
		add_name(env, names,
			 arena_printf(env->arena, LOCK_RBD "%s/volumes.%s",
				      json_string_value(json_object_get(step->args, "storage")),
				      project));
	if (step->op == VM_CREATE || step->op == VM_CLONE || step->op == VM_RBD_CLONE ||
	    step->op == VM_SNAP_ROLLBACK)
		add_name(env, names, arena_printf(env->arena, "project.%s", project));
}

/*
 * Creating by name, counting quotas, rebuilding and rolling back have no digest to lean on: one run at a time in a project,
 * and none that attaches its volumes elsewhere. Who takes a volume also has the lock that pxc_volume has on them; who chooses
 * an address, that of the network.
 */
static const char *const *locks(struct pxc_env *env, const void *batch,
				const struct pxc_plans *plans)
{
	const struct vm_batch *b = batch;
	struct names names = { .n = 0 };

	/* What follows in another round is done under the lock of this one. */
	for (size_t i = 0; i < b->nspecs && i < plans->nplans; i++)
		if (plans->plans[i]->again)
			add_name(env, &names,
				 arena_printf(env->arena, "project.%s", b->specs[i].project));
	for (size_t i = 0; i < plans->nplans; i++)
		for (size_t k = 0; k < plans->plans[i]->nsteps; k++)
			add_step(env, i < b->nspecs ? b->specs[i].project : NULL,
				 &plans->plans[i]->steps[k], &names);
	add_name(env, &names, NULL);
	return names.list;
}

const struct pxc_kind vm_kind = {
	.name = "vm",
	.plural = "vms",
	.ops = vm_ops,
	.decode = decode,
	.asks = asks,
	.observe = observe,
	.plan = plan,
	.locks = locks,
	.told = told,
};
