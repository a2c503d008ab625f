"""Owns that no process of an attempt outlives it, nor the run that started it.

A note per running attempt tells who started it. The processes of an attempt are those of
its group and session, and on Linux those without a terminal that work in its folder: a
daemon that took a session of its own is found by that, the shell of a user who looks
around there is left alone.
"""

import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from cellwright.execution.ownership import is_dead, owner, started

_NOBODY = 0x7FFFFFFF  # larger than any process id
_ENDING = 5.0  # seconds that a killed process has to be gone


def note(folder: Path, pid: int, attempt: Path) -> Path:
    """Write down that a process runs an attempt, and return the note."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"{pid}.json"
    record = {
        "owner": owner(),
        "pid": pid,
        "started": started(pid),
        "attempt": str(attempt),
    }
    beside = place.with_suffix(f".{os.getpid()}.tmp")
    beside.write_text(json.dumps(record))
    beside.replace(place)
    return place


def forget(place: Path) -> None:
    """Take a note away."""
    place.unlink(missing_ok=True)


def kill_rest(pid: int, attempt: Path) -> tuple[int, ...]:
    """Kill the session that `pid` began and all that works in a folder, and see them end.

    Returns the ids of those that were found running.
    """
    found = {other for other in (pid, *_of_session(pid), *_working_in(attempt)) if started(other)}
    found.discard(os.getpid())
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    for other in found:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(other, signal.SIGKILL)
    until = time.monotonic() + _ENDING
    while any(started(other) for other in found) and time.monotonic() < until:
        time.sleep(0.005)
    return tuple(sorted(found))


def kill_dead(folder: Path) -> tuple[str, ...]:
    """Kill the processes of attempts whose owner is dead; return what was killed."""
    killed: list[str] = []
    for place in sorted(folder.glob("*.json")):
        try:
            record = json.loads(place.read_bytes())
            name, pid, attempt = record["owner"], int(record["pid"]), Path(record["attempt"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if not is_dead(name):
            continue
        # The number may be another process's by now: then its session is not ours.
        same = bool(record.get("started")) and started(pid) == record["started"]
        killed += [
            f"process {found} of attempt {attempt.name}"
            for found in kill_rest(pid if same else _NOBODY, attempt)
        ]
        forget(place)
    return tuple(killed)


def _processes() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []


def _of_session(pid: int) -> list[int]:
    found = []
    for other in _processes():
        with suppress(OSError):
            if os.getsid(other) == pid:
                found.append(other)
    return found


def _working_in(folder: Path) -> list[int]:
    inside = f"{os.path.realpath(folder)}{os.sep}"
    found = []
    for other in _processes():
        with suppress(OSError, IndexError):
            if not f"{os.readlink(f'/proc/{other}/cwd')}{os.sep}".startswith(inside):
                continue
            fields = Path(f"/proc/{other}/stat").read_text().rpartition(")")[2].split()
            ours = os.stat(f"/proc/{other}").st_uid == os.geteuid()
            if ours and fields[4] == "0":  # no controlling terminal
                found.append(other)
    return found
