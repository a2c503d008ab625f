"""Owns what a step left in its folder and no port hands on: written, emptied, or removed."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from cellwright.base.folders import SKIPPED_FOLDERS
from cellwright.execution.attempt import seen_at
from cellwright.execution.held import named_by
from cellwright.execution.paths import above, gathered, home_of, whole
from cellwright.execution.places import is_place
from cellwright.execution.request import RunRequest, WorkFile
from cellwright.model.pipeline import StepName

_MOST = 1000
"""Files of one step that are remembered one by one; of more, the folders they are in."""


def left_behind(folder: Path, cwd: str, step: StepName, run: RunRequest) -> tuple[str, ...]:
    """Return the files that a step changed and that no port hands on, as the notebook names
    them; `folder` is that of the attempt. A slash ends what stands for files in a folder."""
    files = [file for file in run.work_files(step) if not os.path.isabs(file.path)]
    held, home = named_by(step, run), home_of(run.folder)
    changed = (*_written(folder, cwd, files), *_removed(folder, cwd, files))
    return gathered((path for path in changed if not held.names(whole(path, home))), _MOST)


def _written(folder: Path, cwd: str, files: Iterable[WorkFile]) -> Iterator[str]:
    """Yield the files that are not there as the step was given them."""
    sources = {os.path.normpath(file.path): file.source for file in files}
    for parent, folders, names in os.walk(folder / "work"):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
        inside = os.path.relpath(parent, folder / cwd)
        for name in names:
            path = os.path.normpath(f"{inside}/{name}")
            if _is_new(os.path.join(parent, name), _source(path, sources)):
                yield path


def _source(path: str, sources: Mapping[str, Path]) -> Path | None:
    """Return the file of the workspace that was given for one of the step."""
    for given in (path, *above(path)):
        if given in sources:
            return sources[given] / os.path.relpath(path, given)
    return None


def _is_new(path: str, source: Path | None) -> bool:
    if source is None or os.path.islink(path):
        return source is None
    try:
        now, before = os.stat(path), os.stat(source)
    except OSError:
        return True
    if is_place(now):
        return False
    return (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns)


def _removed(folder: Path, cwd: str, files: Iterable[WorkFile]) -> Iterator[str]:
    """Yield the files that a step was given and that are not there any more."""
    for file in files:
        path = os.path.normpath(file.path)
        target = folder / seen_at(file.path, cwd)
        if not os.path.isdir(file.source):
            if not os.path.lexists(target):
                yield path
        elif not (os.path.isdir(target) and is_place(os.stat(target))):
            for inside in _files_in(file.source):
                if not os.path.lexists(target / inside):
                    yield os.path.normpath(f"{path}/{inside}")


def _files_in(folder: Path) -> Iterator[str]:
    for parent, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
        inside = os.path.relpath(parent, folder)
        yield from (f"{inside}/{name}" for name in names)
