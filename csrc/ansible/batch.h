/* SPDX-License-Identifier: GPL-3.0-or-later */
/* batch.h - one object, or a list of them with the task's options as their defaults. Layer: ansible. */
#pragma once

#include "ansible/args.h"

/*
 * Make the list of objects. Each of ret_items is complete: defaults, over them what the task names, over that what
 * the object names, which takes the place of defaults that exclude it. Each of ret_given holds only what was named by either. Both new references, arrays of the
 * same length.
 * err EINVAL: neither the list nor a single object; an object that lacks something required; a broken rule
 */
must_check int ans_batch(const struct ans_args *args, json_t **ret_items, json_t **ret_given,
			 struct pxc_err *err);
