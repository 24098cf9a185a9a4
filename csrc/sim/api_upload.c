/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_upload.c - new files on a storage: by upload, and by download from a URL. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "sim/areas.h"
#include "sim/fetch.h"
#include "sim/multipart.h"
#include "sim/state.h"

#define POLL_MS 200

/* What a file of this kind may be called. */
static bool name_fits(const char *content, const char *filename)
{
	static const struct {
		const char *content, *ending;
	} endings[] = {
		{ "iso", ".iso" },       { "iso", ".img" },        { "vztmpl", ".tar.gz" },
		{ "vztmpl", ".tar.xz" }, { "vztmpl", ".tar.zst" }, { "import", ".qcow2" },
		{ "import", ".raw" },    { "import", ".vmdk" },    { "import", ".ova" },
	};
	size_t len = strlen(filename);

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		size_t n = strlen(endings[i].ending);

		if (!strcmp(endings[i].content, content) && len > n &&
		    !strcasecmp(filename + len - n, endings[i].ending))
			return true;
	}
	return false;
}

static const char *format_of(const char *content, const char *filename)
{
	const char *dot = strrchr(filename, '.');

	if (!strcmp(content, "iso"))
		return "iso";
	if (!strcmp(content, "vztmpl"))
		return str_ends(filename, ".gz")   ? "tgz"
		       : str_ends(filename, ".xz") ? "txz"
						   : "tzst";
	return dot ? dot + 1 : "raw";
}

static char *volid_of(const struct sim_storage *storage, const char *content, const char *filename)
{
	return pxc_printf("%s:%s/%s", storage->id, content, filename);
}

static const char *content_word(const char *content)
{
	static const char *const words[] = { "iso", "vztmpl", "import" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(words[i], content))
			return words[i];
	return words[0];
}

static struct sim_storage *reach(struct sim_call *call, const char *content)
{
	const char *id = sim_arg(call, "storage");
	struct sim_storage *storage = sim_storage_find(call->sim, id);

	if (!storage)
		sim_fail(call, 500, "storage '%s' does not exist", id);
	else if (!sim_storage_on(storage, call->node))
		sim_fail(call, 500, "storage '%s' is not available on node '%s'", id,
			 call->node->name);
	else if (!sim_storage_file_based(storage))
		sim_fail(call, 500, "can't upload to storage type '%s'", storage->type);
	else if (!sim_storage_holds(storage, content))
		sim_fail(call, 500, "storage '%s' does not support '%s' content", id, content);
	else
		return storage;
	return NULL;
}

static void add_file(struct sim_task *task, const char *content, const char *filename,
		     const struct sim_fetched *file)
{
	struct sim_storage *storage = sim_storage_find(
		task->sim, json_string_value(json_object_get(task->args, "storage")));
	auto_free char *volid = NULL;
	struct sim_volume *volume;

	if (!storage)
		return;
	volid = volid_of(storage, content, filename);
	volume = sim_volume_add(task->sim, volid, storage, task->node);
	volume->content = content_word(content);
	volume->size_bytes = strcmp(content, "import") ? file->size_bytes : file->virtual_bytes;
	snprintf(volume->format, sizeof(volume->format), "%s", format_of(content, filename));
	if (file->digest[0])
		volume->checksum = pxc_printf(
			"%s:%s",
			json_string_value(json_object_get(task->args, "checksum-algorithm")),
			file->digest);
}

static const char *arg(const struct sim_task *task, const char *name)
{
	return json_string_value(json_object_get(task->args, name));
}

/* An import image must be what its name says. */
static int check_image(struct sim_task *task, const char *path, const struct sim_fetched *file)
{
	if (strcmp(arg(task, "content"), "import") || !str_ends(arg(task, "filename"), ".qcow2") ||
	    file->is_qcow2)
		return 0;
	sim_task_log(
		task,
		"command '/usr/bin/qemu-img info '--output=json' %s -f qcow2' failed: exit code 1",
		path);
	return sim_task_fail(task, "qemu-img: Could not open '%s': Image is not in qcow2 format",
			     path);
}

