/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "lib/plan.h"

#define HAVE(rest) "{\"guests\":[{\"vmid\":100,\"block\":{\"name\":\"web\"}" rest "}]}"
#define CLASSED                                                                                    \
	"{\"registry\":{\"sc.hdd\":\"storage/slow,default/1\",\"sc.ssd\":\"storage/fast\"},"       \
	"\"guests\":[{\"vmid\":100,\"block\":{\"name\":\"web\"}}]}"
#define RUNS ",\"status\":\"running\""
#define FLAVORS                                                                                    \
	"\"registry\":{\"f.small\":\"vcpus/1,ram_mb/1024,disk_gb/5\","                             \
	"\"f.big\":\"vcpus/4,ram_mb/8192,disk_gb/40\",\"f.own\":\"vcpus/1,ram_mb/512,public/0,p/other\"}"
#define NET ",\"config\":{\"net0\":\"virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1,tag=5\"}"
#define TEMPLATE                                                                                           \
	"{\"guests\":[{\"vmid\":9000,\"name\":\"tpl\",\"template\":1,\"raw\":\"\",\"config\":{"            \
	"\"scsi0\":\"shared:9000/base-9000-disk-0.raw,size=3G\",\"cores\":\"1\",\"boot\":\"order=scsi0\"," \
	"\"tags\":\"\",\"net0\":\"virtio=BC:24:11:AA:AA:AA,bridge=vmbr0\"}}],"

