/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Ansible side: what the staged collection holds beside the binary. */
#include <stdint.h>
#include <string.h>

#include "ansible/diff.h"
#include "base/mem.h"
#include "base/str.h"
#include "tools/argspec.h"

#define HEADER                                                                                           \
	"# Copyright: the pxcloud.pve contributors\n"                                                    \
	"# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)\n" \
	"# SPDX-License-Identifier: GPL-3.0-or-later\n"

#define MADE "# Generated from the contract of the same name. Do not edit.\n"

/* Options as documentation may show them: without the generator's own keys. */
static void drop_own_keys(json_t *options)
{
	static const char *const own[] = { "x-no-log", "x-env", "x-unit" };
	const char *name;
	json_t *o;

	json_object_foreach(options, name, o)
	{
		for (size_t i = 0; i < ARRAY_SIZE(own); i++)
			(void)json_object_del(o, own[i]);
		if (json_object_get(o, "suboptions"))
			drop_own_keys(json_object_get(o, "suboptions"));
	}
}

static void add_yaml(struct pxc_buf *out, const char *name, const json_t *value)
{
	auto_free char *text =
		json_is_string(value) ? pxc_strdup(json_string_value(value)) : yaml_render(value);

	buf_printf(out, "\n%s = r'''\n%s%s'''\n", name, text, str_ends(text, "\n") ? "" : "\n");
}

void emit_py(const json_t *module, struct pxc_buf *out)
{
	json_auto_t *doc = json_deep_copy(json_object_get(module, "x-source"));
	const json_t *full = json_object_get(json_object_get(module, "DOCUMENTATION"), "options");
	const char *batch = json_string_value(json_object_get(
		json_object_get(json_object_get(module, "SPEC"), "batch"), "option"));

	/* The fragments stay references; only the objects of a batch get their options written out. */
	if (batch)
		(void)json_object_set_new(json_object_get(json_object_get(doc, "options"), batch),
					  "suboptions",
					  json_deep_copy(json_object_get(
						  json_object_get(full, batch), "suboptions")));
	drop_own_keys(json_object_get(doc, "options"));
	buf_adds(out, "#!/usr/bin/python\n" HEADER MADE
		      "# The module itself is a compiled program beside this file.\n"
		      "from __future__ import absolute_import, division, print_function\n\n"
		      "__metaclass__ = type\n");
	add_yaml(out, "DOCUMENTATION", doc);
	add_yaml(out, "EXAMPLES", json_object_get(module, "EXAMPLES"));
	add_yaml(out, "RETURN", json_object_get(module, "RETURN"));
}

void emit_fragment(const char *name, const json_t *doc, struct pxc_buf *out)
{
	auto_buf struct pxc_buf body = { .data = NULL };

	(void)name;
	add_yaml(&body, "DOCUMENTATION", json_object_get(doc, "DOCUMENTATION"));
	buf_adds(out,
		 HEADER MADE "from __future__ import absolute_import, division, print_function\n\n"
			     "__metaclass__ = type\n\n\nclass ModuleDocFragment(object):\n");
	/* The class body is indented, the YAML text within it is not. */
	buf_printf(out, "    %s", buf_str(&body) + 1);
}

void emit_action(const char *module, struct pxc_buf *out)
{
	buf_printf(
		out,
		HEADER MADE
		"from __future__ import absolute_import, division, print_function\n\n"
		"__metaclass__ = type\n\n"
		"from ansible_collections.pxcloud.pve.plugins.plugin_utils.runner import RunnerBase\n\n\n"
		"class ActionModule(RunnerBase):\n    MODULE = '%s'\n",
		module);
}

void emit_runtime(const json_t *modules, struct pxc_buf *out)
{
	size_t i;
	json_t *module;

	buf_adds(out, "---\n" HEADER MADE "requires_ansible: '>=2.14.0'\naction_groups:\n  all:\n");
	json_array_foreach(modules, i, module)
		buf_printf(out, "    - %s\n",
			   json_string_value(json_object_get(
				   json_object_get(module, "DOCUMENTATION"), "module")));
}
