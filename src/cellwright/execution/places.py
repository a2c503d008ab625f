"""Owns the places in an attempt folder that a container covers with what it mounts there.

The step never sees them. On this machine they are empty files and folders, and have to be
told from files that the step emptied, and from folders that it cleared.
"""

import os
from collections.abc import Iterable
from pathlib import Path

_MARK = 1_000_000_000
"""When a place was last written to, in ns: no program was there in 1970."""


def make_places(places: Iterable[tuple[Path, bool]]) -> None:
    """Make what mounts will cover; each path tells whether it is to be a folder.

    The engine would make them itself, as root.
    """
    made: list[Path] = []
    for path, folder in places:
        if folder:
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        made.append(path)
    for path in made:  # at the end: one that is made in another one writes to that one
        os.utime(path, ns=(_MARK, _MARK))


def is_place(found: os.stat_result) -> bool:
    """Tell whether what is at a path in an attempt folder is no more than a place."""
    return found.st_mtime_ns == _MARK
