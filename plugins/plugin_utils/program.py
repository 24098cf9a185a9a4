# Copyright: the pxcloud.pve contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the compiled program is, for each kind of machine, and what to say when it is not there or does not start."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os

from ansible.module_utils.common.text.converters import to_text

BIN = os.path.join(os.path.dirname(__file__), 'bin')


def platform(system, machine):
    """Like linux-x86_64, by what uname says."""
    return '%s-%s' % (system.lower(), machine)


def platform_here():
    return platform(os.uname().sysname, os.uname().machine)


def path_of(wanted):
    return os.path.join(BIN, wanted, 'pxc')


def missing(wanted, host):
    """None, or what to tell who runs something on that host."""
    if os.path.isfile(path_of(wanted)):
        return None
    there = sorted(os.listdir(BIN)) if os.path.isdir(BIN) else []
    return ("pxcloud.pve has no program for %s, which is what %s is; it has some for: %s. Install a build of the collection for it, make one "
            "from its source ('make install' on such a machine, or make install ARCHES=\"x86_64 aarch64\"), or delegate the task to a host "
            "that has one." % (wanted, host, ', '.join(there) or 'none'))


def cannot_run(path, error):
    """error: the OSError of who tried to start it here."""
    advice = {
        errno.EACCES: '; programs may not run from there, as when it is mounted noexec: install the collection elsewhere '
                      '(ansible-galaxy collection install -p), and name that place in ANSIBLE_COLLECTIONS_PATH',
        errno.ENOEXEC: '; it is for another machine, or damaged: install the collection again',
    }
    return '%s cannot be run: %s%s' % (path, to_text(error.strerror), advice.get(error.errno, ''))
