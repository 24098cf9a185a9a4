# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-test would fetch from a host of its own to get pip into an empty environment: done by Python's own pip and the package index."""
import subprocess
import sys

subprocess.check_call([sys.executable, "-m", "ensurepip"], stdout=subprocess.DEVNULL)
wanted = [a for a in sys.argv[1:] if a not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", *wanted]))
