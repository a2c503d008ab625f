"""Owns the note of files that the cells look for and do not find where they run.

A step runs in a folder of its own, with the files that it is known to read. Whether a file
that it looks for in vain is there for the notebook, the host knows, and judges.

Opening a file and listing a folder is told by audit events. Asking whether a file is there
is not, and whoever asks may go on without it in silence, so `os.stat` tells as well.
"""

import functools
import os
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from .manifest import SoughtRecord
from .place import Place

MOST = 1000
"""Notes that are kept; a program that looks for more is noted for the first."""
FILE, FOLDER, GLOB, GLOB_ALL = "file", "folder", "glob", "glob-all"
"""A path; all that is in a folder; what a pattern matches, without and with hidden names."""

_stat, _lstat, _access = os.stat, os.lstat, os.access

_PASSING = frozenset(
    {
        "genericpath", "glob", "io", "ntpath", "os", "pathlib", "pathlib._abc", "pathlib._local",
        "pathlib._os", "posixpath", __name__, __name__.replace("sought", "audit"),
    }
)  # fmt: skip
"""Modules that ask on behalf of others."""
_INDIFFERENT = frozenset(
    {
        "_distutils_hack", "importlib", "inspect", "linecache", "pkg_resources", "pkgutil",
        "site", "tempfile", "traceback", "warnings", "zipimport",
    }
)  # fmt: skip
"""Top-level modules that ask for what is no part of the work: code, or names still free."""
_CAREFUL = frozenset(
    {
        ("os", "makedirs"), ("os", "removedirs"), ("pathlib", "mkdir"), ("PIL.Image", "save"),
        *(("shutil", name) for name in ("copy", "copy2", "copyfile", "move", "_samefile", "_stat")),
    }
)  # fmt: skip
"""Functions that look whether something is there before they write, and write anyway."""


class Sought:
    """Collects what is looked for in vain, each with the place in the cells."""

    def __init__(self, attempt: str, folder: str, files: dict[str, int], place: Place) -> None:
        """Take note of paths as seen from `folder`, the working directory in an attempt;
        `files` gives the cell number of each file name of the program."""
        self._attempt = attempt + os.sep
        self._folder = folder
        self._files = files
        self._place = place
        self._found: dict[tuple[str, str], SoughtRecord] = {}

    def records(self) -> list[SoughtRecord]:
        """Return the notes, in the order in which they were taken."""
        return list(self._found.values())

    def opens(self, path: str, flags: int) -> None:
        """Note that a file is about to be opened, unless it is there or is made anew."""
        if flags & os.O_TRUNC:
            return
        try:
            _lstat(path)
        except (OSError, ValueError):
            self._note(FILE, path, asked=False)

    def asks(self, path: str) -> None:
        """Note that somebody asked for a file, and was told that it is not there."""
        self._note(FILE, path, asked=True)

    def lists(self, path: Any) -> None:
        """Note that a folder is about to be listed."""
        if isinstance(path, int):
            return
        whole = os.path.abspath(os.fsdecode(path or "."))
        frame = sys._getframe(2)
        asker = frame.f_globals.get("__name__", "")
        if asker == "glob" or (asker.startswith("pathlib") and not _names_folder(frame)):
            return  # it is told of by its pattern
        self._note(FOLDER, whole, asked=True)

    def matches(self, pattern: Any, root: Any, *, hidden: bool, recursive: bool) -> None:
        """Note that what matches a pattern is about to be looked for."""
        text = os.fsdecode(pattern)
        whole = os.path.normpath(os.path.join(os.path.abspath(os.fsdecode(root or ".")), text))
        if not recursive:
            whole = whole.replace("**", "*")
        self._note(GLOB_ALL if hidden else GLOB, whole, asked=False)

    def _note(self, kind: str, whole: str, *, asked: bool) -> None:
        key = (kind, whole)
        if key in self._found or len(self._found) >= MOST or "__pycache__" in whole:
            return
        if os.path.basename(whole) in self._files:
            return  # a cell's own name, which is no file's
        frame: FrameType | None = sys._getframe(2)
        if asked and _is_indifferent(frame):
            return
        cell, line = self._place.read()
        while frame is not None:
            found = self._files.get(frame.f_code.co_filename)
            if found is not None:
                cell, line = found, frame.f_lineno
                break
            frame = frame.f_back
        inside = whole.startswith(self._attempt)
        shown = os.path.relpath(whole, self._folder) if inside else whole
        self._found[key] = SoughtRecord(kind, shown, cell, line)


def _names_folder(frame: FrameType) -> bool:
    """Tell whether a function of `pathlib` lists one folder, as against what matches."""
    return frame.f_code.co_name in ("iterdir", "walk", "_walk")


def _is_indifferent(frame: FrameType | None) -> bool:
    """Tell whether who asks goes on in the same way, whatever the answer is."""
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        name = frame.f_code.co_name
        if (module.partition("._")[0], name) in _CAREFUL:
            return True
        if module not in _PASSING:
            return module.partition(".")[0] in _INDIFFERENT
        frame = frame.f_back
    return False


def tell_of_questions(asks: Callable[[Any], None]) -> None:
    """Have `asks` called with each path that is asked for in vain, in this process."""

    @functools.wraps(_stat)
    def stat(path: Any, *, dir_fd: Any = None, follow_symlinks: bool = True) -> os.stat_result:
        try:
            return _stat(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
        except (FileNotFoundError, NotADirectoryError):
            if dir_fd is None:
                asks(path)
            raise

    @functools.wraps(_lstat)
    def lstat(path: Any, *, dir_fd: Any = None) -> os.stat_result:
        try:
            return _lstat(path, dir_fd=dir_fd)
        except (FileNotFoundError, NotADirectoryError):
            if dir_fd is None:
                asks(path)
            raise

    @functools.wraps(_access)
    def access(path: Any, mode: int, **options: Any) -> bool:
        found = _access(path, mode, **options)
        if not found and options.get("dir_fd") is None:
            asks(path)
        return found

    for ours, theirs in ((stat, _stat), (lstat, _lstat), (access, _access)):
        _put_in_place(ours, theirs)


def _put_in_place(ours: Callable[..., Any], theirs: Callable[..., Any]) -> None:
    """Let a function stand for one of `os`, also where it is asked what that one can do."""
    ours.__module__ = "os"  # where a pickle finds it
    setattr(os, theirs.__name__, ours)
    for able in (
        os.supports_dir_fd,
        os.supports_effective_ids,
        os.supports_fd,
        os.supports_follow_symlinks,
    ):
        if theirs in able:
            able.add(ours)
