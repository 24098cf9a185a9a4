# SPDX-License-Identifier: GPL-3.0-or-later
# make help lists the targets.      V=1 shows commands, WERROR=1 for CI, SAN=1 adds sanitizers, B=dir builds elsewhere
KINDS  := cloud flavor project vm rbd_image volume sdn affinity balance group keypair access info
TABLES := policy privileges
LAYERS := base annot cloud ansible pve ceph modules sim

# Which layers a layer may include. Anything else does not compile.
MAY_base    := base
MAY_annot   := base annot
MAY_cloud   := base annot cloud
MAY_ansible := base ansible
MAY_pve     := base pve
MAY_ceph    := base ceph
MAY_modules := base annot cloud ansible pve ceph modules
MAY_sim     := base ceph sim
MAY_tools   := base ansible sim tools

B      ?= build
# Where the generators are that this machine runs: elsewhere for another architecture (mk/cross.mk).
HOST_B ?= $B
ARCH   := $(shell uname -m)
CFLAGS ?= -O2 -g
WARN   := -Wall -Wextra -Wshadow -Wconversion -Wvla -Wundef -Wcast-qual -Wcast-align -Wwrite-strings \
          -Wpointer-arith -Wformat=2 -Wswitch-enum -Wimplicit-fallthrough -Wstrict-prototypes \
          -Wold-style-definition -Wmissing-prototypes -Wredundant-decls -Wnull-dereference -Wunused-macros
HARDEN := -fPIE -fno-common -fstack-protector-strong $(if $(SAN),,-D_FORTIFY_SOURCE=2)
comma    := ,
SANITIZE := $(if $(SAN),-fsanitize=address$(comma)undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -O1)
override CFLAGS += -std=gnu11 -D_GNU_SOURCE $(WARN) $(HARDEN) $(SANITIZE) $(if $(WERROR),-Werror) -MMD -MP
override LDFLAGS += -pie -Wl,-z,relro,-z,now $(SANITIZE)
Q      := $(if $(V),,@)
# Test programs of a suite that run side by side, where a suite's share nothing.
JOBS   ?= $(shell nproc)

# jansson and libyaml are linked in, libcurl and OpenSSL stay dynamic (DESIGN part 1).
LIBS_MODULE := -l:libjansson.a -l:libyaml.a -lcurl -lssl -lcrypto -lpthread -lm -ldl
LIBS_SIM    := -lmicrohttpd -l:libjansson.a -lcurl -lcrypto -lpthread -lm -ldl
LIBS_CEPH   := -lrbd -lrados -larchive -lz -llzma -lzstd -lcurl -lcrypto -lpthread
LIBS_TEST   := -lcmocka -lmicrohttpd $(LIBS_MODULE)

obj  = $(patsubst csrc/%.c,$B/%.o,$(wildcard csrc/$1/*.c csrc/$1/*/*.c))
libs = $(foreach l,$1,$B/lib$l.a)

modules: $B/bin/pxc $B/bin/pxc-ceph.so $B/bin/pxcsim

define layer
$(if $2,,$B/lib$1.a: $$(call obj,$1))
$B/inc/$1/.ok: Makefile
	$(Q)rm -rf $$(@D) && mkdir -p $$(@D) && ln -s $$(MAY_$1:%=$$(CURDIR)/csrc/%) $$(@D)/ && touch $$@
$B/$1/%.o: csrc/$1/%.c $B/inc/$1/.ok
	$(Q)mkdir -p $$(@D)
	$(Q)$$(CC) $$(CFLAGS) -I$B/inc/$1 -c $$< -o $$@
endef
$(foreach l,$(filter-out ceph,$(LAYERS)) tools,$(eval $(call layer,$l)))
$(eval $(call layer,ceph,only))

# Tables of schemas/ are part of the cloud layer: see mk/tables.mk.
$B/libcloud.a: $(TABLES:%=$B/gen/%.o)

