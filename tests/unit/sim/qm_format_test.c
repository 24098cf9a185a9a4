/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qm_ask.h"

/* What the format of an option says of a value; "" = fine. New string. */
static char *verdict(const char *name, const char *value)
{
	const struct sim_param *p = qm_option(name);
	struct pxc_buf why = { .data = NULL };

	assert_non_null(p);
	if (!p->format || p->format(name, value, &why)) {
		assert_int_equal(why.len, 0);
		return pxc_strdup("");
	}
	return buf_take(&why);
}

static void values_that_pve_takes_pass(void **state)
{
	static const struct {
		const char *name, *value;
	} rows[] = {
		{ "net0", "virtio,bridge=vmbr0" },
		{ "net31", "e1000=AA:BB:CC:00:11:22,bridge=vmbr0,firewall=1,tag=5,trunks=10;20" },
		{ "net0", "model=virtio,macaddr=aa:bb:cc:00:11:22,queues=4,rate=10.5,mtu=1" },
		{ "scsi30", "data:4,discard=on,ssd=1,iothread=1,format=qcow2" },
		{ "virtio0", "data:0,import-from=local:import/a.qcow2" },
		{ "ide2", "none,media=cdrom" },
		{ "efidisk0", "data:1,efitype=4m,pre-enrolled-keys=1" },
		{ "tpmstate0", "data:1,version=v2.0" },
		{ "ipconfig0", "ip=10.0.0.5/24,gw=10.0.0.1" },
		{ "ipconfig0", "ip=dhcp,ip6=auto" },
		{ "agent", "1" },
		{ "agent", "enabled=1,fstrim_cloned_disks=1" },
		{ "memory", "current=2048" },
		{ "startup", "order=1,up=30" },
		{ "name", "web-01.example" },
		{ "tags", "a_b-c+d.e;1x" },
		{ "tags", "" },
		{ "cpu", "x86-64-v2-AES,flags=+aes" },
		{ "cpu", "custom-mine" },
		{ "machine", "pc-q35-9.2,viommu=intel" },
		{ "sshkeys", "ssh-ed25519%20AAAA%20me%40x%0A" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *why = verdict(rows[i].name, rows[i].value);

		if (*why)
			fail_msg("%s=%s: %s", rows[i].name, rows[i].value, why);
	}
}

static void bad_values_are_explained_in_pves_words(void **state)
{
	static const struct {
		const char *name, *value, *why;
	} rows[] = {
		{ "net0", "virtio,foo=bar",
		  "format error\nnet0.foo: property is not defined in schema and the schema does not allow "
		  "additional properties\n" },
		{ "net0", "bridge=vmbr0",
		  "format error\nnet0.model: property is missing and it is not optional\n" },
		{ "net0", "virtio=xx,bridge=vmbr0",
		  "format error\nnet0.macaddr: invalid format - value does not look like a valid unicast MAC "
		  "address\n\n" },
		{ "ipconfig0", "ip=10.0.0.5",
		  "format error\nipconfig0.ip: invalid format - value does not look like a valid ipv4 network "
		  "configuration\n\n" },
		{ "name", "a_b", "value does not look like a valid DNS name\n" },
		{ "name", "", "value does not look like a valid DNS name\n" },
		{ "tags", "a/b", "invalid characters in tag\n" },
		{ "tags", "a;+plus", "invalid characters in tag\n" },
		{ "tags", "b\xc3\xbcro", "invalid characters in tag\n" },
		{ "sshkeys", "ssh-rsa AA", "invalid urlencoded string: ssh-rsa AA\n" },
		{ "cpu", "foo",
		  "Built-in cputype 'foo' is not defined (missing 'custom-' prefix?)\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *why = verdict(rows[i].name, rows[i].value);

		assert_string_equal(why, rows[i].why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_that_pve_takes_pass),
		cmocka_unit_test(bad_values_are_explained_in_pves_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
