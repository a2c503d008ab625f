"""Owns files that travel between steps: packed by pattern, unpacked with care.

One regular file is an artifact as it is. Several, or folders, are a tar archive in a
defined order, without times, owners and other bits than "executable".
"""

import glob
import os
import stat
from collections.abc import Iterator
from typing import Any

from .faults import StepFault
from .sink import CHUNK, Sink

PREFIX = "file:"
MOST = 100_000
"""Files in one port."""


def pack(port: str, folder: str, sink: Sink) -> dict[str, Any] | None:
    """Write what a port's pattern matches; None where that is nothing.

    Raises:
        StepFault: something that it matches is not a file or a folder.
    """
    pattern = port.removeprefix(PREFIX)
    found = sorted(_matching(pattern, folder))
    if not found:
        return None
    if found == [_tidy(pattern)] and _kind(port, os.path.join(folder, found[0])) == "file":
        mode = _copy_out(port, os.path.join(folder, found[0]), sink)
        return {"layout": "raw", "path": found[0], "executable": mode}
    import tarfile

    entries = list(_entries(port, folder, found))
    with tarfile.open(fileobj=sink, mode="w|", format=tarfile.PAX_FORMAT) as archive:  # type: ignore[call-overload]
        for path, kind in entries:
            _add(archive, port, path, kind, folder)
    return {"layout": "tar", "files": len(entries)}


def unpack(port: str, path: str, meta: dict[str, Any], folder: str, work: str) -> None:
    """Lay files where they were, relative to the working directory.

    Raises:
        StepFault: a name leads out of the step's files, or is in the way.
    """
    if meta["layout"] == "raw":
        with open(path, "rb") as source:
            _lay(port, source, meta["path"], bool(meta["executable"]), folder, work)
        return
    import tarfile

    with tarfile.open(path, "r:") as archive:
        for member in archive:
            if member.isdir():
                os.makedirs(_target(port, member.name, folder, work), exist_ok=True)
            elif member.isreg():
                inside = archive.extractfile(member)
                executable = bool(member.mode & 0o100)
                _lay(port, inside, member.name, executable, folder, work)
            else:
                raise StepFault("input", f"`{port}` holds `{member.name}`, which is no file")


def _tidy(pattern: str) -> str:
    return os.path.normpath(pattern)


def _matching(pattern: str, folder: str) -> set[str]:
    if glob.has_magic(pattern):
        return {_tidy(name) for name in glob.glob(pattern, root_dir=folder, recursive=True)}
    return {_tidy(pattern)} if os.path.lexists(os.path.join(folder, pattern)) else set()


def _entries(port: str, folder: str, found: list[str]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    waiting = list(reversed(found))
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        if len(seen) > MOST:
            raise StepFault("output", f"`{port}` has more than {MOST} files")
        whole = os.path.join(folder, path)
        kind = _kind(port, whole)
        yield path, kind
        if kind == "folder":
            inside = sorted(os.listdir(whole), reverse=True)
            waiting.extend(os.path.join(path, name) for name in inside)


def _kind(port: str, path: str) -> str:
    mode = os.lstat(path).st_mode
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    what = "a symbolic link" if stat.S_ISLNK(mode) else "no regular file"
    raise StepFault(
        "output",
        f"`{port}` cannot travel: `{os.path.basename(path)}` is {what}",
        hint="write files and folders only",
    )


def _opened(port: str, path: str) -> tuple[int, os.stat_result]:
    """Open a file for reading; what stood there when it was looked at may be gone."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise StepFault("output", f"`{port}` cannot travel: `{path}` is no regular file")
    return descriptor, found


def _copy_out(port: str, path: str, sink: Sink) -> bool:
    descriptor, found = _opened(port, path)
    with os.fdopen(descriptor, "rb", buffering=0) as handle:
        while chunk := handle.read(CHUNK):
            sink.write(chunk)
    return bool(found.st_mode & 0o100)


def _add(archive: Any, port: str, path: str, kind: str, folder: str) -> None:
    import tarfile

    entry = tarfile.TarInfo(path)
    if kind == "folder":
        entry.type, entry.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(entry)
        return
    descriptor, found = _opened(port, os.path.join(folder, path))
    entry.mode = 0o755 if found.st_mode & 0o100 else 0o644
    entry.size = found.st_size
    with os.fdopen(descriptor, "rb") as handle:
        archive.addfile(entry, handle)


def _target(port: str, name: str, folder: str, work: str) -> str:
    """Return where a file goes, which is inside the step's files.

    An absolute path is taken as it is: the cells of both steps spell it, so it names a
    place outside on purpose.
    """
    pattern = port.removeprefix(PREFIX)
    path = os.path.normpath(os.path.join(folder, name))
    if "\0" in name or (os.path.isabs(name) and not os.path.isabs(pattern)):
        raise StepFault("input", f"`{port}` holds `{name!r}`, which is no path in it")
    if os.path.isabs(name):
        return path
    parent = os.path.realpath(os.path.dirname(path))
    if os.path.commonpath([os.path.realpath(work), parent]) != os.path.realpath(work):
        raise StepFault("input", f"`{port}` holds `{name}`, which leads out of the step's files")
    return path


def _lay(  # noqa: PLR0913, PLR0917
    port: str, source: Any, name: str, executable: Any, folder: str, work: str
) -> None:
    path = _target(port, name, folder, work)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    beside = f"{path}.{os.getpid()}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(beside, flags, 0o755 if executable else 0o644), "wb") as handle:
        while chunk := source.read(CHUNK):
            handle.write(chunk)
    os.replace(beside, path)
