# Copyright: the pxcloud.pve contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests, and nodes, of Proxmox VE clusters as an inventory. What talks to a cluster is the compiled program."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
name: pxc
short_description: Guests and nodes of Proxmox VE clusters, grouped as the cloud knows them
version_added: 0.6.0
author: [The pxcloud.pve contributors (@pxcloud)]
description:
  - Reads virtual machines and containers of one or several Proxmox VE clusters, and puts them into groups by project, stack, node, tag, state and
    more.
  - The file's name must end in C(pxc.yml) or C(pxc.yaml).
  - A cluster is asked one request when no detail is wanted. Details (what stands in a guest's notes, addresses that its agent tells) take a
    request for each guest, and are read only for hosts that pass the filters; see O(details).
  - What cannot be read is left out with a warning, and the host has the variable C(pxc_problem). The inventory fails only for a cluster that
    cannot be reached at all; see O(strict).
  - Options of the connection are those of the modules, with the same environment variables.
extends_documentation_fragment:
  - pxcloud.pve.connection.inventory
  - constructed
  - inventory_cache
requirements:
  - The compiled program of the collection for the machine that Ansible runs on, with libcurl and OpenSSL
options:
  plugin:
    description: Says that the file is for this plugin.
    required: true
    choices: [pxcloud.pve.pxc]
  clusters:
    description:
      - Several clusters. Each entry has a C(name) and options of the connection; those beside O(clusters) are the defaults.
      - Without it there is one cluster, which the options of the connection tell.
    type: list
    elements: dict
  name:
    description: Name of the cluster in groups and in C(pxc_cluster); else the host in the first of O(api_urls).
    type: str
  api_connections:
    description:
      - Connections to each of O(api_urls), hence how many requests are under way at once. It is more than modules take, since each configuration
        is answered by the guest's own node, whichever node was asked.
    type: int
    default: 16
  projects:
    description:
      - Only guests of these projects. Which pool is whose is then read from the pools (one more request).
      - A pool's comment says it, which tenants cannot change; so an inventory for one project holds no other's hosts.
    type: list
    elements: str
  filters:
    description:
      - Only guests for which all of these are true. An entry is a Jinja expression, or a dictionary of variables (C(pxc_) may be left out) and the
        value, or the values, that they must have; of a list one of its items must have it.
      - Dictionaries cost nothing. Those about details are looked at once these were read.
    type: list
    elements: raw
  templates:
    description: Whether templates are hosts, too.
    type: bool
    default: false
  nodes:
    description: Whether the PVE nodes are hosts, too, in the group C(pve_nodes). Their addresses take one more request.
    type: bool
    default: false
  group_by:
    description:
      - Which groups are made, as C(project_acme), C(stack_shop), C(node_pve1), C(tag_web), C(state_running), C(pool_acme), C(cluster_lab), C(ha_started),
        C(type_qemu). V(flavor) and V(image) need the notes of each guest; see O(details).
    type: list
    elements: str
    choices: [project, stack, node, tag, state, pool, cluster, ha, type, flavor, image]
    default: [project, stack, node, tag, state, pool, cluster, ha]
  group_prefix:
    description: In front of the names of these groups, for example V(pxc_).
    type: str
    default: ''
  address:
    description:
      - What C(ansible_host) is, the first of these that there is. V(block) is the address that was reserved for the VM (one request for each
        guest), V(agent) what its guest agent tells, or PVE of a container (likewise), V(ipam) what is in PVE's own lists of addresses (two
        requests in all), V(name) the name with O(domain).
      - Without it C(ansible_host) is not set.
      - Addresses that an agent tells are the guest's own words. Whoever is root in it can name any address there; put V(block) or V(ipam) first.
    type: list
    elements: str
    choices: [block, agent, ipam, name]
    default: []
  address_family:
    description: Which addresses are taken, those of the first family before those of the second.
    type: list
    elements: str
    choices: [ipv4, ipv6]
    default: [ipv4, ipv6]
  domain:
    description: Behind the names of guests in C(ansible_host).
    type: str
    default: ''
  details:
    description:
      - What is read of each host. V(auto) is what O(group_by), O(address) and the expressions in this file need. V(config) is one request for each
        guest, V(agent) one for each that runs and has an agent, V(ipam) two in all, V(pools) one in all.
      - An empty list reads none, whatever is needed.
    type: list
    elements: str
    choices: [auto, config, agent, ipam, pools]
    default: [auto]
  agent_timeout:
    description: Seconds that one agent may take. PVE itself gives up after three.
    type: int
    default: 2
  agent_time:
    description: Seconds for all agents of a cluster together; those that were not asked by then are not asked any more.
    type: int
    default: 10
  hostnames:
    description:
      - Expressions, of which the first that is not empty names the host.
      - A guest without a name is C(vm-<vmid>). Where several hosts would have one name all of them get C(-<vmid>) behind it, and those of
        several clusters also the cluster's name.
    type: list
    elements: str
    default: [pxc_name]
