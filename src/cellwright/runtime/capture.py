"""Owns the witness in the notebook's kernel: what its variables are at the end of each step.

A pipeline is compared with one kernel that runs the same cells. After a cell that ends
a step, a copy of the kernel's process (a fork) saves what the step puts out, with the
very code that saves it in a pipeline; the kernel itself draws no random number, makes no
object and imports no module for it.
"""

import json
import os
import select
import signal
import sys
from dataclasses import asdict
from typing import Any

from .state import ProcessState

PATIENCE = 600.0
"""Seconds that saving may take: of the threads of the kernel only one is in the copy."""

CAPTURED = "captured.json"


def install(plan_path: str) -> None:
    """Watch the cells of this kernel, as a plan tells.

    The plan is JSON: `boundaries` maps the count of cells that have run to the attempt
    folders, each with a `spec.json`, whose outputs are to be saved then; `work` is the
    working directory; `secrets` are names of variables that are never saved.
    """
    with open(plan_path, encoding="utf-8") as handle:
        plan = json.load(handle)
    shell = sys.modules["IPython"].get_ipython()
    witness = _Witness(shell.user_ns, plan)
    shell.events.register("post_run_cell", witness.after_cell)


class _Witness:
    def __init__(self, namespace: dict[str, Any], plan: dict[str, Any]) -> None:
        self._namespace = namespace
        self._boundaries: dict[str, list[str]] = plan["boundaries"]
        self._state = ProcessState(plan["work"], plan["secrets"])
        self._count = 0

    def after_cell(self, _result: Any) -> None:
        self._count += 1
        for attempt in self._boundaries.get(str(self._count), ()):
            _in_copy(lambda folder=attempt: _save(folder, self._namespace, self._state))


def _in_copy(work: Any) -> None:
    """Do some work in a fork of this process, and wait for its end."""
    reading, writing = os.pipe()
    random = sys.modules.get("random")
    drawn = None if random is None else random.getstate()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            _fall_silent()
            if random is not None:
                random.setstate(drawn)  # Python seeds it anew in every fork
            work()
        finally:
            os._exit(0)
    os.close(writing)
    ready, _, _ = select.select([reading], [], [], PATIENCE)
    if not ready:
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(reading)


def _fall_silent() -> None:
    """Let nothing that is printed from here on reach the kernel's own streams."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def _save(attempt: str, namespace: dict[str, Any], state: ProcessState) -> None:
    """Save the outputs of a step, each that can be saved; say what became of the others."""
    from .manifest import StepSpec, from_json
    from .outputs import Outputs
    from .place import appear

    with open(os.path.join(attempt, "spec.json"), "rb") as handle:
        spec = from_json(StepSpec, handle.read())
    failed: dict[str, str] = {}
    outputs = Outputs(spec, attempt, namespace, state)
    try:
        outputs.save()
    except Exception:  # noqa: BLE001  # one value that cannot be saved hides no other
        outputs, failed = _one_by_one(spec, attempt, namespace, state)
    document = {
        "artifacts": [asdict(record) for record in outputs.artifacts],
        "absent": outputs.absent,
        "failed": failed,
    }
    appear(os.path.join(attempt, CAPTURED), json.dumps(document).encode())


def _one_by_one(
    spec: Any, attempt: str, namespace: dict[str, Any], state: ProcessState
) -> tuple[Any, dict[str, str]]:
    from dataclasses import replace

    from .outputs import Outputs

    failed: dict[str, str] = {}
    whole = Outputs(spec, attempt, namespace, state)
    for port in spec.outputs:
        try:
            part = Outputs(
                replace(spec, outputs=[port]), attempt, namespace, state, whole.artifacts
            )
            part.save()
            whole.absent += part.absent
        except Exception as error:  # noqa: BLE001  # whatever the value's own code raises
            failed[port.name] = f"{type(error).__name__}: {error}"
    return whole, failed
