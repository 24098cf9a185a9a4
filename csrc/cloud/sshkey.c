/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/sshkey.h"

#include <stdint.h>
#include <string.h>

#include "base/base64.h"
#include "base/hash.h"
#include "base/str.h"

#define RSA_MIN 2048
#define RSA_MAX 16384

/* What stands in the blob behind the name of its type. */
static const struct type {
	const char *name;
	const char *curve; /* its name stands first; NULL = none does */
	size_t point;      /* bytes of the public key; 0 = RSA */
	unsigned bits;
	bool application; /* of a key on a token, at the end */
} types[] = {
	{ "ssh-ed25519", NULL, 32, 256, false },
	{ "ssh-rsa", NULL, 0, 0, false },
	{ "ecdsa-sha2-nistp256", "nistp256", 65, 256, false },
	{ "ecdsa-sha2-nistp384", "nistp384", 97, 384, false },
	{ "ecdsa-sha2-nistp521", "nistp521", 133, 521, false },
	{ "sk-ssh-ed25519@openssh.com", NULL, 32, 256, true },
	{ "sk-ecdsa-sha2-nistp256@openssh.com", "nistp256", 65, 256, true },
};

bool sshkey_is_private(const char *text)
{
	return strstr(text, "PRIVATE KEY") || str_starts(text, "PuTTY-User-Key-File");
}

static const struct type *find_type(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (str_eq(types[i].name, name))
			return &types[i];
	return NULL;
}

struct blob {
	const unsigned char *data;
	size_t len;
};

/* The next field: four bytes of length, then as many. NULL: there is none. */
static const unsigned char *take(struct blob *b, size_t *ret_len)
{
	const unsigned char *d = b->data;
	size_t len;

	if (b->len < 4)
		return NULL;
	len = (size_t)d[0] << 24 | (size_t)d[1] << 16 | (size_t)d[2] << 8 | d[3];
	if (len > b->len - 4)
		return NULL;
	*b = (struct blob){ d + 4 + len, b->len - 4 - len };
	*ret_len = len;
	return d + 4;
}

static bool take_text(struct blob *b, const char *text)
{
	size_t len;
	const unsigned char *field = take(b, &len);

	return field && len == strlen(text) && memcmp(field, text, len) == 0;
}

/* Bits of a positive number as SSH writes it: big endian, with a zero in front where the highest bit is set. 0: it is none. */
static unsigned take_number(struct blob *b)
{
	size_t len;
	const unsigned char *n = take(b, &len);
	unsigned bits;

	if (!n || len == 0 || n[0] & 0x80)
		return 0;
	if (n[0] == 0 && (len == 1 || !(n[1] & 0x80)))
		return 0;
	if (n[0] == 0) {
		n++;
		len--;
	}
	bits = (unsigned)len * 8;
	for (unsigned mask = 0x80; mask && !(n[0] & mask); mask >>= 1)
		bits--;
	return bits;
}

/* The key itself. Returns its bits; 0: it is not what its type says. */
static unsigned take_key(const struct type *t, struct blob *b)
{
	const unsigned char *point;
	unsigned bits = t->bits;
	size_t len;

	if (!take_text(b, t->name) || (t->curve && !take_text(b, t->curve)))
		return 0;
	if (!t->point) {
		if (take_number(b) < 2)
			return 0;
		bits = take_number(b);
	} else {
		point = take(b, &len);
		/* 4: both coordinates in full, the only form that OpenSSH takes. */
		if (!point || len != t->point || (t->curve && point[0] != 4))
			return 0;
	}
	if (t->application && (!take(b, &len) || len == 0))
		return 0;
	return b->len ? 0 : bits;
}

/* One word of text, up to a blank; NULL: there is none. *at moves behind it and the blanks. */
static const char *word(const char **at, struct pxc_arena *arena)
{
	size_t len = strcspn(*at, " \t");
	const char *ret = len ? arena_strndup(arena, *at, len) : NULL;

	*at += len;
	*at += strspn(*at, " \t");
	return ret;
}

static int check_text(const char *text, struct pxc_err *err)
{
	size_t len = strlen(text);

	if (sshkey_is_private(text))
		return pxc_fail(err, PXC_EINVAL,
				"that is a private key, which nobody but its owner may have: take "
				"the file beside it whose name ends in .pub");
	if (str_starts(text, "---- BEGIN SSH2") || strstr(text, "BEGIN PUBLIC KEY") ||
	    strstr(text, "BEGIN RSA PUBLIC KEY"))
		return pxc_fail(
			err, PXC_EINVAL,
			"the key is in another format than OpenSSH's: ssh-keygen -i turns it "
			"into that");
	if (len > SSHKEY_MAX)
		return pxc_fail(err, PXC_EINVAL,
				"%zu bytes are no public key: at most %d are taken", len,
				SSHKEY_MAX);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' && text[i] != '\t')
			return pxc_fail(err, PXC_EINVAL, "a public key is one line of text");
	return utf8_valid(text, len) ? 0 : pxc_fail(err, PXC_EINVAL, "its text is not UTF-8");
}

static int check_blob(const struct type *t, struct sshkey *key, struct pxc_arena *arena,
		      struct pxc_err *err)
{
	auto_buf struct pxc_buf bytes = { .data = NULL }, print = { .data = NULL };
	unsigned char sum[32];

	if (!base64_decode(key->blob, &bytes))
		return pxc_fail(
			err, PXC_EINVAL,
			"what stands behind %s is no base64: the key was cut off or changed",
			key->type);
	key->bits = take_key(t, &(struct blob){ (const unsigned char *)bytes.data, bytes.len });
	if (!key->bits)
		return pxc_fail(
			err, PXC_EINVAL,
			"what stands behind %s is no key of that type: it was cut off or changed",
			key->type);
	if (!t->point && (key->bits < RSA_MIN || key->bits > RSA_MAX))
		return pxc_fail(err, PXC_EINVAL,
				"an RSA key of %u bits is not taken: from %d to %d are", key->bits,
				RSA_MIN, RSA_MAX);
	sha256(bytes.data, bytes.len, sum);
	base64_encode(sum, sizeof(sum), false, &print);
	key->fingerprint = arena_printf(arena, "SHA256:%s", buf_str(&print));
	return 0;
}

int sshkey_parse(const char *text, struct pxc_arena *arena, struct sshkey *ret, struct pxc_err *err)
{
	size_t len = strlen(text);
	struct sshkey key = { .type = NULL };
	const struct type *t;
	char *comment;
	const char *at;

	/* Files end in a line break. */
	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	at = arena_strndup(arena, text, len);
	at += strspn(at, " \t\r\n");
	if (check_text(at, err) < 0)
		return -1;
	key.type = word(&at, arena);
	t = key.type ? find_type(key.type) : NULL;
	if (!t)
		return pxc_fail(
			err, PXC_EINVAL,
			"a public key begins with its type: ssh-ed25519, ssh-rsa, ecdsa-sha2-nistp256, "
			"-384 or -521, sk-ssh-ed25519@openssh.com or sk-ecdsa-sha2-nistp256@openssh.com");
	key.blob = word(&at, arena);
	if (!key.blob)
		return pxc_fail(err, PXC_EINVAL, "nothing stands behind %s", key.type);
	comment = arena_strdup(arena, at);
	for (char *p = comment; *p; p++)
		*p = *p == '\t' ? ' ' : *p;
	key.comment = comment;
	if (check_blob(t, &key, arena, err) < 0)
		return -1;
	key.line =
		arena_printf(arena, "%s %s%s%s", key.type, key.blob, *comment ? " " : "", comment);
	*ret = key;
	return 0;
}
