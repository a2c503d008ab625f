"""Owns the copy of the runtime that steps are run with: one per version, never changed."""

import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import cellwright.runtime
from cellwright.base.canonical import Digest, digest_of

WriteRuntime = Callable[[Path], None]
"""Writes the runtime into an empty folder, so that `python FOLDER ATTEMPT` runs a step."""


@cache
def runtime_digest() -> Digest:
    """Return what changes when the runtime does; some milliseconds, once per process."""
    root = Path(cellwright.runtime.__file__).parent
    sources = sorted(path for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return digest_of(
        tuple((path.relative_to(root).as_posix(), path.read_bytes()) for path in sources)
    )


def runtime_copy(folder: Path, write: WriteRuntime) -> Path:
    """Return a folder below `folder` that holds this version of the runtime.

    It appears whole, so several processes may ask at once.
    """
    target = folder / runtime_digest().partition(":")[2][:16]
    if target.is_dir():
        return target
    beside = folder / f"{target.name}.{os.getpid()}.tmp"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    write(beside)
    try:
        beside.rename(target)
    except OSError:  # another process was first
        shutil.rmtree(beside, ignore_errors=True)
    return target
