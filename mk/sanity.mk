# SPDX-License-Identifier: GPL-3.0-or-later
# The collection as the ecosystem judges it: ansible-test sanity with both ansible-cores, galaxy-importer on the tarball.
SANITY    = tests/sanity/sanity.py $C $B/sanity
IMPORTER  = "$(PYTOOLS) tests/sanity/importer.py $(TARBALL) $B/importer"

# Short: only the newest ansible-core, and without pylint, whose environments take most of the time to install.
sanity: stage dist
	$(Q)tests/run.py --jobs $(JOBS) sanity "tests/contract/with_ansible.py system $(SANITY)" "tests/contract/with_ansible.py $B/venv $(SANITY)" $(IMPORTER)
sanity-short: stage dist
	$(Q)tests/run.py --jobs $(JOBS) sanity "tests/contract/with_ansible.py $B/venv $(SANITY) --short" $(IMPORTER)
.PHONY: sanity sanity-short
