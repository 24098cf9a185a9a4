/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * errors.h - what a reply means: done, to be sent again, or failed and how. Pure. Layer: pve.
 *
 * PVE answers nearly every failure with status 500 and a sentence, so the kind is read from PVE's words. All
 * matching of words is done here and nowhere else.
 */
#pragma once

#include "pve/transport.h"

enum pve_verdict {
	PVE_FINE,   /* status 200, and a body with "data" */
	PVE_LOGIN,  /* 401: the ticket is no longer good */
	PVE_AGAIN,  /* somebody holds a lock: nothing was done, send it again */
	PVE_UNSURE, /* it may have been done: a proxy between us and the node gave up */
	PVE_FAILED, /* for good */
};

/* What a reply answers. */
struct pve_asked {
	const char *method, *path; /* path as in the table of its kind, filled in */
	const json_t *params;      /* or NULL */
	const char *who; /* "user@realm" or "user@realm!token", for the sentences about rights */
};

/*
 * Judge a reply whose outcome is PVE_REPLIED.
 *
 * err      written unless PVE_FINE: kind, status and sentence as after the last try
 */
enum pve_verdict pve_judge(const struct pve_reply *reply, const struct pve_asked *asked,
			   struct pxc_err *err);

/*
 * err EDENIED "needs privilege VM.Clone or VM.Audit on /vms/100: grant it to ann@pve!ci (...)", as for every refusal.
 * privs: one, or several of which one is enough, joined by "|". Returns -1.
 */
int pve_lacks(const char *who, const char *privs, const char *path, struct pxc_err *err);

/* The same out of the words of a refusal (403), and where PVE names nothing, out of what was asked. */
void pve_denied(const char *words, const struct pve_asked *asked, struct pxc_err *err);

/* The kind of a failure that PVE describes in these words: a task's exit status, a message. Never PXC_OK. */
enum pxc_errkind pve_words_kind(const char *words);

/* Do these words of a task say that the guest it was to work on has no configuration file? */
bool pve_words_guest_gone(const char *words);

/* Of changes to the SDN: is its configuration locked by another token? Do changes wait that were not applied? (PVE 9.2) */
bool pve_words_sdn_locked(const char *words);
bool pve_words_sdn_pending(const char *words);
