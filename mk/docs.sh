#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# mk/docs.sh BUILD: the pages of all modules, plugins and roles as HTML in BUILD/docs/out/html. Any warning is an error.
set -eu
build=$(realpath "$1")
# The tools copy what git knows of a collection; the staged one is no part of a repository.
export ANSIBLE_COLLECTIONS_PATH="$build" GIT_CEILING_DIRECTORIES="$build"
cd "$build"
# References, options that are named, markup: what Sphinx cannot see. It sees what rstcheck would.
antsibull-docs lint-collection-docs --plugin-docs --check-extra-docs-refs --validate-collection-refs all --disallow-unknown-collection-refs \
	--skip-rstcheck ansible_collections/pxcloud/pve
rm -rf docs && mkdir -m 0700 docs docs/rst
antsibull-docs sphinx-init --dest-dir docs --use-current --squash-hierarchy --project pxcloud.pve --copyright 'The pxcloud.pve contributors' \
	--title 'pxcloud.pve' pxcloud.pve > docs/init.log
# Ansible's own pages are in the internet; only references to ours must be good.
cat >> docs/conf.py <<'END'
intersphinx_mapping = {}
nitpick_ignore_regex = [('std:ref', r'(?!ansible_collections\.pxcloud\.pve\.).*'), ('envvar', r'ANSIBLE_.*')]
END
cd docs
antsibull-docs --config-file antsibull-docs.cfg collection --fail-on-error --use-current --squash-hierarchy --dest-dir rst pxcloud.pve
sphinx-build -M html rst out -c . -E -W --keep-going > sphinx.log
