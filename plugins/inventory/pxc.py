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
# The least, as lab.pxc.yml: the cluster that PXC_API_URLS and PXC_API_TOKEN_... tell; one request.
#
#   plugin: pxcloud.pve.pxc
#
# Two clusters and their nodes, for maintenance; secrets from the environment or from a vault.
#
#   plugin: pxcloud.pve.pxc
#   api_token_id: pxc@pve!inventory
#   clusters:
#     - {name: north, api_urls: [n1.example.org, n2.example.org], api_token_secret: "{{ lookup('env', 'NORTH_SECRET') }}", ca_path: north.pem}
#     - {name: south, api_urls: [s1.example.org], api_token_secret: "{{ lookup('env', 'SOUTH_SECRET') }}", ca_path: south.pem}
#   nodes: true
#
# Running VMs of two projects, reached by the address that was reserved for them, or else by what their agent says.
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
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/pxc-inventory
"""

import re

from ansible.errors import AnsibleParserError
from ansible.module_utils.common.text.converters import to_native, to_text
from ansible_collections.pxcloud.pve.plugins.plugin_utils.clusters import Clusters, mark

# Of no host name: neither Ansible nor a shell must make more of it.
ODD = re.compile(r'[^\w.-]|\A-')
# The machine that Ansible runs on, by whatever name: "delegate_to: localhost" must not lead to a guest.
LOCAL = re.compile(r'(localhost(\.localdomain)?|127(\.\d+){1,3})\Z', re.I)
GROUP_VARIABLE = {'ha': 'pxc_ha_state', 'tag': 'pxc_tags'}


class InventoryModule(Clusters):
    NAME = 'pxcloud.pve.pxc'

    def verify_file(self, path):
        return super(InventoryModule, self).verify_file(path) and path.endswith(('pxc.yml', 'pxc.yaml'))

    def parse(self, inventory, loader, path, cache=True):
        super(InventoryModule, self).parse(inventory, loader, path, cache)
        self._add_hosts(self._read(path, cache))

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
