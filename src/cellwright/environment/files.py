"""Owns the data files of a step: which files its patterns mean, and their digests.

A file that is not there is no error: a program may ask for it and find it absent. What
the step reads is what was found, so a file that appears later is a change.
"""

import glob
import hashlib
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from cellwright.base.canonical import Digest, digest_bytes, digest_of
from cellwright.base.errors import MachineError
from cellwright.base.folders import SKIPPED_FOLDERS
from cellwright.environment.memo import Memo, keep, recall

_FORMAT = 1
# Two writes within a tick of the file system's clock leave one time. As git does, a file
# that was changed this shortly before it was read is not trusted by its time.
_RACY_NS = 2_000_000_000
_REMEMBERED = 20_000
"""Files whose digests are kept: with more, those that this command did not ask for go."""


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file (or, where `folder` is true, a whole folder) of this machine, and its content.

    The digest of Python source ignores line ends and a byte order mark; that of a folder
    is of names, executable bits and contents. `size` is in bytes.
    """

    path: Path
    digest: Digest
    size: int
    folder: bool = False


@dataclass(frozen=True, slots=True)
class Expansion:
    """The files that patterns mean, by path relative to the notebook; or what is not so.

    A file outside the notebook's folder has the path by which the program names it
    (absolute, or with `..`). `absent` are patterns without a file, `outside` are paths
    whose file lies outside the workspace, also by a symbolic link.
    """

    found: Mapping[str, LocalFile] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()


class _Known(NamedTuple):
    state: tuple[int, ...]
    digest: str


class FileDigests:
    """Digests of files, remembered by what the file system says of a file.

    A file with the same inode, size and times (also that of its last status change,
    which no program can set back) has the same content, unless it was young when read.
    """

    def __init__(self, memo: Memo) -> None:
        self._memo = memo
        self._key = ("file-digests", _FORMAT)
        self._known: dict[str, _Known] = recall(memo, self._key, dict[str, _Known]) or {}
        self._asked: set[str] = set()
        self._changed = False

    def of(self, path: str) -> Digest:
        """Return the digest of a file's bytes.

        Raises:
            MachineError: it cannot be read, or does not stand still.
        """
        return self._digest(path, source=False)

    def of_source(self, path: str) -> Digest:
        """Return the digest of Python source: line ends and a byte order mark do not count."""
        return self._digest(path, source=True)

    def save(self) -> None:
        """Remember what was learnt, for the next command."""
        if self._changed:
            if len(self._known) > _REMEMBERED:
                self._known = {key: self._known[key] for key in self._asked & set(self._known)}
            keep(self._memo, self._key, self._known)
            self._changed = False

    def _digest(self, path: str, *, source: bool) -> Digest:
        key = f"{'py' if source else ''}:{path}"
        self._asked.add(key)
        try:
            before = _state(path)
            known = self._known.get(key)
            if known is not None and known.state == before:
                return Digest(known.digest)
            for _ in range(3):
                now = time.time_ns()
                digest = _source_digest(path) if source else _hash(path)
                after = _state(path)
                if after == before:
                    break
                before = after
            else:
                raise MachineError(f"{path} changes while it is read")
        except OSError as error:
            raise MachineError(f"{path} cannot be read: {error.strerror}") from error
        if max(before[3:]) + _RACY_NS < now:
            self._known[key] = _Known(before, digest)
            self._changed = True
        return digest


def _state(path: str) -> tuple[int, ...]:
    found = os.stat(path)
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _hash(path: str) -> Digest:
    with open(path, "rb") as handle:
        return Digest(f"sha256:{hashlib.file_digest(handle, 'sha256').hexdigest()}")


def _source_digest(path: str) -> Digest:
    with open(path, "rb") as handle:
        text = handle.read()
    return digest_bytes(text.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n"))


def expand(
    patterns: Iterable[str], *, folder: Path, workspace: Path, digests: FileDigests
) -> Expansion:
    """Return the files that patterns mean.

    `folder` is the notebook's, which relative patterns start from; `workspace` is the
    folder that is known to belong to the work. A pattern may have `*`, `?`, `[…]` and
    `**`, which also match hidden names: a program may. A folder is one entry, and
    entries within it are left out.

    Raises:
        MachineError: a file cannot be read.
    """
    root = os.path.realpath(workspace)
    found: dict[str, LocalFile] = {}
    absent: list[str] = []
    outside: list[str] = []
    for pattern in sorted(set(patterns)):
        names = sorted(_matches(pattern, str(folder)))
        if not names:
            absent.append(pattern)
        for name in names:
            path = os.path.join(folder, name)
            if not _within(os.path.realpath(path), root):
                outside.append(name)
            found[name] = _local(path, digests)
    return Expansion(_outermost(found), tuple(absent), tuple(dict.fromkeys(outside)))


def existing(patterns: Iterable[str], *, folder: Path, workspace: Path) -> tuple[str, ...]:
    """Return the names that patterns mean, which may as well mean something else: those
    of the workspace, and of the notebook's folder.

    A folder around the notebook is left out: a text such as `..` hardly asks for all of it.
    """
    root, home = os.path.realpath(workspace), os.path.realpath(folder)
    found: dict[str, None] = {}
    for pattern in patterns:
        for name in _matches(pattern, str(folder)):
            real = os.path.realpath(os.path.join(folder, name))
            tools = SKIPPED_FOLDERS.intersection(real.split(os.sep))
            ours = _within(real, root) or _within(real, home)
            if ours and not _within(home, real) and not tools:
                found[name] = None
    return tuple(found)


def tree(path: str, digests: FileDigests) -> LocalFile:
    """Return a folder with the digest of all that is in it.

    Empty folders count; what tools keep beside the work (`.git`, …) does not.
    """
    entries: list[tuple[str, bool, str]] = []
    size = 0
    for parent, folders, names in os.walk(path, followlinks=True):
        folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS)
        inside = os.path.relpath(parent, path)
        if not folders and not names:
            entries.append((inside, False, "empty"))
        for name in sorted(names):
            full = os.path.join(parent, name)
            if not os.path.isfile(full):
                continue  # A socket, or a link to nothing: no program reads it.
            state = os.stat(full)
            size += state.st_size
            relative = os.path.normpath(os.path.join(inside, name)).replace(os.sep, "/")
            entries.append((relative, bool(state.st_mode & stat.S_IXUSR), digests.of(full)))
    return LocalFile(Path(path), digest_of(tuple(sorted(entries))), size, folder=True)


def _local(path: str, digests: FileDigests) -> LocalFile:
    if os.path.isdir(path):
        return tree(path, digests)
    return LocalFile(Path(path), digests.of(path), os.stat(path).st_size)


def _matches(pattern: str, folder: str) -> Iterator[str]:
    """Yield the paths that a pattern means, spelled as the program spells them."""
    spelled = os.path.expanduser(pattern).replace(os.sep, "/")
    if not glob.has_magic(spelled):
        if os.path.exists(os.path.join(folder, spelled)):
            yield _tidy(spelled)
        return
    literal = os.path.exists(os.path.join(folder, spelled))  # A name with brackets in it.
    if literal:
        yield _tidy(spelled)
    for name in glob.iglob(spelled, root_dir=folder, recursive=True, include_hidden=True):
        parts = name.replace(os.sep, "/").split("/")
        if not SKIPPED_FOLDERS.intersection(parts):
            yield _tidy("/".join(parts))


def _tidy(name: str) -> str:
    """Return a path without `./` and doubled slashes; `..` stays as it is spelled."""
    tidy = re.sub(r"/(\./)*/*", "/", name)
    while tidy.startswith("./"):
        tidy = tidy[2:]
    return tidy.rstrip("/") or "."


def _outermost(found: Mapping[str, LocalFile]) -> dict[str, LocalFile]:
    folders = [f"{name}/" for name, entry in found.items() if entry.folder and name != "."]
    return {
        name: entry
        for name, entry in sorted(found.items())
        if not any(name.startswith(folder) for folder in folders)
    }


def _within(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)
