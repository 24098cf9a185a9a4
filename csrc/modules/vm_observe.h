/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vm_observe.h - reads what plans of VMs are made against. Layer: modules. */
#pragma once

#include "cloud/vm.h"
#include "modules/kind.h"

/*
 * One read for each guest that may be a wanted one (GET /nodes/{n}/qemu/{v}/pending: configuration, pending
 * changes and digest in one), found by name; when some are not found so, all guests of their projects, since
 * names can be changed by hand. What only creations need (bridges, import volumes) is read only for them.
 */
must_check int vm_observe(struct pxc_env *env, struct vm_batch *batch, struct vm_world **ret,
			  struct pxc_err *err);

/* vm_observe_more.c: for creations and for waiting */
must_check int vm_observe_creation(struct pxc_env *env, const struct vm_batch *batch,
				   struct vm_world *vw, struct pxc_err *err);
/*
 * vm_observe_move.c: GET /nodes/{n}/qemu/{v}/migrate of the VMs that are to go to a node which the task names, and the bridges
 * of that node.
 */
must_check int vm_observe_moves(struct pxc_env *env, const struct vm_batch *batch,
				struct vm_world *vw, struct pxc_err *err);
void vm_observe_agents(struct pxc_env *env, const struct vm_batch *batch, struct vm_world *vw);
/*
 * vm_observe_snaps.c: GET /nodes/{n}/qemu/{v}/snapshot of the VMs whose snapshots the task names, or that go with theirs, and
 * .../snapshot/{s}/config of those that it rolls back.
 */
must_check int vm_observe_snapshots(struct pxc_env *env, const struct vm_batch *batch,
				    struct vm_world *vw, struct pxc_err *err);
/*
 * vm_observe_net.c: what networks of the batch need: the SDN; where an address is to be chosen, the cards of all guests (GET
 * .../qemu/{v}/pending, /nodes/{n}/lxc/{v}/config); where PVE gives addresses itself, its list (GET
 * /cluster/sdn/ipams/{ipam}/status).
 */
must_check int vm_observe_nets(struct pxc_env *env, const struct vm_batch *batch,
			       struct vm_world *vw, struct pxc_err *err);
/*
 * An address that PVE refused to register is noted in the batch and not chosen again; what was registered, or released, for a
 * change of a VM that then did not come about is taken back.
 * ops  of the kind, by enum vm_op
 */
void vm_note_refused(struct pxc_env *env, struct vm_batch *batch, const struct pxc_plan *plan,
		     const struct pve_job *job, const struct pve_op *ops);
/* Texts of the addresses in a reply of network-get-interfaces, without loopback and link-local. New array. */
json_t *vm_agent_addresses(const json_t *data);
