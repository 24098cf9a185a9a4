/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sdn_ask.h"

#define BAD "400 Parameter verification failed.\n"
#define CREATE "create sdn vnet object failed: "
#define UPDATE "update sdn vnet object failed: "

static void zones(struct sim *sim)
{
	write_ok(sim, "POST", ZONES, "zone=simp&type=simple");
	write_ok(sim, "POST", ZONES, "zone=vl&type=vlan&bridge=vmbr0");
	write_ok(sim, "POST", ZONES, "zone=qq&type=qinq&bridge=vmbr0&tag=100");
	write_ok(sim, "POST", ZONES, "zone=vx&type=vxlan&peers=10.0.0.1");
	write_ok(sim, "POST", ZONES, "zone=vy&type=vxlan&peers=10.0.0.1");
}

static const struct {
	const char *body, *message; /* NULL = it is taken */
} created[] = {
	{ "vnet=s1&zone=simp&isolate-ports=1", NULL },
	{ "vnet=s1&zone=simp", CREATE "sdn vnet object ID 's1' already defined\n" },
	{ "vnet=s2&zone=simp&tag=5", CREATE BAD "tag: vlan tag is not allowed on simple zone\n" },
	{ "vnet=n1&zone=nozone", CREATE "cannot lookup undefined type!\n" },
	{ "vnet=v1&zone=vl", CREATE BAD "tag: missing vlan tag\n" },
	{ "vnet=v1&zone=vl&tag=5000", CREATE BAD "tag: vlan tag max value is 4096\n" },
	{ "vnet=v1&zone=vl&tag=5", NULL },
	{ "vnet=v2&zone=vl&tag=5", CREATE BAD "tag: tag 5 already exist in vnet v1\n" },
	{ "vnet=q1&zone=qq&tag=5", NULL },
	{ "vnet=q2&zone=qq&tag=5", CREATE BAD "tag: tag 5 already exist in zone qq vnet q1\n" },
	{ "vnet=q2&zone=qq", NULL },
	{ "vnet=q3&zone=qq", CREATE BAD "tag: tag-less vnet already exists in zone qq vnet q2\n" },
	{ "vnet=q3&zone=qq&tag=4097", CREATE BAD "tag: VLAN tag maximal value is 4096\n" },
	{ "vnet=x1&zone=vx", CREATE BAD "tag: missing vxlan tag\n" },
	{ "vnet=x1&zone=vx&tag=70000", NULL },
	{ "vnet=x2&zone=vy&tag=70000",
	  CREATE BAD "tag: vxlan tag 70000 already exist in vnet x1 in zone vx \n" },
	{ "vnet=x2&zone=vy&tag=5", NULL }, /* a VLAN of the same number is another thing */
};

static void tags_go_with_the_type_of_the_zone(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);

	(void)state;
	zones(sim);
	for (size_t i = 0; i < ARRAY_SIZE(created); i++)
		if (created[i].message)
			refuses(sim, "POST", VNETS, created[i].body, created[i].message);
		else
			write_ok(sim, "POST", VNETS, created[i].body);
	sim_free(sim);
}

static void a_tag_is_free_again_when_nobody_has_it(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);

	(void)state;
	zones(sim);
	write_ok(sim, "POST", VNETS, "vnet=v1&zone=vl&tag=5");
	write_ok(sim, "PUT", VNETS "/v1", "tag=6");
	write_ok(sim, "POST", VNETS, "vnet=v2&zone=vl&tag=5");
	refuses(sim, "PUT", VNETS "/v1", "tag=5",
		UPDATE BAD "tag: tag 5 already exist in vnet v2\n");
	apply(sim);
	write_ok(sim, "DELETE", VNETS "/v2", NULL);
	write_ok(sim, "PUT", VNETS "/v1", "tag=5");
	write_ok(sim, "POST", "/cluster/sdn/rollback", NULL);
	assert_int_equal(sdn_tag_users(sim, 5), 1);
	refuses(sim, "POST", VNETS, "vnet=v3&zone=vl&tag=6",
		CREATE BAD "tag: tag 6 already exist in vnet v1\n");
	write_ok(sim, "POST", VNETS, "vnet=v3&zone=vl&tag=7");
	sim_free(sim);
}

static void an_alias_has_an_odd_alphabet(void **state)
{
	static const struct {
		const char *alias;
		int status;
	} cases[] = {
		{ "a/b:%20c;d", 200 }, { "(x)*%2B,-.", 200 }, { "a@[]^_", 200 },
		{ "B%C3%BCro", 200 },  { "a%23b", 400 },      { "a!", 400 },
		{ "a%22", 400 },       { "a%26b", 400 },      { "a%60b", 400 },
		{ "a%7Bb%7D", 400 },
	};
	struct sim *sim = cluster(1, 1, NULL, NULL);
	char body[400] = "alias=", long_one[300];

	(void)state;
	zones(sim);
	write_ok(sim, "POST", VNETS, "vnet=s1&zone=simp");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		(void)snprintf(body, sizeof(body), "alias=%s", cases[i].alias);
		expect(sim, "PUT", VNETS "/s1", body, cases[i].status, NULL);
	}
	memset(long_one, 'x', sizeof(long_one));
	long_one[256] = '\0';
	(void)snprintf(body, sizeof(body), "alias=%s", long_one);
	expect(sim, "PUT", VNETS "/s1", body, 200, NULL);
	(void)snprintf(body, sizeof(body), "alias=%sx", long_one);
	expect(sim, "PUT", VNETS "/s1", body, 400, "Parameter verification failed.");
	sim_free(sim);
}

