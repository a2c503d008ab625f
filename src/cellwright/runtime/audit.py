"""Owns the note of which files the cells open and look for, by Python's own audit events.

Files that compiled libraries open by themselves do not show up here.
"""

import os
import sys
from contextlib import suppress
from typing import Any

from .sought import Sought, tell_of_questions

MOST = 10_000
_NOISE = ("/proc/", "/sys/", "/dev/", "/etc/", "/usr/share/zoneinfo/")
_LISTINGS = frozenset({"os.listdir", "os.scandir"})
_GLOBS = frozenset({"glob.glob/2", "pathlib.Path.glob", "pathlib.Path.rglob"})
_TOUCHES = {
    "os.remove": 1,
    "os.rmdir": 1,
    "os.rename": 2,
    "os.link": 2,
    "os.chmod": 2,
    "os.chown": 3,
    "os.utime": 3,
    **dict.fromkeys(("os.chdir", "os.truncate", "os.getxattr", "os.listxattr"), 99),
}
"""What is done to a file by its name, which fails where there is none; and at which place of
the arguments a folder is given that the name starts from, instead of the working directory."""
_HEARD = frozenset({"open", "sqlite3.connect", *_TOUCHES}) | _LISTINGS | _GLOBS
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC


class FileWatch:
    """Collects paths from the moment it is made until `stop`; a hook cannot be removed."""

    def __init__(self, attempt: str, folder: str, sought: Sought) -> None:
        here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        self._folder = folder
        self._quiet = (sys.prefix, sys.base_prefix, sys.exec_prefix, here, *_NOISE)
        self._attempt = attempt + os.sep
        self._work = os.path.join(attempt, "work") + os.sep
        self._read: dict[str, None] = {}
        self._written: dict[str, None] = {}
        self._sought = sought
        self._on = True
        sys.addaudithook(self._hear)
        tell_of_questions(self._asked)

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
        if event not in _HEARD or not self._on:
            return
        # An exception here would fall on the user's own call.
        try:
            if event == "open":
                self._note(args[0], args[1], args[2])
            elif event == "sqlite3.connect":
                self._note(args[0], "r+", 0)
            elif event in _LISTINGS:
                self._sought.lists(args[0])
            elif event in _TOUCHES:
                self._touch(args[0], args[_TOUCHES[event] :])
            elif event == "glob.glob/2":
                hidden = bool(sys._getframe(1).f_locals.get("include_hidden"))
                self._sought.matches(args[0], args[2], hidden=hidden, recursive=bool(args[1]))
            else:
                pattern = args[1] if event == "pathlib.Path.glob" else f"**/{args[1]}"
                self._sought.matches(pattern, args[0], hidden=True, recursive=True)
        except (OSError, ValueError, TypeError):
            return

    def _asked(self, path: Any) -> None:
        if not self._on or isinstance(path, int):
            return
        with suppress(OSError, ValueError, TypeError):
            whole = os.path.abspath(os.fsdecode(path))
            if self._concerns(whole):
                self._sought.asks(whole)

    def _touch(self, path: Any, rest: tuple[Any, ...]) -> None:
        if isinstance(path, int) or (rest and rest[0] != -1):
            return
        whole = os.path.abspath(os.fsdecode(path))
        if not self._is_known(whole) and self._concerns(whole):
            self._sought.touches(whole)

    def _note(self, path: Any, mode: Any, flags: Any) -> None:
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if not isinstance(path, str) or path.startswith((":memory:", "<")):
            return
        whole = os.path.abspath(path)
        if not self._is_known(whole) and self._concerns(whole):
            self._sought.opens(whole, flags if isinstance(flags, int) else 0)
        shown = self._shown(whole)
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

    def _is_known(self, path: str) -> bool:
        """Tell whether a file was opened before: what was made or found here is not missed."""
        shown = self._shown(path)
        return shown in self._written or shown in self._read

    def _concerns(self, path: str) -> bool:
        """Tell whether a path may be one of the work: it may lead above the step's files."""
        return path.startswith(self._attempt) or not path.startswith(self._quiet)

    def _shown(self, path: str) -> str | None:
        if path.startswith(self._work):
            relative = os.path.relpath(path, self._folder)
            return None if "__pycache__" in relative else relative
        if path.startswith((self._attempt, *self._quiet)):
            return None
        return path
