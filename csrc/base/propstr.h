/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * propstr.h - PVE's property strings ("data:100/disk.raw,discard=on,size=2G") as values. Pure. Layer: base.
 *
 * A parsed string is a JSON object of strings. PVE prints the default key first and without its name, the
 * rest sorted by key, and drops or adds spellings as it likes; so compare objects with prop_same(), never
 * the texts.
 */
#pragma once

#include <stdbool.h>

#include "base/attr.h"
#include "base/json.h"

/*
 * Split "value,key=value,...".
 *
 * default_key  the key of the one part that has no '='; NULL = there may be none
 * returns      new object of strings (empty for an empty or blank text); NULL when malformed: a part without key
 *              and without default_key, an empty key or value, a key given twice, or bytes that are not UTF-8
 */
json_t *prop_parse(const char *text, const char *default_key);

/*
 * The same for a network card: "virtio=MAC,bridge=vmbr0" and "model=virtio,macaddr=MAC,..." both give
 * {"model","macaddr","bridge",...}. A text without any model is read too (an update may name other options only).
 */
json_t *prop_parse_net(const char *text);

/*
 * New text, caller frees: the value of default_key (NULL = none) first and without its name (with it where the value
 * holds '=' or only blanks), the rest sorted by key. Values: strings, integers, booleans as 1 or 0; others are
 * left out.
 */
char *prop_print(const json_t *obj, const char *default_key);

/* "virtio=MAC,bridge=vmbr0", or "virtio,bridge=vmbr0" without "macaddr" (PVE then makes one up). */
char *prop_print_net(const json_t *obj);

/* PVE's words for true inside property strings: 1, on, yes, true. Case does not matter. */
bool prop_bool(const char *text);
/* One of PVE's words for true or false (0, off, no, false)? */
bool prop_is_bool(const char *text);

/* "1" or "0" for one of those words, else text itself. Borrowed. */
const char *prop_normal(const char *text);

/* Same keys with the same values: switches by meaning, "size" by bytes, "macaddr" in any case, else by letter. */
bool prop_same(const json_t *a, const json_t *b);
bool prop_same_value(const char *key, const char *a, const char *b);
