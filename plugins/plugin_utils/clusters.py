# Copyright: the pxcloud.pve contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What clusters hold, as the compiled program reads it: which are asked and as whom, the filters, the details, and the cache."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

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
from ansible_collections.pxcloud.pve.plugins.plugin_utils import program
from ansible_collections.pxcloud.pve.plugins.plugin_utils.progress import harmless

CONNECTION = ('api_urls', 'api_url', 'api_user', 'api_password', 'api_otp', 'api_token_id', 'api_token_secret', 'ca_path', 'fingerprint',
              'validate_certs', 'api_timeout', 'api_connections')
SECRETS = ('api_password', 'api_otp', 'api_token_secret')
# What the environment says of which cluster is asked, and as whom.
OF_CONNECTION = re.compile(r'(PXC|PROXMOX)_(API_URLS?|(API_)?(USER|TOKEN_ID)|CA_PATH|FINGERPRINT|VALIDATE_CERTS)\Z')
BARE = re.compile(r'[A-Za-z_][A-Za-z0-9_]*\Z')
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
        path = program.path_of(program.platform_here())
        problem = program.missing(program.platform_here(), 'this machine')
        if problem:
            raise AnsibleParserError(problem)
        self.name = name
        self.options = options
        try:
            self.process: Any = subprocess.Popen(['pxc', 'pxc_inventory'], executable=path, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except OSError as exc:
            raise AnsibleParserError(program.cannot_run(path, exc)) from exc

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


class Clusters(BaseInventoryPlugin, Constructable, Cacheable):
    """What an inventory plugin needs of clusters; a plugin says how it is called, and what it makes of their guests and nodes."""

    def _read(self, path, cache):
        """[{name, guests, nodes}], by the options of the file at path, from the cluster or the cache."""
        config = self._read_config_data(path)
        self._strict = self.get_option('strict')
        self._filters = self._read_filters()
        return self._cached(path, config, cache)

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

    def _compose(self, template, variables, *args, **kwargs):
        """A bare name needs no Jinja: the value is the variable's. That is a hundred times cheaper, and nearly all keyed groups are such."""
        if isinstance(template, str) and BARE.match(template) and variables.get(template) is not None:
            return variables[template]
        return super(Clusters, self)._compose(template, variables, *args, **kwargs)