/* world, task, the steps or "!" and the refusal; a trailing * matches any rest. */
static const struct plan_row rows[] = {
	/* nothing to do */
	{ "as wanted", HAVE(""), "{\"name\":\"web\"}", "" },
	{ "units do not matter", HAVE(",\"config\":{\"memory\":\"32768\"}"),
	  "{\"name\":\"web\",\"memory\":\"32G\"}", "" },
	{ "the same in megabytes", HAVE(",\"config\":{\"memory\":\"32768\"}"),
	  "{\"name\":\"web\",\"memory\":\"32768M\"}", "" },
	{ "memory as a property string", HAVE(",\"config\":{\"memory\":\"current=2048\"}"),
	  "{\"name\":\"web\",\"memory\":2048}", "" },
	{ "naming a default is no change", HAVE(""),
	  "{\"name\":\"web\",\"protected\":false,\"onboot\":false,\"sockets\":1,\"cores\":1}", "" },
	{ "gone and unwanted", "", "{\"name\":\"web\",\"state\":\"absent\"}", "" },
	{ "tags in any order and case", HAVE(",\"config\":{\"tags\":\"b;a;stack-default;pxc\"}"),
	  "{\"name\":\"web\",\"tags\":[\"A\",\"b\"]}", "" },
	{ "a foreign tag stays", HAVE(",\"config\":{\"tags\":\"pxc;stack-default;theirs\"}"),
	  "{\"name\":\"web\",\"tags\":[]}", "" },
	{ "the same disk option",
	  HAVE(",\"config\":{\"scsi0\":\"shared:100/vm-100-disk-0.raw,discard=on,size=5G\"}"),
	  "{\"name\":\"web\",\"disks\":[{\"slot\":\"scsi0\",\"discard\":true,\"ssd\":false}]}",
	  "" },
	{ "a renamed one is found again", HAVE(",\"name\":\"other\""),
	  "{\"name\":\"old\",\"new_name\":\"web\"}", "set name=web" },
	{ "flavor it has, changed since",
	  "{" FLAVORS ",\"guests\":[{\"vmid\":100,\"block\":{\"flavor\":\"small\"},"
	  "\"config\":{\"memory\":\"4096\"}}]}",
	  "{\"name\":\"web\",\"flavor\":\"small\"}", "" },
	{ "copy of another VM's notes is not it",
	  "{\"guests\":[{\"vmid\":100,\"block\":{\"id\":\"vm.999.00000000\"}}]}",
	  "{\"name\":\"web\",\"state\":\"absent\"}", "" },

	/* creation */
	{ "blank", "",
	  "{\"name\":\"web\",\"cores\":2,\"memory\":2048,\"disk_size\":8,\"power\":\"stopped\"}",
	  "create VM 100 on pve1: cores=2, memory=2048, ostype=l26, scsihw=virtio-scsi-single, agent=1, name=web, "
	  "tags=pxc;stack-default, smbios1, scsi0=shared:8, description" },
	{ "without a word about power it is started once", "",
	  "{\"name\":\"web\",\"cores\":1,\"memory\":512}",
	  "create VM 100 *; start; close the journal in the notes" },
	{ "started and waited for", "",
	  "{\"name\":\"web\",\"cores\":1,\"memory\":512,\"power\":\"running\",\"wait\":\"ip\"}",
	  "create VM 100 *; start; wait for an IP address" },
	{ "paused", "", "{\"name\":\"web\",\"cores\":1,\"memory\":512,\"power\":\"paused\"}",
	  "create VM 100 *; start; pause" },
	{ "by flavor", "{" FLAVORS "}",
	  "{\"name\":\"web\",\"flavor\":\"big\",\"power\":\"stopped\"}",
	  "create VM 100 on pve1: cores=4, memory=8192,*" },
	{ "named values win over the flavor", "{" FLAVORS "}",
	  "{\"name\":\"web\",\"flavor\":\"big\",\"memory\":\"1G\",\"power\":\"stopped\"}",
	  "create VM 100 on pve1: cores=4, memory=1024,*" },
	{ "two in a task are spread", "{" FLAVORS "}",
	  "{\"flavor\":\"small\",\"power\":\"stopped\",\"vms\":[{\"name\":\"a\"},{\"name\":\"b\"}]}",
	  "create VM 100 on pve1: *; create VM 101 on pve2: *" },
	{ "linked clone", TEMPLATE FLAVORS "}",
	  "{\"name\":\"web\",\"flavor\":\"small\",\"template\":{\"vmid\":9000},\"power\":\"running\"}",
	  "create VM 100 on pve1 as a linked clone of 9000; set *; grow scsi0: 3G -> 5G; start" },
	{ "template by name, full", TEMPLATE FLAVORS "}",
	  "{\"name\":\"web\",\"template\":{\"name\":\"tpl\",\"full\":true},\"power\":\"stopped\"}",
	  "create VM 100 on pve1 as a full clone of 9000; set *" },
	{ "import", "{" FLAVORS ",\"volumes\":[\"pve2/local:import/x.qcow2\"]}",
	  "{\"name\":\"web\",\"flavor\":\"small\",\"image\":{\"volume\":\"local:import/x.qcow2\"},\"power\":\"stopped\"}",
	  "create VM 100 on pve2: *scsi0=shared:0,import-from=local:import/x.qcow2*; grow scsi0 to 5G" },
	{ "download once for two", "{" FLAVORS "}",
	  "{\"flavor\":\"small\",\"power\":\"stopped\",\"node\":\"pve1\",\"image\":{\"url\":\"http://h/x.qcow2\","
	  "\"storage\":\"local\"},\"vms\":[{\"name\":\"a\"},{\"name\":\"b\"}]}",
	  "create VM 100 *; grow *; create VM 101 *; grow *; download x.qcow2 to local on pve1" },

	/* change */
	{ "cores", HAVE(""), "{\"name\":\"web\",\"cores\":4}", "set cores=4" },
	{ "an option is removed", HAVE(",\"config\":{\"startup\":\"order=1\"}"),
	  "{\"name\":\"web\",\"config\":{\"startup\":null}}", "set without startup" },
	{ "a bridge keeps address, VLAN and firewall", HAVE(NET),
	  "{\"name\":\"web\",\"networks\":[{\"bridge\":\"vmbr1\"}]}",
	  "set net0=virtio=BC:24:11:00:00:01,bridge=vmbr1,firewall=1,tag=5" },
	{ "a VLAN is taken off", HAVE(NET), "{\"name\":\"web\",\"networks\":[{\"tag\":0}]}",
	  "set net0=virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1" },
	{ "a second card", HAVE(NET), "{\"name\":\"web\",\"networks\":[{},{\"tag\":7}]}",
	  "set net1=virtio,bridge=vmbr0,tag=7" },
	{ "a card is removed", HAVE(NET),
	  "{\"name\":\"web\",\"networks\":[{\"state\":\"absent\"}]}", "set without net0" },
	{ "exact removes the others",
	  HAVE(",\"config\":{\"net0\":\"virtio=BC:24:11:00:00:01,bridge=vmbr0\",\"net3\":\"e1000=BC:24:11:00:00:02,bridge=vmbr0\"}"),
	  "{\"name\":\"web\",\"networks\":[{}],\"networks_mode\":\"exact\"}", "set without net3" },
	{ "one disk option keeps the others",
	  HAVE(",\"config\":{\"scsi0\":\"shared:100/vm-100-disk-0.raw,discard=on,iothread=1,size=5G\"}"),
	  "{\"name\":\"web\",\"disks\":[{\"slot\":\"scsi0\",\"ssd\":true}]}",
	  "set scsi0=shared:100/vm-100-disk-0.raw,discard=on,iothread=1,size=5G,ssd=1" },
	{ "a new disk", HAVE(""),
	  "{\"name\":\"web\",\"disks\":[{\"size\":\"10G\",\"storage\":\"fast\"}]}",
	  "set scsi1=fast:10" },
	{ "a new disk of a class", CLASSED,
	  "{\"name\":\"web\",\"disks\":[{\"size\":\"10G\",\"class\":\"ssd\"}]}",
	  "set scsi1=fast:10" },
	{ "of an unknown one", CLASSED,
	  "{\"name\":\"web\",\"disks\":[{\"size\":\"10G\",\"class\":\"nvme\"}]}",
	  "!vm acme/web: disk scsi1: there is no storage class nvme: there are hdd, ssd" },
	{ "the class of the VM", CLASSED,
	  "{\"name\":\"web\",\"class\":\"ssd\",\"disks\":[{\"size\":\"10G\"}]}",
	  "set scsi1=fast:10" },
	{ "the default class goes before the cloud's storage", CLASSED,
	  "{\"name\":\"web\",\"disks\":[{\"size\":\"10G\"}]}", "set scsi1=slow:10" },
	{ "a storage that would name another VM's disk", HAVE(""),
	  "{\"name\":\"web\",\"disks\":[{\"size\":\"1G\",\"storage\":\"ceph:vm-105-disk-0,serial=x\"}]}",
	  "!vm acme/web: \"ceph:vm-105-disk-0,serial=x\" is no name of a storage" },
	{ "the same of the drive of cloud-init", HAVE(""),
	  "{\"name\":\"web\",\"storage\":\"ceph:vm-105-disk-0,serial=x\",\"cloud_init\":{\"user\":\"x\"}}",
	  "!vm acme/web: \"ceph:vm-105-disk-0,serial=x\" is no name of a storage" },
	{ "and of a clone", TEMPLATE "\"x\":1}",
	  "{\"name\":\"w\",\"template\":{\"vmid\":9000},\"storage\":\"ceph:vm-105-disk-0,serial=x\",\"cloud_init\":{\"user\":\"x\"}}",
	  "!vm acme/w: \"ceph:vm-105-disk-0,serial=x\" is no name of a storage" },
	{ "a storage before both", CLASSED,
	  "{\"name\":\"web\",\"storage\":\"shared\",\"disks\":[{\"size\":\"10G\"}]}",
	  "set scsi1=shared:10" },
	{ "a disk grows", HAVE(""), "{\"name\":\"web\",\"disk_size\":8}", "grow scsi0: 5G -> 8G" },
	{ "a disk is destroyed",
	  HAVE(",\"config\":{\"scsi1\":\"shared:100/vm-100-disk-1.raw,size=1G\"}"),
	  "{\"name\":\"web\",\"disks\":[{\"slot\":\"scsi1\",\"state\":\"absent\"}]}",
	  "destroy disk scsi1" },
	{ "a disk is detached",
	  HAVE(",\"config\":{\"scsi1\":\"shared:100/vm-100-disk-1.raw,size=1G\"}"),
	  "{\"name\":\"web\",\"disks\":[{\"slot\":\"scsi1\",\"state\":\"detached\"}]}",
	  "set without scsi1" },
	{ "another flavor",
	  "{" FLAVORS ",\"guests\":[{\"vmid\":100,\"block\":{\"flavor\":\"small\"}}]}",
	  "{\"name\":\"web\",\"flavor\":\"big\"}",
	  "set cores=4, memory=8192, description; grow scsi0: 5G -> 40G" },
	{ "a tag is added", HAVE(""), "{\"name\":\"web\",\"tags\":[\"prod\"]}",
	  "set tags=pxc;stack-default;prod" },
	{ "rename", HAVE(",\"name\":\"web\""), "{\"name\":\"web\",\"new_name\":\"www\"}",
	  "set name=www, description" },
	{ "metadata goes to the notes", HAVE(""), "{\"name\":\"web\",\"metadata\":{\"k\":\"v\"}}",
	  "set description" },
	{ "a description is cleared", HAVE(",\"human\":\"old\""),
	  "{\"name\":\"web\",\"description\":\"\"}", "set description" },
	{ "the same description", HAVE(",\"human\":\"same\\n\""),
	  "{\"name\":\"web\",\"description\":\"same\"}", "" },
	{ "cloud-init brings its drive", HAVE(""),
	  "{\"name\":\"web\",\"cloud_init\":{\"user\":\"ops\"}}",
	  "set ciuser=ops, ide2=shared:cloudinit" },
	{ "moved", HAVE(RUNS), "{\"name\":\"web\",\"node\":\"pve2\"}",
	  "migrate from pve1 to pve2" },

	/* power */
	{ "start", HAVE(""), "{\"name\":\"web\",\"power\":\"running\"}", "start" },
	{ "resume", HAVE(RUNS ",\"paused\":1"), "{\"name\":\"web\",\"power\":\"running\"}",
	  "resume" },
	{ "pause", HAVE(RUNS), "{\"name\":\"web\",\"power\":\"paused\"}", "pause" },
	{ "shut down", HAVE(RUNS), "{\"name\":\"web\",\"power\":\"stopped\"}",
	  "shut down within 180 s" },
	{ "shut down, then hard", HAVE(RUNS),
	  "{\"name\":\"web\",\"power\":\"stopped\",\"force_stop\":true,\"shutdown_timeout\":9}",
	  "shut down, stop after 9 s" },
	{ "a paused guest cannot shut down", HAVE(RUNS ",\"paused\":1"),
	  "{\"name\":\"web\",\"power\":\"stopped\"}", "stop" },
	{ "restart", HAVE(RUNS), "{\"name\":\"web\",\"power\":\"restarted\"}",
	  "shut down within 180 s; start" },
	{ "restart of a stopped one", HAVE(""), "{\"name\":\"web\",\"power\":\"restarted\"}",
	  "start" },
	{ "through the HA manager", HAVE(",\"ha\":\"stopped\""),
	  "{\"name\":\"web\",\"power\":\"running\"}",
	  "start through the HA manager; wait until it runs" },
	{ "what cannot be changed live waits", HAVE(RUNS), "{\"name\":\"web\",\"cores\":2}",
	  "set cores=2 | vm acme/web: the change of cores waits until the VM is restarted (allow_restart: true does it here)" },
	{ "or is done by a restart", HAVE(RUNS),
	  "{\"name\":\"web\",\"cores\":2,\"allow_restart\":true}",
	  "set cores=2; shut down within 180 s; start" },
	{ "what waits already is done by a restart", HAVE(RUNS ",\"pending\":[\"memory\"]"),
	  "{\"name\":\"web\",\"allow_restart\":true}", "shut down within 180 s; start" },
	{ "a name is taken over live", HAVE(RUNS ",\"name\":\"x\""),
	  "{\"name\":\"web\",\"allow_restart\":true}", "set name=web" },

	/* what a killed run has left */
	{ "cloned, not yet configured",
	  "{" FLAVORS
	  ",\"guests\":[{\"vmid\":100,\"block\":{\"op\":\"clone\",\"id\":\"vm.100.aaaaaaaa\",\"flavor\":\"small\"},"
	  "\"config\":{\"memory\":\"512\",\"scsi0\":\"shared:100/vm-100-disk-0.raw,size=3G\"}}]}",
	  "{\"name\":\"web\",\"flavor\":\"small\",\"power\":\"running\"}",
	  "set memory=1024, *description; grow scsi0: 3G -> 5G; start" },
	{ "first start is due", "{\"guests\":[{\"vmid\":100,\"block\":{\"op\":\"start\"}}]}",
	  "{\"name\":\"web\"}", "start; close the journal in the notes" },
	{ "started, journal open",
	  "{\"guests\":[{\"vmid\":100" RUNS ",\"block\":{\"op\":\"start\"}}]}",
	  "{\"name\":\"web\"}", "close the journal in the notes" },

	/* removal */
	{ "stopped", HAVE(""), "{\"name\":\"web\",\"state\":\"absent\"}",
	  "delete VM 100 with its disks" },
	{ "running", HAVE(RUNS), "{\"name\":\"web\",\"state\":\"absent\"}",
	  "shut down, stop after 180 s; delete VM 100 with its disks" },
	{ "paused", HAVE(RUNS ",\"paused\":1"), "{\"name\":\"web\",\"state\":\"absent\"}",
	  "stop; delete VM 100 with its disks" },
	{ "in HA", HAVE(",\"ha\":\"started\""), "{\"name\":\"web\",\"state\":\"absent\"}",
	  "take it out of HA; delete VM 100 with its disks" },
	{ "protected, and said to be removed all the same",
	  HAVE(",\"config\":{\"protection\":\"1\"}"),
	  "{\"name\":\"web\",\"state\":\"absent\",\"protected\":false}",
	  "take the protection off; delete VM 100 with its disks" },

	/* refused, before anything is written */
	{ "protected", HAVE(",\"config\":{\"protection\":\"1\"}"),
	  "{\"name\":\"web\",\"state\":\"absent\"}",
	  "!vm acme/web: VM 100 is protected: set protected: false to remove it all the same" },
	{ "no registry", "{\"registry\":null}", "{\"name\":\"web\"}",
	  "!cluster lab has no cloud registry yet: run pxc_cloud with a domain first" },
	{ "no quorum", "{\"quorate\":0}", "{\"name\":\"web\"}", "!cluster lab has no quorum: *" },
	{ "unknown project", "", "{\"name\":\"web\",\"project\":\"nosuch\"}",
	  "!vm nosuch/web: there is no project nosuch: make it with pxc_project first" },
	{ "a pool is no project", "{\"pools\":{\"acme\":null}}", "{\"name\":\"web\"}",
	  "!vm acme/web: there is no project acme: *" },
	{ "unknown flavor", "{" FLAVORS "}", "{\"name\":\"web\",\"flavor\":\"huge\"}",
	  "!vm acme/web: there is no flavor huge for project acme: there are small, big" },
	{ "somebody else's flavor", "{" FLAVORS "}", "{\"name\":\"web\",\"flavor\":\"own\"}",
	  "!vm acme/web: there is no flavor own for project acme: there are small, big" },
	{ "unknown node", "", "{\"name\":\"web\",\"node\":\"nosuch\",\"cores\":1,\"memory\":512}",
	  "!vm acme/web: there is no node nosuch in cluster lab" },
	{ "node that is offline", "{\"nodes\":{\"pve1\":{},\"pve2\":{\"online\":0}}}",
	  "{\"name\":\"web\",\"node\":\"pve2\",\"cores\":1,\"memory\":512}",
	  "!vm acme/web: node pve2 is offline" },
	{ "unknown template", "", "{\"name\":\"web\",\"template\":{\"name\":\"nosuch\"}}",
	  "!vm acme/web: there is no template called nosuch" },
	{ "no template", HAVE(""), "{\"name\":\"b\",\"template\":{\"vmid\":100}}",
	  "!vm acme/b: guest 100 (web) is not a template: *" },
	{ "unknown image", "{" FLAVORS "}",
	  "{\"name\":\"web\",\"flavor\":\"small\",\"image\":{\"volume\":\"local:import/x.qcow2\"}}",
	  "!no node can take vm acme/web (1024 MiB, 1 cores): pve1 has no image local:import/x.qcow2, *" },
	{ "a disk smaller than its image", "{\"volumes\":[\"pve1/local:import/x.qcow2\"]}",
	  "{\"name\":\"web\",\"cores\":1,\"memory\":512,\"disk_size\":1,\"image\":{\"volume\":\"local:import/x.qcow2\"}}",
	  "!vm acme/web: image local:import/x.qcow2 has 2G and cannot shrink to 1G: ask for 2G or more" },
	{ "unknown bridge", "{\"bridges\":{\"pve1\":[\"vmbr0\"],\"pve2\":[],\"pve3\":[]}}",
	  "{\"name\":\"web\",\"cores\":1,\"memory\":512,\"networks\":[{\"bridge\":\"vmbr9\"}]}",
	  "!no node can take vm acme/web (512 MiB, 1 cores): pve1 has no bridge vmbr9, *" },
	{ "no shape", "", "{\"name\":\"web\"}",
	  "!vm acme/web does not exist yet: give a flavor, or cores and memory" },
	{ "too large for every node", "",
	  "{\"name\":\"web\",\"cores\":1,\"memory\":\"100G\",\"power\":\"stopped\"}",
	  "!project acme: quota: ram_mb used 0 + asked 102400 > limit 51200" },
	{ "too large for every node, quota aside",
	  "{\"pools\":{\"acme\":{\"quota\":{\"ram_mb\":-1}}}}",
	  "{\"name\":\"web\",\"cores\":1,\"memory\":\"100G\"}",
	  "!no node can take vm acme/web (102400 MiB, 1 cores): pve1 has 65536 MiB left, *" },
	{ "quota of the whole batch", "{\"pools\":{\"acme\":{\"quota\":{\"instances\":1}}}}",
	  "{\"cores\":1,\"memory\":512,\"vms\":[{\"name\":\"a\"},{\"name\":\"b\"}]}",
	  "!project acme: quota: instances used 0 + asked 2 > limit 1" },
	{ "quota counts what others made in the pool",
	  "{\"pools\":{\"acme\":{\"quota\":{\"cores\":4}}},\"guests\":[{\"vmid\":100,\"pool\":\"acme\",\"config\":{\"cores\":\"3\"}}]}",
	  "{\"name\":\"a\",\"cores\":2,\"memory\":512}",
	  "!project acme: quota: cores used 3 + asked 2 > limit 4" },
	{ "shrink", HAVE(""), "{\"name\":\"web\",\"disk_size\":4}",
	  "!vm acme/web: disk scsi0 has 5G and cannot shrink to 4G: ask for 5G or more, or make a new disk" },
	{ "named twice", "", "{\"vms\":[{\"name\":\"a\"},{\"name\":\"a\"}]}",
	  "!vm acme/a is named twice in this task" },
	{ "two guests match",
	  "{\"guests\":[{\"vmid\":100,\"block\":{}},{\"vmid\":101,\"node\":\"pve2\",\"block\":{}}]}",
	  "{\"name\":\"web\"}", "!vm acme/web matches two guests, 100 on pve1 and 101 on pve2: *" },
	{ "damaged annotation", HAVE(",\"raw\":\"\""), "{\"name\":\"web\"}", "" },
	{ "damaged block",
	  "{\"guests\":[{\"vmid\":100,\"pool\":\"acme\",\"raw\":\"<!-- pxc/1\\nt=vm\\nproject=acme\\nname=web\\nstack=default\\n"
	  "s=0000000000000000\\n-->\"}]}",
	  "{\"name\":\"web\"}",
	  "!vm acme/web: the annotation in the notes of guest 100 is damaged (its seal does not match: it was edited by "
	  "hand): look at its notes, then set reseal: true to write it anew" },
	{ "resealed",
	  "{\"guests\":[{\"vmid\":100,\"pool\":\"acme\",\"raw\":\"<!-- pxc/1\\nt=vm\\nproject=acme\\nname=web\\nstack=default\\n"
	  "s=0000000000000000\\n-->\"}]}",
	  "{\"name\":\"web\",\"reseal\":true}", "set description" },
	{ "a guest that may be it cannot be read",
	  HAVE(",\"problem\":\"its node is offline\",\"raw\":\"\""),
	  "{\"name\":\"other\",\"cores\":1,\"memory\":512}",
	  "!vm acme/other: guest 100 on pve1 may be it, but cannot be read: its node is offline" },
	{ "rename onto another",
	  "{\"guests\":[{\"vmid\":100,\"block\":{}},{\"vmid\":101,\"block\":{\"name\":\"b\"}}]}",
	  "{\"name\":\"web\",\"new_name\":\"b\"}",
	  "!vm acme/web cannot be renamed to b: guest 101 has that name already" },
	{ "another image than it was made from",
	  "{\"guests\":[{\"vmid\":100,\"block\":{\"image\":\"local:import/a.qcow2\"}}]}",
	  "{\"name\":\"web\",\"image\":{\"volume\":\"local:import/b.qcow2\"}}",
	  "!vm acme/web was made from local:import/a.qcow2, not from local:import/b.qcow2: *" },
	{ "waiting for a stopped one", HAVE(""),
	  "{\"name\":\"web\",\"power\":\"stopped\",\"wait\":\"ip\"}",
	  "!vm acme/web: wait needs a VM that runs: set power: running" },
	{ "waiting for a guest without an agent", HAVE(RUNS), "{\"name\":\"web\",\"wait\":\"ip\"}",
	  "!vm acme/web: wait: ip asks the guest agent, which is not enabled: set agent: true" },
	{ "a reserved tag", "", "{\"name\":\"web\",\"tags\":[\"pxc-mine\"]}",
	  "!vm acme/web: tag \"pxc-mine\": *" },
	{ "a bad name", "", "{\"name\":\"a_b\"}", "!vm acme/a_b: \"a_b\" is no DNS name: *" },
	{ "a description with a block of its own", HAVE(""),
	  "{\"name\":\"web\",\"description\":\"x\\n<!-- pxc/1\\n-->\"}",
	  "!vm acme/web: its description holds a line *" },
	{ "config cannot smuggle", HAVE(""),
	  "{\"name\":\"web\",\"config\":{\"description\":\"x\"}}",
	  "!vm acme/web: config: description cannot be set here: use description" },
};

