/* SPDX-License-Identifier: GPL-3.0-or-later */
/* coerce.h - the longer ones of the conversions. New references; NULL with err EINVAL. Private to the layer: ansible. */
#pragma once

#include "base/err.h"
#include "base/json.h"

json_t *coerce_dict(const json_t *value, struct pxc_err *err);
json_t *coerce_path(
	const char *text); /* $VAR, ${VAR}, ~ and ~user as os.path does it; never fails */
