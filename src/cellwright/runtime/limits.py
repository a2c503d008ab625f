"""Owns the question whether the machine killed for memory: the cgroup's counters."""

import os

_V1 = "/sys/fs/cgroup/memory"
_V2 = "/sys/fs/cgroup"


def memory_kills() -> int:
    """Return how many processes of our cgroup were killed for memory so far.

    0 where that cannot be read; a difference of two answers tells of the time between.
    """
    return sum(_count(path) for path in _counters())


def _counters() -> list[str]:
    found = [f"{_V2}/memory.events", f"{_V1}/memory.oom_control"]
    try:
        with open("/proc/self/cgroup", encoding="utf-8") as handle:
            lines = handle.read().splitlines()
    except OSError:
        return found
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "" and path != "/":
            found.insert(0, f"{_V2}{path}/memory.events")
        elif "memory" in controllers.split(",") and path != "/":
            found.insert(0, f"{_V1}{path}/memory.oom_control")
    for path in found:
        if os.path.exists(path):
            return [path]
    return []


def _count(path: str) -> int:
    try:
        with open(path, encoding="utf-8") as handle:
            for line in handle:
                key, _, number = line.partition(" ")
                if key == "oom_kill":
                    return int(number)
    except (OSError, ValueError):
        pass
    return 0
