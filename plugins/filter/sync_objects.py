# Copyright: the pxcloud.pve contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a file that pxc_load has read, and what there is, to the lists that tasks of the modules take."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r'''
name: sync_objects
short_description: What tasks are to make of a cloud, project or stack file
version_added: 0.5.0
author: [The pxcloud.pve contributors (@pxcloud)]
description:
  - Takes a file as M(pxcloud.pve.pxc_load) returns it and what M(pxcloud.pve.pxc_info) has found, and sorts what is to be done for the playbooks of the
    collection.
  - Names are compared whole, and as they stand there. A VM is of a stack when its annotation names the same project and the same stack; neither tags nor
    beginnings of names count.
options:
  _input:
    description: The file, C(loaded) of M(pxcloud.pve.pxc_load).
    type: dict
    required: true
  found:
    description: The result of M(pxcloud.pve.pxc_info).
    type: dict
    required: true
'''

EXAMPLES = r'''
- name: The VMs that the cluster has and the file has not
  ansible.builtin.debug:
    msg: "{{ (stack.loaded | pxcloud.pve.sync_objects(info)).extra }}"
'''

RETURN = r'''
_value:
  description:
    - A dict. C(apply) has a list for each sort of objects, in the order in which they are made. C(plan) has the same without what refers to objects that are
      not there yet, and can be run in check mode; C(later) says what was left out, in sentences.
    - C(there) and C(extra) are the stack's VMs that are in the cluster, those that the file has and those that it has not, each a dict with C(name).
      C(kept) has a line about each of the latter, C(damaged) one about each VM whose annotation was changed by hand, so that nobody knows whose it is.
    - C(ends) is for the end of a stack, the names of its C(networks), C(affinity) and C(volumes) that are there, and lines about them.
  type: dict
