"""Owns how the end of an attempt is told to a person: what happened, and what to try."""

import shutil
import signal
from collections.abc import Mapping

from cellwright.base.errors import CellwrightError
from cellwright.execution.executor import Outcome, StepRequest
from cellwright.model.options import MetricOption
from cellwright.model.run import Failure
from cellwright.runtime.manifest import ErrorRecord

_ROOM = 1 << 20  # bytes; a step that has less left cannot say what it failed of
_MEMORY_HINT = "give the step more with its option `memory`, or let it use less"


def told(error: ErrorRecord | None, outcome: Outcome, request: StepRequest) -> Failure:
    """Return the failure that a manifest tells of.

    Where the machine ended the step, the manifest knows the place and the machine the
    reason.
    """
    if error is None:
        return Failure("output", "the step failed and did not say why")
    stopped = error.kind == "interrupted" and outcome.reason != ""
    starved = error.kind == "killed" and outcome.reason == "out-of-memory"
    why = ended(outcome, request) if stopped or starved else error
    return Failure(why.kind, why.message, error.cell, error.line, error.traceback, why.hint)


def ended(outcome: Outcome, request: StepRequest) -> Failure:
    """Return the failure of an attempt that left no manifest."""
    match outcome.reason:
        case "timeout":
            took = f"{request.timeout:g} s" if request.timeout else "its time"
            hint = "give it more with its option `timeout`, in seconds"
            return Failure("timeout", f"the step ran longer than {took}", hint=hint)
        case "out-of-memory":
            message = f"the step ran out of memory{_limit(request.memory)}"
            return Failure("out-of-memory", message, hint=_MEMORY_HINT)
        case "cancelled":
            return Failure("interrupted", "the run was cancelled")
        case "removed":
            message = "the step was removed from outside while it ran"
            return Failure("machine", message, hint="run again: finished steps are kept")
        case "engine-lost":
            message = "the container engine went away while the step ran"
            hint = "start the engine and run again: finished steps are kept"
            return Failure("machine", _with(message, outcome.detail), hint=hint)
        case _:
            return _exited(outcome, request)


def machine(error: CellwrightError) -> Failure:
    """Return the failure of a step that the machine, not its code, stopped."""
    return Failure("machine", str(error), hint=error.hint or "")


def breach(options: Mapping[str, MetricOption], metrics: Mapping[str, float]) -> Failure | None:
    """Return the failure of metrics that miss their thresholds; None when all hold."""
    missed = [
        text for name in sorted(options) for text in _missed(name, options[name], metrics.get(name))
    ]
    return Failure("metric", "; ".join(missed)) if missed else None


def _missed(name: str, option: MetricOption, value: float | None) -> list[str]:
    if value is None:
        limited = option.minimum is not None or option.maximum is not None
        return [f"metric {name} has a threshold and was not reported"] if limited else []
    missed = []
    # NaN compares false with everything, so it misses every threshold.
    if option.minimum is not None and not value >= option.minimum:
        missed.append(f"metric {name} is {value:g}, its minimum is {option.minimum:g}")
    if option.maximum is not None and not value <= option.maximum:
        missed.append(f"metric {name} is {value:g}, its maximum is {option.maximum:g}")
    return missed


def _exited(outcome: Outcome, request: StepRequest) -> Failure:
    if outcome.exit_code < 0:
        message = f"the step was killed by {_signal_name(-outcome.exit_code)}"
        hint = "the machine may have run out of memory" + _limit(request.memory)
        killed = -outcome.exit_code == signal.SIGKILL
        return Failure("killed", _with(message, outcome.detail), hint=hint if killed else "")
    if _is_full(request):
        message = "the step could not write its results: there is no space left on the disk"
        hint = f"make room where {request.attempt.parents[1]} lies, and run again"
        return Failure("machine", message, hint=hint)
    message = f"the step ended with exit code {outcome.exit_code} and left no result"
    hint = "does a cell call os._exit, or end the process in another way?"
    return Failure("exit", _with(message, outcome.detail), hint=hint)


def _is_full(request: StepRequest) -> bool:
    try:
        return shutil.disk_usage(request.attempt).free < _ROOM
    except OSError:
        return False  # the folder is gone: nobody knows


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _limit(memory: int | None) -> str:
    return "" if memory is None else f" (its limit is {memory / 1024**2:g} MiB)"


def _with(message: str, detail: str) -> str:
    return f"{message}: {detail}" if detail else message
