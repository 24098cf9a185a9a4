/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * network_block.h - what is remembered of a network: one token in its vnet's alias. Pure. Layer: cloud.
 *
 * Keys: t=net, id=net.<vnet>, c (cluster), p (project), n (name), k=provider (absent: of a project), sh (list of projects
 * that may use it; "*" = all), v.<name> (addresses kept: "first-last"), r, at, by. Unknown keys survive.
 * PVE's alias takes 256 characters of ( ) * + , - . / 0-9 : ; < = > ? @ A-Z [ \ ] ^ _ a-z and blanks (PVE 9.2).
 */
#pragma once

#include "cloud/sdn.h"

#define NETWORK_ALIAS_MAX 256

/* Fill what the token says (ours, damaged, name, ...) from v->notes, which was parsed. cluster: key c of this cluster, NULL = any. */
void network_block_read(struct sdn_vnet *v, const char *cluster, struct pxc_arena *arena);

/*
 * The alias as it should be: the human's text (description; NULL = as it is) and v's facts over the keys there. stamp and actor
 * NULL: r, at and by stay (to compare). New string.
 * err EINVAL: the description holds a token itself, or a character that PVE refuses there, or the whole is too long, and by
 *             how much
 */
must_check int network_block_alias(const struct sdn_vnet *v, const char *description,
				   const char *cluster, const char *stamp, const char *actor,
				   char **ret, struct pxc_err *err);

/* 1 to 40 of a-z 0-9 . _ -, beginning with a letter or digit: names of networks and of reservations. */
bool network_name(const char *name);

/* Is it an id as vnets of networks get by themselves: "n" and seven of 0-9 a-z? */
bool network_made_id(const char *id);
