#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Debian packages and all that they need, unpacked into a folder. Nothing is installed and no root is needed: apt resolves and
# downloads in a state of its own, from the sources that the machine has.
#   mk/unpack.sh FOLDER ARCHITECTURE PACKAGE...
# Of the machine's own architecture only what is not installed is unpacked, of others everything.
set -eu
folder=$1 arch=$2
shift 2
mkdir -p "$folder.part"
part=$(cd "$folder.part" && pwd)
trap 'rm -rf "$part"' EXIT
mkdir -p "$part/lists/partial" "$part/archives/partial" "$part/root"
status=/var/lib/dpkg/status
if [ "$arch" != "$(dpkg --print-architecture)" ]; then
	status=$part/status
	: > "$status"
fi
apt() {
	apt-get -qq -o APT::Architecture="$arch" -o APT::Architectures="$arch" -o Dir::State="$part" -o Dir::State::lists="$part/lists" \
		-o Dir::State::status="$status" -o Dir::Cache="$part" -o Dir::Cache::archives="$part/archives" -o APT::Sandbox::User= \
		-o APT::Install-Recommends=false -o Debug::NoLocking=1 "$@"
}
apt update
apt --yes --download-only install "$@" > "$part/log" 2>&1 || { cat "$part/log" >&2; exit 1; }
for package in "$part"/archives/*.deb; do
	[ ! -e "$package" ] || dpkg-deb --extract "$package" "$part/root"
done
rm -rf "$folder"
mv "$part/root" "$folder"
