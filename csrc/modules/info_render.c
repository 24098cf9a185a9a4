/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What pxc_info told, as a text, in the result or in a file. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ansible/result.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "modules/info.h"
#include "modules/items.h"

int info_decode_format(struct pxc_env *env, struct info_spec *s, struct pxc_err *err)
{
	const json_t *p = env->args->params;
	const char *format = item_text(p, "format");

	s->dest = item_text(p, "dest");
	while (s->format < RENDER_FORMATS - 1 && !str_eq(render_names[s->format], format))
		s->format++;
	if (s->dest && s->format == RENDER_NONE)
		return pxc_fail(err, PXC_EINVAL,
				"dest needs a format: table, json, openmetrics or html");
	if ((s->format == RENDER_OPENMETRICS || s->format == RENDER_HTML) &&
	    (s->fields || s->limit))
		return pxc_fail(
			err, PXC_EINVAL,
			"fields and limit leave out what format: %s is made of; ask for less "
			"with gather, project, names or stack",
			render_names[s->format]);
	return 0;
}

static void release_text(void *text)
{
	free(text);
}

/* Made once a run: what a second look finds is another moment. */
void info_render(struct pxc_env *env, struct info_spec *s, const struct info_world *iw,
		 const json_t *facts)
{
	json_auto_t *clean = result_masked(env->args, facts);
	auto_free char *title = pxc_printf("Cloud %s", iw->w->cluster_name);

	s->text = render(s->format, &(struct render){ .facts = clean,
						      .stamp = env->stamp,
						      .title = title,
						      .actor = env->actor });
	pxc_env_defer(env, release_text, s->text);
}

int info_look_file(struct info_spec *s, struct pxc_err *err)
{
	auto_free char *folder = file_folder(s->dest);
	int r = file_holds(s->dest, s->text, strlen(s->text));

	if (r < 0)
		return pxc_fail(err, PXC_EINVAL, "dest: %s: %s", s->dest,
				errno == EISDIR ? "is no plain file" : strerror(errno));
	s->saved = r > 0;
	/* Check mode says what would happen. */
	if (!s->saved && access(folder, W_OK | X_OK) < 0)
		return pxc_fail(err, PXC_EINVAL, "dest: %s cannot be written to: %s", folder,
				strerror(errno));
	return 0;
}

int info_save(void *context, const json_t *args, json_t **ret_data, struct pxc_err *err)
{
	const struct pxc_env *env = context;
	const struct info_spec *s = env->batch;

	(void)args, (void)ret_data;
	/* Readable by all, as node_exporter and web servers run as somebody else. */
	if (file_replace(s->dest, s->text, strlen(s->text), 0644) < 0)
		return pxc_fail(err, PXC_EREMOTE, "%s cannot be written: %s", s->dest,
				strerror(errno));
	return 0;
}

void info_plan_file(const struct info_spec *s, struct pxc_plans *ret)
{
	struct pxc_plan *plan;

	if (!s->dest || s->saved)
		return;
	plan = pxc_plans_add(ret, s->dest);
	pxc_plan_add(plan, INFO_SAVE, PXC_QUIET, json_pack("{s:s}", "_file", s->dest), "write %s",
		     s->dest);
}

void info_report_text(const struct info_spec *s, json_t *result)
{
	const char *key = s->dest ? "dest" : "text";

	(void)json_object_set_new(result, key, json_string(s->dest ? s->dest : s->text));
}
