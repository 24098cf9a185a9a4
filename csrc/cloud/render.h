/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * render.h - the facts of pxc_info as text: for a terminal, for programs, for Prometheus, as a page.
 *
 * What is rendered is the object that the actor gets as JSON and nothing beside it, so no format can show more than that.
 * Layer: cloud (pure).
 */
#pragma once

#include "base/json.h"

enum render_format {
	RENDER_NONE,
	RENDER_TABLE,
	RENDER_JSON,
	RENDER_OPENMETRICS,
	RENDER_HTML,
	RENDER_FORMATS,
};

extern const char *const render_names[RENDER_FORMATS]; /* "none", "table", ... */

struct render {
	const json_t *facts; /* the lists of the result, by their keys; other keys are not shown */
	const char *stamp;   /* "20261122T013855Z": when it was so; only the page says it */
	const char *title;   /* of the page: the cluster's name */
	const char *actor;   /* whose view it is; NULL = not said */
};

/*
 * The text; new string, ends with a line feed. RENDER_NONE gives NULL. Whatever names and notes hold, it stays what the format is:
 * they cannot end a line, a cell, a label or an element. Control characters and those that turn the direction of writing are U+FFFD.
 *
 *   table        a heading and an aligned table for each list, sizes with units; columns that no row fills are left out
 *   json         one document, keys sorted
 *   openmetrics  OpenMetrics text, gauges only, which the older text format of Prometheus reads as well; no timestamps
 *   html         one page that needs nothing else, without scripts
 */
char *render(enum render_format format, const struct render *r);