# The same plan on every machine: no multiplication is fused with an addition.
$B/cloud/balance/%.o: override CFLAGS += -ffp-contract=off

# Of ceph/ only the loader is in the programs; the rest is a library of its own, the only thing that needs librados and librbd.
$B/libceph.a: $B/ceph/load.o
PIC := $(patsubst csrc/%.c,$B/pic/%.o,$(filter-out csrc/ceph/load.c,$(wildcard csrc/ceph/*.c)) \
	$(addprefix csrc/base/,arena.c buf.c clock.c err.c mem.c str.c units.c))
$B/pic/%.o: csrc/%.c $B/inc/ceph/.ok
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -fPIC -fvisibility=hidden -I$B/inc/ceph -c $< -o $@
$B/bin/pxc-ceph.so: $(PIC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -shared $(if $(SAN),,-Wl$(comma)-z$(comma)defs) $^ $(filter-out -pie,$(LDFLAGS)) $(LIBS_CEPH) -o $@

$B/lib%.a:
	$(Q)mkdir -p $(@D)
	$(Q)$(RM) $@ && $(AR) qcs $@ $^

include mk/contract.mk mk/tables.mk mk/test.mk mk/suites.mk mk/ceph.mk mk/balance.mk mk/integration.mk mk/awx.mk mk/boot.mk mk/netns.mk mk/report.mk mk/fuzz.mk mk/cross.mk mk/stage.mk mk/execution.mk mk/packaging.mk mk/deps.mk mk/lint.mk mk/analyze.mk mk/sanity.mk

$B/bin/pxc: csrc/main.c $B/gen/specs.o $(call libs,modules pve ceph ansible cloud annot base)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MF $B/main.d -Icsrc $(filter %.c %.o %.a,$^) $(LDFLAGS) $(LIBS_MODULE) -o $@

$B/bin/pxcsim: $B/tools/pxcsim.o $(call libs,sim ceph base)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $^ $(LDFLAGS) $(LIBS_SIM) -o $@

help:
	@echo "make deps          install what is needed (Debian packages by name)"
	@echo "make modules       build the modules and the simulated cluster (default)"
	@echo "make demo          run playbooks/demo.yml twice against a simulated cluster; KEEP=1 leaves it running"
	@echo "make test          everything below in its short form; ends with: N passed, M failed"
	@echo "make unit property contract packaging conformance crash integration fuzz"
	@echo "make test-boot     boot a Debian in QEMU from an imported, cloned and seeded disk; test-boot-short: a tiny Linux"
	@echo "make test-concurrency  many runs at once on one project; some of them are killed"
	@echo "make test-netns    frames between two hosts of zones made through the API; test-netns-short: without ifupdown2"
	@echo "make report        pxc_info as a page in a browser, and as metrics by Prometheus' own parser"
	@echo "make bench         measure the README's figures"
	@echo "make bench-balance measure the balancer on made-up clusters; balance-pictures: docs/balance-*.svg"
	@echo "make lint format   check the rules a script can check; format the C"
	@echo "make sanity        ansible-test sanity and galaxy-importer on the collection; lint-full: that, lint, and clang's analyzer"
	@echo "make stage dist install   lay out the collection, pack it, install it for the user"
	@echo "make docs          pages of all modules as HTML, in build/docs/out/html"
	@echo "make release       close the version in galaxy.yml: the fragments of the changelog become its section; make changelog: write it anew"
	@echo "make cross         the program for aarch64, by a cross compiler; ARCHES=\"x86_64 aarch64\" packs it, too (docs/execution.md)"
	@echo "V=1 shows commands, WERROR=1 makes warnings errors, SAN=1 adds sanitizers, B=dir builds elsewhere"

clean:
	$(RM) -r $B

-include $(wildcard $B/*/*.d $B/*/*/*.d $B/pic/*/*.d $B/*.d $B/tests/*/*.d $B/tests/*/*/*.d $B/tests/*/*/*/*.d)
.PHONY: modules clean help
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := modules
