/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "pve/core.h"
#include "pve/form.h"

#define TICKET_PATH "/access/ticket"
#define RENEW_MS (90 * 60 * 1000) /* a ticket lives two hours */

static void wipe(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void pve_login_release(struct pve_login *login)
{
	free(login->user);
	free(login->token);
	free(login->who);
	wipe(login->password);
	wipe(login->otp);
	wipe(login->ticket);
	wipe(login->lines[0]);
	wipe(login->lines[1]);
	json_decref(login->params);
}

static bool plain(const char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text) || *text == ' ')
			return false;
	return true;
}

static int init_token(struct pve_login *login, const struct pve_options *o, struct pxc_err *err)
{
	const char *bang = strchr(o->token_id, '!');
	size_t len = bang ? (size_t)(bang - o->token_id) : 0;

	if (!o->token_secret)
		return pxc_fail(err, PXC_EINVAL, "api_token_id is given without api_token_secret");
	if (bang && o->user && (strlen(o->user) != len || strncmp(o->user, o->token_id, len) != 0))
		return pxc_fail(err, PXC_EINVAL, "api_user is %s, but api_token_id belongs to %.*s",
				o->user, (int)len, o->token_id);
	if (!bang && !o->user)
		return pxc_fail(
			err, PXC_EINVAL,
			"api_token_id %s does not say whose token it is: write user@realm!%s, or give "
			"api_user",
			o->token_id, o->token_id);
	login->user = bang ? pxc_strndup(o->token_id, len) : pxc_strdup(o->user);
	login->token = pxc_strdup(bang ? bang + 1 : o->token_id);
	login->who = pxc_printf("%s!%s", login->user, login->token);
	if (!plain(login->who) || !plain(o->token_secret))
		return pxc_fail(err, PXC_EINVAL,
				"api_token_id or api_token_secret holds a blank or a line end");
	login->lines[0] =
		pxc_printf("Authorization: PVEAPIToken=%s=%s", login->who, o->token_secret);
	login->headers[0][0] = login->headers[1][0] = login->lines[0];
	login->state = LOGIN_READY;
	return 0;
}

static int init_ticket(struct pve_login *login, const struct pve_options *o, struct pxc_err *err)
{
	if (!o->user)
		return pxc_fail(err, PXC_EINVAL, "api_password is given without api_user");
	login->user = pxc_strdup(o->user);
	login->token = pxc_strdup("");
	login->who = pxc_strdup(o->user);
	login->password = pxc_strdup(o->password);
	login->otp = pxc_strdup(o->otp);
	login->state = LOGIN_NEEDED;
	return 0;
}

int pve_login_init(struct pve_login *login, const struct pve_options *o, struct pxc_err *err)
{
	int r;

	if (o->token_secret && !o->token_id)
		return pxc_fail(err, PXC_EINVAL, "api_token_secret is given without api_token_id");
	if (o->token_id && (o->password || o->otp))
		return pxc_fail(
			err, PXC_EINVAL,
			"give either an API token (api_token_id, api_token_secret) or a password "
			"(api_user, api_password, api_otp), not both");
	if (!o->token_id && !o->password)
		return pxc_fail(
			err, PXC_EINVAL,
			"no credentials: give api_token_id and api_token_secret, or api_user and "
			"api_password");
	r = o->token_id ? init_token(login, o, err) : init_ticket(login, o, err);
	if (r == 0 && !strchr(login->user, '@'))
		return pxc_fail(err, PXC_EINVAL,
				"api_user: %s has no realm: write for example %s@pam", login->user,
				login->user);
	return r;
}

static void fail(struct pve_login *login, enum pxc_errkind kind, const char *text)
{
	login->state = LOGIN_FAILED;
	login->err = (struct pxc_err){ .http = login->x_err.http };
	(void)pxc_fail(&login->err, kind, "login as %s: %s", login->user, text);
}

static void ask(struct pve_client *pve, const char *password, const char *challenge);

/* With the password, or to renew with the old ticket in its place. */
static void begin(struct pve_client *pve, bool renewing)
{
	struct pve_login *login = &pve->login;

	login->state = LOGIN_UNDER_WAY;
	login->renewing = renewing;
	login->second = false;
	ask(pve, renewing ? login->ticket : login->password, NULL);
}

