/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of key pairs become keys for cloud-init. */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/keypair.h"
#include "cloud/vm.h"
#include "cloud/vm_parts.h"

bool vm_wants_keypairs(const struct vm_batch *batch)
{
	for (size_t i = 0; i < batch->nspecs; i++)
		if (!batch->specs[i].absent && batch->specs[i].keypairs &&
		    batch->specs[i].keypairs[0])
			return true;
	return false;
}

static int unknown(const struct vm_spec *s, const char *name, const struct world *w,
		   const struct keypair *pairs, size_t n, struct pxc_err *err)
{
	auto_buf struct pxc_buf names = { .data = NULL };

	if (!w->ngroups)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: there is no key pair %s in project %s, or the API user may not "
			"see it: that needs the privilege Sys.Audit on /access/groups",
			s->label, name, s->project);
	for (size_t i = 0; i < n && i < 12; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", pairs[i].name);
	if (n > 12)
		buf_printf(&names, " and %zu more", n - 12);
	return pxc_fail(err, PXC_EINVAL, "%s: there is no key pair %s in project %s (there %s%s)",
			s->label, name, s->project, n ? "are " : "is none", buf_str(&names));
}

/* Each key once: a task may give one itself, too. */
static void add_key(struct pxc_buf *lines, const struct sshkey *key)
{
	if (!strstr(buf_str(lines), key->blob))
		buf_printf(lines, "%s%s", lines->len ? "\n" : "", key->line);
}

static int add_keys(struct vm_spec *s, const struct world *w, struct pxc_arena *arena,
		    struct pxc_buf *lines, struct pxc_err *err)
{
	struct keypair *pairs = NULL;
	size_t n = keypairs_of(w, s->project, arena, &pairs);

	for (size_t i = 0; s->keypairs[i]; i++) {
		size_t k = 0;

		while (k < n && !str_eq(pairs[k].name, s->keypairs[i]))
			k++;
		if (k == n || pairs[k].foreign)
			return unknown(s, s->keypairs[i], w, pairs, n, err);
		if (pairs[k].problem)
			return pxc_fail(err, PXC_EINVAL, "%s: key pair %s/%s cannot be used: %s",
					s->label, s->project, pairs[k].name, pairs[k].problem);
		add_key(lines, &pairs[k].key);
	}
	return 0;
}

int vm_keypairs(struct vm_batch *batch, const struct world *w, struct pxc_arena *arena,
		struct pxc_err *err)
{
	for (size_t i = 0; i < batch->nspecs; i++) {
		struct vm_spec *s = &batch->specs[i];
		auto_buf struct pxc_buf lines = { .data = NULL };
		auto_free char *encoded = NULL;

		if (s->absent || !s->keypairs)
			continue;
		buf_adds(&lines, s->ssh_keys ? s->ssh_keys : "");
		if (add_keys(s, w, arena, &lines, err) < 0)
			return -1;
		encoded = vm_url_encode(buf_str(&lines));
		(void)json_object_set_new(s->config, "sshkeys",
					  *encoded ? json_string(encoded) : json_null());
	}
	return 0;
}
