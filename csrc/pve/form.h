/* SPDX-License-Identifier: GPL-3.0-or-later */
/* form.h - parameters as PVE reads them: percent-encoded "key=value&...". Pure. Layer: pve. */
#pragma once

#include "base/buf.h"
#include "base/json.h"

/* Append text with every byte but the unreserved (letters, digits, "-._~") as %XX; a blank too, never '+'. */
void pve_encode(struct pxc_buf *out, const char *text);

/*
 * Append params in the object's order: strings, integers, reals, booleans as 1 or 0, an array as its key repeated.
 * null and nested objects are left out.
 */
void pve_form(struct pxc_buf *out, const json_t *params);
