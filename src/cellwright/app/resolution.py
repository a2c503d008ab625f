"""Owns the wiring of environments: what a pipeline's steps need, for one executor."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cellwright.app.compilation import Compiled
from cellwright.diagnostics.diagnostic import Report
from cellwright.execution.request import WorkFile, stamp_of
from cellwright.model.events import Event, PhaseFinished, PhaseProgress, PhaseStarted
from cellwright.model.pipeline import Environment, Pipeline, StepName

if TYPE_CHECKING:
    from collections.abc import Callable

    from cellwright.environment.files import LocalFile
    from cellwright.environment.interpreter import Interpreter
    from cellwright.environment.memo import Memo
    from cellwright.environment.resolution import Resolution
    from cellwright.environment.wheels import Wheelhouse

_WORTH_SAYING = 0.2  # seconds; a lock that came from memory is not news


@dataclass(frozen=True)
class Resolved:
    """A compiled notebook with its findings complete, and what each step runs on and with."""

    compiled: Compiled
    environments: Mapping[StepName, Environment]
    modules: Mapping[StepName, tuple[WorkFile, ...]]
    files: Mapping[StepName, tuple[WorkFile, ...]]


@dataclass(frozen=True)
class Wanted:
    """What a run asks of environments.

    `platform` is such as `linux/amd64` for images, "" for this machine.
    """

    current: bool
    platform: str
    base_image: str


def user_cache() -> Path:
    """Return the folder of this user for what may be made again: wheels, memories."""
    named = os.environ.get("CELLWRIGHT_CACHE")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base) / "cellwright"


def memory() -> "Memo":
    """Return what is remembered of interpreters, imports and locks, between commands."""
    from cellwright.environment.memo import FolderMemo

    return FolderMemo(user_cache() / "memo")


def notebook_interpreter(pipeline: Pipeline, python: str | None, report: Report) -> "Interpreter":
    """Return the Python that runs the notebook: the one asked for, else its kernel's."""
    from cellwright.environment.interpreter import find_interpreter

    wanted = python or pipeline.options.python
    return find_interpreter(pipeline.kernel, python=wanted, memo=memory(), report=report)


def with_requirements(compiled: Compiled, python: str | None) -> Compiled:
    """Return a compiled notebook with its steps' distributions, and what is wrong with them.

    Nothing is locked: names and versions are read from the notebook's environment.
    """
    from cellwright.environment.resolution import current

    if compiled.pipeline is None or compiled.report.has_errors:
        return compiled
    report = Report()
    interpreter = notebook_interpreter(compiled.pipeline, python, report)
    folder = Path(compiled.path).absolute().parent
    found = current(
        compiled.pipeline, notebook_folder=folder, interpreter=interpreter, memo=memory()
    )
    return _enriched(compiled, found, report)


def resolved(
    compiled: Compiled,
    interpreter: "Interpreter",
    wanted: Wanted,
    *,
    workspace: Path,
    emit: "Callable[[Event], None]",
) -> Resolved:
    """Return what the steps of a compiled notebook run on and with.

    Raises:
        MachineError: an index does not answer, or a file cannot be read.
    """
    if compiled.pipeline is None:
        raise AssertionError("a notebook with errors has no environments")
    begun = time.monotonic()
    said = False
    subject = f"the environments of {compiled.pipeline.name}"

    def say(text: str) -> None:
        nonlocal said
        if not said:
            said = True
            emit(PhaseStarted("lock", subject, tuple(compiled.pipeline.steps)))  # type: ignore[union-attr]
        emit(PhaseProgress("lock", subject, text))

    found = _resolution(compiled.pipeline, compiled, interpreter, wanted, workspace, say)
    if said:
        emit(PhaseFinished("lock", subject, time.monotonic() - begun))
    return Resolved(
        compiled=_enriched(compiled, found, Report()),
        environments=found.environments,
        modules={step: _work_files(files) for step, files in found.modules.items()},
        files={step: _work_files(files) for step, files in found.files.items()},
    )


def _resolution(  # noqa: PLR0913, PLR0917  # what the two ways have in common
    pipeline: Pipeline,
    compiled: Compiled,
    interpreter: "Interpreter",
    wanted: Wanted,
    workspace: Path,
    say: "Callable[[str], None]",
) -> "Resolution":
    folder = Path(compiled.path).absolute().parent
    if wanted.current:
        from cellwright.environment.resolution import current

        return current(
            pipeline,
            notebook_folder=folder,
            interpreter=interpreter,
            memo=memory(),
            workspace=workspace,
        )
    from cellwright.environment.resolution import resolve

    return resolve(
        pipeline,
        notebook_folder=folder,
        interpreter=interpreter,
        base_image_for=lambda step: (
            pipeline.steps[step].options.image or pipeline.options.image or wanted.base_image
        ),
        executor_platform=wanted.platform,
        memo=memory(),
        say=say,
        workspace=workspace,
        wheelhouse=wheelhouse(folder),
    )


def wheelhouse(project: Path) -> "Wheelhouse":
    """Return this user's wheels; `project` is the folder whose pip and uv settings count."""
    from cellwright.environment.index_config import read_index_config
    from cellwright.environment.wheels import Wheelhouse

    config = read_index_config(os.environ, folder=project)
    return Wheelhouse(user_cache() / "wheels", config, os.environ)


def _enriched(compiled: Compiled, found: "Resolution", more: Report) -> Compiled:
    report = Report((*compiled.report, *more, *found.report))
    requirements = {
        step: tuple(sorted(wish.text for wish in wishes))
        for step, wishes in found.requirements.items()
    }
    return replace(compiled, report=report, requirements=requirements)


def _work_files(files: "Mapping[str, LocalFile]") -> tuple[WorkFile, ...]:
    return tuple(
        WorkFile(path, file.path, file.digest, stamp_of(file.path))
        for path, file in sorted(files.items())
    )
