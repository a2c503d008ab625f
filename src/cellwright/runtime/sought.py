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

from .faults import StepFault
from .manifest import SoughtRecord
from .place import Place

MOST = 10_000
"""Notes that are kept as they are. Of what is looked for later the folder is noted: the host
then finds more in the workspace than was asked for, but never less."""
FILE, FOLDER, GLOB, GLOB_ALL = "file", "folder", "glob", "glob-all"
"""A path; all that is in a folder; what a pattern matches, without and with hidden names."""

_stat, _lstat, _access, _readlink = os.stat, os.lstat, os.access, os.readlink

_PASSING = frozenset(
    {
        "genericpath", "glob", "io", "ntpath", "os", "pathlib", "pathlib._abc", "pathlib._local",
        "pathlib._os", "posixpath", "shutil", __name__, __name__.replace("sought", "audit"),
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
_CAREFUL: dict[tuple[str, str], tuple[str, bool] | None] = {
    ("os", "makedirs"): None,
    ("os", "removedirs"): None,
    ("pathlib", "mkdir"): None,
    ("PIL.Image", "save"): None,
    **{("shutil", name): None for name in ("copy", "copy2", "copyfile", "move")},
    **{("shutil", name): None for name in ("_samefile", "_stat")},
    ("posixpath", "realpath"): ("strict", False),
    ("pathlib", "resolve"): ("strict", False),
    ("pathlib", "unlink"): ("missing_ok", True),
    ("shutil", "rmtree"): ("ignore_errors", True),
}
"""Functions that look whether something is there, and go on in the same way if it is not;
some only where an argument is so."""
_FROM_FOLDERS = frozenset(
    {("os", "_fwalk"), ("shutil", "_rmtree_safe_fd"), ("shutil", "_rmtree_safe_fd_step")}
)
"""Functions that open names which start from a folder that is open: no event tells of it."""


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
        self._lost: tuple[int, int] | None = None

    def records(self) -> list[SoughtRecord]:
        """Return the notes, in the order in which they were taken."""
        return list(self._found.values())

    def check(self) -> None:
        """Raise StepFault if not even the folders could be noted of all that was looked for."""
        if self._lost is not None:
            raise StepFault(
                "input",
                "the step looks for more files that are not there than can be remembered: "
                "the notebook might find one of them",
                cell=self._lost[0],
                line=self._lost[1],
                hint="list the folders and look through what is in them",
            )

    def opens(self, path: str, flags: int) -> None:
        """Note that a file is about to be opened, unless it is there or is made anew."""
        frame = sys._getframe(3)  # behind the hook and its own function
        by = (frame.f_globals.get("__name__", ""), frame.f_code.co_name)
        if flags & os.O_TRUNC or by in _FROM_FOLDERS or by[0] == "tempfile":
            return
        if not _is_there(path):
            self._note(FILE, path, asked=False)

    def touches(self, path: str) -> None:
        """Note that a file is about to be removed, renamed, …, unless it is there."""
        if not _is_there(path):
            self._note(FILE, path, asked=True)

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
        if (kind, whole) in self._found or "__pycache__" in whole:
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
        key, shown = (kind, whole), os.path.relpath(whole, self._folder) if inside else whole
        if len(self._found) >= MOST:
            key = kind, shown = _wider(kind, shown)
            if key not in self._found and len(self._found) >= 2 * MOST:
                self._lost = self._lost or (cell, line)
                return
        self._found.setdefault(key, SoughtRecord(kind, shown, cell, line))


def _wider(kind: str, path: str) -> tuple[str, str]:
    """Return a note that tells of at least as much, and is the same for many others."""
    import glob

    if kind == FILE:
        return FOLDER, os.path.dirname(path) or "."
    if kind == FOLDER and os.path.basename(path) not in (".", ".."):
        path = os.path.dirname(path)
    while glob.has_magic(path):
        path = os.path.dirname(path)
    return GLOB_ALL, os.path.join(path, "**", "*")


def _is_there(path: str) -> bool:
    try:
        _lstat(path)
    except (OSError, ValueError):
        return False
    return True


def _names_folder(frame: FrameType | None) -> bool:
    """Tell whether a function of `pathlib` lists one folder, as against what matches."""
    if frame is not None and frame.f_code.co_name == "_scandir":
        frame = frame.f_back  # Python 3.12: both ask by this one
    return frame is not None and frame.f_code.co_name in ("iterdir", "walk", "_walk")


def _is_indifferent(frame: FrameType | None) -> bool:
    """Tell whether who asks goes on in the same way, whatever the answer is."""
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        function = (module.partition("._")[0], frame.f_code.co_name)
        if function in _CAREFUL:
            only = _CAREFUL[function]
            if only is None or bool(frame.f_locals.get(only[0])) is only[1]:
                return True
        if module not in _PASSING:
            return module.partition(".")[0] in _INDIFFERENT
        frame = frame.f_back
    return False


def tell_of_questions(asks: Callable[[Any], None]) -> None:
    """Have `asks` called with each path that is asked for in vain, in this process."""

    def telling(theirs: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(theirs)
        def ours(path: Any, **options: Any) -> Any:
            try:
                return theirs(path, **options)
            except (FileNotFoundError, NotADirectoryError):
                if options.get("dir_fd") is None:
                    asks(path)
                raise

        return ours

    @functools.wraps(_access)
    def access(path: Any, mode: int, **options: Any) -> bool:
        found = _access(path, mode, **options)
        if not found and options.get("dir_fd") is None:
            asks(path)
        return found

    @functools.wraps(_readlink)
    def readlink(path: Any, *, dir_fd: Any = None) -> Any:
        try:
            return _readlink(path, dir_fd=dir_fd)
        except (FileNotFoundError, NotADirectoryError):
            if dir_fd is None:
                asks(path)
            raise

    for theirs in (_stat, _lstat, _readlink):
        _put_in_place(telling(theirs), theirs)
    _put_in_place(access, _access)


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
