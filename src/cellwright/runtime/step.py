"""Owns the three phases of a step, in the child: definitions, inputs, cells; then outputs."""

import os
import sys
import types
from contextlib import suppress
from dataclasses import replace
from typing import Any

from . import tracebacks
from .cells import Cells
from .display import Displays
from .faults import StepFault
from .manifest import ErrorRecord, Manifest, StepSpec, to_json, write_whole
from .place import Place
from .program import Program
from .secrets import Redactor

REPORT = "report.json"


def run_step(spec: StepSpec, attempt: str, place: Place) -> int:
    """Run the step and leave the report; the exit code says whether it succeeded."""
    import faulthandler

    faulthandler.enable()  # a crash in compiled code then tells the line of the cell
    redactor = Redactor(spec.secrets)
    step = Step(spec, attempt, place, redactor)
    manifest = step.run()
    # All is saved: what the step registered to run at its end cannot harm it any more.
    write_whole(os.path.join(attempt, REPORT), _masked(manifest, redactor))
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
            error = ErrorRecord(fault.kind, str(fault), fault.cell, None, "", fault.hint)
            sys.stderr.write(f"{fault}\n" + (f"{fault.hint}\n" if fault.hint else ""))
        except BaseException as raised:  # noqa: BLE001  # whatever the user's code raises
            error = tracebacks.record(raised, self._files)
            sys.stderr.write(self._redactor.text(error.traceback))
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
        spec = self._spec
        with open(os.path.join(self._attempt, "program.py"), encoding="utf-8") as handle:
            program = Program(handle.read(), spec)
        self._files = program.files
        namespace = fresh_main()
        become_kernel(os.path.join(self._attempt, spec.cwd))
        displays = Displays()
        cells = Cells(program, namespace, displays, self._place)
        try:
            cells.define()
            from .ports import load_inputs, save_outputs

            load_inputs(spec, self._attempt, namespace)
            for cell in spec.cells:
                cells.run(cell)
            self._place.write(0)
            self._found["artifacts"], self._found["absent"] = save_outputs(
                spec, self._attempt, namespace
            )
        finally:
            displays.save(os.path.join(self._attempt, "displays.json"), self._redactor)


def fresh_main() -> dict[str, Any]:
    """Make a new `__main__` without a file, as a kernel has one; return its namespace."""
    import builtins

    module = types.ModuleType("__main__", "Automatically created module for the step")
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
        sys.stderr.write(tracebacks.text(error))
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
