/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch.h - a download in a thread of its own (libcurl); what arrives is measured and hashed, not kept. Layer: sim. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct sim_fetch;

struct sim_fetched {
	char error[256]; /* "" = it went well; wget's words otherwise */
	uint64_t size_bytes;
	uint64_t virtual_bytes; /* of a qcow2 image; else size_bytes */
	bool is_qcow2;
	char digest[129]; /* lower-case hex, "" when no algorithm was asked for */
};

/* algorithm: "sha256", ... or NULL. */
struct sim_fetch *sim_fetch_start(const char *url, const char *algorithm, bool verify);
bool sim_fetch_done(struct sim_fetch *fetch);
/* Waits for the end. The result is borrowed. */
const struct sim_fetched *sim_fetch_result(struct sim_fetch *fetch);
/* Waits for the end. */
void sim_fetch_free(void *fetch);

/* Look at the first bytes of a file of size bytes: is it qcow2, and how big is its disk? */
void sim_image_look(const unsigned char *head, uint64_t head_len, struct sim_fetched *ret);