/* The password of the second step is "kind:code"; six digits alone are a TOTP code. */
static void answer_challenge(struct pve_client *pve, const char *challenge)
{
	struct pve_login *login = &pve->login;
	auto_free char *code = NULL;

	if (!login->otp) {
		fail(login, PXC_EDENIED,
		     "this user has a second factor: give api_otp, or better use an API token");
		return;
	}
	code = pxc_printf("%s%s", strchr(login->otp, ':') ? "" : "totp:", login->otp);
	login->second = true;
	ask(pve, code, challenge);
	explicit_bzero(code, strlen(code));
}

/* Header lines of a ticket. PVE decodes %XX in the cookie, so what could end it early is encoded. */
static void take_ticket(struct pve_client *pve, const char *ticket, const char *csrf)
{
	struct pve_login *login = &pve->login;
	struct pxc_buf cookie = { .data = NULL };

	buf_adds(&cookie, "Cookie: PVEAuthCookie=");
	if (plain(ticket) && !strpbrk(ticket, ";,%\""))
		buf_adds(&cookie, ticket);
	else
		pve_encode(&cookie, ticket);
	wipe(login->lines[0]);
	wipe(login->lines[1]);
	login->lines[0] = buf_take(&cookie);
	login->lines[1] = pxc_printf("CSRFPreventionToken: %s", csrf);
	login->headers[0][0] = login->headers[1][0] = login->lines[0];
	login->headers[1][1] = login->lines[1];
	wipe(login->ticket);
	login->ticket = pxc_strdup(ticket);
	login->generation++;
	login->since = pve_now_ms(pve);
	login->state = LOGIN_READY;
}

static void set_user(struct pve_login *login, const char *user)
{
	if (!user || str_eq(user, login->user))
		return;
	free(login->user);
	free(login->who);
	login->user = pxc_strdup(user);
	login->who = pxc_strdup(user);
}

static void answered(struct pve_client *pve, struct pve_exchange *x)
{
	struct pve_login *login = &pve->login;
	const char *ticket = json_string_value(json_object_get(x->data, "ticket"));
	const char *csrf = json_string_value(json_object_get(x->data, "CSRFPreventionToken"));
	const json_t *tfa = json_object_get(x->data, "NeedTFA");

	json_decref(login->params);
	login->params = NULL;
	if (x->err->kind == PXC_EDENIED && login->renewing)
		begin(pve, false);
	else if (x->err->kind == PXC_EDENIED)
		fail(login, PXC_EDENIED,
		     login->second ? "the second factor (api_otp) was refused" : x->err->msg);
	else if (x->err->kind != PXC_OK)
		fail(login, x->err->kind, x->err->msg);
	else if (ticket && (json_is_true(tfa) || json_integer_value(tfa) == 1) && !login->second)
		answer_challenge(pve, ticket);
	else if (!ticket || !csrf || !plain(csrf))
		fail(login, PXC_EREMOTE, "the server gave no ticket");
	else {
		set_user(login, json_string_value(json_object_get(x->data, "username")));
		take_ticket(pve, ticket, csrf);
	}
}

static void ask(struct pve_client *pve, const char *password, const char *challenge)
{
	struct pve_login *login = &pve->login;

	login->params = json_pack("{s:s, s:s, s:i, s:s*}", "username", login->user, "password",
				  password, "new-format", 1, "tfa-challenge", challenge);
	login->x = (struct pve_exchange){ .method = "POST",
					  .path = TICKET_PATH,
					  .params = login->params,
					  .repeatable = true,
					  .naked = true,
					  .done = answered,
					  .err = &login->x_err };
	pve_submit(pve, &login->x, 0);
}

bool pve_login_ready(struct pve_client *pve)
{
	struct pve_login *login = &pve->login;

	if (login->state == LOGIN_NEEDED)
		begin(pve, false);
	else if (login->state == LOGIN_READY && login->password &&
		 pve_now_ms(pve) - login->since >= RENEW_MS)
		begin(pve, true);
	return login->state == LOGIN_READY;
}

bool pve_login_again(struct pve_client *pve, unsigned generation)
{
	struct pve_login *login = &pve->login;

	if (!login->password)
		return false;
	if (login->state == LOGIN_READY && login->generation == generation)
		login->state = LOGIN_NEEDED;
	return login->state != LOGIN_FAILED;
}
