# Copyright: the pxcloud.pve contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a file for a playbook on the controller, where it lies. What it is for says plugins/modules/pxc_load.py."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os

from ansible.module_utils.common.text.converters import to_text
from ansible.parsing.vault import is_encrypted
from ansible.plugins.action import ActionBase
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.pxcloud.pve.plugins.plugin_utils.declared import MAX_BYTES, Declared, Unfit, vault_reason

try:
    from jsonschema import Draft202012Validator
except ImportError:
    Draft202012Validator = None

SCHEMAS = ('cloud', 'project', 'stack')
FOLDER = os.path.join(os.path.dirname(os.path.dirname(__file__)), 'plugin_utils', 'schemas')


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp=None, task_vars=None):
        result = super(ActionModule, self).run(tmp, task_vars)
        options = self.validate_argument_spec(argument_spec=dict(path=dict(type='path', required=True),
                                                                 schema=dict(type='str', required=True, choices=list(SCHEMAS))))[1]
        try:
            declared, path = self._load(options['path'], options['schema'])
        except Unfit as e:
            result.update(failed=True, msg='\n'.join(e.sentences), problems=e.sentences)
            return wrap_var(result)
        result.update(changed=False, path=path, schema=options['schema'], loaded=declared.value)
        # What is secret in the file is so in the result, which -v would show.
        if declared.holds_secrets():
            result['_ansible_no_log'] = True
        return wrap_var(result)

    def _load(self, said, name):
        if Draft202012Validator is None:
            raise Unfit(["pxc_load needs the Python library jsonschema, 4.0 or later, where ansible-playbook runs: the package python3-jsonschema of "
                         "Debian, or jsonschema from PyPI"])
        path, data = self._read(said)
        hidden = is_encrypted(data)
        if hidden:
            try:
                data = self._loader._vault.decrypt(data)
            except Exception as e:  # whatever is wrong with a vault, its text must not be shown
                raise Unfit(['%s:1: cannot be decrypted: %s' % (said, vault_reason(e))]) from None
        declared = Declared(data, to_text(said), self._loader._vault.decrypt, hidden)
        with open(os.path.join(FOLDER, name + '.schema.json'), 'rb') as f:
            declared.check(json.loads(f.read().decode('utf-8')), Draft202012Validator)
        return declared, path

    def _read(self, said):
        """From the folder that Ansible was started in, else from that of the playbook."""
        places = [os.path.abspath(os.path.expanduser(said)), self._loader.path_dwim(said)]
        found = [place for place in places if os.path.exists(place)]
        if not found:
            raise Unfit(['%s: there is no such file; looked for %s' % (said, ' and '.join(sorted(set(places))))])
        try:
            with open(found[0], 'rb') as f:
                return found[0], f.read(MAX_BYTES + 1)
        except OSError as e:
            raise Unfit(['%s: cannot be read: %s' % (said, e.strerror)]) from None
