"""Owns the run of some cells in one fresh kernel, which a witness watches."""

import asyncio
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cellwright.base.errors import MachineError
from cellwright.model.source import Cell
from cellwright.runtime.layout import PACKAGE

_STARTING = 120  # seconds that a kernel has to start
_LOOKING = 0.2  # seconds between two looks whether the run was cancelled

Say = Callable[[str], None]


@dataclass(frozen=True)
class Kernel:
    """What a kernel is started with: `plan` is the witness's, `runtime` where its code is."""

    interpreter: str
    runtime: Path
    plan: Path
    work: Path
    variables: Mapping[str, str]


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
class CellsRun:
    """What the cells of a kernel put out, by their numbers; `failure` where one failed."""

    outputs: Mapping[int, CellOutput]
    failure: CellFailure | None


def run_cells(
    kernel: Kernel,
    cells: Sequence[Cell],
    sources: Sequence[str],
    *,
    say: Say,
    cancel: threading.Event,
) -> CellsRun:
    """Run cells top to bottom, each with its source, up to the first that fails.

    Raises:
        MachineError: the interpreter has no kernel, or the kernel died.
        KeyboardInterrupt: it was cancelled; the kernel is gone.
    """
    import nbformat
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    _check(kernel)
    document = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    document.cells = [nbformat.v4.new_code_cell(source) for source in sources]  # type: ignore[no-untyped-call]
    client = _client(kernel, document, lambda at: say(f"cell {cells[at].number}"))
    failure = None
    try:
        # In a thread: on the main one the client would take Ctrl-C for itself.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, _executed(client, kernel, cancel)).result()
    except CellExecutionError as error:
        failed = next(at for at, cell in enumerate(document.cells) if _failed(cell))
        failure = CellFailure(cells[failed].number, error.ename, error.evalue)
    except (asyncio.CancelledError, DeadKernelError, RuntimeError) as error:
        if cancel.is_set():
            raise KeyboardInterrupt from None
        raise MachineError(f"the notebook's kernel died: {error}") from error
    outputs = {
        cell.number: _output_of(raw.outputs)
        for cell, raw in zip(cells, document.cells, strict=True)
    }
    return CellsRun(outputs, failure)


async def _executed(client: Any, kernel: Kernel, cancel: threading.Event) -> None:
    running = asyncio.ensure_future(
        client.async_execute(
            env=dict(kernel.variables), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    )
    while not running.done():
        await asyncio.wait({running}, timeout=_LOOKING)
        if cancel.is_set():
            running.cancel()
    await running


def _client(kernel: Kernel, document: Any, begun: Callable[[int], None]) -> Any:
    from nbclient import NotebookClient

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
        km=_manager(kernel.interpreter),
        timeout=None,
        startup_timeout=_STARTING,
        store_widget_state=False,
        record_timing=False,
        resources={"metadata": {"path": str(kernel.work)}},
        on_notebook_start=witnessed,
        on_cell_start=lambda cell, cell_index: begun(cell_index),  # noqa: ARG005
    )
    return client


def _manager(interpreter: str) -> Any:
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    argv = [interpreter, "-m", "ipykernel_launcher", "-f", "{connection_file}"]

    class OnePython(KernelSpecManager):
        """Knows one kernel: the interpreter of the notebook's environment."""

        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:  # noqa: ARG002
            return KernelSpec(argv=argv, display_name="reference", language="python")

    return AsyncKernelManager(kernel_spec_manager=OnePython())


def _check(kernel: Kernel) -> None:
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


def _failed(cell: Any) -> bool:
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
