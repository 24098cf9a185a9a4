/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "lib/task.h"
#include "modules/inventory.h"
#include "modules/items.h"

struct talk {
	struct lab lab;
	struct simlink link;
	struct inventory inv;
	json_t *answer; /* owned; the last */
};

static void talk_create(struct talk *t)
{
	*t = (struct talk){ .answer = NULL };
	lab_create(&t->lab, 11);
	lab_prepare(&t->lab);
	lab_must(&t->lab, "pxc_vm",
		 "{\"project\":\"acme\",\"stack\":\"shop\",\"name\":\"web\",\"flavor\":\"small\","
		 "\"metadata\":{\"role\":\"front\"},\"networks\":[{\"bridge\":\"vmbr0\"}]}");
	/* The lists know names and tags after the next round of pvestatd. */
	sim_advance(t->lab.sim, 15000);
	t->link = (struct simlink){ .sim = t->lab.sim, .record = true };
	inventory_open(&t->inv);
}

static void talk_release(struct talk *t)
{
	json_decref(t->answer);
	inventory_release(&t->inv);
	buf_release(&t->link.log);
	lab_release(&t->lab);
}
#define auto_talk on_scope_exit(talk_release)

static void ask_new(struct talk *t, json_t *line)
{
	bool connects = json_object_get(line, "connect") != NULL;

	json_decref(t->answer);
	t->answer = inventory_answer(&t->inv, line, connects ? simlink_create(&t->link) : NULL);
	json_decref(line);
}

static void connect_to(struct talk *t, const char *read)
{
	json_t *list = json_array();

	for (const char *p = read; *p; p += strcspn(p, ","), p += *p == ',')
		(void)json_array_append_new(list, json_stringn(p, strcspn(p, ",")));
	ask_new(t, json_pack("{s:{s:[s],s:s,s:s},s:o}", "connect", "api_urls", "https://sim:8006",
			     "api_token_id", "root@pam!test", "api_token_secret", t->lab.secret,
			     "read", list));
}

static json_t *row_of(const struct talk *t, const char *name)
{
	size_t i;
	json_t *row;

	json_array_foreach (json_object_get(t->answer, "guests"), i, row)
		if (str_eq(item_text(row, "pxc_name"), name))
			return row;
	fail_msg("no guest %s: %s", name, item_text(t->answer, "msg"));
	return NULL;
}

