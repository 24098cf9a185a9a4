/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/propstr.h"
#include "base/str.h"
#include "base/units.h"
#include "cloud/vm_parts.h"

/* Options that are property strings with a default key; PVE prints that one without its name. */
static const struct {
	const char *option, *key;
} defaults[] = {
	{ "memory", "current" }, { "agent", "enabled" }, { "cpu", "cputype" },
	{ "vga", "type" },       { "machine", "type" },  { "boot", "legacy" },
	{ "startup", "order" },  { "rng0", "source" },   { "watchdog", "model" },
};

static const char *const buses[] = { "scsi",    "virtio",   "sata",  "ide",
				     "efidisk", "tpmstate", "unused" };

/* "net3" is of family "net": prefix and nothing but digits. */
static bool family(const char *key, const char *prefix)
{
	size_t n = strlen(prefix);

	return str_starts(key, prefix) && isdigit((unsigned char)key[n]) &&
	       strspn(key + n, "0123456789") == strlen(key + n);
}

const char *vm_text(const json_t *config, const char *key)
{
	return json_string_value(json_object_get(config, key));
}

bool vm_is_drive(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(buses); i++)
		if (family(key, buses[i]))
			return true;
	return false;
}

static const char *default_key(const char *option)
{
	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
		if (str_eq(defaults[i].option, option))
			return defaults[i].key;
	return vm_is_drive(option) ? "file" : NULL;
}

static json_t *parts(const char *key, const char *text)
{
	return family(key, "net") ? prop_parse_net(text) : prop_parse(text, default_key(key));
}

bool vm_same(const char *key, const char *a, const char *b)
{
	json_auto_t *x = NULL, *y = NULL;

	if (str_eq(a, b))
		return true;
	if (!a || !b)
		return false;
	if (str_eq(key, "sshkeys")) {
		auto_free char *p = vm_url_decode(a), *q = vm_url_decode(b);

		return str_eq(p, q);
	}
	if (str_eq(key, "description") || str_eq(key, "name"))
		return false;
	x = parts(key, a);
	y = parts(key, b);
	if (x && y && (default_key(key) || strchr(a, '=') || strchr(b, '=')))
		return prop_same(x, y);
	return prop_same_value("", a, b);
}

uint64_t vm_drive_size(const char *drive)
{
	json_auto_t *p = drive ? prop_parse(drive, "file") : NULL;
	const char *size = json_string_value(json_object_get(p, "size"));
	uint64_t bytes = 0;

	return size && size_parse(size, 1, &bytes) ? bytes : 0;
}

char *vm_url_encode(const char *text)
{
	struct pxc_buf out = { .data = NULL };

	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if (isalnum(*p) || strchr("-_.~", *p))
			buf_addc(&out, (char)*p);
		else
			buf_printf(&out, "%%%02X", *p);
	return buf_take(&out);
}

static int hex(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : (tolower((unsigned char)c) - 'a') + 10;
}

char *vm_url_decode(const char *text)
{
	struct pxc_buf out = { .data = NULL };

	for (const char *p = text; *p; p++)
		if (*p == '%' && isxdigit((unsigned char)p[1]) && isxdigit((unsigned char)p[2])) {
			buf_addc(&out, (char)(hex(p[1]) * 16 + hex(p[2])));
			p += 2;
		} else {
			buf_addc(&out, *p);
		}
	while (out.len && isspace((unsigned char)out.data[out.len - 1]))
		out.data[--out.len] = '\0';
	return buf_take(&out);
}

bool vm_hotplugs(const char *key, const char *hotplug)
{
	/* What PVE calls fast-plug options: they concern the manager, not the running process. */
	static const char *const at_once[] = {
		"description",   "tags",       "name",         "protection",
		"onboot",        "startup",    "hookscript",   "migrate_downtime",
		"migrate_speed", "shares",     "bwlimit",      "ciuser",
		"cipassword",    "citype",     "ciupgrade",    "cicustom",
		"sshkeys",       "nameserver", "searchdomain", "cpuunits",
		"cpulimit",      "affinity",
	};
	const char *enabled = hotplug ? hotplug : "network,disk,usb";
	bool all = str_eq(enabled, "1");

	for (size_t i = 0; i < ARRAY_SIZE(at_once); i++)
		if (str_eq(key, at_once[i]))
			return true;
	if (family(key, "ipconfig") || family(key, "unused"))
		return true;
	if (family(key, "net"))
		return all || strstr(enabled, "network");
	if (family(key, "scsi") || family(key, "virtio"))
		return all || strstr(enabled, "disk");
	if (str_eq(key, "memory"))
		return strstr(enabled, "memory") != NULL;
	return str_eq(key, "vcpus") && strstr(enabled, "cpu");
}

const char *vm_smbios_uuid(const json_t *config, char out[37])
{
	const char *text = vm_text(config, "smbios1");
	json_auto_t *p = text ? prop_parse(text, NULL) : NULL;
	const char *uuid = json_string_value(json_object_get(p, "uuid"));

	(void)snprintf(out, 37, "%s", uuid ? uuid : "");
	return out;
}

bool vm_has_agent(const json_t *config)
{
	const char *text = vm_text(config, "agent");
	json_auto_t *parts = text ? prop_parse(text, "enabled") : NULL;
	const char *enabled = json_string_value(json_object_get(parts, "enabled"));

	return enabled && prop_bool(enabled);
}
