#!/usr/bin/python
# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: the pxcloud.pve contributors
# There is no module: the action plugin of this name does it all, on the controller. This file is its documentation.
from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r'''
module: pxc_load
short_description: Read a file that describes a cloud, a project or a stack
version_added: 0.5.0
description:
  - Reads a YAML file for the playbooks C(pxcloud.pve.cloud_sync), C(pxcloud.pve.project_sync), C(pxcloud.pve.stack_sync) and
    C(pxcloud.pve.stack_destroy), and checks it against the schema of its kind before anything uses it. Each mistake is a sentence that names
    file, line and key. All mistakes of a file are told at once.
  - The schemas are those of C(plugins/plugin_utils/schemas) in the collection, made from the options of the modules. Editors take them too.
  - Nothing in the file is a template. What stands there is what is meant.
  - YAML is read more narrowly than elsewhere. A key that is there twice, a second document and tags other than C(!vault) and C(!unsafe) are mistakes. What
    YAML 1.1 takes for octal numbers, times or dates, such as V(017), V(12:30) or V(2026-11-22), is text. Anchors, aliases and merge keys work.
  - A file that is encrypted as a whole by C(ansible-vault), and single values tagged C(!vault), are decrypted. Values that are secret are shown neither in
    sentences nor, with C(-v), in the result.
  - It needs neither a cluster nor an inventory, and changes nothing.
author: [The pxcloud.pve contributors (@pxcloud)]
requirements:
  - The Python library jsonschema, 4.0 or later, where ansible-playbook runs (Debian's python3-jsonschema)
options:
  path:
    description:
      - The file. A relative one is looked for in the folder that Ansible was started in, then in that of the playbook.
    type: path
    required: true
  schema:
    description:
      - What the file describes.
    type: str
    required: true
    choices: [cloud, project, stack]
attributes:
  check_mode:
    support: full
    description: Runs as without it, since it changes nothing.
  diff_mode:
    support: none
    description: There is nothing to compare.
notes:
  - It is an action that runs on the controller only.
seealso:
  - module: pxcloud.pve.pxc_vm
'''

EXAMPLES = r'''
- name: Read the stack
  pxcloud.pve.pxc_load:
    path: shop.stack.yml
    schema: stack
  register: stack

- name: Its VMs
  pxcloud.pve.pxc_vm:
    project: "{{ stack.loaded.project }}"
    stack: "{{ stack.loaded.stack_name }}"
    vms: "{{ stack.loaded.vms }}"
'''

RETURN = r'''
loaded:
  description: What the file says.
  returned: success
  type: dict
  sample: {stack_name: shop, pve_cloud_domain: cloud.example.org, project: acme, vms: [{name: web-1, flavor: m1.small}]}
path:
  description: Where it was found.
  returned: success
  type: str
schema:
  description: What it was checked against.
  returned: success
  type: str
problems:
  description: The sentences, one for each mistake; also in C(msg).
  returned: failure
  type: list
  elements: str
  sample: ["shop.stack.yml:14: vms[2].memroy: unknown key, did you mean memory?"]
'''
