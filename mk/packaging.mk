# SPDX-License-Identifier: GPL-3.0-or-later
# What is round the collection: changelog, pages for docsites, licences, and the tests of all that a user gets by the tarball.

# Pages of modules, plugins and roles: build/docs/out/html/index.html
docs: stage
	$(Q)$(PYTOOLS) mk/docs.sh $B

# CHANGELOG.md anew from changelogs/changelog.yaml; and a release: the fragments become the section of the version in galaxy.yml.
changelog: stage
	$(Q)$(PYTOOLS) mk/release.sh --generate $C .
release: stage
	$(Q)$(PYTOOLS) mk/release.sh $C .

packaging: dist
	$(Q)tests/run.py --jobs $(JOBS) packaging "tests/packaging/test_links.py $B" \
		$(foreach a,system $B/pytools:tests/pytools.txt, \
		"tests/contract/with_ansible.py $a tests/packaging/test_tarball.py $B" \
		"tests/contract/with_ansible.py $a tests/packaging/test_defaults.py $B") \
		"$(PYTOOLS) tests/packaging/test_environment.py $B" \
		"$(PYTOOLS) tests/packaging/test_changelog.py $B" \
		"$(PYTOOLS) tests/packaging/test_docsite.py $B" \
		"$(PYTOOLS) reuse lint"
.PHONY: docs changelog release packaging
