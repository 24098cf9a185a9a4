/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * audit.h - the record of changes: who asked for what, on whose behalf, and what became of it. Layer: modules.
 *
 * It is in every result (pxc_audit), in syslog (authpriv, ident "pxc"), and with pxc_cloud: audit_storage in objects
 * pxc.audit.<yyyymm> of that storage's pool, which only grow. The latter two are lines of JSON, two for each object that a run
 * changes: "begin", before anything is sent for it, and "end". One without its end was cut off, or goes on. Lines of one object
 * have the same run and n.
 *
 *	{"v":1,"at":"20261121T221500Z","run":"0011223344556677","n":0,"event":"end","actor":"alice","source":"awx","job_id":"17",
 *	 "on_behalf_of":"svc:ci","project":"acme","action":"vm.create","object":"vm acme/web-1","before":null,"after":"16 hex",
 *	 "upids":["UPID:..."],"changed":true,"failed":true,"msg":"..."}
 *
 * before, after: the first 16 hex of SHA-256 over what the task manages of the object, as the diff has it: JSON with sorted keys,
 * secrets masked; null = does not exist. A key that has nothing to say is left out.
 */
#pragma once

#include "modules/kind_parts.h"

/* "pxc.audit.202611"; where that is full, "pxc.audit.202611.2" (part 1), and so on. New string. */
#define AUDIT_PARTS 64u
char *audit_object(const char *stamp, unsigned part);

/* --- audit.c ----------------------------------------------------------------------------------------------- */

/* {actor, source, job_id, on_behalf_of}, null where there is none: of every record. New reference. */
json_t *audit_head(const struct pxc_env *env);

/* pxc_audit of a result. check: nothing was changed. New reference. */
json_t *audit_of_run(struct kind_run *run, bool check);
json_t *audit_of_nothing(const struct pxc_env *env); /* of a run that has ended before it began */

/* What changed of outcome n, and what became of it. New reference. */
json_t *audit_change(struct kind_run *run, size_t n);

/* --- audit_log.c ------------------------------------------------------------------------------------------- */

/* Reach the storage that the cloud wants records in, before the run writes anything. err: as rbd_reach(). */
must_check int audit_reach(struct kind_run *run, struct pxc_err *err);

/*
 * Put on record what these plans are about to change, as far as it is not yet; one append for all.
 * err: it cannot be written down, so it must not be done
 */
must_check int audit_begin(struct kind_run *run, const struct pxc_plans *plans,
			   struct pxc_err *err);

/* Put on record what became of it all. A record that cannot be written is a warning: it is done. */
void audit_end(struct kind_run *run);
