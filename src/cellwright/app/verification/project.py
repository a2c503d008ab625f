"""Owns the copy of the notebook's folder in which the reference runs: it may write there."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from cellwright.base.errors import MachineError
from cellwright.environment.files import existing
from cellwright.model.pipeline import Pipeline

MOST = 2 << 30
"""Bytes of a project that are copied; beyond it, only what the steps are known to read."""

_LEFT_OUT = frozenset({"__pycache__", "node_modules", "venv", "env", "site-packages"})


def copy_project(folder: Path, target: Path, pipeline: Pipeline, *, workspace: Path) -> Path:
    """Copy a notebook's folder, and return the copy.

    Hidden folders and environments are left out. Files above the notebook's folder that
    a step reads (`../data/x.csv`) come to stand above the copy.

    Raises:
        MachineError: the disk is full, or a file cannot be read.
    """
    patterns = {file.pattern for each in pipeline.steps.values() for file in each.files}
    named = {file.pattern for each in pipeline.steps.values() for file in each.named_files}
    patterns |= {*existing(sorted(named), folder=folder, workspace=workspace)}
    above = sorted(pattern for pattern in patterns if pattern.startswith("../"))
    depth = max((os.path.normpath(pattern).split("/").count("..") for pattern in above), default=0)
    parents = folder.resolve().parts[-depth:] if depth else ("notebook",)
    copy = target.joinpath(*parents)
    wanted = list(_files(folder))
    if sum(os.path.getsize(path) for path in wanted) > MOST:
        inside = patterns.difference(above)
        wanted = [path for pattern in sorted(inside) for path in _matching(folder, pattern)]
        wanted += folder.glob("**/*.py")
    try:
        copy.mkdir(parents=True)
        for path in wanted:
            _copy(path, copy / path.relative_to(folder))
        for pattern in above:
            for path in _matching(folder, pattern):
                _copy(path, copy / os.path.relpath(path, folder))
    except OSError as error:
        raise MachineError(f"the notebook's folder cannot be copied: {error}") from error
    return copy


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".")
            and name not in _LEFT_OUT
            and not os.path.exists(os.path.join(parent, name, "pyvenv.cfg"))
        ]
        yield from (path for name in files if (path := Path(parent, name)).is_file())


def _matching(folder: Path, pattern: str) -> Iterator[Path]:
    if os.path.isabs(pattern):
        return  # it is where it is, for the reference too
    for path in sorted(folder.glob(pattern)):
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)
