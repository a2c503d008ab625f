"""Owns the check that a step lacked no file which the notebook finds where it runs.

A step has a folder of its own, with the files that it is known to read. It may look for
others: by a name that only a run tells, or in a library of which nothing is known. Whoever
does not find a file may go on without it, and the result would differ in silence. So what
was looked for in vain is held against the workspace, and against what the steps before
left in their folders.
"""

import glob
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from cellwright.base.folders import SKIPPED_FOLDERS
from cellwright.execution.request import RunRequest, WorkFile
from cellwright.model.pipeline import Component, PortKind, StepName
from cellwright.model.run import Failure, Sought, StepRecord

_FILE = "file:"
_MOST_LEFT = 1000
"""Files of one step that are remembered one by one; of more, the folders they are in."""
_DECLARE = "write its path in the cell, or declare it in the option"


@dataclass(frozen=True)
class _Held:
    """The paths that a step has: what it was given, what its ports and options name."""

    given: tuple[str, ...]
    named: tuple[str, ...]

    @classmethod
    def of(cls, component: Component, files: Iterable[WorkFile]) -> "_Held":
        ports = (*component.inputs, *component.outputs)
        patterns = [port.name[len(_FILE) :] for port in ports if port.kind is PortKind.FILE]
        given = tuple(os.path.normpath(file.path) for file in files)
        return cls(given, (*patterns, *component.options.writes))

    def has(self, path: str) -> bool:
        """Tell whether the step has what is at a path, or makes it."""
        return any(_meet(path, each) for each in self.given) or self.names(path)

    def names(self, path: str) -> bool:
        """Tell whether a port or an option is about a path."""
        return any(
            fnmatchcase(path, each) or fnmatchcase(path, f"{each}/*") or each.startswith(f"{path}/")
            for each in map(os.path.normpath, self.named)
        )


def sought_around(sought: Iterable[Sought], run: RunRequest) -> tuple[Sought, ...]:
    """Return what was looked for within the work: the workspace, the notebook's folder."""
    return tuple(each for each in sought if _is_ours(each.path, run))


def lacking(step: StepName, sought: Iterable[Sought], run: RunRequest) -> Failure | None:
    """Return the failure of a step that did not get a file which is in the workspace."""
    held = _Held.of(run.pipeline.steps[step], run.work_files(step))
    for each in sought:
        for path in _there(each, run.folder):
            if not held.has(path):
                why = f"the notebook's folder has it, but step `{step}` was not given it"
                return _failure(each, path, why, f"{_DECLARE} `files` of step `{step}`")
    return None


def left_behind(folder: Path, cwd: str, step: StepName, run: RunRequest) -> tuple[str, ...]:
    """Return the files that a step wrote and that no port hands on, as the notebook names
    them; `folder` is that of the attempt."""
    component = run.pipeline.steps[step]
    files = run.work_files(step)
    held = _Held.of(component, ())
    sources = {os.path.normpath(file.path): file.source for file in files}
    left: list[str] = []
    for parent, folders, names in os.walk(folder / "work"):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
        for name in names:
            whole = os.path.join(parent, name)
            path = os.path.relpath(whole, folder / cwd)
            if not held.names(path) and _is_new(whole, path, sources):
                left.append(path)
    if len(left) > _MOST_LEFT:
        left = [f"{head}/*" if inside else head for head, inside, _ in map(_parted, left)]
    return tuple(sorted(set(left)))


def crossing(
    record: StepRecord, others: Mapping[StepName, StepRecord], run: RunRequest
) -> Failure | None:
    """Return the failure where a step did not get what one before it left, `record` being
    the one or the other; a step may run before the one that it would have needed."""
    if not record.step_run.state.good:
        return None
    at = _first_cell(record, run)
    for other in others.values():
        before = at < _first_cell(other, run)
        failure = _missed(record, other, run) if before else _missed(other, record, run)
        if failure is not None:
            return failure
    return None


def _missed(earlier: StepRecord, later: StepRecord, run: RunRequest) -> Failure | None:
    maker, step = earlier.step_run.step, later.step_run.step
    component = run.pipeline.steps[step]
    held = _Held.of(component, ())
    for path in earlier.step_run.left:
        if held.names(path):
            continue
        hint = f"{_DECLARE} `writes` of step `{maker}` and in `files` of step `{step}`"
        why = f"step `{maker}` wrote it, but step `{step}` was not handed it"
        for each in (*later.step_run.sought, *_readings(component, path)):
            if _concerns(each, path):
                return _failure(each, path, why, hint)
    return None


def _readings(component: Component, path: str) -> Iterator[Sought]:
    """Yield the places where a step reads a file, as the text tells."""
    for file in component.files:
        if fnmatchcase(path, os.path.normpath(file.pattern)):
            yield Sought("read", path, file.span.number, file.span.start.line)


def _failure(each: Sought, path: str, why: str, hint: str) -> Failure:
    match each.kind:
        case "file":
            what = f"`{path}` is looked for in vain"
        case "read":
            what = f"`{path}` is read as it was before"
        case _:
            what = f"`{path}` is missing among the files that are looked through"
    cell, line = (each.cell, each.line) if each.cell > 0 else (None, None)
    return Failure("input", f"{what}: {why}", cell, line, hint=hint)


def _concerns(each: Sought, path: str) -> bool:
    """Tell whether who looked for something would have found a file."""
    match each.kind:
        case "glob" | "glob-all":
            return fnmatchcase(path, each.path)
        case "folder":
            return each.path == "." or path.startswith(f"{each.path}/")
        case _:
            return _meet(path, each.path)


def _meet(one: str, other: str) -> bool:
    """Tell whether two paths are the same, or one lies in the other."""
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


def _there(each: Sought, folder: Path) -> Iterator[str]:
    """Yield what the notebook finds of what was looked for, paths as it names them."""
    found: Iterable[str] = ()
    match each.kind:
        case "file":
            found = [each.path] if os.path.lexists(folder / each.path) else []
        case "folder":
            whole = folder / each.path
            found = (os.path.join(each.path, name) for name in _names_in(whole))
        case "glob" | "glob-all":
            hidden = each.kind == "glob-all"
            matched = glob.iglob(each.path, root_dir=folder, recursive=True, include_hidden=hidden)
            found = sorted(matched)
        case _:
            pass
    for path in found:
        tidy = os.path.normpath(path)
        if not SKIPPED_FOLDERS.intersection(tidy.split("/")):
            yield tidy


def _names_in(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _is_ours(path: str, run: RunRequest) -> bool:
    whole = os.path.normpath(os.path.join(os.path.realpath(run.folder), path))
    roots = (os.path.realpath(run.workspace), os.path.realpath(run.folder))
    return any(whole == root or whole.startswith(f"{root}/") for root in roots)


def _is_new(whole: str, path: str, sources: Mapping[str, Path]) -> bool:
    """Tell whether a file is not there as the step was given it."""
    source = sources.get(path) or next(
        (
            sources[given] / os.path.relpath(path, given)
            for given in sources
            if path.startswith(f"{given}/")
        ),
        None,
    )
    if source is None or os.path.islink(whole):
        return source is None
    try:
        now, before = os.stat(whole), os.stat(source)
    except OSError:
        return True
    if now.st_size == 0:
        return False  # what a container covers with the file itself
    return (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns)


def _parted(path: str) -> tuple[str, str, str]:
    return path.partition("/")


def _first_cell(record: StepRecord, run: RunRequest) -> int:
    cells = run.pipeline.steps[record.step_run.step].cells
    return min((cell.number for cell in cells), default=0)
