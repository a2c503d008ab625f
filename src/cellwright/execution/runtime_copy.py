"""Owns the copy of the runtime that steps are run with: one per version, never changed."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
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


def compiled_copy(folder: Path, runtime: Runtime, python: Path) -> Path:
    """Return such a folder with its modules compiled for an interpreter, once for each.

    Steps write no compiled modules themselves, and without them each would compile the
    runtime anew.
    """
    copy = runtime_copy(folder, runtime)
    name = sha256(str(python).encode()).hexdigest()[:16]
    marker = folder / f"{copy.name}.{name}.compiled"
    if marker.exists():
        return copy
    compile_all = ("-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash")
    subprocess.run(
        [str(python), "-I", *compile_all, str(copy)],
        env={},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=300,
        check=False,  # what does not compile will say so when it is run
    )
    marker.touch()
    return copy
