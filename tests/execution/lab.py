# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of the ways to run a task need: a simulated cluster, an sshd on loopback, and a playbook run with its results.

The sshd is the machine's, or one that mk/unpack.sh has unpacked; it has a configuration, keys and a port of its own, runs as whoever
runs the test, and lets only him in. An sshd of root wants a user "sshd" in /etc/passwd: libnss-wrapper shows it one.
"""
from __future__ import annotations

import contextlib
import getpass
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import outputs
import sim

# For what needs one there: the system's, since somebody else may not be let into the folder of another.
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else "{{ ansible_playbook_python }}"


class Skip(Exception):
    """Why this cannot be tested here."""


@contextlib.contextmanager
def folder():
    """A temporary one that others may look into, since tasks run as somebody else, too; short, since sockets are in it."""
    path = tempfile.mkdtemp(prefix="pxc-x-", dir="/tmp")
    os.chmod(path, 0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def cluster(build, where):
    """What connects to it: arguments of every module."""
    with sim.Sim(build, "--speed", "0", "--state-dir", where) as running:
        os.chmod(running.info["ca_path"], 0o644)
        yield running.connection()


def program(name, *places):
    for place in places + ("/usr/sbin", "/usr/bin", "/usr/lib/openssh"):
        if os.access(os.path.join(place, name), os.X_OK):
            return os.path.join(place, name)
    raise Skip(f"no {name} (Debian: openssh-server, openssh-client)")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wrapped_users(unpacked, where):
    """The environment in which root's sshd finds the user it wants."""
    try:
        pwd.getpwnam("sshd")
        return {}
    except KeyError:
        pass
    library = os.path.join(unpacked, f"usr/lib/{os.uname().machine}-linux-gnu/libnss_wrapper.so")
    if not os.path.exists(library):
        raise Skip("no user sshd here, and no libnss-wrapper to make believe there is")
    me = pwd.getpwuid(os.getuid())
    for name, lines in {"passwd": [f"{me.pw_name}:*:{me.pw_uid}:{me.pw_gid}::{me.pw_dir}:{me.pw_shell}",
                                   "sshd:*:65533:65534::/run/sshd:/usr/sbin/nologin"],
                        "shadow": [f"{me.pw_name}:*:19000:0:99999:7:::"]}.items():
        with open(os.path.join(where, name), "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")
    os.makedirs("/run/sshd", exist_ok=True)
    return {"LD_PRELOAD": library, "NSS_WRAPPER_PASSWD": os.path.join(where, "passwd"), "NSS_WRAPPER_GROUP": "/etc/group",
            "NSS_WRAPPER_SHADOW": os.path.join(where, "shadow")}


@contextlib.contextmanager
def sshd(build, where, **session):
    """Host variables to reach it. SESSION is the environment of whoever logs in."""
    unpacked = os.path.abspath(f"{build}/sysroot/sshd")
    daemon = program("sshd", f"{unpacked}/usr/sbin")
    sftp = program("sftp-server", f"{unpacked}/usr/lib/openssh")
    where = tempfile.mkdtemp(dir=where)
    for key in ("host", "key"):
        subprocess.run([program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", os.path.join(where, key)], check=True)
    port = free_port()
    lines = [f"Port {port}", "ListenAddress 127.0.0.1", f"HostKey {where}/host", "PidFile none", f"AuthorizedKeysFile {where}/key.pub",
             "StrictModes no", "UsePAM no", "PasswordAuthentication no", f"Subsystem sftp {sftp}"]
    # From OpenSSH 9.8 and 10.0 on, sshd is several programs.
    for option, part in (("SshdSessionPath", "sshd-session"), ("SshdAuthPath", "sshd-auth")):
        path = os.path.join(unpacked, "usr/lib/openssh", part)
        if daemon.startswith(unpacked) and os.path.exists(path):
            lines.append(f"{option} {path}")
    if session:
        lines.append("SetEnv " + " ".join(f"{k}={v}" for k, v in session.items()))
    with open(os.path.join(where, "sshd_config"), "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")
    env = dict(os.environ, LD_LIBRARY_PATH=":".join(f"{unpacked}/{d}/{os.uname().machine}-linux-gnu" for d in ("lib", "usr/lib")))
    if os.getuid() == 0:
        env.update(wrapped_users(unpacked, where))
    with open(os.path.join(where, "log"), "wb") as log:
        process = subprocess.Popen([daemon, "-D", "-e", "-f", os.path.join(where, "sshd_config")], env=env, stderr=log,
                                   start_new_session=True)
    try:
        def listens():
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", port)) == 0
        until = time.monotonic() + 20
        while not listens():
            if process.poll() is not None or time.monotonic() > until:
                with open(os.path.join(where, "log"), encoding="utf-8", errors="replace") as log:
                    raise SystemExit("sshd did not start: " + log.read())
            time.sleep(0.02)
        known = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
        yield {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": port, "ansible_user": getpass.getuser(),
               "ansible_ssh_private_key_file": os.path.join(where, "key"), "ansible_ssh_common_args": known,
               "ansible_ssh_args": f"-F none -o ControlMaster=auto -o ControlPersist=30s -o ControlPath={where}/%h",
               "ansible_remote_tmp": os.path.join(where, "tmp")}
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def playbook(build, where, hosts, plays, *args, **environment):
    """(the registered results by name, what was printed). HOSTS: variables by name. Tasks' names are those of their results."""
    inventory = {"all": {"hosts": hosts, "vars": {"ansible_python_interpreter": PYTHON}}}
    kept = os.path.join(where, "results.json")
    for play in plays:
        names = [task["name"] for task in play["tasks"]]
        for task in play["tasks"]:
            task.update(register="r_" + task["name"], ignore_errors=True)
        content = ", ".join(f"'{name}': r_{name}" for name in names)
        play["tasks"].append({"name": "Keep", "delegate_to": "localhost", "become": False,
                              "ansible.builtin.copy": {"dest": kept, "mode": "0600", "content": "{{ {%s} | to_json }}" % content}})
    for name, data in (("inventory.json", inventory), ("play.json", plays)):
        with open(os.path.join(where, name), "w", encoding="utf-8") as f:
            json.dump(data, f)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(kept)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PXC_API", "PXC_CA", "PROXMOX_", "ANSIBLE_"))}
    env.update(ANSIBLE_COLLECTIONS_PATH=os.path.abspath(build), ANSIBLE_NOCOLOR="1", ANSIBLE_RETRY_FILES_ENABLED="False",
               ANSIBLE_LOCAL_TEMP=os.path.join(where, "tmp"), ANSIBLE_ASYNC_DIR=os.path.join(where, "async"), PXC_ACTOR="tester",
               ANSIBLE_INJECT_INVOCATION="True", **environment)
    # A test must end, whatever a task does.
    done = subprocess.run(["ansible-playbook", "-i", os.path.join(where, "inventory.json"), *args, os.path.join(where, "play.json")],
                          env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False, timeout=400)
    text = outputs.keep(done.stdout.decode("utf-8", "replace"))
    try:
        with open(kept, encoding="utf-8") as f:
            return json.load(f), text
    except OSError:
        return None, text
