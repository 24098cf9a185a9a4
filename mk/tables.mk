# SPDX-License-Identifier: GPL-3.0-or-later
# From schemas/T.yml to C tables of the cloud layer: made at build time, nothing of it is in git. TABLES names them.
TABLES_O := $(patsubst csrc/%.c,$B/%.o,$(wildcard csrc/tools/tables*.c)) $B/tools/argspec_yaml.o $B/tools/argspec_c.o

$B/bin/tables: $(TABLES_O) $B/libbase.a
	$(Q)mkdir -p $(@D)
	$(Q)$(LINK_SPEC)

$(TABLES:%=$B/gen/%.c): $B/gen/%.c: schemas/%.yml $(HOST_B)/bin/tables
	$(Q)mkdir -p $(@D)
	$(Q)$(HOST_B)/bin/tables $* $< > $@

$(TABLES:%=$B/gen/%.o): $B/gen/%.o: $B/gen/%.c $B/inc/cloud/.ok
	$(Q)$(CC) $(CFLAGS) -I$B/inc/cloud -c $< -o $@

# The tables in docs/policy.md and docs/consumers.md, between their two marker lines.
DOC_policy     := docs/policy.md
DOC_privileges := docs/consumers.md
$(TABLES:%=%-doc): %-doc: $B/bin/tables
	$(Q)$B/bin/tables $@ schemas/$*.yml | tests/contract/test_$*_doc.py --write $(DOC_$*)
.PHONY: $(TABLES:%=%-doc)
