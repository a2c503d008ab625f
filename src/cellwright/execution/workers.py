"""Owns the threads that carry attempts from their folder to their record."""

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from cellwright.base.canonical import Digest
from cellwright.base.errors import CellwrightError
from cellwright.execution import attempt as attempts
from cellwright.execution import failures
from cellwright.execution.attempt import Attempt
from cellwright.execution.executor import Executor, Outcome, Process
from cellwright.execution.harvest import failed, harvest
from cellwright.execution.plan import Due
from cellwright.execution.records import Objects
from cellwright.execution.request import RunRequest
from cellwright.model.run import Failure, State, StepRecord, StepRun

_TIMEOUT_GRACE = 2.0
"""Seconds after a step's timeout when we stop it ourselves: executors do so before."""


@dataclass(frozen=True, slots=True)
class Started:
    """An attempt is running; its text grows in `log`."""

    job: "Job"
    log: Path


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt is over, and nothing of it runs. `bug` is an exception of our own making."""

    job: "Job"
    record: StepRecord
    bug: BaseException | None = None


Report = Callable[[Started | Ended], None]


@dataclass(eq=False)
class Job:
    """One attempt to be made, in a thread of its own.

    It ends in two moves: its record is reported, and when `let_go` was called (the record
    is safe) what the attempt held is removed.
    """

    due: Due
    number: int
    folder: Path
    environment: Digest
    keep: bool = False
    _recorded: threading.Event = field(default_factory=threading.Event)
    _cancelled: threading.Event = field(default_factory=threading.Event)
    _process: Process | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None
    _failed: bool = False

    def begin(self, run: RunRequest, executor: Executor, objects: Objects, report: Report) -> None:
        """Start the thread; what happens is reported from there."""
        arguments = (run, executor, objects, report)
        name = f"step {self.due.step}"
        self._thread = threading.Thread(target=self._live, args=arguments, name=name, daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Stop the attempt; returns when nothing of it runs, or the executor gave up."""
        self._cancelled.set()
        with self._lock:
            process = self._process
        if process is not None:
            with contextlib.suppress(CellwrightError):  # then its end is not reported
                process.stop()

    def let_go(self) -> None:
        """Remove the attempt folder, and what the executor holds; needs no answer."""
        self._recorded.set()

    def join(self, seconds: float) -> None:
        """Wait until all of it is gone, but not longer than that."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _live(self, run: RunRequest, executor: Executor, objects: Objects, report: Report) -> None:
        begun = StepRun(
            step=self.due.step,
            state=State.RUNNING,
            attempt=self.number,
            cache_key=self.due.key,
            inputs={port: item.digest for port, item in self.due.supplies.artifacts().items()},
            started=datetime.now(UTC),
            environment=self.environment,
        )
        bug: BaseException | None = None
        try:
            record = self._attempt(run, executor, objects, report, begun=begun)
        except CellwrightError as error:
            inputs = self.due.supplies.artifacts()
            record = failed(StepRecord(begun, inputs=inputs), failures.machine(error))
        except BaseException as error:  # noqa: BLE001  # a border: nobody else sees it
            record = failed(StepRecord(begun), Failure("machine", f"internal error: {error!r}"))
            bug = error
        self._failed = record.step_run.state is State.FAILED
        report(Ended(self, record, bug))
        self._recorded.wait()
        self._clean()

    def _attempt(
        self,
        run: RunRequest,
        executor: Executor,
        objects: Objects,
        report: Report,
        *,
        begun: StepRun,
    ) -> StepRecord:
        attempt = attempts.lay_out(self.due, run, objects, folder=self.folder, number=self.number)
        clock = time.monotonic()
        outcome = self._run(attempt, executor, report)
        begun = replace(begun, seconds=time.monotonic() - clock)
        return harvest(attempt, outcome, run=run, objects=objects, begun=begun)

    def _run(self, attempt: Attempt, executor: Executor, report: Report) -> Outcome:
        if self._cancelled.is_set():
            return Outcome(0, "cancelled")
        process = executor.start(attempt.request)
        with self._lock:
            self._process = process
        if self._cancelled.is_set():  # it came while the process was being started
            process.stop()
        report(Started(self, attempt.log))
        timeout = attempt.request.timeout
        outcome = process.wait(None if timeout is None else timeout + _TIMEOUT_GRACE)
        if outcome is None:
            process.stop()
            outcome = replace(process.wait(_TIMEOUT_GRACE) or Outcome(-9), reason="timeout")
        if self._cancelled.is_set() and not outcome.reason:
            return replace(outcome, reason="cancelled")
        return outcome

    def _clean(self) -> None:
        if self._process is not None:
            with contextlib.suppress(CellwrightError):  # the next start reaps what stays
                self._process.release()
        if not (self.keep and self._failed):
            attempts.remove(self.folder)
