# SPDX-License-Identifier: GPL-3.0-or-later
# Every module through a real ansible-playbook: Debian's ansible-core, and the newest that a Python on the machine can run.
integration: modules stage
	$(Q)tests/run.py --jobs $(JOBS) integration "tests/integration/run.py $B" \
		"tests/contract/with_ansible.py $B/venv tests/integration/run.py $B"
integration-short: modules stage
	$(Q)tests/run.py --jobs $(JOBS) integration "tests/integration/run.py $B"
.PHONY: integration integration-short