static void every_row_gives_its_plan(void **state)
{
	(void)state;
	plan_rows("pxc_vm", rows, ARRAY_SIZE(rows));
}

static void a_disk_is_sent_with_all_its_options(void **state)
{
	auto_world struct test_world w;
	auto_free char *args = NULL;

	(void)state;
	test_world_create(
		&w,
		HAVE(",\"config\":{\"scsi0\":\"shared:100/vm-100-disk-0.raw,discard=on,iothread=1,size=5G\"}"));
	args = plan_args("{\"name\":\"web\",\"disks\":[{\"slot\":\"scsi0\",\"ssd\":true}]}", &w, 0,
			 0);
	assert_string_equal(
		args,
		"{\"node\":\"pve1\",\"scsi0\":\"shared:100/vm-100-disk-0.raw,discard=on,iothread=1,"
		"size=5G,ssd=1\",\"vmid\":100}");
}

static void a_password_is_set_at_creation_only(void **state)
{
	auto_world struct test_world w;
	auto_free char *args = NULL, *plan = NULL;

	(void)state;
	test_world_create(&w, "");
	args = plan_args(
		"{\"name\":\"web\",\"cores\":1,\"memory\":512,\"cloud_init\":{\"password\":\"s3cret\"}}",
		&w, 0, 0);
	assert_non_null(strstr(args, "\"cipassword\":\"s3cret\""));
	test_world_release(&w);
	test_world_create(
		&w,
		HAVE(",\"config\":{\"cipassword\":\"**********\",\"ide2\":\"shared:100/vm-100-cloudinit.qcow2,media=cdrom\"}"));
	plan = plan_vms("{\"name\":\"web\",\"cloud_init\":{\"password\":\"s3cret\"}}", &w);
	assert_string_equal(plan, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_gives_its_plan),
		cmocka_unit_test(a_disk_is_sent_with_all_its_options),
		cmocka_unit_test(a_password_is_set_at_creation_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
