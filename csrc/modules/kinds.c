/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kinds.c - the table of kinds: one line for each module. */
#include "modules/kind.h"

extern const struct pxc_kind cloud_kind, flavor_kind, project_kind, vm_kind, info_kind,
	rbd_image_kind, volume_kind, sdn_kind, affinity_kind, balance_kind, group_kind,
	keypair_kind, access_kind;

const struct pxc_kind *const pxc_kinds[] = {
	&cloud_kind,   &flavor_kind, &project_kind,  &vm_kind,      &rbd_image_kind,
	&volume_kind,  &sdn_kind,    &affinity_kind, &balance_kind, &group_kind,
	&keypair_kind, &access_kind, &info_kind,     NULL,
};
