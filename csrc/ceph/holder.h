/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * holder.h - who holds a lock, as stands in the lock itself: text for people that also tells another process of the
 * same host whether the holder still lives.
 *
 *	v1 owner=alice host=pve1 pid=4711 born=83122 boot=<id of the kernel's run> ns=<table of processes>
 *
 * born is when the process began, in the kernel's ticks: a number that is used again is another process. boot and ns
 * say whether its number means anything here: it does not on another host, nor in another container. Layer: ceph.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ceph/parts.h"

struct ceph_holder {
	char client[64], cookie[64]; /* what Ceph calls it */
	char about[512];
	uint64_t until_s; /* since 1970, by the OSD's clock; 0 = for ever */
};

/* Of this process; the caller frees. */
char *holder_text(const char *owner);

/* -ENOENT: nobody. */
int holder_read(struct ceph_pool *pool, const char *oid, const char *lock, struct ceph_holder *ret);

/* The process is surely gone: it ran on this host, by this kernel, in this container. */
bool holder_is_dead(const struct ceph_holder *holder);

/* "alice (host pve1, process 4711)" */
void holder_name(const struct ceph_holder *holder, struct pxc_buf *out);
