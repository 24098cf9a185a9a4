# SPDX-License-Identifier: GPL-3.0-or-later
# From plugins/modules/K.yml to C tables: the generator runs at build time, nothing of it is in git.
CONTRACTS := $(KINDS:%=plugins/modules/pxc_%.yml)
FRAGMENTS := $(wildcard plugins/doc_fragments/*.yml)
ARGSPEC_O := $(patsubst csrc/%.c,$B/%.o,$(wildcard csrc/tools/argspec*.c))
SAMPLE    := tests/contract/pxc_sample.yml
LINK_SPEC  = $(CC) $(CFLAGS) $^ $(LDFLAGS) -l:libyaml.a -l:libjansson.a -lcrypto -lm -o $@

$B/bin/argspec: $(ARGSPEC_O) $B/libansible.a $B/libbase.a
	$(Q)mkdir -p $(@D)
	$(Q)$(LINK_SPEC)

$B/gen/specs.c: $(HOST_B)/bin/argspec $(CONTRACTS) $(FRAGMENTS)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOST_B)/bin/argspec c $(CONTRACTS) > $@

# The same and the sample, which uses every type and rule: for tests.
$B/gen/sample.c: $B/bin/argspec $(CONTRACTS) $(FRAGMENTS) $(SAMPLE)
	$(Q)mkdir -p $(@D)
	$(Q)$B/bin/argspec c $(CONTRACTS) $(SAMPLE) > $@

$B/gen/%.o: $B/gen/%.c $B/inc/ansible/.ok
	$(Q)$(CC) $(CFLAGS) -I$B/inc/ansible -c $< -o $@

$B/tests/contract/validate.o: tests/contract/validate.c $B/inc/ansible/.ok
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -I$B/inc/ansible -c $< -o $@

$B/tests/contract/validate: $B/tests/contract/validate.o $B/gen/sample.o $B/libansible.a $B/libbase.a
	$(Q)$(LINK_SPEC)

# In front of a command: the newest ansible-core, and the tools that Debian has not.
PYTOOLS := tests/contract/with_ansible.py $B/pytools:tests/pytools.txt

# Program against documentation, argument engine against Ansible's own, action plugin: by the installed ansible-core and the newest one.
contract: stage $B/bin/pxcsim $B/tests/contract/validate $B/bin/tables
	$(Q)tests/run.py --jobs $(JOBS) contract tests/contract/test_outputs.py tests/contract/test_run.py tests/contract/test_sync_objects.py "tests/contract/test_argspec.py $B/bin/argspec" \
		$(TABLES:%="tests/contract/test_%_doc.py $B/bin/tables") $(foreach a,system $B/venv, \
		"tests/contract/with_ansible.py $a tests/contract/compare_validator.py $B/tests/contract/validate" \
		"tests/contract/with_ansible.py $a tests/contract/test_docs.py $B" \
		"tests/contract/with_ansible.py $a tests/contract/test_runner.py $B" \
		"tests/contract/with_ansible.py $a tests/contract/test_inventory.py $B" \
		"tests/contract/with_ansible.py $a tests/contract/test_load.py $B" \
		"tests/contract/with_ansible.py $a tests/contract/test_progress.py $B")
.PHONY: contract
