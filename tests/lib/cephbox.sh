#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A Ceph cluster of one node in one folder: loopback only, no path of the system touched, any user, ready in about a second.
#
#   cephbox.sh up DIR [pool=rbd,more] [osds=1] [mgr=0] [size=4G] [store=memstore] [pgs=8] [port=] [linger=30] [watch=PID]
#   cephbox.sh down DIR            end the daemons (those of this folder only) and remove the folder
#   cephbox.sh pool DIR NAME...    more pools, ready for RBD
#   cephbox.sh start|stop DIR osd.0|mon.a|mgr.x    one daemon
#   cephbox.sh status|env DIR
#
# linger= is for how many seconds a client that died counts as one that has its images open (not below 6: living ones say so
# every 5).
#
# Daemons run in /, as they do as services: Ceph 18 of Debian 13 names the folders of its plugins from there.
#
# DIR/ceph.conf and DIR/keyring (client.admin) are what a client needs. size= is the room of each OSD. watch= takes the
# cluster down when that process is gone, so that a test that aborts leaves nothing behind.
set -eu
PATH=$PATH:/usr/sbin:/sbin
usage() { sed -n '5,9s/^# *//p' "$0" >&2; exit 2; }
[ $# -ge 2 ] || usage
cmd=$1 dir=$(realpath -m "$2"); shift 2
conf="--conf $dir/ceph.conf"
die() { echo "cephbox: $*" >&2; exit 1; }

# Process ids are used again: a daemon is ours when it was started with our ceph.conf.
ours() { tr '\0' ' ' 2>/dev/null < "/proc/$1/cmdline" | grep -qF -- "--conf $dir/ceph.conf "; }

stop() { # NAME...
	local pid n
	for n in "$@"; do
		pid=$(cat "$dir/run/$n.pid" 2>/dev/null) || continue
		ours "$pid" && kill -9 "$pid" || true
	done
	for n in "$@"; do
		pid=$(cat "$dir/run/$n.pid" 2>/dev/null) || continue
		while ours "$pid"; do sleep .02; done
		rm -f "$dir/run/$n.pid"
	done
}

start() { # NAME
	"ceph-${1%%.*}" $conf -i "${1#*.}" >"$dir/log/$1.out" 2>&1 || { cat "$dir/log/$1.out" >&2; die "$1 does not start"; }
}

daemons() { (cd "$dir/run" 2>/dev/null && ls *.pid 2>/dev/null | sed 's/\.pid$//'); }

pools() { # NAME...
	local p
	for p in "$@"; do
		ceph $conf --connect-timeout 30 osd pool create "$p" "$pgs" "$pgs" >"$dir/log/pool" 2>&1 &&
			rbd $conf pool init "$p" >>"$dir/log/pool" 2>&1 || { cat "$dir/log/pool" >&2; die "pool $p cannot be made"; }
	done
}

free_port() { # two neighbours that nobody listens on
	local p
	for _ in $(seq 200); do
		p=$((20000 + RANDOM % 12000))
		(exec 3<>/dev/tcp/127.0.0.1/$p) 2>/dev/null && continue
		(exec 3<>/dev/tcp/127.0.0.1/$((p + 1))) 2>/dev/null && continue
		echo $p
		return
	done
	die "no free port"
}

secret() { # as cephx wants it: le16 type 1, le32 seconds, le32 nanoseconds, le16 length, 16 random bytes
	local t
	t=$(date +%s)
	{ printf '\001\000'
	  printf "$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $((t & 255)) $((t >> 8 & 255)) $((t >> 16 & 255)) $((t >> 24 & 255)))"
	  printf '\000\000\000\000\020\000'; head -c16 /dev/urandom; } | base64
}

write_conf() {
	cat > "$dir/ceph.conf" <<-CONF
	[global]
	fsid = $fsid
	mon host = [v2:127.0.0.1:$port,v1:127.0.0.1:$((port + 1))]
	public addr = 127.0.0.1
	cluster addr = 127.0.0.1
	ms bind ipv6 = false
	chdir = /
	run dir = $dir/run
	pid file = $dir/run/\$name.pid
	admin socket = $dir/run/\$name.asok
	log file = $dir/log/\$name.log
	crash dir = $dir/log
	keyring = $dir/keyring
	auth cluster required = cephx
	auth service required = cephx
	auth client required = cephx
	osd pool default size = 1
	osd pool default min size = 1
	osd pool default pg num = $pgs
	osd pool default pg autoscale mode = off
	osd crush chooseleaf type = 0
	[client]
	admin socket =
	log file =
	[mon]
	mon data = $dir/mon.a
	mon cluster log file = $dir/log/cluster.log
	mon allow pool size one = true
	mon allow pool delete = true
	mon warn on pool no redundancy = false
	mon warn on insecure global id reclaim = false
	mon warn on insecure global id reclaim allowed = false
	auth allow insecure global id reclaim = false
	mon data avail crit = 1
	mon data avail warn = 2
	mon max pg per osd = 1000
	paxos propose interval = 0.02
	paxos min wait = 0.01
	[osd]
	osd data = $dir/osd.\$id
	osd journal =
	osd objectstore = $store
	memstore device bytes = $size
	bluestore block size = $size
	bluestore block create = true
	bluestore block db create = false
	bluestore block wal create = false
	osd class update on start = false
	osd crush update on start = false
	osd op num shards = 1
	osd op num threads per shard = 1
	osd max markdown count = 1000
	osd heartbeat grace = 60
	osd client watch timeout = $linger
	[mgr]
	mgr data = $dir/mgr.\$id
	CONF
}

write_keyring() {
	local i
	{ printf '[mon.]\n\tkey = %s\n\tcaps mon = "allow *"\n' "$(secret)"
	  printf '[client.admin]\n\tkey = %s\n\tcaps mon = "allow *"\n\tcaps osd = "allow *"\n\tcaps mgr = "allow *"\n\tcaps mds = "allow *"\n' "$(secret)"
	  [ "$mgr" = 0 ] || printf '[mgr.x]\n\tkey = %s\n\tcaps mon = "allow profile mgr"\n\tcaps osd = "allow *"\n\tcaps mds = "allow *"\n' "$(secret)"
	  for i in $(seq 0 $((osds - 1))); do
		printf '[osd.%d]\n\tkey = %s\n\tcaps mon = "allow profile osd"\n\tcaps mgr = "allow profile osd"\n\tcaps osd = "allow *"\n' "$i" "$(secret)"
	  done; } > "$dir/keyring"
	chmod 600 "$dir/keyring"
}

mkfs_osd() { # NUMBER
	mkdir -p "$dir/osd.$1"
	cp "$dir/keyring" "$dir/osd.$1/keyring"
	ceph-osd $conf -i "$1" --mkfs --monmap "$dir/monmap" --osd-uuid "$(cat /proc/sys/kernel/random/uuid)" >"$dir/log/mkfs.osd.$1" 2>&1 ||
		{ cat "$dir/log/mkfs.osd.$1" >&2; return 1; }
}

# When a process began; nothing when it is gone, or dead and not yet buried.
born() { sed -n 's/.*) \([^ZX]\) //p' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f19; }

# Lives in a session of its own, so that a signal to the test's process group does not take it away too.
watch_over() { # PID
	local since
	since=$(born "$1")
	[ -n "$since" ] || die "there is no process $1 to watch"
	setsid "$(realpath "$0")" watch "$dir" "$1" "$since" "$fsid" </dev/null >/dev/null 2>&1 &
}

up() {
	osds=1 port='' store=memstore mgr=0 size=4G pool=rbd linger=30 watch=''
	local a i pids=()
	for a in "$@"; do
		case $a in
		osds=* | port=* | store=* | mgr=* | size=* | pool=* | pgs=* | linger=* | watch=*) declare -g "${a%%=*}=${a#*=}" ;;
		*) die "no such setting: $a" ;;
		esac
	done
	for a in ceph-mon ceph-osd monmaptool osdmaptool ceph rbd $([ "$mgr" = 0 ] || echo ceph-mgr); do
		command -v "$a" >/dev/null || die "there is no $a: install ceph-mon ceph-osd ceph-mgr ceph-common (make deps)"
	done
	[ ! -e "$dir/ceph.conf" ] || die "$dir: there is a cluster already"
	mkdir -p "$dir/run" "$dir/mon.a" "$dir/log"
	chmod 700 "$dir"
	trap 'stop $(daemons)' ERR
	[ -n "$port" ] || port=$(free_port)
	fsid=$(cat /proc/sys/kernel/random/uuid)
	write_conf
	write_keyring
	monmaptool --create --clobber --fsid "$fsid" --addv a "[v2:127.0.0.1:$port,v1:127.0.0.1:$((port + 1))]" \
		--enable-all-features --set-min-mon-release pacific "$dir/monmap" >/dev/null
	osdmaptool $conf --createsimple "$osds" --clobber "$dir/osdmap" >/dev/null 2>&1
	for i in $(seq 0 $((osds - 1))); do mkfs_osd "$i" & pids+=($!); done
	ceph-mon $conf -i a --mkfs --monmap "$dir/monmap" --osdmap "$dir/osdmap" --keyring "$dir/keyring" >"$dir/log/mkfs.mon" 2>&1 ||
		{ cat "$dir/log/mkfs.mon" >&2; die "the monitor cannot be made"; }
	start mon.a
	for i in "${pids[@]}"; do wait "$i" || die "an OSD cannot be made"; done
	[ -z "$watch" ] || watch_over "$watch"
	for i in $(seq 0 $((osds - 1))); do start "osd.$i"; done
	[ "$mgr" = 0 ] || { mkdir -p "$dir/mgr.x"; start mgr.x; }
	pools ${pool//,/ }
}

pgs=8
case $cmd in
up) up "$@" ;;
down)
	# shellcheck disable=SC2046 # names without blanks
	stop $(daemons)
	rm -rf "$dir" ;;
pool) pools "$@" ;;
start) start "$1" ;;
stop) stop "$@" ;;
watch) # the cluster with that fsid: there may be another one in the folder by now
	while grep -qs "^fsid = $3$" "$dir/ceph.conf"; do
		[ "$(born "$1")" = "$2" ] || exec "$0" down "$dir"
		sleep 1
	done
	;;
status) exec ceph $conf --connect-timeout 10 -s ;;
env) echo "export CEPH_CONF=$dir/ceph.conf" ;;
*) usage ;;
esac
