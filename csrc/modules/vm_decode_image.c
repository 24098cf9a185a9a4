/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a VM is made from: a template, an image, a volume. */
#include <string.h>

#include "base/str.h"
#include "modules/items.h"
#include "modules/vm_decode.h"

/* "sha256:ab12..." -> algorithm and digest. */
static int decode_checksum(struct pxc_env *env, const char *checksum, struct vm_spec *s,
			   struct pxc_err *err)
{
	static const char *const known[] = {
		"md5", "sha1", "sha224", "sha256", "sha384", "sha512"
	};
	const char *colon = checksum ? strchr(checksum, ':') : NULL;

	if (!checksum)
		return 0;
	if (colon)
		s->image_algorithm =
			arena_strndup(env->arena, checksum, (size_t)(colon - checksum));
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (str_eq(known[i], s->image_algorithm)) {
			s->image_checksum = colon + 1;
			return 0;
		}
	return pxc_fail(err, PXC_EINVAL,
			"%s: image: checksum must look like sha256:<hex>, not \"%s\"", s->label,
			checksum);
}

int vm_decode_image(struct pxc_env *env, const json_t *item, struct vm_spec *s, struct pxc_err *err)
{
	const json_t *image = json_object_get(item, "image"),
		     *t = json_object_get(item, "template");
	const char *file, *slash, *backend;

	s->template_vmid = item_int(t, "vmid") > 0 ? (unsigned)item_int(t, "vmid") : 0;
	s->template_name = item_text(t, "name");
	s->full_clone = item_true(t, "full");
	if (t && !s->template_vmid && !s->template_name)
		return pxc_fail(err, PXC_EINVAL, "%s: template needs a vmid or a name", s->label);
	s->image_volume = item_text(image, "volume");
	s->image_url = item_text(image, "url");
	s->image_name = item_text(image, "name");
	s->image_version = item_text(image, "version");
	s->image_storage = item_text(image, "storage");
	backend = item_text(image, "backend");
	s->image_backend = str_eq(backend, "rbd")   ? VM_IMAGE_RBD
			   : str_eq(backend, "pve") ? VM_IMAGE_PVE
						    : VM_IMAGE_ANY;
	if (image &&
	    (s->image_volume != NULL) + (s->image_url != NULL) + (s->image_name != NULL) != 1)
		return pxc_fail(err, PXC_EINVAL, "%s: image needs a name, a volume or a url",
				s->label);
	if (s->image_version && !s->image_name)
		return pxc_fail(err, PXC_EINVAL, "%s: image: version goes with a name", s->label);
	if (backend && !s->image_name)
		return pxc_fail(err, PXC_EINVAL, "%s: image: backend goes with a name", s->label);
	s->boot_volume = item_text(item, "boot_volume");
	if (s->boot_volume && s->disk_bytes)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: disk_size is not for a boot_volume, whose size pxc_volume says",
			s->label);
	if (s->rebuild && !s->image_name)
		return pxc_fail(err, PXC_EINVAL, "%s: rebuild needs an image by name", s->label);
	if (s->rebuild && s->image_backend == VM_IMAGE_PVE)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: rebuild replaces the root disk by a clone of an image in Ceph: leave it out, "
			"or use an image with backend: rbd",
			s->label);
	if (s->image_volume && !strchr(s->image_volume, ':'))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: image: volume must look like storage:import/file.qcow2, not \"%s\"",
			s->label, s->image_volume);
	if (!s->image_url)
		return 0;
	slash = strrchr(s->image_url, '/');
	file = item_text(image, "filename");
	if (!file && slash)
		file = arena_strndup(env->arena, slash + 1, strcspn(slash + 1, "?#"));
	s->image_file = file;
	if (!file ||
	    (!str_ends(file, ".qcow2") && !str_ends(file, ".raw") && !str_ends(file, ".vmdk")))
		return pxc_fail(err, PXC_EINVAL,
				"%s: image: \"%s\" must end in .qcow2, .raw or .vmdk: set filename",
				s->label, file ? file : "");
	return decode_checksum(env, item_text(image, "checksum"), s, err);
}
