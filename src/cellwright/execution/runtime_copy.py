"""Owns the copy of the runtime that steps are run with: one per version, never changed."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cellwright.runtime import layout


@dataclass(frozen=True, slots=True)
class Runtime:
    """What runs a step's program: `python FOLDER ATTEMPT`, for the folder that `write` makes.

    `digest` changes when what is written does.
    """

    digest: Callable[[], str]
    write: Callable[[Path], None]


RUNTIME = Runtime(cache(layout.runtime_digest), layout.write_runtime)
"""This package's own."""


def runtime_copy(folder: Path, runtime: Runtime) -> Path:
    """Return a folder below `folder` that holds this version of the runtime, whole."""
    target = folder / runtime.digest().partition(":")[2][:16]
    if not target.is_dir():
        runtime.write(target)
    return target
