/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sshkey.h - public SSH keys: "<type> <base64> [comment]", as they stand in a .pub file. Pure. Layer: cloud.
 * Source: RFC 4253 part 6.6, RFC 5656, RFC 8709, OpenSSH's PROTOCOL.u2f. What OpenSSH refuses by now is refused (ssh-dss, RSA below
 * 2048 bits), and so are certificates, which do not belong into a list of keys.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

struct sshkey {
	const char *type;        /* "ssh-ed25519" */
	const char *blob;        /* the base64, as it stands */
	const char *comment;     /* "" = none */
	const char *line;        /* all of it, divided by single blanks */
	const char *fingerprint; /* "SHA256:...", as ssh-keygen -l shows it */
	unsigned bits;
};

#define SSHKEY_MAX 8192 /* bytes; RSA of 16384 bits has 2800 */

/* Strings lie in the arena. err EINVAL: why it is no public key that may be used */
must_check int sshkey_parse(const char *text, struct pxc_arena *arena, struct sshkey *ret,
			    struct pxc_err *err);

/* Does the text hold a private key, of whatever program? */
bool sshkey_is_private(const char *text);
