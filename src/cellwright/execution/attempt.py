"""Owns the folder of one attempt at a step: laid out as `runtime.manifest` says."""

import os
import secrets
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from cellwright.base.canonical import PREFIX
from cellwright.base.errors import MachineError
from cellwright.execution.executor import StepRequest
from cellwright.execution.plan import Due
from cellwright.execution.records import Objects
from cellwright.execution.request import RunRequest, WorkFile, memory_bytes
from cellwright.execution.step_spec import step_spec
from cellwright.model.pipeline import Component, FileInput, PortKind
from cellwright.runtime.manifest import ArtifactSpec, to_json

_COPIED = 256 * 1024 * 1024  # bytes; larger files are mounted all the same
_FILE = "file:"


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that is ready to be started; `number` counts from 1, `cwd` is where it runs,
    relative to its folder."""

    due: Due
    number: int
    request: StepRequest
    cwd: str = "work"

    @property
    def folder(self) -> Path:
        """Return the attempt folder."""
        return self.request.attempt

    @property
    def log(self) -> Path:
        """Return the file that the step's text grows in."""
        return self.folder / "logs" / "log"


def lay_out(due: Due, run: RunRequest, objects: Objects, *, folder: Path, number: int) -> Attempt:
    """Make the folder of an attempt, and say how it is to be started.

    Raises:
        MachineError: the disk, or an object, is not as it should be.
    """
    component = run.pipeline.steps[due.step]
    files = run.work_files(due.step)
    cwd = working_directory(run.notebook_path, files)
    nonce = secrets.token_hex(16)
    spec = step_spec(
        component,
        run.parameters,
        run=run.id,
        nonce=nonce,
        notebook=run.notebook_path,
        inputs=_inputs(due),
        absent=due.supplies.absent,
        cwd=cwd,
    )
    mounts = {
        _input_path(supply.artifact.digest): objects.path(supply.artifact.digest)
        for supply in due.supplies.held
    }
    writable, fixed = _parted(files, component)
    mounts |= {seen_at(file.path, cwd): file.source for file in fixed}
    try:
        _make_folders(folder, [cwd, *(os.path.dirname(path) for path in mounts)])
        _make_folders(folder, _folders_written_to(component, run, cwd))
        for file in writable:
            target = folder / seen_at(file.path, cwd)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file.source, target)
        (folder / "program.py").write_text(component.program, encoding="utf-8", newline="\n")
        (folder / "spec.json").write_bytes(to_json(spec))
    except OSError as error:
        raise MachineError(f"cannot make {folder}: {error.strerror}") from error
    options = component.options
    return Attempt(
        due,
        number,
        StepRequest(
            run=run.id,
            step=due.step,
            nonce=nonce,
            attempt=folder,
            environment=run.environments[due.step],
            mounts=mounts,
            variables=options.environment,
            secrets=options.secrets,
            network=options.network,
            cpus=options.cpus or run.limits.cpus,
            memory=memory_bytes(options.memory) if options.memory else run.limits.memory,
            timeout=options.timeout or run.limits.timeout,
        ),
        cwd,
    )


def remove(folder: Path) -> None:
    """Remove an attempt folder; what cannot be removed is left for the next start."""
    shutil.rmtree(folder, ignore_errors=True)


def working_directory(notebook_path: str, files: Iterable[WorkFile]) -> str:
    """Return the working directory of a step, relative to its attempt folder.

    It is `work`, or as deep in it as the files reach above the notebook's folder, by the
    folders' own names: `../data/x.csv` of `a/b/n.ipynb` needs `work/b`.
    """
    depth = max((_steps_up(file.path) for file in files), default=0)
    if depth == 0:
        return "work"
    parents = [part for part in PurePosixPath(notebook_path).parent.parts if part != "/"]
    unnamed = ["_"] * max(0, depth - len(parents))
    return "/".join(["work", *unnamed, *parents[-depth:]])


def seen_at(path: str, cwd: str) -> str:
    """Return where a file of the work is seen: absolute, or relative to the attempt."""
    if os.path.isabs(path):
        return path
    inside = os.path.normpath(f"{cwd}/{path}")
    if not inside.startswith("work/"):
        raise MachineError(f"`{path}` names no file")
    return inside


def _steps_up(path: str) -> int:
    if os.path.isabs(path):
        return 0
    return os.path.normpath(path).split("/").count("..")


def _parted(
    files: Iterable[WorkFile], component: Component
) -> tuple[list[WorkFile], list[WorkFile]]:
    """Return the files that a step may write, and those that it may not."""
    parts: tuple[list[WorkFile], list[WorkFile]] = ([], [])
    for file in files:
        parts[0 if _may_be_written(file, component) else 1].append(file)
    return parts


def _may_be_written(file: WorkFile, component: Component) -> bool:
    """Tell whether a step has a file only because it hands its name to unknown code.

    That may write it as well, so it gets a copy: what a container mounts cannot be changed.
    """
    if os.path.isabs(file.path) or any(_is_about(each, file) for each in component.files):
        return False
    named = any(_is_about(each, file) for each in component.named_files)
    return named and file.source.is_file() and file.source.stat().st_size <= _COPIED


def _is_about(entry: FileInput, file: WorkFile) -> bool:
    return fnmatchcase(os.path.normpath(file.path), os.path.normpath(entry.pattern))


def _inputs(due: Due) -> list[ArtifactSpec]:
    return [
        ArtifactSpec(
            path=_input_path(supply.artifact.digest),
            serializer=supply.artifact.serializer,
            members=list(supply.artifact.members),
            wanted=list(supply.ports),
            meta=dict(supply.artifact.meta),
        )
        for supply in due.supplies.held
    ]


def _input_path(digest: str) -> str:
    return f"inputs/{digest[len(PREFIX) :]}"


def _make_folders(folder: Path, inside: Iterable[str]) -> None:
    for name in ("inputs", "work", "outputs", "logs"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name in sorted(set(inside)):
        if name and not os.path.isabs(name):
            (folder / name).mkdir(parents=True, exist_ok=True)


def _folders_written_to(component: Component, run: RunRequest, cwd: str) -> list[str]:
    """Return folders that a step writes files to, and finds beside the notebook as well."""
    written = [port.name[len(_FILE) :] for port in component.outputs if port.kind is PortKind.FILE]
    parents = {os.path.dirname(path) for path in (*written, *component.options.writes)}
    return [
        os.path.normpath(f"{cwd}/{parent}")
        for parent in sorted(parents)
        if parent
        and not os.path.isabs(parent)
        and _steps_up(parent) == 0
        and (run.folder / parent).is_dir()
    ]
