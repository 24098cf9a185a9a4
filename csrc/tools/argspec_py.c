/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "ansible/diff.h"
#include "base/mem.h"
#include "base/str.h"
#include "tools/argspec.h"

#define MIN_ANSIBLE ">=2.14.0"
#define COLLECTION "pxcloud.pve"

/* The words that Ansible's sanity tests look for. */
static const char licence[] =
	"# -*- coding: utf-8 -*-\n"
	"# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)\n"
	"# SPDX-License-Identifier: GPL-3.0-or-later\n";
static const char future[] = "from __future__ import (absolute_import, division, print_function)\n"
			     "__metaclass__ = type\n";

static int put_raw(struct pxc_buf *out, const char *indent, const char *name, const char *text,
		   struct pxc_err *err)
{
	if (strstr(text, "'''"))
		return pxc_fail(err, PXC_EINVAL, "%s: holds ''', which ends a Python text", name);
	buf_printf(out, "%s%s = r'''\n%s%s'''\n", indent, name, text,
		   str_ends(text, "\n") ? "" : "\n");
	return 0;
}

int emit_stub(const json_t *model, struct pxc_buf *out, struct pxc_err *err)
{
	auto_free char *doc = yaml_render_ordered(json_object_get(model, "doc"));
	auto_free char *ret = yaml_render_ordered(json_object_get(model, "return"));

	buf_printf(
		out,
		"#!/usr/bin/python\n%s"
		"# Generated. The module is a compiled program; this file is its documentation.\n"
		"%s\n",
		licence, future);
	if (put_raw(out, "", "DOCUMENTATION", doc, err) < 0)
		return -1;
	buf_addc(out, '\n');
	if (put_raw(out, "", "EXAMPLES", json_string_value(json_object_get(model, "examples")),
		    err) < 0)
		return -1;
	buf_addc(out, '\n');
	return put_raw(out, "", "RETURN", ret, err);
}

int emit_fragment(const char *path, struct pxc_buf *out, struct pxc_err *err)
{
	json_auto_t *file = NULL;
	auto_free char *doc = NULL;

	if (yaml_read(path, &file, err) < 0)
		return -1;
	if (!json_is_object(json_object_get(file, "DOCUMENTATION")))
		return pxc_fail(err, PXC_EINVAL, "%s: key DOCUMENTATION is missing", path);
	doc = yaml_render_ordered(json_object_get(file, "DOCUMENTATION"));
	buf_printf(out, "%s# Generated.\n%s\n\nclass ModuleDocFragment(object):\n", licence,
		   future);
	return put_raw(out, "    ", "DOCUMENTATION", doc, err);
}

void emit_action(const json_t *model, struct pxc_buf *out)
{
	buf_printf(
		out,
		"%s# Generated: every module of the collection is started in the same way.\n%s\n"
		"from ansible_collections.pxcloud.pve.plugins.plugin_utils.runner import RunnerBase\n\n\n"
		"class ActionModule(RunnerBase):\n    MODULE = '%s'\n",
		licence, future, json_string_value(json_object_get(model, "name")));
}

void emit_runtime(const json_t *models, struct pxc_buf *out)
{
	json_auto_t *names = json_array(), *runtime = NULL;
	auto_free char *text = NULL;
	size_t i;
	json_t *model;

	json_array_foreach (models, i, model)
		(void)json_array_append(names, json_object_get(model, "name"));
	runtime = json_pack("{s:s,s:{s:O}}", "requires_ansible", MIN_ANSIBLE, "action_groups",
			    "all", names);
	text = yaml_render_ordered(runtime);
	buf_printf(
		out,
		"---\n# SPDX-License-Identifier: GPL-3.0-or-later\n# Generated. module_defaults for all "
		"modules: group/" COLLECTION ".all\n%s",
		text);
}
