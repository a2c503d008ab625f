"""Owns the three phases of a step, in the child: definitions, inputs, cells; then outputs."""

import os
import sys
import time
import types
from contextlib import suppress
from dataclasses import replace
from typing import Any

from . import tracebacks
from .audit import FileWatch
from .cells import Cells
from .display import Displays
from .faults import StepFault
from .manifest import ErrorRecord, Manifest, StepSpec, to_json
from .place import SAVING, Place, appear
from .program import Program
from .secrets import Redactor
from .sought import Sought
from .state import ProcessState

REPORT = "report.json"
PATIENCE = 2.0
"""Seconds that threads of the cells have when the cells are done."""

_DOC = "Automatically created module for IPython interactive environment"
"""What `__doc__` says in a notebook."""


def run_step(spec: StepSpec, attempt: str, place: Place) -> int:
    """Run the step and leave the report; the exit code says whether it succeeded."""
    import faulthandler

    faulthandler.enable()  # a crash in compiled code then tells the line of the cell
    redactor = Redactor(spec.secrets)
    pid = os.getpid()
    manifest = Step(spec, attempt, place, redactor).run()
    if os.getpid() != pid:
        return 1  # a fork of the cells that ran on to here: it has nothing to report
    # All is saved: what the step registered to run at its end cannot harm it any more.
    appear(os.path.join(attempt, REPORT), _masked(manifest, redactor))
    _finish()
    return 0 if manifest.state == "succeeded" else 1


class Step:
    """One attempt at a step, in the process that runs the notebook's code."""

    def __init__(self, spec: StepSpec, attempt: str, place: Place, redactor: Redactor) -> None:
        self._spec = spec
        self._attempt = attempt
        self._place = place
        self._redactor = redactor
        self._files: dict[str, int] = {}
        self._found: dict[str, Any] = {}

    def run(self) -> Manifest:
        """Run the three phases, save what there is to save, and tell how it went."""
        spec = self._spec
        error: ErrorRecord | None = None
        try:
            self._run()
        except StepFault as fault:
            error = ErrorRecord(fault.kind, str(fault), fault.cell, fault.line, "", fault.hint)
            say(f"{fault}\n" + (f"{fault.hint}\n" if fault.hint else ""))
        except BaseException as raised:  # noqa: BLE001  # whatever the user's code raises
            error = tracebacks.record(raised, self._files)
            say(error.traceback)
        state = "succeeded" if error is None else "failed"
        if error is not None and error.kind == "interrupted":
            state = "interrupted"
        return Manifest(
            spec.run,
            spec.step,
            spec.nonce,
            state,
            error,
            python=sys.version.partition(" ")[0],
            **self._found,
        )

    def _run(self) -> None:
        with open(os.path.join(self._attempt, "program.py"), encoding="utf-8") as handle:
            program = Program(handle.read(), self._spec)
        self._files = program.files
        namespace = fresh_main()
        folder = os.path.join(self._attempt, self._spec.cwd)
        become_kernel(folder)
        displays = Displays()
        cells = Cells(program, namespace, displays, self._place)
        cells.install()
        state = ProcessState(os.path.join(self._attempt, "work"), self._spec.secrets)
        watch_imports(displays, state)
        sought = Sought(self._attempt, folder, self._files, self._place)
        opened = FileWatch(self._attempt, folder, sought)
        try:
            self._run_phases(cells, namespace, state)
            opened.stop()
            sought.check()
            cells.inside(lambda: self._save(namespace, state))
        finally:
            opened.stop()
            self._found["files_read"], self._found["files_written"] = (
                opened.read(),
                opened.written(),
            )
            self._found["files_sought"] = sought.records()
            displays.save(os.path.join(self._attempt, "displays.json"), self._redactor)

    def _run_phases(self, cells: Cells, namespace: dict[str, Any], state: ProcessState) -> None:
        spec = self._spec
        if spec.inputs:
            from .inputs import load_modules

            cells.inside(lambda: load_modules(spec, self._attempt))
        cells.define()
        guard = None
        if spec.inputs:
            from .inputs import load_inputs

            cells.inside(lambda: load_inputs(spec, self._attempt, namespace, state))
            if spec.unchanged:
                from .guard import Guard

                guard = Guard(spec, self._attempt, namespace)
        cells.inside(state.note)
        for cell in spec.cells:
            cells.run(cell, None if guard is None else guard.after)
        self._place.write(SAVING)
        wait_for_threads()
        if guard is not None:
            guard.check()

    def _save(self, namespace: dict[str, Any], state: ProcessState) -> None:
        spec = self._spec
        self._found["state_changed"] = state.changed()
        if spec.metrics:
            from .metrics import read_metrics

            self._found["metrics"] = read_metrics(spec.metrics, namespace)
        if spec.outputs:
            from .outputs import Outputs

            outputs = Outputs(spec, self._attempt, namespace, state)
            outputs.save()
            self._found["artifacts"], self._found["absent"] = outputs.artifacts, outputs.absent


