/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What looks like a secret, and what only sounds like one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "annot/annot.h"
#include "annot/escape.h"
#include "base/attr.h"
#include "base/mem.h"
#include "base/str.h"

static const struct {
	const char *text;
	const char *what, *name; /* what NULL: it passes */
} rows[] = {
	{ "", NULL, "" },
	{ "Ask Alice for the password.", NULL, "" },
	{ "The secret of a good roast", NULL, "" },
	{ "token ring", NULL, "" },
	{ "password policy: see wiki", NULL, "" },
	{ "Password: ask Ann", NULL, "" },
	{ "secrets: kept in https://vault.example.org/web", NULL, "" },
	{ "password: https://vault.example.org/web", NULL, "" },
	{ "password: <in the safe>", NULL, "" },
	{ "password={{ vault_db }}", NULL, "" },
	{ "password=${DB_PASSWORD}", NULL, "" },
	{ "password=$DB_PASSWORD", NULL, "" },
	{ "password=********", NULL, "" },
	{ "password: none", NULL, "" },
	{ "password=", NULL, "" },
	{ "ssh password authentication: off", NULL, "" },
	{ "m.password=required", NULL, "" },
	{ "max_tokens=4096", NULL, "" },
	{ "tokenizer=bert", NULL, "" },
	{ "secretary: Ann", NULL, "" },
	{ "the bearer of bad news arrived yesterday", NULL, "" },
	{ "bearer networks-and-what-they-carry", NULL, "" },
	{ "it costs $6$ or $5$, more or less", NULL, "" },
	{ "http://host:8006/path@here", NULL, "" },
	{ "https://ann@example.org", NULL, "" },
	{ "eyJust.words", NULL, "" },
	{ "public key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJXk", NULL, "" },
	{ "key=value", NULL, "" },
	{ "author=ann", NULL, "" },
	{ "-----BEGIN PUBLIC KEY-----", NULL, "" },
	{ "SLOVAKIA IS NICE IN SUMMER AND WINTER", NULL, "" },
	{ "SLOVAKIAISNICEINSUMMERANDWINTER", NULL, "" },
	{ "AKIA", NULL, "" },
	{ "ghp_short", NULL, "" },
	{ "a * b ** c *4 *", NULL, "" },

	{ "-----BEGIN OPENSSH PRIVATE KEY-----", "a private key", "" },
	{ "m.k=-*2D*2D*2D*2DBEGIN*20PRIVATE*20KEY-*2D*2D*2D*2D", "a private key", "" },
	{ "login with PassWord=hunter2", "a secret", "PassWord" },
	{ "mysql --passwd=x", "a secret", "--passwd" },
	{ "password: hunter2", "a secret", "password" },
	{ "db password : 'hunter2'\nand more words", "a secret", "password" },
	{ "{\"password\": \"hunter2\", \"user\": \"ann\"}", "a secret", "password" },
	{ "m.client_secret=abc", "a secret", "m.client_secret" },
	{ "m.CLIENT-SECRET=abc", "a secret", "m.CLIENT-SECRET" },
	{ "m.note=password*3Dhunter2", "a secret", "password" }, /* as the codec writes it */
	{ "db.password=$ecret", "a secret", "db.password" },
	{ "password=-x", "a secret", "password" },
	{ "token=0000", "a secret", "token" },
	{ "api_key=4711", "a secret", "api_key" },
	{ "aws_secret_access_key = wJalrXUtnFEMI", "a secret", "aws_secret_access_key" },
	{ "PVEAPIToken=root@pam!x=0000", "an API token of PVE", "" },
	{ "AKIAIOSFODNN7EXAMPLE", "an access key of AWS", "" },
	{ "key AKIAIOSFODNN7EXAMPLE.", "an access key of AWS", "" },
	{ "ghp_0123456789abcdefghij0123456789abcdef", "a token of GitHub", "" },
	{ "glpat-0123456789abcdefghij", "a token of GitLab", "" },
	{ "xoxb-1234567890-abc", "a token of Slack", "" },
	{ "hvs.CAESIJ0123456789abcdefgh", "a token of Vault", "" },
	{ "root:$6$rounds=4096$abcdefgh$0123456789:19000:", "the hash of a password", "" },
	{ "m.h=*246*24saltsalt*24abcdefgh", "the hash of a password", "" },
	{ "$y$j9T$abcdefgh", "the hash of a password", "" },
	{ "$2b$12$abcdefghijkl", "the hash of a password", "" },
	{ "https://ann:geheim@example.org/image.qcow2", "a password in a URL", "" },
	{ "Authorization: Bearer 0123456789abcdef0123", "a bearer token", "" },
	{ "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl", "a JSON web token", "" },
};

static void secrets_are_noticed(void **state)
{
	struct annot_leak leak;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool found = annot_find_secret(rows[i].text, &leak);

		if (found != (rows[i].what != NULL) ||
		    (found &&
		     (!str_eq(leak.what, rows[i].what) || !str_eq(leak.name, rows[i].name))))
			fail_msg("\"%s\": %s \"%s\"", rows[i].text, found ? leak.what : "passes",
				 found ? leak.name : "");
	}
}

/* In the text of a person, in front of either block. */
static void they_are_noticed_in_front_of_a_block(void **state)
{
	struct annot_leak leak;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_annot struct annot a = { .npairs = 0 };
		auto_free char *text = NULL, *token = NULL;

		annot_init(&a);
		annot_set(&a, "t", "vm");
		text = annot_render(ANNOT_BLOCK, rows[i].text, &a, "\n");
		token = annot_render(ANNOT_TOKEN, rows[i].text, &a, "");
		if (annot_find_secret(text, &leak) != (rows[i].what != NULL) ||
		    annot_find_secret(token, &leak) != (rows[i].what != NULL))
			fail_msg("\"%s\" in front of a block", rows[i].text);
	}
}

/* Wherever it stands, and as a block has it. */
static void they_are_noticed_in_a_block(void **state)
{
	struct annot_leak leak;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_annot struct annot a = { .npairs = 0 };
		auto_free char *text = NULL, *token = NULL;

		if (rows[i].what && strchr(rows[i].text, '*'))
			continue; /* is written in that way already */
		annot_init(&a);
		annot_set(&a, "t", "vm");
		annot_set(&a, "m.note", rows[i].text);
		text = annot_render(ANNOT_BLOCK, "Web server of Ann\n", &a, "\n");
		token = annot_render(ANNOT_TOKEN, "Web server of Ann", &a, "");
		if (annot_find_secret(text, &leak) != (rows[i].what != NULL) ||
		    annot_find_secret(token, &leak) != (rows[i].what != NULL))
			fail_msg("\"%s\" in a block", rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_are_noticed),
		cmocka_unit_test(they_are_noticed_in_front_of_a_block),
		cmocka_unit_test(they_are_noticed_in_a_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
