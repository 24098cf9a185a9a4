/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * annot.h - the annotation codec: the only memory of the cloud, as text inside PVE's own fields.
 *
 * Two carriers, one grammar (DESIGN part 4):
 *   ANNOT_BLOCK   "<!-- pxc/1" LF key=value LF ... "-->"   multi-line notes
 *   ANNOT_TOKEN   "[pxc/1 key=value key=value]"            one-line comments and vnet aliases
 * Values hold A-Z a-z 0-9 . _ / @ + - and "," between list items; any other UTF-8 byte is *HH.
 * This layer knows syntax, order and the seal (s=); what keys mean is cloud/'s. Pure, total:
 * any byte string parses to one of the four findings below. Layer: annot.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/err.h"

enum annot_carrier { ANNOT_BLOCK, ANNOT_TOKEN };

enum annot_finding {
	ANNOT_NONE,     /* no block: the object is not managed */
	ANNOT_OK,       /* one block, its seal holds */
	ANNOT_TAMPERED, /* seal wrong or missing, bad line, block without end, or two blocks */
	ANNOT_FOREIGN,  /* a pxc/<n> of another major version: read-only */
};

struct annot_pair {
	char *key; /* owned */
	/* Owned; any bytes but NUL. "," inside a list item is not told apart from a separator. */
	char *value;
};

struct annot {
	struct annot_pair *pairs; /* in the order of the text; without the seal */
	size_t npairs;
};

/* The whole field, taken apart: before, then the block, then after make the field's text, byte for byte. */
struct annot_text {
	enum annot_finding finding;
	char problem[120];    /* for people; "" unless TAMPERED or FOREIGN */
	char *before, *after; /* owned, never NULL; the human's text around the block */
	struct annot annot;   /* what could be read, also when TAMPERED */
};

void annot_init(struct annot *a);
void annot_release(struct annot *a);
void annot_text_release(struct annot_text *t);
#define auto_annot on_scope_exit(annot_release)
#define auto_annot_text on_scope_exit(annot_text_release)

const char *annot_get(const struct annot *a, const char *key); /* borrowed; NULL when absent */
/* Set in place or append; value NULL removes. key must match [a-z0-9._-]+ and is not the seal's "s" (else abort). */
void annot_set(struct annot *a, const char *key, const char *value);
void annot_copy(struct annot *to, const struct annot *from); /* to must be released or zeroed */
/* Same pairs, order ignored; keys in skip[] (NULL-terminated) do not count. */
bool annot_equal(const struct annot *a, const struct annot *b, const char *const skip[]);

/*
 * Take a field's text apart. Never fails; text NULL counts as "".
 *
 * carrier  BLOCK: the block begins at the first line that is exactly "<!-- pxc/1" (a CR at line ends is
 *          tolerated) and ends at the next line "-->". TOKEN: first "[pxc/1" as a word, to "]"; any white
 *          space divides. A second beginning before the end, or no end, leaves the block unclosed: it then
 *          ends behind its last good pair, so that no text of a human is taken for its body. A block above
 *          PXC_MAX_BLOCK bytes is TAMPERED and not read.
 */
void annot_parse(enum annot_carrier carrier, const char *text, struct annot_text *ret);

/*
 * A field with a new block: before, the sealed block, after. It is separated from a non-empty before by one
 * blank line (BLOCK) or one space (TOKEN). Returns a new string.
 */
char *annot_render(enum annot_carrier carrier, const char *before, const struct annot *a,
		   const char *after);

/*
 * The field that was parsed into have, its block replaced by a. The human's text stays byte for byte; where
 * there was no block, one is appended as by annot_render(). Returns a new string.
 */
char *annot_rewrite(enum annot_carrier carrier, const struct annot_text *have,
		    const struct annot *a);

/*
 * The seal: first 16 hex of SHA-256 over "pxc/1" LF, the value of id LF, and key=value LF of every pair (id among
 * them, values escaped), sorted by the bytes of the key.
 */
void annot_seal(const struct annot *a, char out[17]);

struct annot_leak {
	const char *what; /* static: "a private key", "the hash of a password", "a secret" */
	char name
		[64]; /* what stands in front of it ("m.client_secret"); "" = it is known by its shape */
};

/*
 * Does the text, as it stands or unescaped, look like it holds a secret? *ret says which, and never the secret itself; it is
 * written in any case. secret.c.
 */
bool annot_find_secret(const char *text, struct annot_leak *ret);

/* Are two human texts the same but for trailing white space, which PVE strips (or adds) on its own? */
bool annot_text_same(const char *a, const char *b);
