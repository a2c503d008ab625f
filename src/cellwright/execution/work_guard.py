"""Owns the check that a step read what it was given, and that it stayed as it was."""

import os
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from cellwright.base.canonical import PREFIX, Digest
from cellwright.execution.request import FileStamp, WorkFile, stamp_of

_SYSTEM = ("/bin", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/tmp", "/usr", "/var")  # noqa: S108, E501  # fmt: skip
_INSTALLED = ("site-packages", "dist-packages")


def changed_files(files: Iterable[WorkFile]) -> tuple[WorkFile, ...]:
    """Return the files whose bytes are not, or no longer, those of their digest.

    A file that looks as it did when it was hashed is not read again.
    """
    return tuple(file for file in files if not _unchanged(file))


def undeclared_reads(
    files_read: Iterable[str], files: Iterable[WorkFile], *, own: Iterable[Path]
) -> tuple[str, ...]:
    """Return the user's files that a step read besides those it was given.

    Only an executor that shares this machine's files can let that happen. Files of the
    system, of Python and of installed distributions belong to the environment, and those
    under `own` folders to the attempt. Paths inside the working directory are relative:
    nothing else than what was given is there.
    """
    given = {os.path.realpath(file.source) for file in files}
    prefixes = [*_SYSTEM, sys.prefix, sys.base_prefix, sysconfig.get_paths()["stdlib"]]
    ours = (*prefixes, *(os.path.realpath(folder) for folder in own))
    return tuple(
        path
        for path in sorted(set(files_read))
        if os.path.isabs(path)
        and os.path.isfile(path)
        and (real := os.path.realpath(path)) not in given
        and not any(real == folder or real.startswith(folder + "/") for folder in ours)
        and not any(part in _INSTALLED or part.startswith(".") for part in real.split("/"))
    )


def _unchanged(file: WorkFile) -> bool:
    try:
        stamp: FileStamp = stamp_of(file.source)
        if stamp == file.stamp:
            return True
        return _digest(file.source) == file.digest
    except OSError:
        return False


def _digest(path: Path) -> Digest:
    import hashlib

    with path.open("rb") as handle:
        return Digest(PREFIX + hashlib.file_digest(handle, "sha256").hexdigest())
