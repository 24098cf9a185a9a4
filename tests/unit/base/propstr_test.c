/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/propstr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"

static const struct {
	const char *text, *default_key;
	const char *json;  /* sorted; NULL = malformed */
	const char *again; /* printed back */
} rows[] = {
	{ "data:100/disk.raw,ssd=1,discard=on,size=2G", "file",
	  "{\"discard\":\"on\",\"file\":\"data:100/disk.raw\",\"size\":\"2G\",\"ssd\":\"1\"}",
	  "data:100/disk.raw,discard=on,size=2G,ssd=1" },
	{ "file=data:1,size=2G", "file", "{\"file\":\"data:1\",\"size\":\"2G\"}",
	  "data:1,size=2G" },
	{ "size=2G,data:1", "file", "{\"file\":\"data:1\",\"size\":\"2G\"}", "data:1,size=2G" },
	{ "1", "enabled", "{\"enabled\":\"1\"}", "1" },
	{ "order=scsi0;net0", "legacy", "{\"order\":\"scsi0;net0\"}", "order=scsi0;net0" },
	{ "serial=QUI=,base64=1", NULL, "{\"base64\":\"1\",\"serial\":\"QUI=\"}",
	  "base64=1,serial=QUI=" },
	{ "file=a=b,c=1", "file", "{\"c\":\"1\",\"file\":\"a=b\"}", "file=a=b,c=1" },
	{ "file= ", "file", "{\"file\":\" \"}", "file= " },
	{ "", "file", "{}", "" },
	{ " ", "legacy", "{}", "" },
	{ "a=1,,b=2,", NULL, "{\"a\":\"1\",\"b\":\"2\"}", "a=1,b=2" },
	{ "a=1,a=2", NULL, NULL, NULL },
	{ "data:1,data:2", "file", NULL, NULL },
	{ "file=data:1,data:2", "file", NULL, NULL },
	{ "data:1", NULL, NULL, NULL },
	{ "a=", NULL, NULL, NULL },
	{ "=a", NULL, NULL, NULL },
	{ "a=\xff", NULL, NULL, NULL },
	{ "\xff=a", NULL, NULL, NULL },
};

static void reads_and_prints_a_property_string(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_auto_t *obj = prop_parse(rows[i].text, rows[i].default_key);
		auto_free char *json = obj ? json_dumps(obj, JSON_SORT_KEYS | JSON_COMPACT) : NULL;
		auto_free char *again = obj ? prop_print(obj, rows[i].default_key) : NULL;

		if (!rows[i].json) {
			assert_null(obj);
			continue;
		}
		assert_non_null(json);
		assert_string_equal(json, rows[i].json);
		assert_string_equal(again, rows[i].again);
	}
}

static const struct {
	const char *text, *json, *again;
} nets[] = {
	{ "virtio=BC:24:11:38:A7:6C,bridge=vmbr0,tag=5",
	  "{\"bridge\":\"vmbr0\",\"macaddr\":\"BC:24:11:38:A7:6C\",\"model\":\"virtio\",\"tag\":\"5\"}",
	  "virtio=BC:24:11:38:A7:6C,bridge=vmbr0,tag=5" },
	{ "model=e1000,macaddr=BC:24:11:38:A7:6C,bridge=v",
	  "{\"bridge\":\"v\",\"macaddr\":\"BC:24:11:38:A7:6C\",\"model\":\"e1000\"}",
	  "e1000=BC:24:11:38:A7:6C,bridge=v" },
	{ "virtio,firewall=1,bridge=v",
	  "{\"bridge\":\"v\",\"firewall\":\"1\",\"model\":\"virtio\"}",
	  "virtio,bridge=v,firewall=1" },
	{ "model=odd,macaddr=x", "{\"macaddr\":\"x\",\"model\":\"odd\"}", "macaddr=x,model=odd" },
	{ "bridge=v", "{\"bridge\":\"v\"}", "bridge=v" },
	{ "virtio=BC:24:11:38:A7:6C,macaddr=BC:24:11:38:A7:6D", NULL, NULL },
	{ "virtio=BC:24:11:38:A7:6C,e1000=BC:24:11:38:A7:6D", NULL, NULL },
	{ "virtio,e1000", NULL, NULL },
};

static void knows_a_network_card_by_its_model(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(nets); i++) {
		json_auto_t *obj = prop_parse_net(nets[i].text);
		auto_free char *json = obj ? json_dumps(obj, JSON_SORT_KEYS | JSON_COMPACT) : NULL;
		auto_free char *again = obj ? prop_print_net(obj) : NULL;

		if (!nets[i].json) {
			assert_null(obj);
			continue;
		}
		assert_non_null(json);
		assert_string_equal(json, nets[i].json);
		assert_string_equal(again, nets[i].again);
	}
}

static void prints_numbers_and_switches_too(void **state)
{
	json_auto_t *obj = json_pack("{s:i, s:b, s:b, s:n, s:s}", "tag", 5, "firewall", 1,
				     "link_down", 0, "nothing", "bridge", "v");
	auto_free char *text = prop_print(obj, "bridge");

	(void)state;
	assert_string_equal(text, "v,firewall=1,link_down=0,tag=5");
}

static void knows_the_words_for_true_and_false(void **state)
{
	static const char *const yes[] = { "1", "on", "yes", "true", "ON" };
	static const char *const no[] = { "0", "off", "no", "False" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		assert_true(prop_bool(yes[i]));
		assert_string_equal(prop_normal(yes[i]), "1");
	}
	for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
		assert_false(prop_bool(no[i]));
		assert_true(prop_is_bool(no[i]));
		assert_string_equal(prop_normal(no[i]), "0");
	}
	assert_false(prop_is_bool("2"));
	assert_false(prop_is_bool(NULL));
	assert_string_equal(prop_normal("ignore"), "ignore");
}

static const struct {
	const char *a, *b;
	bool same;
} pairs[] = {
	{ "data:1,size=32768M,ssd=on", "data:1,ssd=1,size=32G", true },
	{ "data:1,size=32G", "data:1,size=33G", false },
	{ "data:1,size=32G", "data:1", false },
	{ "data:1,cache=on", "data:1,cache=off", false },
	{ "data:1,cache=none", "data:1,cache=none", true },
	{ "data:1,macaddr=bc:24:11:38:a7:6c", "data:1,macaddr=BC:24:11:38:A7:6C", true },
	{ "data:1,a=1", "data:1,b=1", false },
};

static void compares_values_and_not_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		json_auto_t *a = prop_parse(pairs[i].a, "file"),
			    *b = prop_parse(pairs[i].b, "file");

		assert_int_equal(prop_same(a, b), pairs[i].same);
		assert_int_equal(prop_same(b, a), pairs[i].same);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_prints_a_property_string),
		cmocka_unit_test(knows_a_network_card_by_its_model),
		cmocka_unit_test(prints_numbers_and_switches_too),
		cmocka_unit_test(knows_the_words_for_true_and_false),
		cmocka_unit_test(compares_values_and_not_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
