#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# mk/release.sh STAGED TREE: the fragments in TREE/changelogs become the section of the version that galaxy.yml says, and TREE/CHANGELOG.md is
# written anew. STAGED is the staged collection, from which the new modules and plugins of the version are known.
# With --generate in front: CHANGELOG.md only, from the releases that there are.
set -eu
what=release
if [ "$1" = --generate ]; then what=generate; shift; fi
staged=$(realpath "$1") tree=$(realpath "$2") work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
collection=$work/ansible_collections/pxcloud/pve
mkdir -p "$(dirname "$collection")"
cp -a "$staged" "$collection"
rm -rf "$collection/changelogs"
cp -a "$tree/changelogs" "$collection/changelogs"
cd "$collection"
antsibull-changelog lint
antsibull-changelog $what
cp CHANGELOG.md "$tree/"
if [ $what = release ]; then
	cp changelogs/changelog.yaml "$tree/changelogs/"
	for f in "$tree"/changelogs/fragments/*.yml "$tree"/changelogs/fragments/*.yaml; do
		[ -e "changelogs/fragments/${f##*/}" ] || rm -f "$f"
	done
fi
