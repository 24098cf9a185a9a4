/* SPDX-License-Identifier: GPL-3.0-or-later */
/* net_rows.h - networks for the tables of plans, and tasks about them: see lib/net_world.h. */
#pragma once

#define BLUE                                                                                             \
	"{\"id\":\"n1\",\"name\":\"blue\",\"project\":\"acme\",\"subnets\":[{\"cidr\":\"10.20.0.0/24\"," \
	"\"gateway\":\"10.20.0.1\",\"ranges\":[\"10.20.0.10-10.20.0.12\"]}]}"
#define GREEN                                                                                             \
	"{\"id\":\"n2\",\"name\":\"green\",\"project\":\"acme\",\"subnets\":[{\"cidr\":\"10.30.0.0/29\"," \
	"\"gateway\":\"10.30.0.1\",\"dns\":\"10.30.0.2\"}]}"
#define SHARED                                                                                      \
	"{\"id\":\"n3\",\"name\":\"blue\",\"project\":\"beta\",\"shared\":[\"acme\"],\"subnets\":[" \
	"{\"cidr\":\"10.40.0.0/24\"}]}"
#define DUAL                                                                                             \
	"{\"id\":\"n4\",\"name\":\"dual\",\"project\":\"acme\",\"subnets\":[{\"cidr\":\"10.50.0.0/24\"," \
	"\"gateway\":\"10.50.0.1\"},{\"cidr\":\"fd00::/64\",\"gateway\":\"fd00::1\","                    \
	"\"ranges\":[\"fd00::10-fd00::ffff\"]}]}"
#define SLAAC                                                                                      \
	"{\"id\":\"n5\",\"name\":\"slaac\",\"project\":\"acme\",\"subnets\":[{\"cidr\":\"fd01::/64\"}]}"
#define KEPT                                                                                             \
	"{\"id\":\"n6\",\"name\":\"kept\",\"project\":\"acme\",\"subnets\":[{\"cidr\":\"10.60.0.0/24\"," \
	"\"gateway\":\"10.60.0.1\",\"dns\":\"10.60.0.5\"}],"                                             \
	"\"reserves\":{\"metallb\":\"10.60.0.2-10.60.0.4\"}}"
#define EMPTY "{\"id\":\"n7\",\"name\":\"empty\",\"project\":\"acme\"}"
#define RAW "{\"id\":\"raw1\",\"subnets\":[{\"cidr\":\"10.70.0.0/24\"}]}"
#define PUBLIC                                                                                     \
	"{\"id\":\"n8\",\"name\":\"public\",\"shared\":[\"*\"],\"subnets\":[{\"cidr\":\"192.0.2.0/30\"}]}"
#define NETS                                                                                       \
	"\"vnets\":[" BLUE "," GREEN "," SHARED "," DUAL "," SLAAC "," KEPT "," EMPTY "," RAW      \
	"," PUBLIC "],\"pools\":{\"acme\":{},\"beta\":{},\"gamma\":{},\"plain\":null}"
#define NEW(nets)                                                                                  \
	"{\"name\":\"web\",\"cores\":1,\"memory\":512,\"power\":\"stopped\",\"networks\":[" nets   \
	"]}"
#define ASK(nets) "{\"name\":\"web\",\"networks\":[" nets "]}"
#define GUEST(rest) "{\"vmid\":100,\"block\":{\"name\":\"web\"" rest "}"
#define OTHER(rest) "{\"vmid\":200,\"name\":\"other\"" rest "}"
#define WITH(guests) "{" NETS ",\"guests\":[" guests "]}"
#define CARD(n, bridge) "\"net" n "\":\"virtio=BC:24:11:00:00:0" n ",bridge=" bridge "\""
#define ON_BLUE                                                                                    \
	GUEST(",\"net0\":\"blue,10.20.0.11\"},\"config\":{" CARD(                                  \
		"0", "n1") ",\"ide2\":\"shared:cloudinit\","                                       \
			   "\"ipconfig0\":\"gw=10.20.0.1,ip=10.20.0.11/24\"}")
#define RUNS ",\"status\":\"running\""
