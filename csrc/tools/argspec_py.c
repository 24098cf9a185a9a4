/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "ansible/diff.h"
#include "base/mem.h"
#include "base/str.h"
#include "tools/argspec.h"
#include "tools/licence.h"

#define MIN_ANSIBLE ">=2.14.0"
#define COLLECTION "pxcloud.pve"

/* The words that Ansible's sanity tests look for. */
static const char licence[] =
	"# -*- coding: utf-8 -*-\n"
	"# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)\n"
	"# " LICENCE_LINE "\n";
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

/* {name: X} of each environment variable, as plugins say it. */
static json_t *plugin_env(const json_t *names)
{
	json_t *list = json_array(), *name;
	size_t i;

	json_array_foreach (names, i, name)
		(void)json_array_append_new(list, json_pack("{s:O}", "name", name));
	return list;
}

/* The options of a fragment that inventory plugins have too: in them Ansible itself reads the environment. New reference. */
static json_t *inventory_options(const json_t *file, const json_t *names, struct pxc_err *err)
{
	const json_t *all = json_object_get(json_object_get(file, "DOCUMENTATION"), "options");
	const json_t *env = json_object_get(json_object_get(file, "SPEC"), "env");
	json_t *options = json_object(), *name;
	size_t i;

	json_array_foreach (names, i, name) {
		const char *key = json_string_value(name);
		json_t *option = key ? json_deep_copy(json_object_get(all, key)) : NULL;

		if (!option) {
			(void)pxc_fail(err, PXC_EINVAL, "SPEC.inventory: there is no option %s",
				       key ? key : "of no text");
			json_decref(options);
			return NULL;
		}
		if (json_object_get(env, key))
			(void)json_object_set_new(option, "env",
						  plugin_env(json_object_get(env, key)));
		(void)json_object_set_new(options, key, option);
	}
	return options;
}

/* A second part of the class: extends_documentation_fragment: pxcloud.pve.NAME.inventory */
static int emit_inventory(const json_t *file, struct pxc_buf *out, struct pxc_err *err)
{
	const json_t *names = json_object_get(json_object_get(file, "SPEC"), "inventory");
	json_auto_t *doc = NULL;
	auto_free char *text = NULL;
	json_t *options;

	if (!names)
		return 0;
	options = inventory_options(file, names, err);
	if (!options)
		return -1;
	doc = json_pack("{s:o}", "options", options);
	text = yaml_render_ordered(doc);
	buf_addc(out, '\n');
	return put_raw(out, "    ", "INVENTORY", text, err);
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
	if (put_raw(out, "    ", "DOCUMENTATION", doc, err) < 0)
		return -1;
	return emit_inventory(file, out, err) < 0 ? pxc_context(err, "%s", path) : 0;
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

/* Not by libyaml, which does not indent lists, as the linters of Ansible's world want it. */
void emit_runtime(const json_t *models, struct pxc_buf *out)
{
	size_t i;
	json_t *model;

	buf_adds(out, "---\n# " LICENCE_LINE "\n# Generated. module_defaults for all "
		      "modules: group/" COLLECTION ".all\n"
		      "requires_ansible: '" MIN_ANSIBLE "'\naction_groups:\n  all:\n");
	json_array_foreach (models, i, model)
		buf_printf(out, "    - %s\n", json_string_value(json_object_get(model, "name")));
}
