# SPDX-License-Identifier: GPL-3.0-or-later
# From plugins/modules/K.yml to C tables: the generator runs at build time, nothing of it is in git.
CONTRACTS := $(KINDS:%=plugins/modules/pxc_%.yml)
FRAGMENTS := $(wildcard plugins/doc_fragments/*.yml)
ARGSPEC   := $(patsubst csrc/tools/%.c,$B/tools/%.o,$(wildcard csrc/tools/argspec*.c))

$B/bin/argspec: $(ARGSPEC) $B/libansible.a $B/libbase.a
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $^ $(LDFLAGS) -l:libyaml.a -l:libjansson.a -lcrypto -lm -o $@

$B/gen/specs.c: $B/bin/argspec $(CONTRACTS) $(FRAGMENTS)
	$(Q)mkdir -p $(@D)
	$(Q)$B/bin/argspec c $(CONTRACTS) > $@

$B/gen/specs.o: $B/gen/specs.c $B/inc/ansible/.ok
	$(Q)$(CC) $(CFLAGS) -I$B/inc/ansible -c $< -o $@
