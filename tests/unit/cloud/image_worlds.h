/* SPDX-License-Identifier: GPL-3.0-or-later */
/* image_worlds.h - worlds with images and tasks about them, as texts: what the tests of cloud/image_*.c are made of. */
#pragma once

#define CEPH "\"registry\":{\"storage\":\"fast\"}"
#define IMAGES(list) "{" CEPH ",\"rbd\":{\"fast\":{\"images\":[" list "]}}}"
#define EMPTY IMAGES("")
#define D1 "{\"name\":\"pxc-img-debian\",\"image\":\"debian@1\"}"
#define D1_WITH(rest) "{\"name\":\"pxc-img-debian\",\"image\":\"debian@1\"," rest "}"
#define D2 "{\"name\":\"pxc-img-debian.2\",\"image\":\"debian@2\",\"block\":{\"rank\":\"2\"}}"
#define D2_WITH(rest)                                                                              \
	"{\"name\":\"pxc-img-debian.2\",\"image\":\"debian@2\",\"block\":{\"rank\":\"2\"}," rest "}"
#define D3 "{\"name\":\"pxc-img-debian.3\",\"image\":\"debian@3\",\"block\":{\"rank\":\"3\"}}"
#define FILE "\"source\":\"/srv/x.img\""
#define SHA256_A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA256_B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SHA512_A                                                                                   \
	"sha512:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"                  \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OF(version) "{\"name\":\"debian\",\"version\":\"" version "\"}"
#define AND(version, rest) "{\"name\":\"debian\",\"version\":\"" version "\"," rest "}"
#define HEX24 "aaaaaaaaaaaaaaaaaaaaaaaa"
#define TEMP_OLD "pxc-tmp-69550000" HEX24
#define TEMP_NEW "pxc-tmp-6955b000" HEX24

#define T9000(rest) "\"guests\":[{\"vmid\":9000,\"template_of\":\"debian@1\"" rest "}]"
#define WANTED "\"template_vm\":{\"vmid\":9000}"
#define LEFT_DISK(vmid, version)                                                                   \
	"{\"name\":\"vm-" vmid "-disk-0\",\"disk\":\"vm." vmid                                     \
	".00001234\",\"block\":{\"image\":\"debian\","                                             \
	"\"version\":\"" version "\"}}"
