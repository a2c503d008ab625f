"""Owns one run in flight: which step stands where, and what is to happen next.

Everything here happens in one thread. Attempts and environments have threads of their
own, which report through a queue; answers of the cache need none.
"""

import contextlib
import queue
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, assert_never

from cellwright.base.canonical import Digest
from cellwright.base.errors import CellwrightError
from cellwright.execution import failures, plan
from cellwright.execution.executor import Executor
from cellwright.execution.harvest import failed, judged
from cellwright.execution.lacking import crossing
from cellwright.execution.news import Item, News
from cellwright.execution.preparation import Preparation, Preparations
from cellwright.execution.records import Claim, Emit
from cellwright.execution.request import CacheUse, RunRequest
from cellwright.execution.workers import Ended, Job, Started
from cellwright.model.events import PlanMade, RunFinished, StepStarted
from cellwright.model.pipeline import Environment, StepName
from cellwright.model.run import Failure, Run, State, StepRecord, StepRun

if TYPE_CHECKING:
    from cellwright.execution.scheduler import Scheduler

_TICK = 0.2
_STOPPING = 45.0
"""Seconds that steps have to be gone after a cancellation; executors need less."""
_NO_RETRY = frozenset({"metric", "output", "input", "interrupted"})
_LONGEST_PAUSE = 30.0
_PREPARING = 10.0
_CANCELLED = Failure("interrupted", "the run was cancelled")
_STUCK = "it may still be running: look for it, and end it by hand"
_WAS = {"failed": "failed", "skipped": "was skipped", "cancelled": "was cancelled"}

KEPT = ".kept"
"""Ends the name of a run's folder whose failed attempts are kept."""


@dataclass(eq=False)
class _Pending:
    """A step that is due and not started yet: it lacks its environment, a slot, a claim."""

    due: plan.Due
    preparation: Preparation
    number: int = 1
    not_before: float = 0.0
    claim: Claim | None = None


