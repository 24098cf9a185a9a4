# Copyright: the pxcloud.pve contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin behind every module of the collection.

On a local connection it runs the compiled program in place, with the arguments on standard input; that is about ten
times cheaper than copying it first. Anything else (ssh, become, async) goes Ansible's ordinary way.
"""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import getpass
import json
import os
import signal
import subprocess

from ansible.module_utils.common.text.converters import to_bytes, to_text
from ansible.plugins.action import ActionBase
from ansible.utils.unsafe_proxy import wrap_var
from ansible.utils.vars import load_extra_vars

try:  # ansible-core up to 2.18
    from ansible.module_utils.common.json import AnsibleJSONEncoder
except ImportError:
    AnsibleJSONEncoder = None
try:  # ansible-core from 2.19 on
    from ansible.module_utils._internal._json._profiles import _module_legacy_c2m
except ImportError:
    _module_legacy_c2m = None
try:
    from ansible.vars.clean import remove_internal_keys
except ImportError:
    remove_internal_keys = None

BIN = os.path.join(os.path.dirname(__file__), 'bin')
# What the program loads when a task touches Ceph; any may, since the record of changes may lie there.
CEPH_LIBRARY = 'pxc-ceph.so'


def _text(variables, name):
    value = variables.get(name)
    return to_text(value) if value is not None and not isinstance(value, (dict, list)) else ''


class RunnerBase(ActionBase):
    """Subclasses name their MODULE; that is all they do."""

    MODULE = ''
    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp=None, task_vars=None):
        self._supports_async = True
        result = super(RunnerBase, self).run(tmp, task_vars)
        task_vars = task_vars or {}
        problem = self._fill_actor()
        if problem:
            result.update(failed=True, msg=problem)
            return result
        name = 'pxcloud.pve.' + self.MODULE
        wrap_async = bool(self._task.async_val) and not self._connection.has_native_async
        if wrap_async or self._connection.become or self._connection.transport not in ('local', 'ansible.builtin.local'):
            self._send_library()
            result.update(self._execute_module(module_name=name, task_vars=task_vars, wrap_async=wrap_async))
            return self._explain(result)
        result.update(self._run_in_place(name, task_vars))
        return result

    def _send_library(self):
        """Ansible copies the program alone; it looks for its library in its own folder, which is made here and used then."""
        library = os.path.join(BIN, 'linux-' + os.uname().machine, CEPH_LIBRARY)
        if not os.path.exists(library):
            return
        if not self._connection._shell.tmpdir:
            self._make_tmp_path()
        target = self._connection._shell.join_path(self._connection._shell.tmpdir, CEPH_LIBRARY)
        self._transfer_file(library, target)
        self._fixup_perms2([self._connection._shell.tmpdir, target])

    def _fill_actor(self):
        """Who asks, as far as it can be known: into the arguments. Returns None, or a sentence that says why the task may not run.

        Names are taken as they stand, never as templates: else whoever chooses a user name in AWX would run code here.
        """
        args = self._task.args
        for option in ('actor_source', 'actor_login', 'job_id'):
            args.pop(option, None)
        # AWX says what it knows of a job in extra variables. Inventories and playbooks could say the same: they are not asked.
        said = load_extra_vars(self._loader)
        job = _text(said, 'awx_job_id') or _text(said, 'tower_job_id')
        real, source = self._real_user(said, job)
        named = to_text(args.get('actor') or '')
        if job and not real and not named.startswith('svc:'):
            return ("job %s was not launched by a person but by a schedule or a hook%s: let the task, or module_defaults, name the service "
                    "it runs as, like actor: svc:nightly" % (job, ', and cannot run as %s' % named if named else ''))
        found = dict(actor=named or real, actor_login=real if named and named != real else '', job_id=job,
                     actor_source=source if named or real else '')
        args.update((option, value) for option, value in found.items() if value)
        return None

    def _real_user(self, said, job):
        """(name, where it is from); ('', 'task') when nobody is there but whom the task names."""
        for source in ('awx', 'tower'):
            if _text(said, source + '_user_name'):
                return _text(said, source + '_user_name'), source
        if job:
            return '', 'task'
        if self._environment().get('PXC_ACTOR'):
            return to_text(self._environment()['PXC_ACTOR']), 'environment'
        try:
            return to_text(getpass.getuser()), 'login'
        except (ImportError, KeyError, OSError):
            return '', 'task'

    def _explain(self, result):
        """A program for another machine: the loader's words say it, but not what to do."""
        words = to_text(result.get('module_stderr') or '') + to_text(result.get('module_stdout') or '')
        if result.get('failed') and 'Exec format error' in words:
            result['msg'] = ("the program that was copied there is for %s, and that is another machine: install a build of the "
                             "collection for its architecture, or delegate the task to localhost" % ', '.join(self._built_for()))
        return result

    @staticmethod
    def _built_for():
        return sorted(os.listdir(BIN)) if os.path.isdir(BIN) else []

    def _missing(self, path):
        return dict(failed=True, msg=(
            "pxcloud.pve has no program for this machine (%s): looked for %s, found %s. Install a build of the collection for this "
            "architecture, or build one with 'make install' from its source."
            % (os.uname().machine, path, ', '.join(self._built_for()) or 'none')))

    def _payload(self, name, task_vars):
        args = dict(self._task.args)
        self._update_module_args(name, args, task_vars)
        if _module_legacy_c2m is not None:
            return json.dumps(args, cls=_module_legacy_c2m.Encoder)
        return json.dumps(args, cls=AnsibleJSONEncoder, vault_to_text=True)

    def _environment(self):
        named = {}
        self._compute_environment_string(named)
        return dict(os.environ, **dict((k, to_text(v)) for k, v in named.items()))

    def _run_in_place(self, name, task_vars):
        program = os.path.join(BIN, 'linux-' + os.uname().machine, 'pxc')
        if not os.access(program, os.X_OK):
            return self._missing(program)
        # The program takes its module's name from argv[0], as it does through the links in plugins/modules.
        process = subprocess.Popen([self.MODULE], executable=program, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=self._environment(), cwd=self._loader.get_basedir())
        try:
            stdout, stderr = process.communicate(to_bytes(self._payload(name, task_vars), errors='surrogate_or_strict'))
        except BaseException:
            # Ctrl-C or a task timeout: the program ends at once, and the next run finishes what it had begun.
            process.send_signal(signal.SIGTERM)
            process.wait()
            raise
        return self._parse(process.returncode, stdout, stderr)

    def _parse(self, rc, stdout, stderr):
        if rc < 0 and not stdout.strip():
            return dict(failed=True, rc=rc, msg='%s was ended by signal %d (%s); the next run finishes what it had begun'
                        % (self.MODULE, -rc, signal.Signals(-rc).name))
        answer = dict(rc=rc, stdout=to_text(stdout, errors='surrogate_then_replace'),
                      stderr=to_text(stderr, errors='surrogate_then_replace'))
        answer['stdout_lines'] = answer['stdout'].splitlines()
        try:
            data = self._parse_returned_data(answer)
        except TypeError:  # ansible-core from 2.19 on
            data = self._parse_returned_data(answer, 'legacy')
        if hasattr(data, 'as_result_dict'):  # ansible-core from 2.22 on
            data.remove_internal_keys()
            return data.as_result_dict(for_round_trip=True)
        if remove_internal_keys is not None:
            remove_internal_keys(data)
        return wrap_var(data)
