/* SPDX-License-Identifier: GPL-3.0-or-later */
/* network_rows.h - worlds with networks, for the tables of network_*_test.c. */
#pragma once

/* A test of its own for the rows. */
#define TABLE(test, rows)                                                                          \
	static void test(void **state)                                                             \
	{                                                                                          \
		(void)state;                                                                       \
		plan_network_rows(rows, sizeof(rows) / sizeof((rows)[0]));                         \
	}

#define ZONE "z.tenant\":\"type/vlan,tags/100-103,default/1,x.bridge/vmbr0\""
#define REGISTRY "\"registry\":{\"" ZONE "}"
#define POOLS "\"pools\":{\"acme\":{},\"beta\":{}}"
#define TENANT "\"tenant\":{\"type\":\"vlan\",\"bridge\":\"vmbr0\"}"

/* A cloud with one tenant zone of VLANs 100 to 103 that nobody has used yet; with more at its end. */
#define BLANK "{" REGISTRY "," POOLS "}"
#define BLANK_AND(more) "{" REGISTRY "," POOLS "," more "}"
/* The zone is there, and these vnets. */
#define WORLD(vnets) "{" REGISTRY "," POOLS ",\"zones\":{" TENANT "},\"vnets\":{" vnets "}}"
#define WORLD_AND(vnets, more)                                                                     \
	"{" REGISTRY "," POOLS ",\"zones\":{" TENANT "},\"vnets\":{" vnets "}," more "}"
/* These zones are there, and none is for projects. */
#define ZONES(zones, vnets) "{" POOLS ",\"zones\":{" zones "},\"vnets\":{" vnets "}}"
#define ZONES_AND(zones, vnets, more)                                                              \
	"{" POOLS ",\"zones\":{" zones "},\"vnets\":{" vnets "}," more "}"

#define VNET(id, rest) "\"" id "\":{" rest "}"
#define IN_TENANT(id, tag, net, rest)                                                              \
	VNET(id, "\"zone\":\"tenant\",\"tag\":" #tag ",\"net\":\"" net "\"" rest)
#define SUBNETS(list) ",\"subnets\":{" list "}"
#define BLUE(rest) IN_TENANT("vblue", 100, "acme/blue", rest)
#define BLUE_20 BLUE(SUBNETS("\"10.20.0.0/24\":{\"gateway\":\"10.20.0.1\"}"))
#define RED(rest) IN_TENANT("vred", 101, "acme/red", rest)

/* The task of a network of project acme. */
#define NET(rest) "{\"project\":\"acme\",\"name\":\"blue\"" rest "}"
#define NETS(list) "{\"project\":\"acme\",\"networks\":[" list "]}"
/* Of a published one. */
#define PROVIDER(rest) "{\"kind\":\"provider\",\"name\":\"lan\"" rest "}"
#define IN_LAB(rest) PROVIDER(",\"zone\":\"lab\"" rest)

#define APPLY                                                                                      \
	" / apply on every node; wait for pve1 to take it over; wait for pve2 to take it over; "   \
	"wait for pve3 to take it over"
