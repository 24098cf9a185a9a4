/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/task.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "modules/connect.h"

/* Values that differ from run to run. */
static const char *const volatile_keys[] = { "description=", "smbios1=", "digest=",
					     "comment=",     "alias=",   "lock-token=" };

#define BRIDGES "\"bridges\":{\"vmbr0\":{},\"vmbr1\":{\"ports\":\"eno2\"}}"

void lab_create(struct lab *lab, uint64_t seed)
{
	struct sim_options options = {
		.nodes = 3,
		.seed = seed,
		.speed = 1,
		.world =
			"{\"nodes\":{\"pve1\":{" BRIDGES "},\"pve2\":{" BRIDGES
			"},\"pve3\":{" BRIDGES
			"}},\"volumes\":{\"shared:import/img.qcow2\":{\"size\":2147483648}},"
			"\"guests\":[{\"vmid\":9000,\"node\":\"pve1\",\"config\":{"
			"\"name\":\"tpl\",\"memory\":\"512\",\"cores\":1,\"scsi0\":\"shared:3,format=qcow2\","
			"\"net0\":\"virtio,bridge=vmbr0\",\"agent\":\"1\"}}]}"
	};

	lab_create_as(lab, &options);
}

void lab_create_as(struct lab *lab, const struct sim_options *options)
{
	struct pxc_err err = { .kind = PXC_OK };

	*lab = (struct lab){ .result = NULL };
	if (sim_create(options, &lab->sim, &err) < 0)
		fail_msg("%s", err.msg);
	sim_token(lab->sim, "test", lab->secret);
	sim_advance(lab->sim, 20000);
}

void lab_release(struct lab *lab)
{
	json_decref(lab->result);
	buf_release(&lab->log);
	sim_free(lab->sim);
}

static const struct pxc_kind *kind_of(const char *module)
{
	for (size_t i = 0; pxc_kinds[i]; i++)
		if (str_eq(pxc_kinds[i]->name, module + strlen("pxc_")))
			return pxc_kinds[i];
	fail_msg("no module %s", module);
	return NULL;
}

static const struct ans_spec *spec_of(const char *module)
{
	for (size_t i = 0; ans_specs[i]; i++)
		if (str_eq(ans_specs[i]->name, module))
			return ans_specs[i];
	return NULL;
}

static const char *no_env(const char *name)
{
	(void)name;
	return NULL;
}

struct skewed {
	struct pxc_clock base; /* first */
	int64_t skew_s;
};

static int64_t mono_ms(struct pxc_clock *self)
{
	(void)self;
	return pxc_system_clock.mono_ms(&pxc_system_clock);
}

static int64_t wall_s(struct pxc_clock *self)
{
	return pxc_system_clock.wall_s(&pxc_system_clock) + ((struct skewed *)self)->skew_s;
}

static int run(struct lab *lab, const char *module, const struct ans_args *args,
	       struct simlink *link)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct skewed clock = { { mono_ms, wall_s }, lab->skew_s };
	struct pxc_env env = { .args = args,
			       .arena = &arena,
			       .clock = &clock.base,
			       .actor = lab->actor ? lab->actor : "tester",
			       .stamp = "20260101T000000Z",
			       .watched = args->task.verbosity > 0,
			       .tell = lab->tell,
			       .tell_context = lab };
	int r;

	/* Another run, other uuids, from the first digit on. */
	(void)snprintf(env.nonce, sizeof(env.nonce), "%08llx%024llx",
		       (unsigned long long)sim_now_ms(lab->sim) & 0xffffffff,
		       (unsigned long long)sim_now_ms(lab->sim));
	r = pxc_connect(&env, simlink_create(link), &lab->err);
	if (r == 0)
		r = kind_run(kind_of(module), &env, &lab->result, &lab->err);
	pve_free(env.pve);
	pxc_env_release(&env);
	return r;
}

int lab_task(struct lab *lab, const char *module, const char *text)
{
	struct simlink link = { .sim = lab->sim,
				.record = true,
				.kill_before = lab->kill_before,
				.kill_after = lab->kill_after,
				.meanwhile = lab->meanwhile,
				.context = lab };
	auto_args struct ans_args args = { .params = NULL };
	json_auto_t *raw = json_loads(text, 0, NULL);
	int r;

	if (!raw)
		fail_msg("no JSON: %s", text);
	json_decref(lab->result);
	lab->result = NULL;
	lab->err = (struct pxc_err){ .kind = PXC_OK };
	buf_release(&lab->log);
	(void)json_object_set_new(raw, "api_urls", json_pack("[s]", "https://pve1:8006"));
	(void)json_object_set_new(raw, "api_token_id",
				  json_string(lab->token ? lab->token : "root@pam!test"));
	if (!json_object_get(raw, "api_token_secret"))
		(void)json_object_set_new(raw, "api_token_secret", json_string(lab->secret));
	r = ans_validate(spec_of(module), raw, no_env, &args, &lab->err);
	if (r == 0)
		r = run(lab, module, &args, &link);
	lab->log = link.log;
	lab->killed = link.killed;
	lab->kill_before = lab->kill_after = 0;
	return r;
}

