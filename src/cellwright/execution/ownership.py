"""Owns how a thing left behind is told from a thing in use: by the process it belongs to.

A process id alone says little: ids are used again, after a restart even soon. With the
machine, its boot and the process's own start time it is unique.
"""

import os
import platform
import subprocess
from functools import cache
from pathlib import Path


def owner() -> str:
    """Return what names this very process: `host/boot/pid/start`."""
    return f"{_host()}/{_boot()}/{os.getpid()}/{started(os.getpid())}"


def is_dead(name: str) -> bool:
    """Tell whether the process of that name surely runs no more.

    A process of another machine may run: the engine or the folder may be shared.
    """
    parts = name.split("/")
    if len(parts) != 4:
        return False
    host, boot, pid, start = parts
    if host != _host():
        return False
    if boot != _boot():
        return True
    return not pid.isdigit() or started(int(pid)) != start


def started(pid: int) -> str:
    """Return when a process started, in whatever unit this system tells; "" for none.

    A process that ended and was not yet waited for counts as none.
    """
    stat = Path(f"/proc/{pid}/stat")
    if platform.system() == "Linux":
        try:
            # The name, in parentheses, may itself hold spaces and parentheses.
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            return ""
        return "" if fields[0] in ("Z", "X") else fields[19]
    done = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)],
        env={"PATH": "/bin:/usr/bin", "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
        timeout=10,
    )
    return done.stdout.strip().replace("/", "-")


@cache
def _host() -> str:
    return platform.node().replace("/", "-")


@cache
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "-"
