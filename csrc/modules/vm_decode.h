/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vm_decode.h - from the arguments of pxc_vm to specs. No requests. Layer: modules. */
#pragma once

#include "cloud/vm.h"
#include "modules/kind.h"

/*
 * err EINVAL: one sentence naming the VM and the option: names that PVE or the annotation cannot carry, reserved
 * tags, options of config that have an option of their own, two VMs of one name.
 */
must_check int vm_decode(struct pxc_env *env, struct vm_batch **ret, struct pxc_err *err);

/* vm_decode_devices.c: the lists of disks and networks of one VM */
must_check int vm_decode_disks(struct pxc_env *env, const json_t *list, struct vm_spec *ret,
			       struct pxc_err *err);
must_check int vm_decode_nets(struct pxc_env *env, const json_t *list, struct vm_spec *ret,
			      struct pxc_err *err);
/* vm_decode_image.c: what it is made from; names and versions that go with nothing are refused */
must_check int vm_decode_image(struct pxc_env *env, const json_t *item, struct vm_spec *ret,
			       struct pxc_err *err);
/* vm_decode_snaps.c: its snapshots; err EINVAL: names that PVE or pxc_volume would not have, one named twice */
must_check int vm_decode_snaps(struct pxc_env *env, const json_t *item, struct vm_spec *ret,
			       struct pxc_err *err);
/* vm_decode_ha.c: high availability; err EINVAL: numbers below zero, a comment that is too long or not one line */
must_check int vm_decode_ha(const json_t *item, struct vm_spec *ret, struct pxc_err *err);
/* Its affinity groups; err EINVAL: what is no name of one */
must_check int vm_decode_affinity(struct pxc_env *env, const json_t *given, struct vm_spec *ret,
				  struct pxc_err *err);
