#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# with_ceph.sh DIR COMMAND...    run COMMAND with a Ceph of one node, whose ceph.conf is PXC_TEST_CEPH_CONF; one that runs is used.
# DIR is the folder it lives in meanwhile; tests make pools of their own in it.
set -u
[ $# -ge 2 ] || { sed -n '3,4s/^# *//p' "$0" >&2; exit 2; }
dir=$1; shift
[ -z "${PXC_TEST_CEPH_CONF:-}" ] || exec "$@"
box=$(dirname "$0")/cephbox.sh
"$box" down "$dir"
"$box" up "$dir" mgr=1 linger=8 watch=$$ || exit 1
trap '"$box" down "$dir"' EXIT
trap 'exit 130' INT TERM
PXC_TEST_CEPH_CONF=$(realpath "$dir")/ceph.conf "$@"
