# Copyright: the pxcloud.pve contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules have done, or would do, as lines for people."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r'''
name: sync_lines
short_description: The steps of several results as lines
version_added: 0.5.0
author: [The pxcloud.pve contributors (@pxcloud)]
description:
  - Takes results of modules of the collection and makes one line of each of their C(steps). Steps that change nothing are left out, and so are results of tasks
    that were skipped.
options:
  _input:
    description: Results, as C(register) keeps them; those of a loop, too.
    type: list
    elements: dict
    required: true
'''

EXAMPLES = r'''
- name: What would change
  ansible.builtin.debug:
    msg: "{{ [networks, vms] | pxcloud.pve.sync_lines }}"
'''

RETURN = r'''
_value:
  description: The lines.
  type: list
  elements: str
'''


def sync_lines(results):
    lines = []
    for result in results:
        if isinstance(result.get('results'), list):
            lines += sync_lines(result['results'])
        for step in result.get('steps') or ():
            if step['impact'] != 'waits':
                lines.append('%s: %s%s' % (step['object'], step['why'], '' if step['impact'] == 'quiet' else ' (%s)' % step['impact']))
    return lines


class FilterModule(object):
    def filters(self):
        return dict(sync_lines=sync_lines)
