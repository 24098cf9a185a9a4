/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_upload.c - new files on a storage: by upload. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "sim/areas.h"
#include "sim/multipart.h"
#include "sim/newfile.h"

static int64_t work_upload(struct sim_task *task)
{
	struct sim_fetched *file = task->data;
	const char *path = newfile_arg(task, "path");

	if (task->stage == 0) {
		sim_task_log(task, "starting file import from: %s", path);
		return 300;
	}
	if (newfile_check_sum(task, file->digest) < 0 || newfile_check_image(task, path, file) < 0)
		return -1;
	sim_task_log(task, "finished file import successfully");
	newfile_add(task, newfile_arg(task, "content"), newfile_arg(task, "filename"), file);
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
	if (strcmp(newfile_content(content), content))
		return sim_param_error(
			call, "content",
			"value '%s' does not have a value in the enumeration 'iso, vztmpl, import'",
			content);
	if (!newfile_storage(call, content))
		return -1;
	if (!newfile_name_fits(content, part.filename))
		return sim_param_error(call, "filename", "wrong file extension");
	snprintf(random, sizeof(random), "%016llx%016llx",
		 (unsigned long long)sim_random(call->sim),
		 (unsigned long long)sim_random(call->sim));
	args = newfile_args(call, part.filename);
	json_object_set_new(args, "path", json_sprintf("/var/tmp/pveupload-%s", random));
	file = pxc_calloc(1, sizeof(*file));
	file->size_bytes = part.len;
	sim_image_look((const unsigned char *)part.data, part.len, file);
	digest_part(&part, sim_arg(call, "checksum-algorithm"), file->digest);
	return sim_task_start_with(call, &upload_kind, "", args, file, free);
}

static const struct sim_param upload_post[] = {
	{ .name = "content", .choices = "iso, vztmpl, import" },
	{ .name = "filename", .max = 255 },
	{ .name = "tmpfilename" },
	NEWFILE_PARAMS,
	{ 0 },
};
const struct sim_route sim_upload_routes[] = {
	{ "POST", "/nodes/{node}/storage/{storage}/upload", post_upload, upload_post, NULL,
	  "/storage/{storage} Datastore.AllocateTemplate", SIM_UPLOAD },
	{ 0 },
};
