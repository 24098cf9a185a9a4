/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

size_t sim_map_lower(const struct sim_map *map, const char *key)
{
	size_t low = 0, high = map->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(map->entries[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool found_at(const struct sim_map *map, size_t i, const char *key)
{
	return i < map->count && !strcmp(map->entries[i].key, key);
}

void *sim_map_get(const struct sim_map *map, const char *key)
{
	size_t i = sim_map_lower(map, key);

	return found_at(map, i, key) ? map->entries[i].value : NULL;
}

void *sim_map_put(struct sim_map *map, const char *key, void *value)
{
	size_t i = sim_map_lower(map, key);

	if (found_at(map, i, key)) {
		void *before = map->entries[i].value;

		map->entries[i].value = value;
		return before;
	}
	if (map->count == map->room) {
		map->room = map->room ? map->room * 2 : 16;
		map->entries = pxc_realloc(map->entries, map->room * sizeof(*map->entries));
	}
	memmove(map->entries + i + 1, map->entries + i, (map->count - i) * sizeof(*map->entries));
	map->entries[i].key = pxc_strdup(key);
	map->entries[i].value = value;
	map->count++;
	return NULL;
}

void *sim_map_remove(struct sim_map *map, const char *key)
{
	size_t i = sim_map_lower(map, key);
	void *value;

	if (!found_at(map, i, key))
		return NULL;
	value = map->entries[i].value;
	free(map->entries[i].key);
	map->count--;
	memmove(map->entries + i, map->entries + i + 1, (map->count - i) * sizeof(*map->entries));
	return value;
}

void sim_map_release(struct sim_map *map, void (*free_value)(void *value))
{
	for (size_t i = 0; i < map->count; i++) {
		free(map->entries[i].key);
		if (free_value)
			free_value(map->entries[i].value);
	}
	free(map->entries);
	*map = (struct sim_map){ 0 };
}
