# Copyright: the pxcloud.pve contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin behind every module of the collection.

On a local connection it runs the compiled program in place, with the arguments on standard input; that is about ten
times cheaper than copying it first. Anything else (ssh, become, async) goes Ansible's ordinary way, with the program for
the machine that the task runs on. docs/execution.md is the whole story.
"""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import getpass
import hashlib
import json
import os
import re
import signal
import subprocess

from ansible import constants as C
from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.text.converters import to_bytes, to_text
from ansible.plugins.action import ActionBase
from ansible.utils.unsafe_proxy import wrap_var
from ansible.utils.vars import load_extra_vars
from ansible_collections.pxcloud.pve.plugins.plugin_utils import program, progress

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

# What the program loads when a task touches Ceph; any may, since the record of changes may lie there.
CEPH_LIBRARY = 'pxc-ceph.so'
# What a shell or a loader says that could not start the program, and what to do about it.
EXPLAINED = (
    (r'Exec format error',
     "the program that was copied to %s is for another machine than that is now: run the playbook again, or delegate the task to localhost"),
    (r'error while loading shared libraries',
     "%s lacks a library that the program needs (Debian: libcurl4, libssl3): install it, or delegate the task to localhost"),
    (r"' not found \(required by",
     "the system of %s is older than the one that the program was built on: build the collection on one as old ('make install' from its "
     "source), or delegate the task to localhost"),
    (r'AnsiballZ_\w+: Permission denied',
     "%s does not let programs run where Ansible copies them to, as when that is mounted noexec: set ansible_remote_tmp to a folder where "
     "they may"),
)
PLATFORM = re.compile(r'[a-z0-9_]+-[a-z0-9_]+$')


def _text(variables, name):
    value = variables.get(name)
    return to_text(value) if value is not None and not isinstance(value, (dict, list)) else ''


class RunnerBase(ActionBase):
    """Subclasses name their MODULE; that is all they do."""

    MODULE = ''
    _supports_check_mode = True
    _supports_async = True
    _program = ''  # the one for the machine that the task runs on
    _library_there = ''  # where its library was copied to

    def run(self, tmp=None, task_vars=None):
        self._supports_async = True
        result = super(RunnerBase, self).run(tmp, task_vars)
        task_vars = task_vars or {}
        problem = self._fill_actor()
        if problem:
            result.update(failed=True, msg=problem)
            return result
        name = 'pxcloud.pve.' + self.MODULE
        host = to_text(self._task.delegate_to or task_vars.get('inventory_hostname') or 'localhost')
        local = self._connection.transport in ('local', 'ansible.builtin.local')
        platform = program.platform_here() if local else self._platform_there(host)
        self._program = program.path_of(platform)
        problem = program.missing(platform, host)
        if problem:
            result.update(failed=True, msg=problem)
            return result
        self._library_there = ''
        wrap_async = bool(self._task.async_val) and not self._connection.has_native_async
        # Whoever keeps remote files wants to find some.
        if local and not (wrap_async or self._connection.become or C.DEFAULT_KEEP_REMOTE_FILES):
            answer = self._run_in_place(name, task_vars)
        else:
            answer = self._execute_module(module_name=name, task_vars=task_vars, wrap_async=wrap_async)
        result.update(self._explain(answer, host))
        return result

    def _platform_there(self, host):
        """Like linux-x86_64; of a remote machine. It is asked once in a run: the processes of all tasks share the folder."""
        key = hashlib.sha256(to_bytes(self._connection.transport + ' ' + host)).hexdigest()
        kept = os.path.join(C.DEFAULT_LOCAL_TMP, 'pxc-platform-' + key)
        try:
            with open(kept, encoding='utf-8') as f:
                said = f.read()
        except OSError:
            said = ''
        if not PLATFORM.match(said):
            answer = self._low_level_execute_command('uname -sm', sudoable=False)
            words = to_text(answer.get('stdout') or '').split()[-2:]  # a banner may be in front
            said = program.platform(*words) if len(words) == 2 else ''
            if answer.get('rc') or not PLATFORM.match(said):
                raise AnsibleActionFail("cannot tell what machine %s is: 'uname -sm' said there: %s"
                                        % (host, ' '.join(to_text(answer.get(k) or '').strip() for k in ('stdout', 'stderr'))))
            with open(kept, 'w', encoding='utf-8') as f:
                f.write(said)
        return said

    def _transfer_file(self, local_path, remote_path):
        """Ansible copies the link in plugins/modules: the program for the machine of the build, without its library."""
        if os.path.basename(remote_path) != 'AnsiballZ_' + self.MODULE:
            return super(RunnerBase, self)._transfer_file(local_path, remote_path)
        library = os.path.join(os.path.dirname(self._program), CEPH_LIBRARY)
        if os.path.exists(library):
            self._library_there = self._connection._shell.join_path(os.path.dirname(remote_path), CEPH_LIBRARY)
            super(RunnerBase, self)._transfer_file(library, self._library_there)
        return super(RunnerBase, self)._transfer_file(self._program, remote_path)

    def _fixup_perms2(self, remote_paths, *args, **kwargs):
        """Whom the task becomes must be able to read the library, too."""
        library = [self._library_there] if self._library_there else []
        return super(RunnerBase, self)._fixup_perms2(list(remote_paths) + library, *args, **kwargs)

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

    @staticmethod
    def _explain(result, host):
        """What did not start cannot say why; the words of those who tried do, but not what to do."""
        words = to_text(result.get('module_stderr') or '') + to_text(result.get('module_stdout') or '')
        if result.get('failed') and result.get('rc') in (126, 127, 1):
            result.update([('msg', sentence % host) for said, sentence in EXPLAINED if re.search(said, words)][:1])
        return result

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
        self._display.vvv('Using module file %s in place' % self._program)
        # The program takes its module's name from argv[0], as it does through the links in plugins/modules.
        try:
            process = subprocess.Popen([self.MODULE], executable=self._program, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, env=progress.ask(self._environment(), self._display),
                                       cwd=self._loader.get_basedir())
        except OSError as e:
            return dict(failed=True, msg=program.cannot_run(self._program, e))
        try:
            payload = to_bytes(self._payload(name, task_vars), errors='surrogate_or_strict')
            stdout, stderr = progress.communicate(process, payload, self.MODULE, self._display)
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