static void what_is_there_changes_with_the_same_rules(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);

	(void)state;
	zones(sim);
	write_ok(sim, "POST", VNETS, "vnet=v1&zone=vl&tag=5&alias=x");
	write_ok(sim, "PUT", VNETS "/v1", "tag=5&vlanaware=1"); /* its own tag is free */
	write_ok(sim, "PUT", VNETS "/v1", "alias=%20two%20words%20");
	shows(sim, VNETS "/v1", "/alias", "\"two words\"");
	refuses(sim, "PUT", VNETS "/v1", "alias=a%0Ab",
		UPDATE "property 'alias' contains a line feed\n");
	write_ok(sim, "PUT", VNETS "/v1", "alias=");
	shows(sim, VNETS "/v1", "/alias", "nothing");
	refuses(sim, "PUT", VNETS "/v1", "zone=simp",
		UPDATE BAD "tag: vlan tag is not allowed on simple zone\n");
	refuses(sim, "PUT", VNETS "/v1", "delete=zone",
		UPDATE "unable to delete required option 'zone'\n");
	refuses(sim, "PUT", VNETS "/no", "tag=1", "sdn vnet 'no' does not exist\n");
	refuses(sim, "DELETE", VNETS "/no", NULL, "sdn vnet 'no' does not exist\n");
	sim_free(sim);
}

static void a_vnet_with_subnets_stays(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);

	(void)state;
	zones(sim);
	blue(sim);
	refuses(sim, "DELETE", VNETS "/blue", NULL,
		"delete sdn vnet object failed: " BAD
		"vnet: Can't delete vnet if subnets exists\n");
	refuses(sim, "PUT", VNETS "/blue", "zone=simp",
		UPDATE BAD "zone: can't change zone if subnets exist\n");
	refuses(sim, "PUT", VNETS "/blue", "vlanaware=1",
		UPDATE BAD "vlanaware: vlanaware vnet is not compatible with subnets\n");
	write_ok(sim, "DELETE", SUBNETS "/tenants-10.20.0.0-24", NULL);
	write_ok(sim, "DELETE", VNETS "/blue", NULL);
	sim_free(sim);
}

static void rights_are_those_on_zone_and_vnet(void **state)
{
	struct sim *sim =
		cluster(1, 1, "{\"users\": {\"joe@pve\": {\"password\": \"Secret123\"}}}", NULL);
	struct answer made auto_answer =
		ask(sim, "POST", "/access/users/joe@pve/token/tt", "privsep=0");
	auto_free char *header = pxc_printf("Authorization: PVEAPIToken=joe@pve!tt=%s",
					    text_of(data_of(&made), "value"));
	struct answer none auto_answer = { 0 }, one auto_answer = { 0 }, write auto_answer = { 0 },
			   read auto_answer = { 0 };

	(void)state;
	blue(sim);
	write_ok(sim, "POST", VNETS, "vnet=red&zone=tenants");
	none = ask_as(sim, header, "GET", VNETS, NULL);
	assert_int_equal(json_array_size(data_of(&none)), 0);
	write_ok(sim, "PUT", "/access/acl",
		 "path=/sdn/zones/tenants/blue&roles=PVEAuditor&users=joe@pve");
	one = ask_as(sim, header, "GET", VNETS, NULL);
	assert_int_equal(json_array_size(data_of(&one)), 1);
	write = ask_as(sim, header, "PUT", VNETS "/blue", "alias=x");
	assert_int_equal(write.reply.status, 403);
	assert_string_equal(write.reply.reason,
			    "Permission check failed (/sdn/zones/tenants/blue, SDN.Allocate)");
	read = ask_as(sim, header, "GET", VNETS "/red", NULL);
	assert_string_equal(
		read.reply.reason,
		"Permission check failed (/sdn/zones/tenants/red, SDN.Audit|SDN.Allocate)");
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tags_go_with_the_type_of_the_zone),
		cmocka_unit_test(a_tag_is_free_again_when_nobody_has_it),
		cmocka_unit_test(an_alias_has_an_odd_alphabet),
		cmocka_unit_test(what_is_there_changes_with_the_same_rules),
		cmocka_unit_test(a_vnet_with_subnets_stays),
		cmocka_unit_test(rights_are_those_on_zone_and_vnet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
