/* SPDX-License-Identifier: GPL-3.0-or-later */
/* volume_rows.h - worlds with volumes, for the tables of volume_*_test.c. */
#pragma once

#define HOLDER                                                                                                             \
	"{\"vmid\":900000,\"name\":\"holder-acme\",\"ha\":\"stopped\",\"block\":{\"t\":\"holder\",\"storages\":\"fast\"}," \
	"\"config\":{\"tags\":\"pxc-holder\"}}"
#define VM(id, n, rest)                                                                            \
	"{\"vmid\":" #id ",\"name\":\"" n "\",\"block\":{\"name\":\"" n "\"}" rest "}"
#define WEB(rest) VM(101, "web", rest)
#define DB(rest) VM(102, "db", rest)
#define RUNS ",\"status\":\"running\""
#define HAS(slot)                                                                                  \
	",\"config\":{\"" slot "\":\"fast:vm-900000-pxc-aaaaaaaa,serial=aaaaaaaa,size=2G\"}"
#define LEAVES                                                                                     \
	RUNS ",\"current\":{\"scsi1\":\"fast:vm-900000-pxc-aaaaaaaa,serial=aaaaaaaa,size=2G\"},\"pending\":[\"scsi1\"]"
#define GUESTS(list) "{\"guests\":[" list "],"
#define DATA(rest) "{\"name\":\"vm-900000-pxc-aaaaaaaa\",\"volume\":\"data\"" rest "}"
#define RBD(images, state) "\"rbd\":{\"fast\":{\"images\":[" images "],\"state\":{" state "}}}}"
#define FOR(vm) "\"att/aaaaaaaa\":\"" vm "\""
#define FOR_WEB FOR("vm.101.00000065")
#define FOR_DB FOR("vm.102.00000066")
#define FOR_NOBODY FOR("vm.103.00000067")
/* A volume that nobody has; one that web has. */
#define FREE GUESTS(WEB("") "," DB("") "," HOLDER) RBD(DATA(""), "")
#define IN_WEB GUESTS(WEB(HAS("scsi1")) "," DB("") "," HOLDER) RBD(DATA(""), FOR_WEB)
#define IN_WEB_LIVE GUESTS(WEB(RUNS HAS("scsi1")) "," DB("") "," HOLDER) RBD(DATA(""), FOR_WEB)
#define SNAPPED(rest)                                                                              \
	GUESTS(WEB("") "," HOLDER) RBD(DATA(",\"snaps\":[\"pxc-s1\",\"pxc-s2\"]" rest), "")
#define TWO_POOLS "\"pools\":{\"acme\":{},\"other\":{}},"
#define IMAGE "{\"name\":\"pxc-img-debian\",\"image\":\"debian@1\"}"
