/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * map.h - text keys to owned pointers, kept sorted: lookups by bisection, listings in stable order. Layer: sim.
 *
 * A zeroed struct is an empty map. Keys are copied; values belong to whoever put them in.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct sim_map {
	struct sim_map_entry {
		char *key;
		void *value;
	} * entries; /* sorted by key (byte order) */
	size_t count, room;
};

/* The value, or NULL. */
void *sim_map_get(const struct sim_map *map, const char *key);

/* Put value under key; returns the value that was there before, or NULL. */
void *sim_map_put(struct sim_map *map, const char *key, void *value);

/* Take the entry out; returns its value, or NULL. */
void *sim_map_remove(struct sim_map *map, const char *key);

/* Index of the first entry whose key is not below `key`: where all keys with that prefix begin. */
size_t sim_map_lower(const struct sim_map *map, const char *key);

/* Frees keys; `free_value` (may be NULL) is called on every value. */
void sim_map_release(struct sim_map *map, void (*free_value)(void *value));
