"""Owns the reference: the notebook's cells, top to bottom, in one fresh kernel."""

import ast
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from cellwright.app.verification.boundaries import lay_boundaries, reference_cells
from cellwright.app.verification.project import copy_project
from cellwright.base.errors import MachineError, UsageError
from cellwright.execution.platform_env import PINS, passed_through
from cellwright.model.pipeline import Pipeline, StepName
from cellwright.model.source import Cell, Notebook
from cellwright.runtime.capture import CAPTURED
from cellwright.runtime.layout import PACKAGE, write_runtime
from cellwright.runtime.manifest import ArtifactRecord

_STARTING = 120  # seconds that a kernel has to start

Say = Callable[[str], None]


@dataclass(frozen=True)
class Scene:
    """What a reference is run with: where the notebook stands, and on what Python.

    `parameters` has a literal for every parameter, `chosen` are those that were asked for.
    """

    notebook_path: Path
    notebook: Notebook
    pipeline: Pipeline
    interpreter: str
    parameters: Mapping[str, str]
    chosen: Mapping[str, str]
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)


class Captured(msgspec.Struct, frozen=True):
    """What a step's outputs were in the kernel; `failed` says which could not be saved."""

    artifacts: list[ArtifactRecord] = []
    absent: list[str] = []
    failed: dict[str, str] = {}


@dataclass(frozen=True)
class CellOutput:
    """What a cell printed to standard output, and its nbformat outputs but streams."""

    stdout: str
    displays: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class CellFailure:
    """The cell at which the notebook itself ends with an exception."""

    cell: int
    name: str
    message: str


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
def reference_run(scene: Scene, say: Say) -> Iterator[ReferenceRun]:
    """Run the reference and yield what came of it, for as long as its files are needed.

    Raises:
        MachineError: there is no kernel to run it with, or it died.
    """
    with tempfile.TemporaryDirectory(prefix="cellwright-reference-") as name:
        folder = Path(name).resolve()
        work = copy_project(scene.notebook_path.parent, folder / "project", scene.pipeline)
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
        kernel = _Kernel(
            scene.interpreter, runtime, folder / "steps" / "plan.json", work, variables
        )
        outputs, failure = _execute(kernel, found.cells, sources, say)
        captured = {step: _captured(attempt) for step, attempt in attempts.items()}
        yield ReferenceRun(
            scene.interpreter, work, runtime, variables, attempts, captured, outputs, failure
        )


@dataclass(frozen=True)
class _Kernel:
    interpreter: str
    runtime: Path
    plan: Path
    work: Path
    variables: Mapping[str, str]


def _execute(
    kernel: _Kernel, cells: Sequence[Cell], sources: Sequence[str], say: Say
) -> tuple[Mapping[int, CellOutput], CellFailure | None]:
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    _check_kernel(kernel)
    document = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    document.cells = [nbformat.v4.new_code_cell(source) for source in sources]  # type: ignore[no-untyped-call]

    def begun(cell: Any, cell_index: int) -> None:  # noqa: ARG001
        say(f"cell {cells[cell_index].number}")

    async def witnessed(**_: Any) -> None:
        code = (
            f"__import__('sys').path.insert(0, {str(kernel.runtime)!r}); "
            f"__import__({PACKAGE + '.capture'!r}, fromlist=['install'])"
            f".install({str(kernel.plan)!r}); "
            "__import__('sys').path.pop(0)"
        )
        channel: Any = client.kc
        await channel._async_execute_interactive(code, silent=True, store_history=False)

    client = NotebookClient(
        document,
        km=_kernel_manager(kernel.interpreter),
        timeout=None,
        startup_timeout=_STARTING,
        store_widget_state=False,
        record_timing=False,
        resources={"metadata": {"path": str(kernel.work)}},
        on_notebook_start=witnessed,
        on_cell_start=begun,
    )
    failure = None
    try:
        client.execute(
            env=dict(kernel.variables), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except CellExecutionError as error:
        failed = next(at for at, cell in enumerate(document.cells) if _error_of(cell))
        failure = CellFailure(cells[failed].number, error.ename, error.evalue)
    except (DeadKernelError, RuntimeError) as error:
        raise MachineError(f"the notebook's kernel died: {error}") from error
    return {
        cell.number: _output_of(raw.outputs)
        for cell, raw in zip(cells, document.cells, strict=True)
    }, failure


def _kernel_manager(interpreter: str) -> Any:
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    argv = [interpreter, "-m", "ipykernel_launcher", "-f", "{connection_file}"]

    class OnePython(KernelSpecManager):
        """Knows one kernel: the interpreter of the notebook's environment."""

        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:  # noqa: ARG002
            return KernelSpec(argv=argv, display_name="reference", language="python")

    return AsyncKernelManager(kernel_spec_manager=OnePython())


def _check_kernel(kernel: _Kernel) -> None:
    done = subprocess.run(
        [kernel.interpreter, "-c", "import ipykernel_launcher"],
        capture_output=True,
        timeout=_STARTING,
        check=False,
    )
    if done.returncode:
        raise MachineError(
            f"{kernel.interpreter} has no kernel to run the notebook with",
            hint=f"{kernel.interpreter} -m pip install ipykernel",
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


def _error_of(cell: Any) -> bool:
    return any(output.output_type == "error" for output in cell.outputs)


def _output_of(outputs: Sequence[Any]) -> CellOutput:
    printed = [
        output.text
        for output in outputs
        if output.output_type == "stream" and output.name == "stdout"
    ]
    displays = [
        dict(output)
        for output in outputs
        if output.output_type in ("display_data", "execute_result")
    ]
    return CellOutput("".join(printed), tuple(displays))