static void says(const json_t *row, const char *key, const char *wanted)
{
	auto_free char *got = json_dumps(json_object_get(row, key),
					 JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

	if (!str_eq(got, wanted))
		fail_msg("%s is %s, not %s", key, got ? got : "absent", wanted);
}

/* The details of the VM that was made. */
static json_t *detail(struct talk *t, const char *want, json_int_t vmid)
{
	auto_free char *key = pxc_printf("%lld", (long long)vmid);

	ask_new(t, json_pack("{s:s,s:[I],s:i,s:i}", "want", want, "guests", vmid, "each_ms", 2000,
			     "all_ms", 5000));
	return json_object_get(json_object_get(t->answer, "details"), key);
}

static void a_list_is_one_request(void **state)
{
	auto_talk struct talk t;

	(void)state;
	talk_create(&t);
	connect_to(&t, "");
	assert_string_equal(buf_str(&t.link.log), "GET /cluster/resources\n");
	says(t.answer, "requests", "1");
	says(row_of(&t, "web"), "pxc_project", "\"acme\"");
	says(row_of(&t, "web"), "pxc_stack", "\"shop\"");
	says(row_of(&t, "web"), "pxc_tags", "[\"pxc\",\"stack-shop\"]");
	says(row_of(&t, "web"), "pxc_managed", "true");
	assert_int_equal(json_array_size(json_object_get(t.answer, "nodes")), 3);
}

static void more_is_read_when_it_is_asked_for(void **state)
{
	auto_talk struct talk t;

	(void)state;
	talk_create(&t);
	connect_to(&t, "status,pools");
	says(t.answer, "requests", "3");
	says(row_of(&t, "web"), "pxc_project", "\"acme\"");
	assert_true(*item_text(json_array_get(json_object_get(t.answer, "nodes"), 0),
			       "pxc_address") != '\0');
}

static void the_block_tells_the_rest(void **state)
{
	auto_talk struct talk t;
	json_int_t vmid;
	const json_t *d;

	(void)state;
	talk_create(&t);
	connect_to(&t, "pools");
	vmid = item_int(row_of(&t, "web"), "pxc_vmid");
	d = detail(&t, "config", vmid);
	says(d, "pxc_flavor", "\"small\"");
	says(d, "pxc_metadata", "{\"role\":\"front\"}");
	assert_null(json_object_get(d, "pxc_problem"));
	/* What is not listed is not asked for. */
	assert_null(detail(&t, "config", 77777));
}

/* Somebody else sets this in its configuration. Returns its VMID. */
static json_int_t changed_by_others(struct talk *t, const char *name, const char *form)
{
	json_int_t vmid = item_int(row_of(t, name), "pxc_vmid");
	auto_free char *path = pxc_printf("/nodes/%s/qemu/%lld/config",
					  item_text(row_of(t, name), "pxc_node"), (long long)vmid);

	json_decref(lab_ask(&t->lab, "PUT", path, form));
	return vmid;
}

static void a_damaged_block_says_nothing(void **state)
{
	auto_talk struct talk t;
	const json_t *d;

	(void)state;
	talk_create(&t);
	connect_to(&t, "pools");
	d = detail(
		&t, "config",
		changed_by_others(&t, "web", "description=%3C!--%20pxc/1%0Aflavor%3Dhuge%0A--%3E"));
	assert_non_null(item_text(d, "pxc_problem"));
	assert_null(json_object_get(d, "pxc_flavor"));
	says(d, "pxc_managed", "false");
}

static void what_cannot_be_said_is_said_so(void **state)
{
	static const struct {
		const char *line, *msg;
	} rows[] = {
		{ "{\"want\":\"config\",\"guests\":[1]}", "nothing was listed yet" },
		{ "{}", "nothing was listed yet" },
		{ "{\"connect\":{\"api_urlss\":\"x\"}}", "Did you mean api_urls?" },
		{ "{\"connect\":{}}", "PXC_API_URLS" },
		{ "{\"connect\":{\"gather\":[\"vms\"]}}", "Unsupported parameters for" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct inventory inv;
		json_auto_t *line = json_loads(rows[i].line, 0, NULL), *answer = NULL;

		inventory_open(&inv);
		answer = inventory_answer(&inv, line, NULL);
		says(answer, "failed", "true");
		if (!strstr(item_text(answer, "msg"), rows[i].msg))
			fail_msg("%s: %s", rows[i].line, item_text(answer, "msg"));
		inventory_release(&inv);
	}
}

static void silent_agents_take_their_time_and_no_more(void **state)
{
	auto_talk struct talk t;
	auto_free char *deaf = NULL;
	json_int_t vmid;
	int64_t before;
	const json_t *d;

	(void)state;
	talk_create(&t);
	connect_to(&t, "");
	vmid = changed_by_others(&t, "web", "agent=1");
	deaf = pxc_printf("!/sim/guest?vmid=%lld&deaf=1", (long long)vmid);
	json_decref(lab_ask(&t.lab, "POST", deaf, NULL));
	before = pve_now_ms(t.inv.env.pve);
	d = detail(&t, "agent", vmid);
	assert_non_null(item_text(d, "pxc_problem"));
	assert_null(json_object_get(d, "pxc_agent_addresses"));
	assert_in_range(pve_now_ms(t.inv.env.pve) - before, 1, 2500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_one_request),
		cmocka_unit_test(more_is_read_when_it_is_asked_for),
		cmocka_unit_test(the_block_tells_the_rest),
		cmocka_unit_test(a_damaged_block_says_nothing),
		cmocka_unit_test(what_cannot_be_said_is_said_so),
		cmocka_unit_test(silent_agents_take_their_time_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
