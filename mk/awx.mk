# SPDX-License-Identifier: GPL-3.0-or-later
# playbooks/awx.yml against a stand-in for AWX's API, and its job templates by ansible-runner; in full also set up by the newest ansible-core.
awx: modules stage
	$(Q)tests/run.py awx "$(PYTOOLS) tests/awx/test_awx.py $B" "$(PYTOOLS) tests/awx/test_awx.py $B --newest --apply-only"
awx-short: modules stage
	$(Q)tests/run.py awx "$(PYTOOLS) tests/awx/test_awx.py $B"
# What is declared, and what the tests know of AWX's API, against the modules of awx.awx: 50 MB, fetched once into build/awx-collection.
awx-schema:
	$(Q)tests/run.py awx-schema "$(PYTOOLS) tests/awx/test_data.py $B"
.PHONY: awx awx-short awx-schema
