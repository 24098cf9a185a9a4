# Copyright: the pxcloud.pve contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines about the progress of a program, shown while it runs, at -v.

Ansible shows nothing of a module before its end. Where the program runs in place, its standard error is read as it comes; lines that
begin with MARK are shown at once by Ansible's own Display, so no callback plugin is needed, and are taken out of what was captured. So
results are the same with and without.
"""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import selectors

from ansible.module_utils.common.text.converters import to_text

MARK = b'pxc-progress: '
CHUNK = 32768


def ask(environment, display):
    """The environment that makes the program tell, when somebody would see it."""
    environment = dict(environment)
    environment.pop('PXC_PROGRESS', None)
    if display.verbosity > 0:
        environment['PXC_PROGRESS'] = '1'
    return environment


def harmless(text):
    """What is shown on a terminal must not steer it; names and notes of guests are anybody's words."""
    return ''.join(c if c.isprintable() else '?' for c in text)


def _show(line, name, display):
    display.v('%s: %s' % (name, harmless(to_text(line[len(MARK):], errors='surrogate_then_replace'))))


def communicate(process, data, name, display):
    """Like process.communicate(data): standard output and standard error, the latter without the lines that were shown."""
    if display.verbosity == 0:
        return process.communicate(data)
    kept, rest, rests = {process.stdout: [], process.stderr: []}, b'', memoryview(data)
    with selectors.DefaultSelector() as selector:
        for stream in kept:
            selector.register(stream, selectors.EVENT_READ)
        os.set_blocking(process.stdin.fileno(), False)
        selector.register(process.stdin, selectors.EVENT_WRITE)
        while selector.get_map():
            for key, _event in selector.select():
                if key.fileobj is process.stdin:
                    rests = _write(selector, process.stdin, rests)
                    continue
                chunk = os.read(key.fd, CHUNK)
                if not chunk:
                    selector.unregister(key.fileobj)
                if key.fileobj is process.stdout:
                    kept[process.stdout].append(chunk)
                    continue
                lines = (rest + chunk).split(b'\n')
                # At the end there is no more to come to a line that has none.
                rest = lines.pop() if chunk else b''
                for line in lines:
                    if line.startswith(MARK):
                        _show(line, name, display)
                    elif line or chunk:
                        kept[process.stderr].append(line + (b'\n' if chunk else b''))
    for stream in kept:
        stream.close()
    process.wait()
    return b''.join(kept[process.stdout]), b''.join(kept[process.stderr])


def _write(selector, stdin, data):
    """What is left to write. A program that has ended, or reads no more, says why by itself."""
    try:
        data = data[os.write(stdin.fileno(), data[:CHUNK]):]
    except BlockingIOError:
        return data
    except BrokenPipeError:
        data = data[len(data):]
    if not data:
        selector.unregister(stdin)
        stdin.close()
    return data