'''

ORDER = ('groups', 'projects', 'flavors', 'images', 'keypairs', 'networks', 'affinity', 'volumes', 'vms', 'attached')
ONE = {'groups': 'group', 'projects': 'project', 'flavors': 'flavor', 'images': 'image', 'keypairs': 'key pair', 'networks': 'network',
       'affinity': 'affinity group', 'volumes': 'volume', 'vms': 'vm', 'attached': 'volume'}
# Options of a volume that are about the VM that has it.
OF_THE_DISK = ('attach_to', 'move', 'slot', 'serial', 'ssd', 'discard', 'iothread', 'cache', 'backup', 'qos')


def without(entry, *keys):
    return dict((k, v) for k, v in entry.items() if k not in keys)


def names(entries):
    return {entry['name'] for entry in entries}


def of_project(entries, project):
    return [entry for entry in entries or () if entry.get('project') == project and 'name' in entry]


class Plan(object):
    """The lists for check mode: nothing in them refers to what is not there."""

    def __init__(self, data, lists, found):
        self.data, self.lists, self.found, self.later = data, lists, found, []
        project = data.get('project')
        self.project = project['name'] if isinstance(project, dict) else project
        self.new = dict((sort, names(lists[sort]) - names(self._there(sort))) for sort in ORDER)

    def _there(self, sort):
        sort = 'volumes' if sort == 'attached' else sort
        entries = [e for e in self.found.get(sort) or () if 'name' in e]
        if sort == 'vms':
            return stack_vms(self.data, self.found)
        return of_project(entries, self.project) if self.project and sort != 'projects' else entries

    def make(self):
        if self._all_new('registry', self.found.get('cloud', {}).get('state') != 'present', ORDER):
            return {}
        if isinstance(self.data.get('project'), dict):
            self._all_new('project %s' % self.project, 'projects' in self.found and self.project not in names(self.found['projects']),
                          [sort for sort in ORDER if sort != 'projects'])
        plan = dict((sort, [self._entry(sort, entry) for entry in entries]) for sort, entries in self.lists.items() if isinstance(entries, list))
        plan = dict((sort, [entry for entry in entries if entry]) for sort, entries in plan.items())
        if 'registry' in self.lists:
            plan['registry'] = self._without_groups('registry', dict(self.lists['registry']), ('admins',))
        return plan

    def _all_new(self, what, is_new, sorts):
        """Nothing in what is not there yet can be asked about."""
        if not is_new:
            return False
        for sort in sorts:
            self.later.extend('%s %s: is made when there is the %s' % (ONE[sort], entry['name'], what) for entry in self.lists[sort])
        if what == 'registry':
            self.later.insert(0, 'registry: is made, for %s' % self.data['pve_cloud_domain'])
        self.lists = dict((sort, [] if sort in sorts else entries) for sort, entries in self.lists.items())
        return True

    def _note(self, sort, entry, text):
        self.later.append('%s %s: %s' % (ONE[sort], entry['name'], text))

    def _entry(self, sort, entry):
        change = getattr(self, '_' + sort, None)
        return change(entry) if change else entry

    def _without_groups(self, label, entry, keys):
        for key in keys:
            gone = [who for who in entry.get(key) or () if who[:1] == '@' and who[1:] in self.new['groups']]
            if gone:
                entry[key] = [who for who in entry[key] if who not in gone]
                self.later.append('%s: %s gets %s when there is that group' % (label, key, ', '.join(gone)))
        return entry

    def _projects(self, entry):
        if 'roles' not in entry:
            return entry
        return dict(entry, roles=self._without_groups('project %s' % entry['name'], dict(entry['roles']), sorted(entry['roles'])))

    def _networks(self, entry):
        gone = [name for name in entry.get('shared_with') or () if name in self.new['projects']]
        for name in gone:
            self._note('networks', entry, 'is shared with project %s when there is one' % name)
        return dict(entry, shared_with=[name for name in entry['shared_with'] if name not in gone]) if gone else entry

    def _volumes(self, entry):
        source = (entry.get('source') or {}).get('volume')
        if entry['name'] in self.new['volumes'] and source and source.get('project', self.project) == self.project \
                and source['name'] in self.new['volumes'] | self.new['attached']:
            self._note('volumes', entry, 'is made when there is volume %s' % source['name'])
            return None
        return entry

    def _vms(self, entry):
        for key, attribute, sort in (('networks', 'network', 'networks'), ('affinity', None, 'affinity')):
            gone = [part for part in entry.get(key) or () if (part.get(attribute) if attribute else part) in self.new[sort]]
            for part in gone:
                self._note('vms', entry, 'joins %s %s when there is one' % (ONE[sort], part[attribute] if attribute else part))
            if gone:
                left = [part for part in entry[key] if part not in gone]
                entry = dict(entry, **{key: left}) if left else without(entry, key)
        if entry.get('boot_volume') in self.new['volumes']:
            self._note('vms', entry, 'boots from volume %s when there is one' % entry['boot_volume'])
            entry = without(entry, 'boot_volume')
        return entry

    def _attached(self, entry):
        if entry['attach_to'] in names(stack_vms(self.data, self.found)):
            return self._volumes(entry)
        self._note('attached', entry, 'is attached to VM %s when there is one' % entry['attach_to'])
        return self._volumes(without(entry, *OF_THE_DISK))


def stack_vms(data, found):
    """Those whose annotation is whole and says this project and this stack, and nothing else."""
    return [vm for vm in of_project(found.get('vms'), data.get('project')) if vm.get('managed') and vm.get('stack') == data.get('stack_name')]


def sync_objects(data, found):
    lists = dict((sort, list(data.get(sort) or ())) for sort in ORDER)  # type: dict
    lists['attached'] = [v for v in lists['volumes'] if 'attach_to' in v]
    lists['volumes'] = [v for v in lists['volumes'] if 'attach_to' not in v]
    lists['vms'] = [dict(data.get('defaults') or {}, **vm) for vm in lists['vms']]
    if isinstance(data.get('project'), dict):
        lists['projects'] = [data['project']]
    if 'stack_name' not in data and 'project' not in data:
        lists['registry'] = dict(data.get('registry') or {}, domain=data['pve_cloud_domain'])
    there = stack_vms(data, found) if 'stack_name' in data else []
    wanted = names(lists['vms'])
    damaged = [vm for vm in found.get('vms') or () if vm.get('tampered') and 'stack_name' in data]
    plan = Plan(data, lists, found)
    return dict(apply=lists, ends=stack_ends(lists, found, data.get('project')), plan=plan.make(), later=plan.later,
                there=[dict(name=name) for name in sorted(names(there) & wanted)], extra=[dict(name=name) for name in sorted(names(there) - wanted)],
                kept=['vm %s: not in the file, kept; -e prune=true removes it' % name for name in sorted(names(there) - wanted)],
                damaged=sorted('vm %s (%s): its annotation was changed by hand, it is left alone' % (vm.get('name', '?'), vm.get('vmid')) for vm in damaged))


def stack_ends(lists, found, project):
    """What goes with the stack beside its VMs: names that the file has and the project too."""
    have = dict((sort, names(of_project(found.get(sort), project))) for sort in ('networks', 'affinity', 'volumes'))
    wanted = dict((sort, [entry['name'] for entry in lists[sort]]) for sort in ('networks', 'affinity', 'volumes'))
    wanted['volumes'] += [entry['name'] for entry in lists['attached']]
    ends = dict((sort, [name for name in wanted[sort] if name in have[sort]]) for sort in wanted)
    rest = ['%s %s: goes unless somebody else uses it' % (ONE[sort], name) for sort in ('affinity', 'networks') for name in ends[sort]]
    ends['with_volumes'] = ['volume %s: goes with its data (destroys)' % name for name in ends['volumes']] + rest
    ends['without_volumes'] = ['volume %s: kept; -e destroy_volumes=true removes it with its data' % name for name in ends['volumes']] + rest
    return ends


class FilterModule(object):
    def filters(self):
        return dict(sync_objects=sync_objects)
