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
from pathlib import Path

from cellwright.base.folders import SKIPPED_FOLDERS
from cellwright.execution.held import FILE, held_by, named_by
from cellwright.execution.paths import Spots, home_of, whole
from cellwright.execution.request import RunRequest
from cellwright.model.pipeline import Component, StepName
from cellwright.model.run import Failure, Sought, StepRecord

_DECLARE = "write its path in the cell, or declare it in the option"


def sought_around(sought: Iterable[Sought], run: RunRequest) -> tuple[Sought, ...]:
    """Return what was looked for within the work: the workspace, the notebook's folder."""
    home = home_of(run.folder)
    roots = {home, home_of(run.workspace)}
    return tuple(each for each in sought if _is_in(whole(each.path, home), roots))


def lacking(step: StepName, sought: Iterable[Sought], run: RunRequest) -> Failure | None:
    """Return the failure of a step that did not get a file which is in the workspace."""
    held, home = held_by(step, run), home_of(run.folder)
    for each in sought:
        for path in _there(each, run.folder):
            if not held.has(whole(path, home)):
                why = f"the notebook's folder has it, but step `{step}` was not given it"
                return _failure(each, path, why, f"{_DECLARE} `files` of step `{step}`")
    return None


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
        pair = (record, other) if before else (other, record)
        failure = _kept(*pair, run) or _missed(*pair, run)
        if failure is not None:
            return failure
    return None


def _kept(earlier: StepRecord, later: StepRecord, run: RunRequest) -> Failure | None:
    """Return the failure of a step that has a file which one before it removed.

    The text of a step may tell that it removes a file: its port is then absent. Who looks
    for all files of a folder is given that file as well, as the workspace still has it.
    """
    gone = [name[len(FILE) :] for name in earlier.step_run.absent if name.startswith(FILE)]
    if not gone:
        return None
    maker, step = earlier.step_run.step, later.step_run.step
    home = home_of(run.folder)
    removed: Spots[bool] = Spots()
    for pattern in gone:
        removed.add_pattern(whole(pattern, home), value=True)
    held = held_by(maker, run)
    for file in run.work_files(step):
        place = whole(file.path, home)
        if any(removed.around(place)) and held.was_given(place):
            why = f"step `{maker}` removes it, but step `{step}` is given it as it was"
            hint = f"write out which files step `{step}` reads, or keep the file"
            return _failure(Sought("read", file.path, 0, 0), file.path, why, hint)
    return None


def _missed(earlier: StepRecord, later: StepRecord, run: RunRequest) -> Failure | None:
    if not earlier.step_run.left:
        return None
    maker, step = earlier.step_run.step, later.step_run.step
    held, home = named_by(step, run), home_of(run.folder)
    asked = _asked(later.step_run.sought, run.pipeline.steps[step], home)
    for path in earlier.step_run.left:
        many = path.endswith("/")  # it stands for files in there: see `leaving`
        place = whole(path, home)
        if held.names_all_in(place) if many else held.names(place):
            continue
        for each in (*asked.around(place), *(asked.inside(place) if many else ())):
            did = "changed or removed" if each.kind == "read" else "wrote"
            what, them = (f"files in `{path}`", "them") if many else ("it", "it")
            why = f"step `{maker}` {did} {what}, but step `{step}` was not handed {them}"
            hint = f"{_DECLARE} `writes` of step `{maker}` and in `files` of step `{step}`"
            return _failure(each, each.path if many else path, why, hint)
    return None


def _asked(sought: Iterable[Sought], component: Component, home: str) -> Spots[Sought]:
    """Return where a step looked for something, and what it reads, as the text tells."""
    asked: Spots[Sought] = Spots()
    for each in sought:
        place = whole(each.path, home)
        match each.kind:
            case "glob" | "glob-all":
                asked.add_pattern(place, each, hidden=each.kind == "glob-all")
            case "folder":
                asked.add_pattern(os.path.join(glob.escape(place), "*"), each)
            case _:
                asked.add(place, each)
    for file in component.files:
        read = Sought("read", file.pattern, file.span.number, file.span.start.line)
        asked.add_pattern(whole(file.pattern, home), read)
    return asked


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


def _there(each: Sought, folder: Path) -> Iterator[str]:
    """Yield what the notebook finds of what was looked for, paths as it names them."""
    found: Iterable[str] = ()
    match each.kind:
        case "file":
            found = [each.path] if os.path.lexists(folder / each.path) else []
        case "folder":
            names = _names_in(folder / each.path)
            found = (os.path.join(each.path, name) for name in names)
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


def _is_in(path: str, roots: Iterable[str]) -> bool:
    return any(path == root or path.startswith(f"{root}/") for root in roots)


def _first_cell(record: StepRecord, run: RunRequest) -> int:
    cells = run.pipeline.steps[record.step_run.step].cells
    return min((cell.number for cell in cells), default=0)
