/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/str.h"
#include "cloud/vm.h"
#include "modules/kind.h"
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
	[VM_HA_STATE] = { .method = "PUT",
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
	[VM_WAIT_NODE] = { .method = "GET",
			   .path = GUEST "/status/current",
			   .wait_ms = 10 * MINUTES,
			   .until = is_there },
	[VM_WAIT_AGENT] = { .method = "GET",
			    .path = GUEST "/agent/network-get-interfaces",
			    .wait_ms = 5 * MINUTES,
			    .until = agent_answers },
	[VM_WAIT_UNUSED] = { .method = "GET",
			     .path = GUEST "/config",
			     .wait_ms = 5 * SECONDS,
			     .until = is_unused },
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

static int plan(const void *batch, const void *world, struct pxc_plans *ret, struct pxc_err *err)
{
	return vm_plan(batch, world, ret, err);
}

static int name_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/*
 * Creating by name, counting quotas, rebuilding and rolling back have no digest to lean on: one run at a time in a project,
 * and none that attaches its volumes elsewhere. Who takes a volume also has the lock that pxc_volume has on them.
 */
static const char *const *locks(struct pxc_env *env, const void *batch,
				const struct pxc_plans *plans)
{
	const struct vm_batch *b = batch;
	const char **names = arena_alloc(env->arena, (2 * b->nspecs + 1) * sizeof(*names));
	size_t n = 0, unique = 0;

	for (size_t i = 0; i < b->nspecs && i < plans->nplans; i++) {
		const struct pxc_plan *p = plans->plans[i];

		for (size_t k = 0; k < p->nsteps; k++) {
			const char *project = b->specs[i].project;

			if (p->steps[k].op == VM_RBD_STATE)
				names[n++] = arena_printf(env->arena, LOCK_RBD "%s/volumes.%s",
							  json_string_value(json_object_get(
								  p->steps[k].args, "storage")),
							  project);
			if (p->steps[k].op != VM_CREATE && p->steps[k].op != VM_CLONE &&
			    p->steps[k].op != VM_RBD_CLONE && p->steps[k].op != VM_SNAP_ROLLBACK)
				continue;
			names[n++] = arena_printf(env->arena, "project.%s", project);
			break;
		}
	}
	qsort(names, n, sizeof(*names), name_order);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || !str_eq(names[i], names[i - 1]))
			names[unique++] = names[i];
	names[unique] = NULL;
	return names;
}

const struct pxc_kind vm_kind = {
	.name = "vm",
	.plural = "vms",
	.ops = vm_ops,
	.decode = decode,
	.observe = observe,
	.plan = plan,
	.locks = locks,
};
