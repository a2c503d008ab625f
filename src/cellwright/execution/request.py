"""Owns what a run is asked to do: frozen before it starts, never read again from outside."""

import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

from cellwright.base.canonical import Digest, digest_of
from cellwright.base.errors import UsageError
from cellwright.base.folders import SKIPPED_FOLDERS
from cellwright.model.pipeline import Environment, Pipeline, StepName
from cellwright.model.run import RunId

FileStamp = tuple[int, int, int, int] | Digest
"""Inode, size, mtime and ctime (ns) of a file; a write that restores the mtime shows. Of a
folder, the digest of those of all files in it."""

_MEMORY = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?")
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}


class CacheUse(Enum):
    """Whether earlier step runs may answer; what is executed is kept for later anyway."""

    READ = "read"
    REFRESH = "refresh"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a step may use where its own options do not say; None is no limit.

    `memory` is in bytes, `timeout` in seconds.
    """

    cpus: float | None = None
    memory: int | None = None
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class WorkFile:
    """A file that a step reads: a data file, or a module of the workspace.

    `path` is as the notebook names it: relative to its folder (`data/x.csv`, `../x.csv`)
    or absolute. `stamp` is what the file looked like when the digest was taken.
    """

    path: str
    source: Path
    digest: Digest
    stamp: FileStamp | None = None


@dataclass(frozen=True)
class RunRequest:
    """A pipeline, all that its steps read from outside, and how much of it is wanted.

    `notebook_path` is relative to `workspace` where it lies inside, with `/`.
    `parameters` has a literal for every parameter of the pipeline. `steps` is empty for
    all; else these are wanted, with whatever they need.
    """

    id: RunId
    snapshot: Digest
    notebook_path: str
    workspace: Path
    pipeline: Pipeline
    parameters: Mapping[str, str]
    environments: Mapping[StepName, Environment]
    files: Mapping[StepName, tuple[WorkFile, ...]] = field(default_factory=dict)
    modules: Mapping[StepName, tuple[WorkFile, ...]] = field(default_factory=dict)
    steps: tuple[StepName, ...] = ()
    cache: CacheUse = CacheUse.READ
    limits: Limits = field(default_factory=Limits)

    @property
    def folder(self) -> Path:
        """Return the notebook's folder on this machine."""
        return (self.workspace / self.notebook_path).parent

    def work_files(self, step: StepName) -> tuple[WorkFile, ...]:
        """Return all files that a step is given besides its inputs."""
        return (*self.files.get(step, ()), *self.modules.get(step, ()))


def new_run_id(now: datetime) -> RunId:
    """Return an id for a run that starts now; two in one second differ."""
    return RunId(f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}")


def stamp_of(path: Path) -> FileStamp:
    """Return what a file or folder looks like, to see later if it was written to; OSError."""
    if not path.is_dir():
        return _stamp(path)
    stamps = []
    for parent, folders, names in os.walk(path, followlinks=True):
        folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS)
        inside = os.path.relpath(parent, path)
        for name in sorted(names):
            with suppress(FileNotFoundError):  # a link to nothing
                stamps.append((inside, name, _stamp(Path(parent, name))))
    return digest_of(tuple(stamps))


def _stamp(path: Path) -> tuple[int, int, int, int]:
    seen = os.stat(path)
    return (seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)


def memory_bytes(text: str) -> int:
    """Return an amount of memory (`512M`, `1.5 GiB`) in bytes; K, M, G, T are 1024-fold.

    Raises:
        UsageError: it is no such amount.
    """
    match = _MEMORY.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"`{text}` is not an amount of memory", hint="for example 512M or 2G")
    return int(float(match[1]) * 1024 ** _POWERS[match[2]])
