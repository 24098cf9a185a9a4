/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/render.h"

#include "base/mem.h"
#include "cloud/render_parts.h"

const char *const render_names[RENDER_FORMATS] = {
	[RENDER_NONE] = "none", [RENDER_TABLE] = "table",
	[RENDER_JSON] = "json", [RENDER_OPENMETRICS] = "openmetrics",
	[RENDER_HTML] = "html",
};

static char *as_json(const json_t *facts)
{
	auto_free char *text = json_dumps(facts, JSON_INDENT(2) | JSON_SORT_KEYS);

	return pxc_printf("%s\n", text);
}

char *render(enum render_format format, const struct render *r)
{
	switch (format) {
	case RENDER_TABLE:
		return render_table(r);
	case RENDER_JSON:
		return as_json(r->facts);
	case RENDER_OPENMETRICS:
		return render_openmetrics(r);
	case RENDER_HTML:
		return render_html(r);
	case RENDER_NONE:
	case RENDER_FORMATS:
		break;
	}
	return NULL;
}
