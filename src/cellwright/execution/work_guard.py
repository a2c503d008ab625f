"""Owns the check that a step read what it was given, and that it stayed as it was."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from cellwright.base.canonical import PREFIX, Digest
from cellwright.execution.request import WorkFile, stamp_of

_SYSTEM = (
    *("/bin", "/dev", "/etc", "/lib", "/lib64", "/private", "/proc", "/run", "/sbin", "/sys"),
    *("/tmp", "/usr", "/var", sys.base_prefix, sys.prefix),  # noqa: S108
)
_INSTALLED = ("site-packages", "dist-packages")


def changed_files(files: Iterable[WorkFile]) -> tuple[WorkFile, ...]:
    """Return the files whose bytes are not, or no longer, those of their digest.

    A file that looks as it did when it was hashed is not read again.
    """
    return tuple(file for file in files if not _unchanged(file))


def undeclared_reads(
    read: Iterable[str], *, files: Iterable[WorkFile], workspace: Path, own: Iterable[Path]
) -> tuple[str, ...]:
    """Return the user's files that a step read besides those it was given.

    Only an executor that shares this machine's files can let that happen. Files of the
    system, of Python and of installed distributions belong to the environment, and those
    under `own` folders to the attempt. Paths inside the working directory are relative:
    nothing else than what was given is there.
    """
    given = {os.path.realpath(file.source) for file in files}
    mine = tuple(os.path.realpath(folder) for folder in own)
    home = os.path.realpath(workspace)
    return tuple(
        path
        for path in sorted(set(read))
        if os.path.isabs(path)
        and os.path.isfile(path)
        and (real := os.path.realpath(path)) not in given
        and not _within(real, mine)
        and not _is_installed(real.removeprefix(home))
        and (_within(real, (home,)) or not _within(real, _SYSTEM))
    )


def _is_installed(path: str) -> bool:
    """Tell whether a path leads into installed distributions, or a hidden folder."""
    return any(part in _INSTALLED or part.startswith(".") for part in path.split("/"))


def _within(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(folder + "/") for folder in folders)


def _unchanged(file: WorkFile) -> bool:
    try:
        if stamp_of(file.source) == file.stamp:
            return True
        return not file.source.is_dir() and _digest(file.source) == file.digest
    except OSError:
        return False


def _digest(path: Path) -> Digest:
    import hashlib

    with path.open("rb") as handle:
        return Digest(PREFIX + hashlib.file_digest(handle, "sha256").hexdigest())
