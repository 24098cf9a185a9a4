/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/sshkey.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "lib/plan.h"
#include "lib/sshkeys.h"

static const struct {
	const char *text, *type;
	unsigned bits;
	const char *fingerprint, *comment, *line;
} good[] = {
	{ KEY_ED25519, "ssh-ed25519", 256, PRINT_ED25519, "", KEY_ED25519 },
	{ KEY_ED25519 " alice@example.org\n", "ssh-ed25519", 256, PRINT_ED25519,
	  "alice@example.org", KEY_ED25519 " alice@example.org" },
	{ "  " KEY_ED25519 "\t work  laptop \r\n", "ssh-ed25519", 256, PRINT_ED25519,
	  "work  laptop", KEY_ED25519 " work  laptop" },
	{ KEY_RSA2048, "ssh-rsa", 2048, PRINT_RSA2048, "", KEY_RSA2048 },
	{ KEY_P256, "ecdsa-sha2-nistp256", 256, PRINT_P256, "", KEY_P256 },
	{ KEY_P384, "ecdsa-sha2-nistp384", 384, PRINT_P384, "", KEY_P384 },
	{ KEY_P521, "ecdsa-sha2-nistp521", 521, PRINT_P521, "", KEY_P521 },
	{ KEY_SK_ED25519, "sk-ssh-ed25519@openssh.com", 256, PRINT_SK_ED25519, "", KEY_SK_ED25519 },
	{ KEY_SK_P256, "sk-ecdsa-sha2-nistp256@openssh.com", 256, PRINT_SK_P256, "", KEY_SK_P256 },
};

static void keys_are_what_ssh_keygen_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		auto_arena struct pxc_arena arena = { .head = NULL };
		struct pxc_err err = { .kind = PXC_OK };
		struct sshkey k;

		if (sshkey_parse(good[i].text, &arena, &k, &err) < 0)
			fail_msg("%s: %s", good[i].text, err.msg);
		assert_string_equal(k.type, good[i].type);
		assert_int_equal(k.bits, good[i].bits);
		assert_string_equal(k.fingerprint, good[i].fingerprint);
		assert_string_equal(k.comment, good[i].comment);
		assert_string_equal(k.line, good[i].line);
	}
}

#define CUT "*it was cut off or changed"

static const struct {
	const char *text, *why;
} bad[] = {
	{ "", "a public key begins with its type: *" },
	{ "hello", "a public key begins with its type: *" },
	{ "ssh-ed25519", "nothing stands behind ssh-ed25519" },
	{ "ssh-dss " BLOB_ED25519, "a public key begins with its type: *" },
	{ "ssh-ed25519-cert-v01@openssh.com " BLOB_ED25519,
	  "a public key begins with its type: *" },
	{ "no-pty " KEY_ED25519, "a public key begins with its type: *" },
	{ "ssh-ed25519 AAAA*", "what stands behind ssh-ed25519 is no base64: *" },
	{ "ssh-ed25519 AAAA", "what stands behind ssh-ed25519 is no key of that type: " CUT },
	{ "ssh-rsa " BLOB_ED25519, "what stands behind ssh-rsa is no key of that type: " CUT },
	{ "ssh-ed25519 " BLOB_RSA2048, "what stands behind ssh-ed25519 is no key *" },
	{ KEY_SHORT, "what stands behind ssh-ed25519 is no key *" },
	{ KEY_LONG, "what stands behind ssh-ed25519 is no key *" },
	{ KEY_LYING, "what stands behind ssh-ed25519 is no key *" },
	{ KEY_OTHER_CURVE, "what stands behind ecdsa-sha2-nistp256 is no key *" },
	{ KEY_COMPRESSED, "what stands behind ecdsa-sha2-nistp256 is no key *" },
	{ KEY_NEGATIVE, "what stands behind ssh-rsa is no key *" },
	{ KEY_NO_APPLICATION, "what stands behind sk-ssh-ed25519@openssh.com is no key *" },
	{ KEY_RSA1024, "an RSA key of 1024 bits is not taken: from 2048 to 16384 are" },
	{ KEY_ED25519 "\n" KEY_P256, "a public key is one line of text" },
	{ KEY_ED25519 " \x1b[2J", "a public key is one line of text" },
	{ KEY_ED25519 " caf\xe9", "its text is not UTF-8" },
	{ "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\n",
	  "that is a private key, *" },
	{ "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n", "that is a private key, *" },
	{ "---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END SSH2 PUBLIC KEY ----\n",
	  "the key is in another format than OpenSSH's: *" },
	{ "-----BEGIN PUBLIC KEY-----\nAAAA\n", "the key is in another format than OpenSSH's: *" },
};

static void what_is_no_key_is_refused_with_a_reason(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		auto_arena struct pxc_arena arena = { .head = NULL };
		struct pxc_err err = { .kind = PXC_OK };
		struct sshkey k;
		int r = sshkey_parse(bad[i].text, &arena, &k, &err);

		if (r < 0 && err.kind == PXC_EINVAL && plan_fits(bad[i].why, err.msg))
			continue;
		print_error("%s:\n  wanted %s\n  got    %s\n", bad[i].text, bad[i].why,
			    r < 0 ? err.msg : "(taken)");
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

/* Every beginning of a key, and every byte of its blob turned over, is refused or another key; nothing reads beyond its end. */
static void no_cut_and_no_flip_passes_for_the_key(void **state)
{
	static const char *const keys[] = { KEY_ED25519, KEY_RSA2048, KEY_P521, KEY_SK_P256 };

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
		for (size_t i = 0; i < strlen(keys[k]); i++) {
			auto_free char *cut = pxc_strdup(keys[k]), *flip = pxc_strdup(keys[k]);
			auto_arena struct pxc_arena arena = { .head = NULL };
			struct pxc_err err;
			struct sshkey key;

			cut[i] = '\0';
			assert_int_equal(sshkey_parse(cut, &arena, &key, &err), -1);
			flip[i] = flip[i] == 'A' ? 'B' : 'A';
			if (sshkey_parse(flip, &arena, &key, &err) == 0)
				assert_string_not_equal(key.blob, strchr(keys[k], ' ') + 1);
		}
}

static void too_much_is_refused_by_its_length(void **state)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	auto_buf struct pxc_buf text = { .data = NULL };
	struct pxc_err err = { .kind = PXC_OK };
	struct sshkey key;

	(void)state;
	buf_adds(&text, KEY_ED25519 " ");
	while (text.len <= SSHKEY_MAX)
		buf_addc(&text, 'x');
	assert_int_equal(sshkey_parse(buf_str(&text), &arena, &key, &err), -1);
	assert_string_equal(err.msg, "8193 bytes are no public key: at most 8192 are taken");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_what_ssh_keygen_says),
		cmocka_unit_test(what_is_no_key_is_refused_with_a_reason),
		cmocka_unit_test(no_cut_and_no_flip_passes_for_the_key),
		cmocka_unit_test(too_much_is_refused_by_its_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
