"""Owns the reference: the notebook's cells, top to bottom, in one fresh kernel."""

import ast
import json
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from cellwright.app.verification.boundaries import lay_boundaries, reference_cells
from cellwright.app.verification.kernel import (
    CellFailure,
    CellOutput,
    Kernel,
    Say,
    run_cells,
)
from cellwright.app.verification.project import copy_project
from cellwright.base.errors import UsageError
from cellwright.execution.platform_env import PINS, passed_through
from cellwright.model.pipeline import Pipeline, StepName
from cellwright.model.source import Notebook
from cellwright.runtime.capture import CAPTURED
from cellwright.runtime.layout import write_runtime
from cellwright.runtime.manifest import ArtifactRecord


@dataclass(frozen=True)
class Scene:
    """What a reference is run with: where the notebook stands, and on what Python.

    `parameters` has a literal for every parameter, `chosen` are those that were asked for.
    `workspace` is the folder that the work may read from, the notebook's where None.
    """

    notebook_path: Path
    notebook: Notebook
    pipeline: Pipeline
    interpreter: str
    parameters: Mapping[str, str]
    chosen: Mapping[str, str]
    workspace: Path | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)


class Captured(msgspec.Struct, frozen=True):
    """What a step's outputs were in the kernel; `failed` says which could not be saved."""

    artifacts: list[ArtifactRecord] = []
    absent: list[str] = []
    failed: dict[str, str] = {}


@dataclass(frozen=True)
class ReferenceRun:
    """A finished reference: `failure` says where it broke off, if it did.

    `attempts` are the folders of what each step put out, `work` is where the cells ran,
    `runtime` a copy of ours, `variables` the environment of the kernel.
    """

    interpreter: str
    work: Path
    runtime: Path
    variables: Mapping[str, str]
    attempts: Mapping[StepName, Path]
    captured: Mapping[StepName, Captured]
    outputs: Mapping[int, CellOutput]
    failure: CellFailure | None


@contextmanager
def reference_run(scene: Scene, *, say: Say, cancel: threading.Event) -> Iterator[ReferenceRun]:
    """Run the reference and yield what came of it, for as long as its files are needed.

    Raises:
        MachineError: there is no kernel to run it with, or it died.
        KeyboardInterrupt: it was cancelled.
    """
    with tempfile.TemporaryDirectory(prefix="cellwright-reference-") as name:
        folder = Path(name).resolve()
        here = scene.notebook_path.parent
        around = scene.workspace or here
        work = copy_project(here, folder / "project", scene.pipeline, workspace=around)
        runtime, variables = folder / "runtime", _variables(scene, folder)
        write_runtime(runtime)
        found = reference_cells(scene.notebook)
        sources = [
            _with_parameters(cell.source, scene.chosen)
            if cell.number in found.parameters
            else cell.source
            for cell in found.cells
        ]
        attempts = lay_boundaries(
            scene.pipeline, found.cells, scene.parameters, folder=folder / "steps", work=work
        )
        kernel = Kernel(scene.interpreter, runtime, folder / "steps" / "plan.json", work, variables)
        ran = run_cells(kernel, found.cells, sources, say=say, cancel=cancel)
        captured = {step: _captured(attempt) for step, attempt in attempts.items()}
        yield ReferenceRun(
            scene.interpreter,
            work,
            runtime,
            variables,
            attempts,
            captured,
            ran.outputs,
            ran.failure,
        )


def _variables(scene: Scene, folder: Path) -> dict[str, str]:
    """Return the environment of the kernel: that of a step, and all that any step asks for."""
    asked: dict[str, str] = {}
    for component in scene.pipeline.steps.values():
        asked |= component.options.environment
        for name in component.options.secrets:
            if name not in scene.environ:
                raise UsageError(
                    f"the notebook needs {name} in the environment", hint=f"export {name}=…"
                )
            asked[name] = scene.environ[name]
    python = Path(scene.interpreter).parent
    pins = {name: value for name, value in PINS.items() if name != "MPLBACKEND"}
    path = scene.environ.get("PATH", os.defpath)
    return {
        **passed_through(scene.environ),
        **pins,
        "PATH": f"{python}{os.pathsep}{path}",
        # The user's own start-up files and history are no part of the notebook.
        "IPYTHONDIR": str(folder / "ipython"),
        **asked,
    }


def _with_parameters(source: str, chosen: Mapping[str, str]) -> str:
    """Return a cell of parameters in which those that were chosen are set anew, in place.

    What is derived from them further down in the cell sees the values of the run.
    """
    if not chosen:
        return source
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return source  # a magic among the parameters: the compiler does not read it either
    lines = [line.encode() for line in source.split("\n")]
    for node in reversed(tree.body):
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        names = [
            part.id
            for target in targets
            for part in ast.walk(target)
            if isinstance(part, ast.Name) and part.id in chosen
        ]
        if names and node.end_lineno is not None:
            line, end = lines[node.end_lineno - 1], node.end_col_offset or 0
            more = "".join(f"; {name} = {chosen[name]}" for name in names).encode()
            lines[node.end_lineno - 1] = line[:end] + more + line[end:]
    return b"\n".join(lines).decode()


def _captured(attempt: Path) -> Captured:
    path = attempt / CAPTURED
    if not path.exists():
        return Captured()
    return msgspec.convert(json.loads(path.read_bytes()), Captured)
