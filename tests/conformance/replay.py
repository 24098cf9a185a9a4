#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replay recorded exchanges of a real PVE API server against pxcsim and count how many agree.

The recording is not part of this project: PVE_TRUTH names its folder, PXCSIM the program.
Each line of exchanges.jsonl is sent in order to a fresh cluster (three worlds, see worlds()) and the answer
is compared: status, reason, content type, and the body with every field's presence, type and value. What
cannot be equal is ignored by rules about its kind (class Volatile), never by the name of an exchange.
"""

import argparse
import collections
import json
import os
import re
import ssl
import subprocess
import sys
import tempfile
import urllib.parse
from http.client import HTTPException, HTTPSConnection

REQUIRED = 95.0  # per cent of the exchanges in AREAS that must agree

# Area -> pattern of the paths (without /api2/json) that belong to it; the first that fits counts.
AREAS = collections.OrderedDict([
    ('access', r'/access(/|$)'),
    ('pools', r'/pools(/|$)'),
    ('cluster/resources', r'/cluster/resources$'),
    ('cluster/status', r'/cluster/status$'),
    ('cluster/nextid', r'/cluster/nextid$'),
    ('cluster/options', r'/cluster/options$'),
    ('cluster/tasks', r'/cluster/tasks$'),
    ('version', r'/+version$'),
    ('storage', r'/storage(/|$)'),
    ('nodes/storage', r'/nodes/[^/]+/storage(/|$)'),
    ('tasks', r'/nodes/[^/]+/tasks(/|$)'),
    ('qemu', r'/nodes/[^/]+/qemu(?!/\d+/firewall)(/|$)'),
    ('sdn', r'/cluster/sdn(/|$)'),
    ('nodes/sdn', r'/nodes/[^/]+/sdn(/|$)'),
    ('ha', r'/cluster/ha(/|$)'),
])
# Replayed and shown, but not part of the required figure.
MORE = collections.OrderedDict([
    ('nodes/network', r'/nodes/[^/]+/network$'),
    ('nodes', r'/nodes(/[^/]+(/(status|version|config|time|lxc))?)?$'),
    ('cluster', r'/cluster(/(log|config/nodes|config/totem|config/join))?$'),
    ('transport', r'(/|/nosuch|/Version|/nodes/[^/]+/nosuch)$'),
])

# What was done on the server without the API, or what its test bed did wrong, before an exchange:
# requests to the simulator's control, (path, body).
BEFORE = {
    # qm set 200 --args ...: guest 200 boots a small system of the test bed
    'vm200.config.args': [('/sim/config?vmid=200&key=args&value=-kernel%20/usr/share/pve-testguest/vmlinuz%20'
                           '-initrd%20/usr/share/pve-testguest/initrd.gz%20-append%20quiet', None)],
    # software emulation could not copy the disk of a running guest
    'run.clone': [('/sim/faults', 'POST /nodes/pve1/qemu/200/clone count=1 '
                                  'fail="clone failed: drive-scsi0: throttle node without file child node name!"')],
    # the small system reacted to a power button now and then only
    'reboot': [('/sim/guest?vmid=200&deaf=1', None)],
    'shutdown': [('/sim/guest?vmid=200&deaf=0', None)],
    'task.long.shutdown': [('/sim/guest?vmid=200&deaf=1', None)],
    'lock.put': [('/sim/lock?vmid=200&lock=backup', None)],  # qm set 200 --lock backup
    'prot.set': [('/sim/lock?vmid=200&lock=', None)],        # qm unlock 200
    # the recording waited until the HA manager had written its first status
    'c.ha.rule.neg': [('/sim/advance?ms=25000', None)],
}
HEX40 = re.compile(r'^[0-9a-f]{40}$')
UPID = re.compile(r'UPID:([^:]+):([0-9A-F]{8}):([0-9A-F]{8}):([0-9A-F]{8}):([^:]*):([^:]*):([^: ]+):')
MAC = re.compile(r'\b[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}\b')
UUID = re.compile(r'\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b')
LOCK = re.compile(r'^%s$' % UUID.pattern.replace(r'\b', ''))  # a token of the SDN lock
TICKET = re.compile(r'^PVE:[^:]+:[0-9A-F]{8}::')
CSRF = re.compile(r'^[0-9A-F]{8}:\S+$')
CUT = re.compile(r'(.)\.\.\.<(\d+) chars>', re.S)


def uncut(text):
    """Very long strings were cut in the recording: "xxxx...<70000 chars>" is that many times its last letter."""
    found = CUT.search(text)
    if not found:
        return text
    head = text[:found.start()] + found.group(1)
    if head.endswith('?' + found.group(1)):
        head += '='  # a query of one long parameter
    return head + found.group(1) * (int(found.group(2)) - len(head))


class Volatile:
    """What may differ, by kind: names of fields, forms of strings."""

    # numbers that a clock, a load, a process table or a disk made
    NUMBERS = {'pid', 'pstart', 'starttime', 'endtime', 'uptime', 'cpu', 'mem', 'memhost', 'used', 'avail',
               'used_fraction', 'netin', 'netout', 'diskread', 'diskwrite', 'ctime', 'snaptime', 'time',
               'localtime', 'timestamp', 'result', 'tx-bytes', 'tx-packets', 'rx-bytes', 'rx-packets', 'idle', 'wait', 'cgroup-mode', 'balloon_min', 'freemem',
               'pressurecpusome', 'pressurecpufull', 'pressureiosome', 'pressureiofull',
               'pressurememorysome', 'pressurememoryfull', 'running-qemu-pid'}
    # sizes of the host: of nodes and storages, not of guests
    HOST_SIZES = {'disk', 'maxdisk', 'maxmem', 'total', 'maxcpu'}
    # facts of the host's hardware and kernel
    HOST_FACTS = {'cpuinfo', 'current-kernel', 'kversion', 'loadavg', 'memory', 'swap', 'rootfs', 'ksm',
                  'boot-info'}
    # secrets and digests
    STRINGS = {'digest', 'config_digest', 'ssl_fingerprint', 'pve_fp', 'ticket', 'CSRFPreventionToken', 'uid'}
    # serial numbers of log entries
    SERIAL = re.compile(r'^\d+:(pve\d+)$')
    # comma lists, and lists of names, in hash order
    LISTS = {'content', 'formats'}
    NAME_LISTS = {'allowed_nodes'}
    # the guest's own system, as its agent tells of it
    GUEST_FACTS = {'version', 'version-id', 'kernel-release', 'kernel-version', 'pretty-name', 'host-name',
                   'ip-address'}

    @staticmethod
    def text(value):
        """A string with everything volatile in it replaced by its kind."""
        value = Volatile.SERIAL.sub(r'N:\1', value)
        value = UPID.sub(lambda m: 'UPID:%s:P:S:T:%s:%s:%s:' % m.group(1, 5, 6, 7), value)
        value = UUID.sub('<uuid>', value)
        value = re.sub(r'^[0-9a-f]{40}$', '<digest>', value)
        value = re.sub(r'\$5\$[^$]{8}\$[./0-9A-Za-z]{43}', '<password hash>', value)
        value = re.sub(r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d', '<time>', value)
        value = re.sub(r'\b[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}', '<time>', value)
        value = MAC.sub('<mac>', value)
        value = re.sub(r'<time>\.\d{9} [+-]\d{4}', '<time>', value)
        value = re.sub(r'/proc/\d+/fd/\d+', '<file>', value)
        value = re.sub(r'ctime=\d+', 'ctime=T', value)
        value = re.sub(r'pveupload-[0-9a-f]{32}', 'pveupload-<random>', value)
        value = re.sub(r'Temporary failure in name resolution', 'Name or service not known', value)
        value = re.sub(r'\b\d+(\.\d+)? (B|KiB|MiB|GiB)/s\b', '<rate>', value)
        return value


class Compare:
    """Differences between what was recorded and what the simulator said."""

    def __init__(self, path=''):
        self.found = []
        self.guest = '/agent/' in path

    def differ(self, where, recorded, got):
        self.found.append('%s: recorded %s, got %s' % (where or 'body', short(recorded), short(got)))

    def value(self, where, key, recorded, got, owner=None):
        if key in Volatile.HOST_FACTS:
            if (recorded is None) != (got is None):
                self.differ(where, recorded, got)
        elif self.guest and key in Volatile.GUEST_FACTS and isinstance(got, type(recorded)):
            return
        elif is_number(recorded) and is_number(got):
            if key in Volatile.NUMBERS:
                return
            if key in Volatile.HOST_SIZES and is_host(owner):
                return
            if recorded != got:
                self.differ(where, recorded, got)
        elif isinstance(recorded, str) and isinstance(got, str):
            self.strings(where, key, recorded, got)
        elif isinstance(recorded, dict) and isinstance(got, dict):
            self.objects(where, recorded, got)
        elif isinstance(recorded, list) and isinstance(got, list):
            if key in Volatile.NAME_LISTS:
                recorded, got = sorted(recorded), sorted(got)
            self.lists(where, recorded, got)
        elif type(recorded) is not type(got) or recorded != got:
            self.differ(where, recorded, got)

    def strings(self, where, key, recorded, got):
        recorded = uncut(recorded)
        if key in Volatile.STRINGS:
            return
        if key in Volatile.LISTS:
            recorded = ','.join(sorted(recorded.split(',')))
            got = ','.join(sorted(got.split(',')))
        if Volatile.text(recorded) != Volatile.text(got):
            self.differ(where, recorded, got)

    def objects(self, where, recorded, got):
        if unseen(recorded) or unseen(got):
            # pvestatd had not looked yet, on one side: only what comes from the config can be compared
            keys = {'id', 'type', 'node', 'vmid', 'pool', 'tags', 'lock', 'hastate'}
        else:
            keys = set(recorded) | set(got)
        for key in sorted(keys):
            at = '%s.%s' % (where, key) if where else key
            if key not in recorded and key not in got:
                continue
            if key not in got:
                self.found.append('%s: missing (recorded %s)' % (at, short(recorded[key])))
            elif key not in recorded:
                self.found.append('%s: too much (%s)' % (at, short(got[key])))
            else:
                self.value(at, key, recorded[key], got[key], recorded)

    def lists(self, where, recorded, got):
        recorded, got = in_order(recorded), in_order(got)
        if len(recorded) != len(got):
            names = [sorted(map(identity, one)) for one in (recorded, got)]
            self.found.append('%s: recorded %d entries %s, got %d %s' % (
                where or 'body', len(recorded), short(names[0]), len(got), short(names[1])))
            return
        for index, (one, other) in enumerate(zip(recorded, got)):
            self.value('%s[%s]' % (where, index), None, one, other)


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_host(owner):
    """Is this the entry of a node or a storage?"""
    return isinstance(owner, dict) and 'vmid' not in owner


def unseen(entry):
    """A guest's entry before pvestatd's first look: no name, status unknown."""
    return entry.get('status') == 'unknown' and 'vmid' in entry


def identity(entry):
    """What a list entry is about; lists made from hashes come in any order."""
    if not isinstance(entry, dict):
        return Volatile.text(json.dumps(entry))
    for key in ('id', 'rule', 'volid', 'poolid', 'userid', 'groupid', 'roleid', 'sid', 'tokenid', 'key', 'iface',
                'subdir', 'realm', 'name', 'storage', 'vmid', 'node'):
        if key in entry:
            return '%s=%s' % (key, entry[key])
    return Volatile.text(json.dumps(entry, sort_keys=True))


def in_order(entries):
    """Sort what has no order: but logs and tasks (newest first) have one."""
    if not entries or not all(isinstance(one, dict) for one in entries):
        return entries
    if any('t' in one or 'upid' in one for one in entries):
        return entries
    if 'path' in entries[0] and 'ugid' in entries[0]:
        return sorted(entries, key=lambda one: json.dumps(one, sort_keys=True))
    return sorted(entries, key=identity)


def short(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 160 else text[:150] + '...'


class Cluster:
    """One pxcsim, its clock moved by hand."""

    def __init__(self, program, nodes, world):
        self.dir = tempfile.TemporaryDirectory(prefix='conformance.')
        paths = {name: os.path.join(self.dir.name, name) for name in ('world', 'ready')}
        with open(paths['world'], 'w', encoding='utf-8') as file:
            json.dump(world, file)
        command = [program, '--port', '0', '--nodes', str(nodes), '--seed', '1', '--speed', 'manual', '--world',
                   paths['world'], '--ready', paths['ready'], '--state-dir', self.dir.name, '--start', '1795231900']
        if nodes > 1:
            command += ['--cluster', 'testbed']
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.ready = json.loads(self.process.stdout.readline())
        self.connection = None
        self.now = 0
        self.control('GET', '/sim/now')

    def close(self):
        self.process.terminate()
        status = self.process.wait(20)
        self.process.stdout.close()
        self.dir.cleanup()
        if status:
            raise RuntimeError('the simulator ended with status %d' % status)

    def send(self, method, path, headers, body):
        """-> (status, reason, content type, text); the connection is made again when it was closed."""
        for attempt in (1, 2):
            if not self.connection:
                context = ssl.create_default_context(cafile=self.ready['ca_path'])
                self.connection = HTTPSConnection('127.0.0.1', self.ready['port'], context=context, timeout=60)
            try:
                self.connection.request(method, path, body=body, headers=headers)
                reply = self.connection.getresponse()
                text = reply.read()
            except (HTTPException, OSError):
                self.connection.close()
                self.connection = None
                if attempt == 2:
                    return 0, 'no answer', None, ''
                continue
            if reply.will_close:
                self.connection.close()
                self.connection = None
            return reply.status, reply.reason, reply.getheader('Content-Type'), text.decode('utf-8', 'replace')
        return 0, 'no answer', None, ''

    def control(self, method, path):
        status, _, _, text = self.send(method, path, {}, None)
        if status != 200:
            raise RuntimeError('control %s: %s' % (path, text))
        self.now = json.loads(text)['now_ms']
        self.running = json.loads(text)['running']

    def advance(self, milliseconds):
        self.control('POST', '/sim/advance?ms=%d' % milliseconds)


def collect_times(value, times):
    """Add what is a point in time, by the names of fields."""
    if isinstance(value, dict):
        for key, one in value.items():
            if key in ('starttime', 'endtime', 'timestamp', 'time', 'snaptime') and isinstance(one, int):
                times.append(one)
            collect_times(one, times)
    elif isinstance(value, list):
        for one in value:
            collect_times(one, times)


class Replay:
    """Sends recorded requests, with what the recording's server made up replaced by what the simulator made up."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.names = {}    # recorded string -> ours: UPIDs, tickets, digests, MACs, ...
        self.secrets = {}  # full token id -> our secret
        self.second = None  # the recording's clock, as far as it is known
        self.anchor = 0     # our clock, in milliseconds, at that second

    def translate(self, text):
        for recorded in sorted(self.names, key=len, reverse=True):
            if recorded in text:
                text = text.replace(recorded, self.names[recorded])
        return text

    def translate_all(self, value):
        if isinstance(value, str):
            return self.translate(uncut(value))
        if isinstance(value, list):
            return [self.translate_all(one) for one in value]
        return value

    def learn(self, recorded, got):
        """Remember pairs of volatile strings that stand at the same place of both answers."""
        if isinstance(recorded, dict) and isinstance(got, dict):
            if 'full-tokenid' in got and 'value' in got:
                self.secrets[got['full-tokenid']] = got['value']
            for key in recorded:
                if key in got:
                    self.learn(recorded[key], got[key])
        elif isinstance(recorded, list) and isinstance(got, list):
            for one, other in zip(in_order(recorded), in_order(got)):
                if identity(one) == identity(other):
                    self.learn(one, other)
        elif isinstance(recorded, str) and isinstance(got, str) and recorded != got:
            if any(kind.search(recorded) and kind.search(got) for kind in (HEX40, UPID, TICKET, CSRF, LOCK)):
                self.names[recorded] = got
            for one, other in zip(MAC.finditer(recorded), MAC.finditer(got)):
                self.names[one.group()] = other.group()

    def headers(self, exchange):
        auth = exchange.get('auth')
        ready = self.cluster.ready
        headers = {}
        if auth is None:
            headers['Authorization'] = 'PVEAPIToken=%s=%s' % (ready['token_id'], ready['token_secret'])
        elif auth.startswith('PVEAPIToken='):
            # the admin token is not written out where it was right
            headers['Authorization'] = '%s=%s' % (auth, self.secrets.get(auth[12:], 'wrong'))
        elif auth != 'none':
            headers['Authorization'] = auth
        for name, value in exchange.get('request_headers', {}).items():
            headers[name] = self.cookie(value) if name == 'Cookie' else self.translate(value)
        return headers

    def cookie(self, value):
        """Tickets in cookies were cut in the recording: find the one that begins so."""
        start = urllib.parse.unquote(value.split('=', 1)[1]).split('...')[0]
        for recorded, ours in self.names.items():
            if recorded.startswith(start):
                return 'PVEAuthCookie=' + urllib.parse.quote(ours, safe='')
        return value

    def body(self, exchange, headers):
        raw = exchange.get('raw_request_body')
        if raw is not None:
            if 'request_content_type' in exchange:
                headers['Content-Type'] = exchange['request_content_type']
            return uncut(self.translate(raw)).encode('utf-8')
        if exchange['method'] in ('GET', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH') or not exchange.get('params'):
            return None
        headers['Content-Type'] = 'application/x-www-form-urlencoded'
        pairs = exchange['params'].items() if isinstance(exchange['params'], dict) else exchange['params']
        params = [(key, self.translate_all(value)) for key, value in pairs]
        return urllib.parse.urlencode(params, doseq=True).encode('ascii')

    def follow_clock(self, exchange):
        """Let as much time pass as passed in the recording, as far as its answers say what time it was."""
        times = [int(found.group(4), 16) for found in UPID.finditer(json.dumps(exchange.get('body')))]
        collect_times(exchange.get('body'), times)
        latest = max((one for one in times if abs(one - (self.second or one)) < 7200), default=0)
        if latest <= (self.second or 0):
            return
        if self.second and self.cluster.now < self.anchor + (latest - self.second) * 1000:
            self.cluster.advance(self.anchor + (latest - self.second) * 1000 - self.cluster.now)
        self.second, self.anchor = latest, self.cluster.now

    def wait_for_task(self, exchange, path):
        """The recording polled a task until it ended and kept the last answer: so do we."""
        if '/tasks/' not in path or not isinstance(exchange['body'], dict):
            return
        data = exchange['body'].get('data')
        done = isinstance(data, dict) and data.get('status') == 'stopped'
        if isinstance(data, list) and data and isinstance(data[-1], dict):
            done = str(data[-1].get('t', '')).startswith('TASK ')
        if not done or exchange['method'] != 'GET':
            return
        self.until_ended(path.split('?')[0].rsplit('/', 1)[0] + '/status')
        if ':reloadnetworkall:' in path:
            self.until_quiet()  # the tasks that it started on every node

    def until_quiet(self):
        """Let time pass until no task runs in the cluster."""
        for _ in range(40):
            if not self.cluster.running:
                return
            self.cluster.advance(500)

    def until_ended(self, status_path):
        """Poll a task of ours until it has ended."""
        headers = self.headers({})
        for _ in range(400):
            status, _, _, text = self.cluster.send('GET', status_path, headers, None)
            if status != 200 or json.loads(text)['data'].get('status') != 'running':
                return
            self.cluster.advance(500)

    def wait_unless_asked(self, answer, asked):
        """What the recording never asked about again had ended before the next request."""
        upid = answer.get('data') if isinstance(answer, dict) else None
        if isinstance(upid, str) and UPID.match(upid) and not asked:
            self.until_ended('/api2/json/nodes/%s/tasks/%s/status' % (upid.split(':')[1],
                                                                     urllib.parse.quote(upid, safe=":@!")))

    def path(self, exchange):
        """The path to ask for, with our own names in it."""
        path = exchange['path']
        path = uncut(self.translate(urllib.parse.unquote(path) if '/tasks/' in path else path))
        return urllib.parse.quote(path, safe="/:?=&%!@,;+$#*()'~")

    def send(self, exchange):
        for path, body in BEFORE.get(exchange['name'], []):
            self.cluster.send('POST', path, {}, body)
        self.follow_clock(exchange)
        self.implied(exchange, self.path(exchange))
        path = self.path(exchange)
        self.wait_for_task(exchange, path)
        self.unread_digest(exchange, path)
        headers = self.headers(exchange)
        body = self.body(exchange, headers)
        answer = self.cluster.send(exchange['method'], path, headers, body)
        for _ in range(20):
            if exchange['status'] != 200 or answer[1] != 'QEMU guest agent is not running':
                break
            self.cluster.advance(1000)  # the recording waited until the guest had booted
            answer = self.cluster.send(exchange['method'], path, headers, body)
        return answer

    def unread_digest(self, exchange, path):
        """A digest that no recorded answer holds was read by a request that was not recorded: read it, too."""
        params = exchange.get('params')
        digest = params.get('digest') if isinstance(params, dict) else None
        if not digest or digest in self.names or exchange['status'] != 200:
            return
        status, _, _, text = self.cluster.send('GET', path.split('?')[0], self.headers({}), None)
        if status == 200 and 'digest' in json.loads(text)['data']:
            self.names[digest] = json.loads(text)['data']['digest']

    def implied(self, exchange, path):
        """A task whose start was not recorded: send the request that its type stands for."""
        found = UPID.search(urllib.parse.unquote(path))
        if not found or found.group() in self.names.values() or found.group(4) == '6B000001':
            return
        node, kind, vmid = found.group(1, 5, 6)
        requests = {'qmdestroy': ('DELETE', '/api2/json/nodes/%s/qemu/%s?purge=1' % (node, vmid), None),
                    'qmcreate': ('POST', '/api2/json/nodes/%s/qemu' % node, 'vmid=%s' % vmid)}
        if kind not in requests:
            return
        method, target, body = requests[kind]
        headers = self.headers({})
        if body:
            headers['Content-Type'] = 'application/x-www-form-urlencoded'
        if kind == 'qmdestroy':
            self.cluster.send('POST', '/api2/json/nodes/%s/qemu/%s/status/stop' % (node, vmid), headers, None)
            self.cluster.advance(5000)
        status, _, _, text = self.cluster.send(method, target, headers, body)
        if status == 200:
            self.names[found.group()] = json.loads(text)['data']


def compare(exchange, answer):
    """-> list of differences."""
    status, reason, content_type, text = answer
    result = Compare(exchange['path'])
    body = exchange['body']
    if status != exchange['status']:
        result.found.append('status: recorded %d %s, got %d %s' % (exchange['status'], exchange.get('reason'),
                                                                    status, reason))
        return result.found, None
    if Volatile.text(exchange.get('reason') or '') != Volatile.text(reason or ''):
        result.differ('reason', exchange.get('reason'), reason)
    if (exchange.get('content_type') or None) != content_type:
        result.differ('content type', exchange.get('content_type'), content_type)
    if isinstance(body, str):
        if (content_type or '').startswith('text/html'):
            return result.found, None  # the page is the program's own
        result.strings('body', None, body, text)
        return result.found, None
    try:
        got = json.loads(text)
    except ValueError:
        result.differ('body', body, text)
        return result.found, None
    data = body.get('data')
    if isinstance(data, list) and data and isinstance(data[0], dict) and 'upid' in data[0]:
        got = dict(got, total=body['total']) if 'total' in body and 'total' in got else got
    result.objects('', body, got)
    return result.found, got


def area_of(exchange, foreign):
    """-> (name, required) or (None, False): outside of what is covered.

    foreign: UPIDs of tasks that an exchange outside of it started
    """
    path = urllib.parse.urlsplit(exchange['path']).path
    if not path.startswith('/api2/json/') and path != '/api2/json':
        return 'transport', False
    path = path[len('/api2/json'):] or '/'
    if any(upid in urllib.parse.unquote(path) for upid in foreign):
        return None, False
    path = path.rstrip('/') or '/'
    for areas, required in ((AREAS, True), (MORE, False)):
        for name, pattern in areas.items():
            if re.match(pattern, path):
                return name, required
    return None, False


def worlds(exchanges):
    """-> [(nodes, exchanges)]: fresh single nodes; a fresh cluster of three, later with pve3 dead, then without quorum.

    Where a node's process numbers begin anew the recording went on with a fresh node.
    """
    result = []
    last = None
    for exchange in exchanges:
        nodes = 3 if re.match(r'[cfq]\.', exchange['name']) else 1
        data = exchange['body'].get('data') if isinstance(exchange['body'], dict) else None
        found = UPID.match(data) if isinstance(data, str) and exchange['method'] != 'GET' else None
        pid = int(found.group(2), 16) if found and nodes == 1 else None
        if not result or result[-1][0] != nodes or (pid and last and pid < last // 2):
            result.append((nodes, []))
            last = None
        result[-1][1].append(exchange)
        last = pid or last
    return result


def racing(one, other):
    """Were these sent at once, and the loser's answer recorded first?"""
    return (one['name'].rstrip('0123456789') == other['name'].rstrip('0123456789')
            and all(one.get(key) == other.get(key) for key in ('method', 'path', 'params'))
            and one['method'] != 'GET' and one['status'] == 500 and other['status'] == 200)


def winners_first(exchanges):
    """Of requests that raced each other the one that won comes first."""
    for index in range(len(exchanges) - 1):
        if racing(exchanges[index], exchanges[index + 1]):
            exchanges[index:index + 2] = exchanges[index + 1], exchanges[index]
    return exchanges


def asked_about(exchanges):
    """The UPIDs that some exchange asks about."""
    found = (re.search(r'/tasks/(UPID:[^/?]+)', urllib.parse.unquote(one['path'])) for one in exchanges)
    return {one.group(1) for one in found if one}


def start_world(program, nodes):
    storages = {'local': {'type': 'dir', 'path': '/var/lib/vz', 'content': 'iso,vztmpl,backup,snippets,import'},
                'data': {'type': 'dir', 'path': '/srv/data', 'content': 'images,rootdir', 'shared': 0}}
    if nodes > 1:
        storages['shared'] = {'type': 'dir', 'path': '/srv/shared', 'content': 'images,rootdir,iso,snippets',
                              'shared': 1}
    users = {'alice@pve': {'password': 'Secret123', 'comment': 'Alice \u00dc tester'}}
    return Cluster(program, nodes, {'storages': storages, 'users': users})


def events(cluster, previous, name):
    """What happens to the cluster between the stories."""
    if name.startswith('f.') and not name.startswith('f.create.pve3') and previous.startswith('f.create.pve3'):
        cluster.control('POST', '/sim/event?event=kill&node=pve3')
    if name.startswith('q.') and not previous.startswith('q.'):
        cluster.control('POST', '/sim/event?event=kill&node=pve3')
        cluster.control('POST', '/sim/event?event=kill&node=pve2')


class Tally:
    def __init__(self):
        self.agreed = collections.Counter()
        self.all = collections.Counter()
        self.differing = collections.defaultdict(list)
        self.outside = 0

    def count(self, area, name, differences):
        self.all[area] += 1
        if differences:
            self.differing[area].append((name, differences))
        else:
            self.agreed[area] += 1

    def show(self, verbose):
        for area in list(AREAS) + list(MORE):
            print('%s: %d of %d exchanges agree' % (area, self.agreed[area], self.all[area]))
            for name, differences in self.differing[area]:
                print('  %s: %s' % (name, differences[0] if not verbose else '\n      '.join(differences)))
                if not verbose and len(differences) > 1:
                    print('      and %d more' % (len(differences) - 1))

    def required(self):
        """-> (agreed, all) in the areas that count."""
        return (sum(self.agreed[area] for area in AREAS), sum(self.all[area] for area in AREAS))


def replay_world(program, nodes, exchanges, tally, only):
    cluster = start_world(program, nodes)
    try:
        replay = Replay(cluster)
        previous, foreign, asked = '', set(), asked_about(exchanges)
        for exchange in exchanges:
            events(cluster, previous, exchange['name'])
            previous = exchange['name']
            area, _ = area_of(exchange, foreign)
            if not area:
                data = exchange['body'].get('data') if isinstance(exchange['body'], dict) else None
                if isinstance(data, str) and UPID.match(data):
                    foreign.add(data)
                replay.follow_clock(exchange)
                tally.outside += 1
                continue
            differences, got = compare(exchange, replay.send(exchange))
            if got is not None:
                replay.learn(exchange['body'], got)
                replay.wait_unless_asked(got, exchange['body'].get('data') in asked
                                         if isinstance(exchange['body'].get('data'), str) else True)
            if not only or re.search(only, exchange['name']):
                tally.count(area, exchange['name'], differences)
    finally:
        cluster.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--verbose', action='store_true', help='all differences of every exchange')
    parser.add_argument('--only', help='show only exchanges whose name matches this')
    options = parser.parse_args()
    truth = os.environ.get('PVE_TRUTH')
    if not truth:
        print('skipped: PVE_TRUTH is not set')
        print('ok 1 - conformance # skip PVE_TRUTH is not set')
        return 0
    with open(os.path.join(truth, 'exchanges.jsonl'), encoding='utf-8') as file:
        exchanges = [json.loads(line) for line in file]
    tally = Tally()
    for nodes, story in worlds(winners_first(exchanges)):
        replay_world(os.environ.get('PXCSIM', 'build/bin/pxcsim'), nodes, story, tally, options.only)
    tally.show(options.verbose)
    agreed, count = tally.required()
    share = 100.0 * agreed / count if count else 0.0
    print('required areas: %d of %d exchanges agree (%.1f %%, at least %.0f %% needed)' % (agreed, count, share,
                                                                                       REQUIRED))
    print('outside of what is covered: %d recorded exchanges' % tally.outside)
    print('conformance: %d of %d exchanges agree' % (sum(tally.agreed.values()), sum(tally.all.values())))
    good = share >= REQUIRED
    print('%s 1 - conformance' % ('ok' if good else 'not ok'))
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
