/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * script.h - a cluster that is a list of expected exchanges, on virtual time that starts at 1000 ms.
 *
 *	static const struct script_line lines[] = {
 *		{ "PUT /nodes/n1/qemu/101/resize disk=scsi0&size=20G", "\"UPID:n1:...\"" },
 *		{ "GET /version", "no permission", .status = 403 },
 *		{ "POST /pools poolid=a", .outcome = PVE_LOST },
 *	};
 *	struct script script = SCRIPT(lines);
 *	pve_create(&options, script_transport(&script), &pve, &err);
 *	...
 *	pve_free(pve);
 *	script_end(&script); // fails the test unless exactly these requests were sent
 *
 * A script without any writing line proves that nothing was changed.
 */
#pragma once

#include "base/buf.h"
#include "pve/client.h"

/* Lines are written with only what they need; this holds for the rest of the test that includes this. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

struct script_line {
	/* Method, path and, after a blank, the parameters sorted by key and percent-encoded. */
	const char *request;
	/* JSON of "data" (NULL = null); with a status of 400 or more the message. */
	const char *reply;
	int status;               /* 0 = 200 */
	enum pve_outcome outcome; /* PVE_REPLIED by default */
	bool fatal;
	const char *body; /* JSON of the whole body, instead of reply; "" = none */
	uint32_t
		after_ms; /* virtual time until the reply; at or over the request's deadline it is lost */
	const char *header; /* a header line that must be there; NULL = not looked at */
	unsigned url;       /* 1 = must go to the first URL, ...; 0 = any */
};

struct script_pending; /* a reply that is on its way */

struct script {
	const struct script_line *lines;
	size_t nlines;
	bool any_order; /* a request takes the first unused line that fits, instead of the next */
	/* Instead of lines: answer anything. Untouched ret is 200 with {"data": null}; returns the reply's time. */
	uint32_t (*answer)(struct script *script, const char *request, struct pve_reply *ret);
	void *arg;
	/* out */
	size_t next;          /* lines used */
	unsigned long nwrong; /* requests that no line fits */
	struct pxc_buf log;   /* every request: "1000 1 GET /version\n" = time, URL, request */
	unsigned most[8];     /* most requests under way at once, per URL */
	unsigned most_at_all;
	/* inside */
	bool used[256];
	unsigned inflight[8], inflight_at_all;
	struct script_pending *pending;
	int64_t now;
};

#define SCRIPT(array)                                                                              \
	{                                                                                          \
		.lines = (array), .nlines = sizeof(array) / sizeof((array)[0])                     \
	}

/* The transport; script must outlive it. */
struct pve_transport *script_transport(struct script *script);

/*
 * A client of it with 1 to 8 URLs, as user ann@pve with the API token ci; 10 s for a request and for tries.
 * Free it with pve_free().
 */
struct pve_client *script_client(struct script *script, size_t nurls);

/* One with one URL, as user with the password "s3cret", and a second factor unless otp is NULL. */
struct pve_client *script_login(struct script *script, const char *user, const char *otp);

/* Assert that every line was used and nothing else sent; release what the script holds. */
void script_end(struct script *script);