class Progress:
    """A run between its start and its end."""

    def __init__(
        self, scheduler: "Scheduler", request: RunRequest, emit: Emit, cancel: threading.Event
    ) -> None:
        self._parts = scheduler
        self._request = request
        self._emit = emit
        self._cancel = cancel
        self._interrupted = False
        self._order = plan.selected(request.pipeline, request.steps)
        self._before = {step: request.pipeline.predecessors(step) for step in self._order}
        self._identities = _identities(scheduler.executor, request, self._order)
        self._plan: dict[StepName, plan.Decision] = {}
        self._ended: dict[StepName, StepRecord] = {}
        self._good: dict[StepName, StepRecord] = {}
        self._pending: dict[StepName, _Pending] = {}
        self._active: dict[StepName, tuple[Job, _Pending]] = {}
        self._leaving: list[Job] = []
        self._news = News(scheduler.objects, emit)
        self._reports: queue.SimpleQueue[Started | Ended | None] = queue.SimpleQueue()
        self._preparations = Preparations(scheduler.executor, emit, self.wake)
        self._folder = scheduler.folder / (request.id + (KEPT if scheduler.keep else ""))

    def wake(self) -> None:
        """Have another look at what can go on; from any thread or signal handler."""
        self._reports.put(None)

    def interrupt(self) -> None:
        """Ask for the end of the run; from any thread or signal handler."""
        # No event: setting one takes a lock, which the interrupted code may be holding.
        self._interrupted = True
        self.wake()

    def _is_cancelled(self) -> bool:
        return self._interrupted or self._cancel.is_set()

    def to_the_end(self) -> Run:
        """Execute all; see `Scheduler.run`."""
        request, clock = self._request, time.monotonic()
        run = Run(
            id=request.id,
            snapshot=request.snapshot,
            notebook_path=request.notebook_path,
            parameters=request.parameters,
            executor=self._parts.executor.name,
            state=State.RUNNING,
            started=datetime.now(UTC),
            steps={step: StepRun(step, State.WAITING) for step in self._order},
        )
        self._parts.records.start_run(run)
        try:
            self._announce(run)
            self._loop()
        except KeyboardInterrupt:  # from an `emit` that raised it, say
            self._stop()
        except BaseException:
            self._abandon()
            raise
        run = self._finished(run)
        self._emit(RunFinished(run.id, run.state.value, time.monotonic() - clock))
        return run

    def _announce(self, run: Run) -> None:
        request = self._request
        identify = self._identities.__getitem__
        self._plan = dict(plan.unfold(request, cache=self._parts.cache, identify=identify))
        cached = tuple(step for step, made in self._plan.items() if isinstance(made, plan.Cached))
        open_ones = plan.undecided(self._plan, request)
        self._emit(PlanMade(run.id, run.snapshot, self._order, run.executor, cached, open_ones))

    def _loop(self) -> None:
        while not self._is_cancelled():
            self._unfold()
            self._start_what_can()
            if not self._active and not self._pending:
                if len(self._ended) == len(self._order):
                    return
                continue  # a step ended before it was started: look at those behind it
            if self._news:  # while the next steps start already
                self._news.tell(
                    lambda records: self._parts.records.record_steps(self._request.id, records)
                )
            self._take_reports()
        self._stop()

    def _record(self, records: list[StepRecord]) -> None:
        self._parts.records.record_steps(self._request.id, records)

    def _finished(self, run: Run) -> Run:
        finished = datetime.now(UTC)
        state = self._state()
        self._news.tell(
            lambda records: self._parts.records.finish_run(run.id, state, finished, records)
        )
        self._parts.objects.settle()
        for job in self._leaving:
            job.join(_STOPPING)
        with contextlib.suppress(OSError):
            self._folder.rmdir()  # empty, unless something is kept in it
        steps = {step: self._ended[step].step_run for step in self._order}
        return replace(run, state=state, finished=finished, steps=steps)

    def _state(self) -> State:
        states = {record.step_run.state for record in self._ended.values()}
        if State.CANCELLED in states and self._is_cancelled():
            return State.CANCELLED
        return State.SUCCEEDED if all(state.good for state in states) else State.FAILED

    def _unfold(self) -> None:
        """Decide about every step whose predecessors have ended, one after another."""
        for step in self._order:
            if step in self._ended or step in self._pending or step in self._active:
                continue
            spoilt = [name for name in self._before[step] if self._is_spoilt(name)]
            if spoilt:
                state = self._ended[spoilt[0]].step_run.state.value
                skipped = StepRecord(StepRun(step, State.SKIPPED))
                self._end(Item(skipped, f"{spoilt[0]} {_WAS[state]}"))
            elif all(name in self._good for name in self._before[step]):
                self._decide(step)
        for step in self._order:
            if self._pending and step not in self._ended:
                self._prepared(step)  # those that wait will be due soon

    def _is_spoilt(self, step: StepName) -> bool:
        return step in self._ended and step not in self._good

    def _decide(self, step: StepName) -> None:
        decision = self._plan.pop(step, None)
        if decision is None or isinstance(decision, plan.Waiting):
            decision = plan.decide(
                step,
                self._request,
                done=self._good,
                cache=self._parts.cache,
                identify=self._identities.__getitem__,
            )
        match decision:
            case plan.Cached():
                self._answer(step, decision)
            case plan.Due():
                self._pending[step] = _Pending(decision, self._prepared(step))
            case plan.Waiting():
                raise AssertionError(f"{step} waits for steps that have ended")
            case _:
                assert_never(decision)

    def _answer(self, step: StepName, cached: plan.Cached) -> None:
        inputs = cached.supplies.artifacts()
        step_run = replace(
            cached.found.step_run,
            step=step,
            state=State.CACHED,
            attempt=1,
            inputs={port: artifact.digest for port, artifact in inputs.items()},
            seconds=0.0,
            started=datetime.now(UTC),
        )
        record = replace(cached.found, step_run=step_run, inputs=inputs, answers=False)
        self._end(Item(judged(record, self._request.pipeline.steps[step])))

    def _prepared(self, step: StepName) -> Preparation:
        mine = self._identities[step]
        begun = self._preparations.find(mine)
        if begun is not None:
            return begun
        sharing = tuple(
            name
            for name, identity in self._identities.items()
            if identity == mine and name not in self._ended
        )
        return self._preparations.begin(mine, self._request.environments[step], sharing)

    def _start_what_can(self) -> None:
        for step, pending in list(self._pending.items()):
            preparation = pending.preparation
            if preparation.bug is not None:
                raise preparation.bug
            if preparation.failure is not None:
                del self._pending[step]
                step_run = StepRun(step, State.WAITING, pending.number, pending.due.key)
                record = StepRecord(step_run, inputs=pending.due.supplies.artifacts())
                failure = failures.machine(preparation.failure)
                self._end(Item(failed(record, failure), claim=pending.claim))
            elif (
                preparation.ended
                and len(self._active) < self._parts.parallel
                and time.monotonic() >= pending.not_before
                and self._claimed(step, pending)
            ):
                self._start(step, pending)

    def _claimed(self, step: StepName, pending: _Pending) -> bool:
        """Tell whether a step may be executed now: nobody else is at it, nobody was."""
        shared = pending.due.answers and self._request.cache is CacheUse.READ
        if not shared or pending.claim is not None:
            return True
        pending.claim = self._parts.claims.claim(pending.due.key)
        if pending.claim is None:
            return False
        found = plan.answer(step, pending.due.key, self._request, self._parts.cache)
        if found is None:
            return True
        pending.claim.release()
        del self._pending[step]
        self._answer(step, plan.Cached(step, pending.due.key, pending.due.supplies, found))
        return False

    def _start(self, step: StepName, pending: _Pending) -> None:
        del self._pending[step]
        # Folders are numbered: the name of a step never becomes a path.
        folder = self._folder / f"{self._order.index(step) + 1:03d}-{pending.number}"
        job = Job(
            pending.due,
            pending.number,
            folder,
            self._identities[step],
            keep=self._parts.keep,
        )
        self._active[step] = (job, pending)
        parts = self._parts
        job.begin(self._request, parts.executor, parts.objects, self._reports.put)

    def _take_reports(self) -> None:
        """Wait until something happens or may be due; take all that has happened."""
        self._preparations.announce()
        pauses = [pending.not_before - time.monotonic() for pending in self._pending.values()]
        timeout = min([_TICK, *(pause for pause in pauses if pause > 0)])
        try:
            self._take(self._reports.get(timeout=timeout))
            while True:
                self._take(self._reports.get_nowait())
        except queue.Empty:
            return

    def _take(self, report: Started | Ended | None) -> None:
        match report:
            case Started():
                step = report.job.due.step
                self._emit(StepStarted(step, report.job.number, str(report.log)))
            case Ended():
                self._attempt_ended(report)
            case None:
                return
            case _:
                assert_never(report)

    def _attempt_ended(self, report: Ended) -> None:
        step = report.job.due.step
        job, pending = self._active.pop(step)
        self._leaving.append(job)
        if report.bug is not None and not self._is_cancelled():
            job.let_go()
            raise report.bug
        failure = report.record.step_run.failure
        retries = self._request.pipeline.steps[step].options.retries
        again = (
            failure is not None
            and failure.kind not in _NO_RETRY
            and pending.number <= retries
            and not self._is_cancelled()
        )
        if not again:
            self._end(Item(report.record, job=job, claim=pending.claim))
            return
        self._news.add(Item(report.record, final=False, job=job))
        pause = min(_LONGEST_PAUSE, 2.0 ** (pending.number - 1))
        pending.number += 1
        pending.not_before = time.monotonic() + pause
        self._pending[step] = pending

    def _end(self, news: Item) -> None:
        record = news.record
        missed = crossing(record, self._good, self._request)
        if missed is not None:
            record = failed(record, missed)
            news = replace(news, record=record)
        self._ended[record.step_run.step] = record
        if record.step_run.state.good:
            self._good[record.step_run.step] = record
        self._news.add(news)

    def _stop(self) -> None:
        """Stop all that runs; every step that has not ended is cancelled then."""
        self._interrupted = True
        stopping = [
            threading.Thread(target=job.cancel, daemon=True) for job, _ in self._active.values()
        ]
        for thread in stopping:
            thread.start()
        self._preparations.cancel(_PREPARING)
        deadline = time.monotonic() + _STOPPING
        while self._active and time.monotonic() < deadline:
            with contextlib.suppress(queue.Empty, KeyboardInterrupt):
                self._take(self._reports.get(timeout=_TICK))
        for _, pending in self._active.values():
            self._pending[pending.due.step] = pending
        for step in self._order:
            if step not in self._ended:
                self._end(self._cancelled(step))
        self._active.clear()
        self._pending.clear()

    def _cancelled(self, step: StepName) -> Item:
        pending = self._pending.get(step)
        if pending is None:
            return Item(failed(StepRecord(StepRun(step, State.WAITING)), _CANCELLED))
        step_run = StepRun(step, State.WAITING, pending.number, pending.due.key)
        failure = _CANCELLED
        if step in self._active:
            failure = replace(failure, message="it could not be stopped", hint=_STUCK)
        return Item(failed(StepRecord(step_run), failure), claim=pending.claim)

    def _abandon(self) -> None:
        """End a run that cannot go on: leave nothing running, record what can be."""
        with contextlib.suppress(CellwrightError):
            self._stop()
            self._finished_anyhow()
        for job in self._leaving:
            job.join(_PREPARING)

    def _finished_anyhow(self) -> None:
        now = datetime.now(UTC)
        run = self._request.id
        self._news.tell(
            lambda records: self._parts.records.finish_run(run, State.FAILED, now, records)
        )


def _identities(
    executor: Executor, request: RunRequest, steps: Iterable[StepName]
) -> dict[StepName, Digest]:
    """Return what stands for the environment of each step; equal ones are asked once."""
    known: dict[Environment, Digest] = {}
    for step in steps:
        environment = request.environments[step]
        if environment not in known:
            known[environment] = executor.identity(environment)
    return {step: known[request.environments[step]] for step in steps}