def watch_imports(displays: Displays, state: ProcessState) -> None:
    """Make libraries behave as in a kernel, if and when the cells import them."""
    from .imports import ImportWatch

    def use_our_backend(matplotlib: Any) -> None:
        # Not by the environment: programs that the cells start could not import it.
        matplotlib.rcParams["backend"] = f"module://{__package__}.figures"

    ImportWatch(
        {
            "IPython.core.display_functions": displays.take_over,
            "matplotlib": use_our_backend,
            "random": lambda _: state.note(["state:random"]),
            "numpy.random": lambda _: state.note(["state:numpy.random"]),
            "torch": lambda _: state.note(["state:torch"]),
        }
    )


def wait_for_threads() -> None:
    """Give threads that the cells started a little time to end before all is saved."""
    threading = sys.modules.get("threading")
    if threading is None:
        return
    deadline = time.monotonic() + PATIENCE
    left = [
        each
        for each in threading.enumerate()
        if not each.daemon and each is not threading.main_thread()
    ]
    for each in left:
        each.join(max(0.0, deadline - time.monotonic()))
    alive = [each.name for each in left if each.is_alive()]
    if alive:
        say(
            f"cellwright: still running when the step ended: {', '.join(alive)} (a thread); "
            "what it does from now on is lost\n"
        )


def fresh_main() -> dict[str, Any]:
    """Make a new `__main__` without a file, as a kernel has one; return its namespace."""
    import builtins

    module = types.ModuleType("__main__", _DOC)
    module.__dict__["__builtins__"] = builtins
    sys.modules["__main__"] = module
    return module.__dict__


def become_kernel(folder: str) -> None:
    """Set what a kernel has set before the first cell: folder, import path, arguments."""
    os.chdir(folder)
    sys.path[0] = ""
    sys.argv = ["ipykernel_launcher.py", "-f", "kernel.json"]


def _masked(manifest: Manifest, redactor: Redactor) -> bytes:
    error = manifest.error
    if error is not None:
        error = replace(
            error,
            message=redactor.text(error.message),
            traceback=redactor.text(error.traceback),
            hint=redactor.text(error.hint),
        )
    artifacts = [
        replace(entry, preview=redactor.plain(entry.preview)) for entry in manifest.artifacts
    ]
    return to_json(replace(manifest, error=error, artifacts=artifacts))


def _finish() -> None:
    """Run the exit handlers, but wait for no thread; the runner ends us if it takes long."""
    import atexit

    try:
        atexit._run_exitfuncs()
    except BaseException as error:  # noqa: BLE001  # the user's handlers
        say(tracebacks.text(error))
    flush()


def say(text: str) -> None:
    """Write to the log, whatever the cells have made of `sys.stderr`."""
    flush()
    with suppress(OSError):
        os.write(2, text.encode("utf-8", "backslashreplace"))


def flush() -> None:
    """Send what the cells printed on its way."""
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        with suppress(Exception):  # anything may stand in for a stream
            stream.flush()  # type: ignore[union-attr]