void lab_must(struct lab *lab, const char *module, const char *args)
{
	if (lab_task(lab, module, args) < 0)
		fail_msg("%s %s: %s", module, args, lab->err.msg);
}

json_t *lab_ask(struct lab *lab, const char *method, const char *path, const char *form)
{
	bool query = str_eq(method, "GET") || str_eq(method, "DELETE");
	auto_free char *auth =
		pxc_printf("Authorization: PVEAPIToken=root@pam!test=%s", lab->secret);
	auto_free char *target =
		pxc_printf("%s%s%s%s", *path == '!' ? "" : "/api2/json", path + (*path == '!'),
			   query && form ? "?" : "", query && form ? form : "");
	const char *headers[] = { auth, "Content-Type: application/x-www-form-urlencoded", NULL };
	const char *body = query || !form ? "" : form;
	struct sim_reply reply = { .status = 0 };
	json_auto_t *answer = NULL;
	json_t *data;

	sim_request(lab->sim, method, target, headers, body, strlen(body), &reply);
	if (reply.status != 200)
		fail_msg("%s %s: %d %s", method, target, reply.status, reply.reason);
	answer = reply.body ? json_loadb(reply.body, reply.body_len, 0, NULL) : NULL;
	data = json_incref(json_object_get(answer, "data"));
	sim_reply_release(&reply);
	return data;
}

void lab_prepare(struct lab *lab)
{
	json_decref(lab_ask(lab, "POST", "/nodes/pve1/qemu/9000/template", NULL));
	sim_advance(lab->sim, 20000);
	lab_must(
		lab, "pxc_cloud",
		"{\"domain\":\"example.org\",\"storage\":\"shared\",\"import_storage\":\"shared\",\"bridge\":\"vmbr0\"}");
	lab_must(lab, "pxc_flavor",
		 "{\"flavors\":[{\"name\":\"small\",\"vcpus\":1,\"memory\":512,\"disk\":3},"
		 "{\"name\":\"big\",\"vcpus\":2,\"memory\":\"2G\",\"disk\":6}]}");
	lab_must(lab, "pxc_project",
		 "{\"name\":\"acme\",\"quota\":{\"instances\":20,\"cores\":60,\"ram_mb\":-1}}");
}

static int word_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One "key=value", its value cut to "*" where it differs from run to run. */
static char *parameter(const char *text, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(volatile_keys); i++)
		if (str_starts(text, volatile_keys[i]))
			return pxc_printf("%s*", volatile_keys[i]);
	return pxc_strndup(text, len);
}

/* "METHOD PATH parameters", the parameters sorted. */
static void add_line(struct pxc_buf *out, const char *line, size_t len)
{
	const char *end = line + len, *p = memchr(line, ' ', len);
	char *words[64];
	size_t n = 0;

	p = p ? memchr(p + 1, ' ', (size_t)(end - p - 1)) : NULL;
	buf_add(out, line, p ? (size_t)(p - line) : len);
	while (p && p < end && n < ARRAY_SIZE(words)) {
		size_t size = strcspn(p + 1, "&\n");

		words[n++] = parameter(p + 1, size);
		p += 1 + size;
	}
	qsort(words, n, sizeof(*words), word_order);
	for (size_t i = 0; i < n; i++) {
		buf_printf(out, "%c%s", i ? '&' : ' ', words[i]);
		free(words[i]);
	}
	buf_addc(out, '\n');
}

char *lab_writes(const struct lab *lab)
{
	struct pxc_buf out = { .data = NULL };

	for (const char *p = buf_str(&lab->log); *p;) {
		size_t len = strcspn(p, "\n");

		if (!str_starts(p, "GET "))
			add_line(&out, p, len);
		p += len + (p[len] == '\n');
	}
	return buf_take(&out);
}

unsigned lab_count(const char *text, const char *what)
{
	unsigned n = 0;

	for (const char *p = text; (p = strstr(p, what)); p++)
		n++;
	return n;
}
