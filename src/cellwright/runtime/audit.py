"""Owns the note of which files the cells open, by Python's own audit events.

Files that compiled libraries open by themselves do not show up here.
"""

import os
import sys
from typing import Any

MOST = 10_000
_NOISE = ("/proc/", "/sys/", "/dev/", "/etc/", "/usr/share/zoneinfo/")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC


class FileWatch:
    """Collects paths from the moment it is made until `stop`; a hook cannot be removed."""

    def __init__(self, attempt: str, folder: str) -> None:
        here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        self._folder = folder
        self._quiet = (sys.prefix, sys.base_prefix, sys.exec_prefix, here, *_NOISE)
        self._attempt = attempt + os.sep
        self._work = os.path.join(attempt, "work") + os.sep
        self._read: dict[str, None] = {}
        self._written: dict[str, None] = {}
        self._on = True
        sys.addaudithook(self._hear)

    def stop(self) -> None:
        """Take no more notes."""
        self._on = False

    def read(self) -> list[str]:
        """Return the paths opened for reading, sorted."""
        return sorted(self._read)

    def written(self) -> list[str]:
        """Return the paths opened for writing, sorted."""
        return sorted(self._written)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            if self._on:
                self._note(args[0], args[1], args[2])
        elif event == "sqlite3.connect" and self._on:
            self._note(args[0], "r+", 0)

    def _note(self, path: Any, mode: Any, flags: Any) -> None:
        # An exception here would fall on the user's `open`.
        try:
            if isinstance(path, bytes):
                path = os.fsdecode(path)
            if not isinstance(path, str) or path.startswith((":memory:", "<")):
                return
            shown = self._shown(os.path.abspath(path))
        except (OSError, ValueError):
            return
        if shown is None:
            return
        if isinstance(mode, str):
            reads, writes = "r" in mode or "+" in mode, mode.strip("rbtU") != ""
        else:
            writes = bool(flags & _WRITES) if isinstance(flags, int) else False
            reads = not writes
        if reads and len(self._read) < MOST:
            self._read[shown] = None
        if writes and len(self._written) < MOST:
            self._written[shown] = None

    def _shown(self, path: str) -> str | None:
        if path.startswith(self._work):
            relative = os.path.relpath(path, self._folder)
            return None if "__pycache__" in relative else relative
        if path.startswith((self._attempt, *self._quiet)):
            return None
        return path