static int check_sum(struct sim_task *task, const char *got)
{
	const char *wanted = arg(task, "checksum");

	if (!wanted || !strcasecmp(wanted, got))
		return 0;
	return sim_task_fail(task, "checksum mismatch: got '%s' != expect '%s', aborting", got,
			     wanted);
}

static int64_t work_upload(struct sim_task *task)
{
	struct sim_fetched *file = task->data;
	const char *path = arg(task, "path");

	if (task->stage == 0) {
		sim_task_log(task, "starting file import from: %s", path);
		return 300;
	}
	if (check_sum(task, file->digest) < 0 || check_image(task, path, file) < 0)
		return -1;
	sim_task_log(task, "finished file import successfully");
	add_file(task, arg(task, "content"), arg(task, "filename"), file);
	return 0;
}

static const struct sim_task_kind upload_kind = { "imgcopy", work_upload, NULL };

static void digest_part(const struct sim_part *part, const char *algorithm, char hex[129])
{
	const EVP_MD *kind = algorithm ? EVP_get_digestbyname(algorithm) : NULL;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (kind && EVP_Digest(part->data, part->len, digest, &len, kind, NULL))
		for (unsigned int i = 0; i < len; i++)
			snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

/* Fields before the file become parameters, as if they had been sent in a form. */
static bool read_parts(struct sim_call *call, struct sim_part *file)
{
	struct sim_part part;
	size_t at = 0;
	bool found = false;

	while (call->content_type &&
	       sim_multipart_next(call->content_type, call->body, call->body_len, &at, &part)) {
		if (part.filename[0] && !strcmp(part.name, "filename")) {
			*file = part;
			found = true;
		} else if (!found && !sim_has(call, part.name)) {
			json_object_set_new(call->params, part.name,
					    json_stringn(part.data, part.len));
		}
	}
	return found;
}

static json_t *task_args(struct sim_call *call, const char *filename)
{
	static const char *const names[] = { "storage", "content", "checksum", "checksum-algorithm",
					     "url" };
	json_t *args = json_pack("{s:s}", "filename", filename);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (sim_arg(call, names[i]))
			json_object_set_new(args, names[i], json_string(sim_arg(call, names[i])));
	json_object_set_new(args, "verify",
			    json_integer(sim_arg_int(call, "verify-certificates", 1)));
	return args;
}

static int post_upload(struct sim_call *call)
{
	struct sim_part part = { 0 };
	struct sim_fetched *file;
	const char *content;
	char random[33];
	json_t *args;

	if (!read_parts(call, &part))
		return sim_param_error(call, "filename",
				       "property is missing and it is not optional");
	content = sim_arg(call, "content");
	if (!content)
		return sim_param_error(call, "content",
				       "property is missing and it is not optional");
	if (strcmp(content_word(content), content))
		return sim_param_error(
			call, "content",
			"value '%s' does not have a value in the enumeration 'iso, vztmpl, import'",
			content);
	if (!reach(call, content))
		return -1;
	if (!name_fits(content, part.filename))
		return sim_param_error(call, "filename", "wrong file extension");
	snprintf(random, sizeof(random), "%016llx%016llx",
		 (unsigned long long)sim_random(call->sim),
		 (unsigned long long)sim_random(call->sim));
	args = task_args(call, part.filename);
	json_object_set_new(args, "path", json_sprintf("/var/tmp/pveupload-%s", random));
	file = pxc_calloc(1, sizeof(*file));
	file->size_bytes = part.len;
	sim_image_look((const unsigned char *)part.data, part.len, file);
	digest_part(&part, sim_arg(call, "checksum-algorithm"), file->digest);
	return sim_task_start_with(call, &upload_kind, "", args, file, free);
}

static int64_t end_download(struct sim_task *task)
{
	const struct sim_fetched *file = sim_fetch_result(task->data);

	if (file->error[0])
		return sim_task_fail(task, "download failed: %s", file->error);
	sim_task_log(task, "download of '%s' to '%s' finished", arg(task, "url"),
		     arg(task, "path"));
	if (check_sum(task, file->digest) < 0 || check_image(task, arg(task, "path"), file) < 0)
		return -1;
	add_file(task, arg(task, "content"), arg(task, "filename"), file);
	return 0;
}

/* The file is there already: fine when it is known to have the right checksum. */
static int64_t meet_existing(struct sim_task *task, const struct sim_volume *volume)
{
	const char *wanted = arg(task, "checksum");
	auto_free char *text =
		wanted ? pxc_printf("%s:%s", arg(task, "checksum-algorithm"), wanted) : NULL;

	if (!wanted)
		return sim_task_fail(task, "refusing to override existing file '%s'",
				     arg(task, "path"));
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
	auto_free char *volid = pxc_printf("%s:%s/%s", arg(task, "storage"), arg(task, "content"),
					   arg(task, "filename"));
	const struct sim_volume *volume = sim_volume_find(task->sim, volid, task->node);

	if (task->stage == 0) {
		sim_task_log(task, "downloading %s to %s", arg(task, "url"), arg(task, "path"));
		if (volume)
			return meet_existing(task, volume);
		task->data =
			sim_fetch_start(arg(task, "url"), arg(task, "checksum-algorithm"),
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

static int post_download(struct sim_call *call)
{
	const char *content = sim_arg(call, "content"), *filename = sim_arg(call, "filename");
	struct sim_storage *storage;
	const char *root;
	json_t *args;

	if (!sim_may(call, "/", "Sys.Audit,Sys.Modify") &&
	    sim_need(call, "Sys.AccessNetwork", "/nodes/%s", call->node->name) < 0)
		return -1;
	storage = reach(call, content);
	if (!storage)
		return -1;
	if (!name_fits(content, filename) || strchr(filename, '/'))
		return sim_param_error(call, "filename", "wrong file extension");
	args = task_args(call, filename);
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
	struct sim_fetch *fetch = sim_fetch_start(sim_arg(call, "url"), NULL,
						  sim_arg_int(call, "verify-certificates", 1));
	const struct sim_fetched *file = sim_fetch_result(fetch);
	const char *name = strrchr(sim_arg(call, "url"), '/');

	if (file->error[0])
		sim_fail(call, 500, "invalid server response: '%s'", file->error);
	else
		call->data = json_pack("{s:s, s:I, s:s}", "filename", name ? name + 1 : "", "size",
				       (json_int_t)file->size_bytes, "mimetype",
				       "application/octet-stream");
	sim_fetch_free(fetch);
	return call->status ? -1 : 0;
}

#define SUMS "md5, sha1, sha224, sha256, sha384, sha512"
#define FILE_FIELDS                                                                                \
	{ .name = "checksum", .needs = "checksum-algorithm" },                                     \
	{                                                                                          \
		.name = "checksum-algorithm", .choices = SUMS, .needs = "checksum"                 \
	}

static const struct sim_param upload_post[] = {
	{ .name = "content", .choices = "iso, vztmpl, import" },
	{ .name = "filename", .max = 255 },
	{ .name = "tmpfilename" },
	FILE_FIELDS,
	{ 0 },
};
static const struct sim_param download_post[] = {
	{ .name = "content", .flags = SIM_REQUIRED, .choices = "iso, vztmpl, import" },
	{ .name = "filename", .flags = SIM_REQUIRED, .max = 255 },
	{ .name = "url", .flags = SIM_REQUIRED, .pattern = "^https?://" },
	{ .name = "compression" },
	{ .name = "verify-certificates", .type = SIM_BOOL },
	FILE_FIELDS,
	{ 0 },
};
static const struct sim_param metadata_get[] = {
	{ .name = "url", .flags = SIM_REQUIRED, .pattern = "^https?://" },
	{ .name = "verify-certificates", .type = SIM_BOOL },
	{ 0 },
};

const struct sim_route sim_upload_routes[] = {
	{ "POST", "/nodes/{node}/storage/{storage}/upload", post_upload, upload_post, NULL,
	  "/storage/{storage} Datastore.AllocateTemplate", SIM_UPLOAD },
	{ "POST", "/nodes/{node}/storage/{storage}/download-url", post_download, download_post,
	  NULL, "/storage/{storage} Datastore.AllocateTemplate", 0 },
	{ "GET", "/nodes/{node}/query-url-metadata", get_metadata, metadata_get, NULL,
	  "/nodes/{node} Sys.Audit|Sys.AccessNetwork", 0 },
	{ 0 },
};
