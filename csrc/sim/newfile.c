/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/newfile.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What a file of this kind may be called. */
bool newfile_name_fits(const char *content, const char *filename)
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

const char *newfile_content(const char *content)
{
	static const char *const words[] = { "iso", "vztmpl", "import" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(words[i], content))
			return words[i];
	return words[0];
}

struct sim_storage *newfile_storage(struct sim_call *call, const char *content)
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

void newfile_add(struct sim_task *task, const char *content, const char *filename,
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
	volume->content = newfile_content(content);
	volume->size_bytes = strcmp(content, "import") ? file->size_bytes : file->virtual_bytes;
	snprintf(volume->format, sizeof(volume->format), "%s", format_of(content, filename));
	if (file->digest[0])
		volume->checksum = pxc_printf(
			"%s:%s",
			json_string_value(json_object_get(task->args, "checksum-algorithm")),
			file->digest);
}

const char *newfile_arg(const struct sim_task *task, const char *name)
{
	return json_string_value(json_object_get(task->args, name));
}

/* An import image must be what its name says. */
int newfile_check_image(struct sim_task *task, const char *path, const struct sim_fetched *file)
{
	if (strcmp(newfile_arg(task, "content"), "import") ||
	    !str_ends(newfile_arg(task, "filename"), ".qcow2") || file->is_qcow2)
		return 0;
	sim_task_log(
		task,
		"command '/usr/bin/qemu-img info '--output=json' %s -f qcow2' failed: exit code 1",
		path);
	return sim_task_fail(task, "qemu-img: Could not open '%s': Image is not in qcow2 format",
			     path);
}

int newfile_check_sum(struct sim_task *task, const char *got)
{
	const char *wanted = newfile_arg(task, "checksum");

	if (!wanted || !strcasecmp(wanted, got))
		return 0;
	return sim_task_fail(task, "checksum mismatch: got '%s' != expect '%s', aborting", got,
			     wanted);
}

json_t *newfile_args(struct sim_call *call, const char *filename)
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
