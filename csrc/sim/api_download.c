/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_download.c - new files on a storage: downloaded from a URL, really. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "sim/areas.h"
#include "sim/newfile.h"

#define POLL_MS 200

static int64_t end_download(struct sim_task *task)
{
	const struct sim_fetched *file = sim_fetch_result(task->data);

	if (file->error[0])
		return sim_task_fail(task, "download failed: %s", file->error);
	sim_task_log(task, "download of '%s' to '%s' finished", newfile_arg(task, "url"),
		     newfile_arg(task, "path"));
	if (newfile_check_sum(task, file->digest) < 0 ||
	    newfile_check_image(task, newfile_arg(task, "path"), file) < 0)
		return -1;
	newfile_add(task, newfile_arg(task, "content"), newfile_arg(task, "filename"), file);
	return 0;
}

/* The file is there already: fine when it is known to have the right checksum. */
static int64_t meet_existing(struct sim_task *task, const struct sim_volume *volume)
{
	const char *wanted = newfile_arg(task, "checksum");
	auto_free char *text =
		wanted ? pxc_printf("%s:%s", newfile_arg(task, "checksum-algorithm"), wanted)
		       : NULL;

	if (!wanted)
		return sim_task_fail(task, "refusing to override existing file '%s'",
				     newfile_arg(task, "path"));
	sim_task_log(task, "calculating checksum of existing file...");
	if (volume->checksum && !strcasecmp(volume->checksum, text)) {
		sim_task_log(task, "OK, got correct file already, no need to download");
		return 0;
	}
	return sim_task_fail(task, "checksum mismatch: got '%s' != expect '%s', aborting",
			     volume->checksum ? strchr(volume->checksum, ':') + 1 : "?", wanted);
}

static int64_t work_download(struct sim_task *task)
{
	auto_free char *volid =
		pxc_printf("%s:%s/%s", newfile_arg(task, "storage"), newfile_arg(task, "content"),
			   newfile_arg(task, "filename"));
	const struct sim_volume *volume = sim_volume_find(task->sim, volid, task->node);

	if (task->stage == 0) {
		sim_task_log(task, "downloading %s to %s", newfile_arg(task, "url"),
			     newfile_arg(task, "path"));
		if (volume)
			return meet_existing(task, volume);
		task->data = sim_fetch_start(
			newfile_arg(task, "url"), newfile_arg(task, "checksum-algorithm"),
			json_integer_value(json_object_get(task->args, "verify")));
		task->free_data = sim_fetch_free;
		return POLL_MS;
	}
	if (task->sim->options.speed > 0 && !sim_fetch_done(task->data)) {
		task->repeat = true;
		return POLL_MS;
	}
	return end_download(task);
}

static const struct sim_task_kind download_kind = { "download", work_download, NULL };

/* Whoever has the node fetch something sees its network: one of two is enough, so that PVE names neither. */
static bool may_fetch(const struct sim_call *call)
{
	auto_free char *path = pxc_printf("/nodes/%s", call->node->name);

	return sim_may(call, "/", "Sys.Audit,Sys.Modify") ||
	       sim_may(call, path, "Sys.AccessNetwork");
}

static int post_download(struct sim_call *call)
{
	const char *content = sim_arg(call, "content"), *filename = sim_arg(call, "filename");
	struct sim_storage *storage;
	const char *root;
	json_t *args;

	if (!may_fetch(call))
		return sim_deny(call, "%s", "");
	storage = newfile_storage(call, content);
	if (!storage)
		return -1;
	if (!newfile_name_fits(content, filename) || strchr(filename, '/'))
		return sim_param_error(call, "filename", "wrong file extension");
	args = newfile_args(call, filename);
	root = json_string_value(json_object_get(storage->config, "path"));
	json_object_set_new(args, "path",
			    json_sprintf("%s/%s/%s", root ? root : "",
					 !strcmp(content, "iso")      ? "template/iso"
					 : !strcmp(content, "vztmpl") ? "template/cache"
								      : "import",
					 filename));
	return sim_task_start(call, &download_kind, filename, 0, args);
}

static int get_metadata(struct sim_call *call)
{
	const char *name = strrchr(sim_arg(call, "url"), '/');
	const struct sim_fetched *file;
	struct sim_fetch *fetch;

	if (!may_fetch(call))
		return sim_deny(call, "%s", "");
	fetch = sim_fetch_start(sim_arg(call, "url"), NULL,
				sim_arg_int(call, "verify-certificates", 1));
	file = sim_fetch_result(fetch);
	if (file->error[0])
		sim_fail(call, 500, "invalid server response: '%s'", file->error);
	else
		call->data = json_pack("{s:s, s:I, s:s}", "filename", name ? name + 1 : "", "size",
				       (json_int_t)file->size_bytes, "mimetype",
				       "application/octet-stream");
	sim_fetch_free(fetch);
	return call->status ? -1 : 0;
}

static const struct sim_param download_post[] = {
	{ .name = "content", .flags = SIM_REQUIRED, .choices = "iso, vztmpl, import" },
	{ .name = "filename", .flags = SIM_REQUIRED, .max = 255 },
	{ .name = "url", .flags = SIM_REQUIRED, .pattern = "^https?://" },
	{ .name = "compression" },
	{ .name = "verify-certificates", .type = SIM_BOOL },
	NEWFILE_PARAMS,
	{ 0 },
};
static const struct sim_param metadata_get[] = {
	{ .name = "url", .flags = SIM_REQUIRED, .pattern = "^https?://" },
	{ .name = "verify-certificates", .type = SIM_BOOL },
	{ 0 },
};

const struct sim_route sim_download_routes[] = {
	{ "POST", "/nodes/{node}/storage/{storage}/download-url", post_download, download_post,
	  NULL, "/storage/{storage} Datastore.AllocateTemplate", 0 },
	{ "GET", "/nodes/{node}/query-url-metadata", get_metadata, metadata_get, NULL, "user", 0 },
	{ 0 },
};
