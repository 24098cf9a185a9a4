/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * err.h - one error value: a kind for code to branch on, a sentence for people.
 *
 * It lives on the caller's stack, is passed last, and is written on failure only.
 * Fallible functions return 0 or -1. Layer: base (includes nothing of ours).
 */
#pragma once

#include "base/attr.h"

enum pxc_errkind {
	PXC_OK = 0,
	PXC_EINVAL,    /* the playbook asks for something impossible */
	PXC_ENOTFOUND, /* something that must exist does not */
	PXC_ECONFLICT, /* someone else changed it: stale digest, lock, vmid */
	PXC_EUNSURE,   /* sent, and how it ended is not known: look again */
	PXC_EDENIED,   /* 401 or 403; msg names the privilege that is missing */
	PXC_EBUSY,     /* worth trying again */
	PXC_ETIMEOUT,  /* we stopped waiting; the remote may still finish */
	PXC_EREMOTE,   /* the remote tried and failed; msg has its words */
	PXC_EBUG,      /* one of our own promises is broken */
};

struct pxc_err {
	enum pxc_errkind kind;
	int http;         /* HTTP status; 0 when no reply was involved */
	char msg[1024];   /* outermost context first: "server web: start: ..." */
	char unseen[128]; /* pxc_unseen(): "/storage/ceph"; "" = nothing */
};

/* Set kind and sentence. Always returns -1, so that "return pxc_fail(...)" reads well. */
int pxc_fail(struct pxc_err *err, enum pxc_errkind kind, const char *fmt, ...) printf_like(3, 4);

/* The kind in one word, as results of modules have it: "invalid", "not_found", ...; "" for PXC_OK. Static. */
const char *pxc_err_word(enum pxc_errkind kind);

/*
 * The sentence says that something is not there, which lists of PVE would show at this path of its permissions. It may also
 * be that the API user may not see it; who can ask does so (modules/rights.h). After pxc_fail(). Always returns -1.
 */
int pxc_unseen(struct pxc_err *err, const char *fmt, ...) printf_like(2, 3);

/* Put context in front of the sentence ("ctx: msg"); the kind stays. Always returns -1. */
int pxc_context(struct pxc_err *err, const char *fmt, ...) printf_like(2, 3);