"""

EXAMPLES = r"""
# lab.pxc.yml: the cluster that PXC_API_URLS and PXC_API_TOKEN_... tell; one request
plugin: pxcloud.pve.pxc

---
# Running VMs of two projects, reached by the address that was reserved for them, or else by what their agent says
plugin: pxcloud.pve.pxc
projects: [acme, beta]
filters:
  - state: running
  - "'backup' not in pxc_tags"
address: [block, agent]
group_by: [project, stack, flavor, image]
keyed_groups:
  - {key: pxc_metadata, prefix: meta}
compose:
  ansible_user: "'admin' if pxc_type == 'qemu' else 'root'"

---
# Two clusters and their nodes, for maintenance; secrets from the environment or from a vault
plugin: pxcloud.pve.pxc
api_token_id: pxc@pve!inventory
clusters:
  - {name: north, api_urls: [n1.example.org, n2.example.org], api_token_secret: "{{ lookup('env', 'NORTH_SECRET') }}", ca_path: north.pem}
  - {name: south, api_urls: [s1.example.org], api_token_secret: "{{ lookup('env', 'SOUTH_SECRET') }}", ca_path: south.pem}
nodes: true
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/pxc-inventory
"""

import hashlib
import json
import os
import re
import subprocess
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.module_utils.common.text.converters import to_native, to_text
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.release import __version__ as ansible_version
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.pxcloud.pve.plugins.plugin_utils.progress import harmless

BIN = os.path.join(os.path.dirname(os.path.dirname(__file__)), 'plugin_utils', 'bin')
CONNECTION = ('api_urls', 'api_url', 'api_user', 'api_password', 'api_otp', 'api_token_id', 'api_token_secret', 'ca_path', 'fingerprint',
              'validate_certs', 'api_timeout', 'api_connections')
SECRETS = ('api_password', 'api_otp', 'api_token_secret')
# What the environment says of which cluster is asked, and as whom.
OF_CONNECTION = re.compile(r'(PXC|PROXMOX)_(API_URLS?|(API_)?(USER|TOKEN_ID)|CA_PATH|FINGERPRINT|VALIDATE_CERTS)\Z')
BARE = re.compile(r'[A-Za-z_][A-Za-z0-9_]*\Z')
# Of no host name: neither Ansible nor a shell must make more of it.
ODD = re.compile(r'[^\w.-]|\A-')
# The machine that Ansible runs on, by whatever name: "delegate_to: localhost" must not lead to a guest.
LOCAL = re.compile(r'(localhost(\.localdomain)?|127(\.\d+){1,3})\Z', re.I)
# Up to 2.18 a text is a template by what is in it. Delimiters can be chosen; these characters are never part of harmless ones.
MAYBE_TEMPLATE = re.compile(r'[{}\[\]<>$%#`]')
MARKS_UNSAFE = tuple(int(n) for n in re.findall(r'\d+', ansible_version)[:2]) < (2, 19)
# Which details a variable comes from.
FROM_CONFIG = ('pxc_flavor', 'pxc_image', 'pxc_addresses', 'pxc_networks', 'pxc_disks', 'pxc_uuid', 'pxc_metadata', 'pxc_affinity',
               'pxc_description', 'pxc_pending', 'pxc_agent_enabled')
DETAIL_OF = dict([(name, 'config') for name in FROM_CONFIG], pxc_agent_addresses='agent', pxc_ipam_addresses='ipam')
# These stand in the block of a VM of the cloud, and in no other guest.
OF_THE_CLOUD = frozenset(['pxc_flavor', 'pxc_image', 'pxc_metadata', 'pxc_affinity'])
ADDRESSES = {'block': 'pxc_addresses', 'agent': 'pxc_agent_addresses', 'ipam': 'pxc_ipam_addresses'}
GROUP_VARIABLE = {'ha': 'pxc_ha_state', 'tag': 'pxc_tags'}


def mark(value):
    """What comes from a cluster is never a template, whoever wrote it there. From 2.19 on no text is one that is not said to be."""
    if not MARKS_UNSAFE:
        return value
    if isinstance(value, dict):
        return dict((mark(k), mark(v)) for k, v in value.items())
    if isinstance(value, list):
        return [mark(v) for v in value]
    if isinstance(value, str) and MAYBE_TEMPLATE.search(value):
        return wrap_var(value)
    return value


class Helper(object):
    """The program, asked line by line about one cluster."""

    def __init__(self, name, options):
        program = os.path.join(BIN, 'linux-' + os.uname().machine, 'pxc')
        if not os.access(program, os.X_OK):
            raise AnsibleParserError("pxcloud.pve has no program for this machine (%s): looked for %s" % (os.uname().machine, program))
        self.name = name
        self.options = options
        self.process: Any = subprocess.Popen(['pxc', 'pxc_inventory'], executable=program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def send(self, question):
        try:
            self.process.stdin.write(json.dumps(question).encode('utf-8') + b'\n')
            self.process.stdin.flush()
        except OSError:
            pass  # it has ended: receive() says so

    def receive(self):
        line = self.process.stdout.readline()
        if not line.endswith(b'\n'):
            return dict(failed=True, msg='its program ended with status %s before it had answered' % self.process.wait())
        answer = json.loads(line.decode('utf-8'))
        if 'msg' in answer:
            answer['msg'] = harmless(answer['msg'])
        return answer

    def close(self):
        for stream in (self.process.stdin, self.process.stdout):
            try:
                stream.close()
            except OSError:
                pass
        self.process.wait()


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = 'pxcloud.pve.pxc'

    def verify_file(self, path):
        return super(InventoryModule, self).verify_file(path) and path.endswith(('pxc.yml', 'pxc.yaml'))

    def parse(self, inventory, loader, path, cache=True):
        super(InventoryModule, self).parse(inventory, loader, path, cache)
        config = self._read_config_data(path)
        self._strict = self.get_option('strict')
        self._filters = self._read_filters()
        clusters = self._cached(path, config, cache)
        self._add_hosts(clusters)

    # --- clusters and the cache

    def _cached(self, path, config, cache):
        """[{name, guests, nodes}]; what is kept is what was read, so that groups and variables are always those of this file."""
        key = self.get_cache_key(path)
        use = self.get_option('cache')
        connections = self._connections(config)
        digest = self._digest(config, connections)
        if use and cache:
            kept = self._cache.get(key) if key in self._cache else None
            if isinstance(kept, dict) and kept.get('config') == digest:
                return json.loads(to_text(kept['clusters']))
        clusters, whole = self._read_clusters(connections)
        # What was read only in part is not kept: the next run may see all of it. As one text, so that no cache plugin makes other texts of those in it.
        if use and whole:
            self._cache[key] = dict(config=digest, clusters=json.dumps(clusters))
        return clusters

    @staticmethod
    def _digest(config, connections):
        """Of what the result comes from: this file, and which clusters are asked as whom, wherever that is said. Without secrets, which could be guessed."""
        said = dict((k, v) for k, v in os.environ.items() if OF_CONNECTION.match(k))
        whom = [(name, dict((k, v) for k, v in options.items() if k not in SECRETS)) for name, options in connections]
        rest = dict((k, v) for k, v in config.items() if k not in CONNECTION and k != 'clusters')
        return hashlib.sha256(json.dumps([rest, whom, said], sort_keys=True, default=to_text).encode('utf-8')).hexdigest()

    def _plain(self, value):
        """A value of this file as text or number: vaulted ones are opened, templates filled in."""
        if isinstance(value, list):
            return [self._plain(v) for v in value]
        if isinstance(value, (bool, int, float)) or value is None:
            return value
        return to_text(self.templar.template(value))

    def _connections(self, config):
        common = dict((k, self._plain(config[k])) for k in CONNECTION if config.get(k) is not None)
        common.setdefault('api_connections', self.get_option('api_connections'))
        entries = self.get_option('clusters') or [dict(name=self.get_option('name'))]
        found = []
        for entry in entries:
            if not isinstance(entry, dict):
                raise AnsibleParserError('clusters: an entry is a dictionary of name and options of the connection, not %s' % to_native(entry))
            options = dict(common, **dict((k, self._plain(v)) for k, v in entry.items() if k != 'name' and v is not None))
            found.append((self._name_of(entry, options), options))
        names = [name for name, options in found]
        for name in names:
            if names.count(name) > 1:
                raise AnsibleParserError('clusters: two are called %s; give each a name of its own' % name)
        return found

    @staticmethod
    def _name_of(entry, options):
        if entry.get('name'):
            return to_text(entry['name'])
        urls = options.get('api_urls') or options.get('api_url') or os.environ.get('PXC_API_URLS') or os.environ.get('PXC_API_URL') or ''
        first = to_text(urls[0] if isinstance(urls, list) and urls else urls).split(',')[0].strip()
        return re.sub(r'\Ahttps://|(:\d+)?(/.*)?\Z', '', first) or 'pve'

    def _read_clusters(self, connections):
        helpers = [Helper(name, options) for name, options in connections]
        try:
            details = self._details()
            read = (['status'] if self.get_option('nodes') else []) + (['pools'] if 'pools' in details else [])
            for helper in helpers:
                helper.send(dict(connect=helper.options, read=read))
            clusters, alive = [], []
            for helper in helpers:
                answer = self._receive(helper)
                if answer.get('failed'):
                    self._refuse(helper, answer)
                    continue
                alive.append(helper)
                clusters.append(dict(name=helper.name, nodes=answer['nodes'],
                                     guests=[row for row in answer['guests'] if self._wanted(dict(row, pxc_cluster=helper.name))]))
            whole = len(clusters) == len(helpers)
            if not clusters and helpers:
                raise AnsibleParserError('no cluster could be read')
            for step in ('config', 'ipam', 'agent'):
                if step in details:
                    self._read_details(step, alive, clusters)
            return clusters, whole
        finally:
            for helper in helpers:
                helper.close()

    def _refuse(self, helper, answer):
        text = 'cluster %s: %s' % (helper.name, answer.get('msg', 'no answer'))
        if self._strict or len(self.get_option('clusters') or []) < 2:
            raise AnsibleParserError(text)
        self.display.warning(text)

    def _receive(self, helper):
        answer = helper.receive()
        for text in answer.get('warnings', []):
            self.display.warning('cluster %s: %s' % (helper.name, harmless(text)))
        self.display.vvv('cluster %s: %s requests so far' % (helper.name, answer.get('requests')))
        return answer

    # --- details

    def _details(self):
        wanted = set(self.get_option('details') or [])
        self._only_cloud = 'config' not in wanted
        if 'auto' in wanted:
            wanted.update(self._needed())
        if self.get_option('projects') and self.get_option('details'):
            wanted.add('pools')
        if 'config' in wanted:
            wanted.add('pools')  # whose guest it is says its pool, not its notes
        return wanted

    def _needed(self):
        """By what this file names. An expression names a variable when its name is in it."""
        text = json.dumps([self.get_option(k) for k in ('filters', 'compose', 'groups', 'keyed_groups', 'hostnames')], default=to_text)
        text += json.dumps([key for wanted, expression in self._filters for key in wanted or {}])
        names = {name for name in re.findall(r'pxc_\w+', text) if name in DETAIL_OF}
        names.update('pxc_' + kind for kind in self.get_option('group_by') if kind in ('flavor', 'image'))
        names.update(ADDRESSES[a] for a in self.get_option('address') if a in ADDRESSES)
        # Strangers have no block: when nothing else is wanted they are not asked for it.
        self._only_cloud = self._only_cloud and not {n for n in names if DETAIL_OF[n] == 'config'} - OF_THE_CLOUD
        return {DETAIL_OF[name] for name in names}

    def _read_details(self, step, helpers, clusters):
        for helper, cluster in zip(helpers, clusters):
            vmids = [row['pxc_vmid'] for row in cluster['guests'] if self._asks(step, row)]
            helper.send(dict(want=step, guests=vmids, each_ms=1000 * self.get_option('agent_timeout'), all_ms=1000 * self.get_option('agent_time')))
        for helper, cluster in zip(helpers, clusters):
            answer = self._receive(helper)
            if answer.get('failed'):
                self.display.warning('cluster %s: %s' % (helper.name, answer.get('msg')))
            self._merge(helper, cluster, step, answer.get('details') or {})

    def _asks(self, step, row):
        if step == 'config' and self._only_cloud:
            return row['pxc_type'] == 'qemu' and bool(row['pxc_managed'] or row['pxc_pool'])
        if step != 'agent':
            return True
        if row['pxc_state'] != 'running' or row.get('pxc_agent_enabled') is False:
            return False
        before = []
        for source in self.get_option('address'):
            if source == 'agent':
                break
            before.append(source)
        # Only for an address: who has one already, by the order of the file, is not asked.
        only = 'agent' not in (self.get_option('details') or []) and 'pxc_agent_addresses' not in json.dumps(
            [self.get_option(k) for k in ('filters', 'compose', 'groups', 'keyed_groups', 'hostnames')], default=to_text)
        return not (only and self._address(row, before))

    def _merge(self, helper, cluster, step, details):
        bad = []
        for row in cluster['guests']:
            new = details.get(str(row['pxc_vmid']))
            if not new:
                continue
            if 'pxc_problem' in new:
                bad.append('%s (%s)' % (row['pxc_vmid'], harmless(new['pxc_problem'])))
                new['pxc_problem'] = row.get('pxc_problem', new['pxc_problem'])
            row.update(new)
        if bad:
            more = ' and %d more' % (len(bad) - 5) if len(bad) > 5 else ''
            self.display.warning('cluster %s: %s of %d guests: %s%s' % (helper.name, step, len(bad), '; '.join(bad[:5]), more))

    # --- which guests

    def _read_filters(self):
        """[(dictionary or None, expression)], cheap ones first."""
        found: list[Any] = []
        for entry in self.get_option('filters') or []:
            if isinstance(entry, dict):
                found.append((dict((k if k.startswith('pxc_') else 'pxc_' + k, v if isinstance(v, list) else [v]) for k, v in entry.items()), None))
            else:
                found.append((None, to_text(entry)))
        return sorted(found, key=lambda f: f[0] is None)

    def _wanted(self, row, late=False):
        """By the lists (late: by details, too)."""
        projects = self.get_option('projects')
        if projects and row['pxc_project'] not in projects:
            return False
        if row['pxc_template'] and not self.get_option('templates'):
            return False
        for wanted, expression in self._filters:
            names = list(wanted) if wanted is not None else re.findall(r'pxc_\w+', expression)
            if late != any(name in DETAIL_OF for name in names):
                continue
            if not (self._has(row, wanted) if wanted is not None else self._is_true(expression, row)):
                return False
        return True

    def _has(self, row, wanted):
        for name, values in wanted.items():
            have = row.get(name)
            if name not in row and name not in DETAIL_OF and name != 'pxc_problem' and self._strict:
                raise AnsibleParserError('filters: there is no variable %s' % name)
            if not any(v in values for v in (have if isinstance(have, list) else [have])):
                return False
        return True

    def _is_true(self, expression, row):
        try:
            return boolean(self._compose(expression, mark(row)), strict=False)
        except Exception as exc:
            if self._strict:
                raise AnsibleParserError('filters: %s: %s' % (expression, to_native(exc))) from exc
            return False

    # --- hosts

    def _add_hosts(self, clusters):
        rows = []
        for cluster in clusters:
            for row in cluster['guests']:
                row = dict(row, pxc_cluster=cluster['name'])
                if self._wanted(row, late=True):
                    rows.append(mark(row))
        options = dict((k, self.get_option(k)) for k in ('compose', 'groups', 'keyed_groups', 'group_by', 'address'))
        self._safe = {}
        nodes = self._node_names(clusters)
        of_nodes = {known for name, _cluster, row in nodes for known in (name, row['pxc_node'])}
        for name, row in self._names(rows, of_nodes):
            self._add_guest(name, row, options)
        if self.get_option('nodes'):
            self._add_nodes(nodes)

    def _names(self, rows, nodes):
        """[(name, row)], no name twice: a name that somebody gave a guest must not hide another, nor a node. No guest's own name has a colon."""
        named = [(self._hostname(row), row) for row in rows]
        for form in ('{0}-{1}', '{0}-{2}', '{2}:{1}'):
            count = {}
            for name, _row in named:
                count[name] = count.get(name, 0) + 1
            named = [(name if count[name] == 1 and name not in nodes and self._is_free(name, row) else
                      form.format(name, row['pxc_vmid'], ODD.sub('_', row['pxc_cluster'])), row) for name, row in named]
        return named

    def _is_free(self, name, row):
        """Whether a guest may be called so: no group is, nor what another file of this plugin has brought, nor the machine that Ansible runs on."""
        if name in self.inventory.groups or LOCAL.match(name):
            return False
        there = self.inventory.hosts[name].vars if name in self.inventory.hosts else {}
        return 'pxc_cluster' not in there or (there['pxc_cluster'], there.get('pxc_vmid')) == (row['pxc_cluster'], row['pxc_vmid'])

    def _hostname(self, row):
        for template in self.get_option('hostnames'):
            try:
                name = to_text(self._compose(template, row))
            except Exception as exc:
                if self._strict:
                    raise AnsibleParserError('hostnames: %s: %s' % (template, to_native(exc))) from exc
                continue
            if name and name != 'None':
                return ODD.sub('_', name)
        return '%s-%d' % ('vm' if row['pxc_type'] == 'qemu' else 'ct', row['pxc_vmid'])

    def _address(self, row, order):
        for source in order:
            if source == 'name' and row['pxc_name']:
                domain = self.get_option('domain').strip('.')
                return '%s.%s' % (row['pxc_name'], domain) if domain else row['pxc_name']
            have = row.get(ADDRESSES.get(source)) or []
            for family in self.get_option('address_family'):
                for address in have:
                    if (':' in address) == (family == 'ipv6'):
                        return address
        return None

    def _group(self, kind, value):
        """The group of a kind and a value; names are made valid once each."""
        if (kind, value) not in self._safe:
            name = self._sanitize_group_name('%s%s_%s' % (self.get_option('group_prefix'), kind, value))
            self._safe[kind, value] = self.inventory.add_group(name)
        return self._safe[kind, value]

    def _add_guest(self, name, row, options):
        fresh = name not in self.inventory.hosts
        self.inventory.add_host(name)
        host = self.inventory.hosts[name]
        if fresh:
            # There is nothing to merge with, and the names are ours: checking each of them again takes longer than all the rest.
            host.vars.update(row)
        else:
            for key, value in row.items():
                host.set_variable(key, value)
        address = self._address(row, options['address'])
        if address:
            self.inventory.set_variable(name, 'ansible_host', address)
        for kind in options['group_by']:
            value = row.get(GROUP_VARIABLE.get(kind, 'pxc_' + kind))
            for one in value if isinstance(value, list) else [value]:
                if one:
                    self.inventory.add_child(self._group(kind, one), name)
        if options['compose'] or options['groups'] or options['keyed_groups']:
            self._construct(name, dict(row, **({'ansible_host': address} if address else {})), options)

    def _construct(self, name, variables, options):
        if options['compose']:
            self._set_composite_vars(options['compose'], variables, name, strict=self._strict)
        if options['groups'] or options['keyed_groups']:
            variables = dict(variables, **self.inventory.get_host(name).get_vars())
            self._add_host_to_composed_groups(options['groups'], variables, name, strict=self._strict, fetch_hostvars=False)
            self._add_host_to_keyed_groups(options['keyed_groups'], variables, name, strict=self._strict, fetch_hostvars=False)

    def _compose(self, template, variables, *args, **kwargs):
        """A bare name needs no Jinja: the value is the variable's. That is a hundred times cheaper, and nearly all keyed groups are such."""
        if isinstance(template, str) and BARE.match(template) and variables.get(template) is not None:
            return variables[template]
        return super(InventoryModule, self)._compose(template, variables, *args, **kwargs)

    def _node_names(self, clusters):
        """[(name, cluster, row)]; a name that several clusters have gets the cluster's behind it."""
        every = [(row['pxc_node'], cluster['name'], row) for cluster in clusters for row in cluster['nodes']]
        names = [name for name, _cluster, _row in every]
        return [('%s-%s' % (name, ODD.sub('_', cluster)) if names.count(name) > 1 or name in self.inventory.groups or name in self.inventory.hosts else name,
                 cluster, row) for name, cluster, row in every]

    def _add_nodes(self, nodes):
        group = self.inventory.add_group('pve_nodes')
        for name, cluster, row in nodes:
            self.inventory.add_host(name, group=group)
            for key, value in mark(dict(row, pxc_cluster=cluster)).items():
                self.inventory.set_variable(name, key, value)
            if row['pxc_address']:
                self.inventory.set_variable(name, 'ansible_host', row['pxc_address'])
            if 'cluster' in self.get_option('group_by'):
                self.inventory.add_child(self._group('nodes_of', cluster), name)
