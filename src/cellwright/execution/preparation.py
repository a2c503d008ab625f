"""Owns making the environments of a run ready: each once, beside the steps that run."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from cellwright.base.canonical import Digest
from cellwright.base.errors import CellwrightError, MachineError
from cellwright.execution.executor import Executor
from cellwright.execution.records import Emit
from cellwright.model.events import PhaseFinished, PhaseProgress, PhaseStarted
from cellwright.model.pipeline import Environment, StepName

_AT_ONCE = 2
_QUIET = 0.3
"""Seconds before work is announced: what is ready already is not worth a line."""

Phase = Literal["lock", "build", "environment"]


class CancelledError(CellwrightError):
    """The run was cancelled while an environment was being made."""


@dataclass(eq=False)
class Preparation:
    """One environment on its way; `failure` is set when it ended badly."""

    environment: Environment
    subject: str
    steps: tuple[StepName, ...]
    begun: float
    announced: bool = False
    ended: bool = False
    failure: CellwrightError | None = None
    bug: BaseException | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    thread: threading.Thread | None = None


class Preparations:
    """The environments of one run, by what stands for them in cache keys."""

    def __init__(self, executor: Executor, emit: Emit, ended: Callable[[], None]) -> None:
        """Take note of `ended` being called, from any thread, whenever one has ended."""
        self._executor = executor
        self._emit = emit
        self._ended = ended
        self._known: dict[Digest, Preparation] = {}
        self._slots = threading.Semaphore(_AT_ONCE)
        self._cancelled = False
        self._phase: Phase = "build" if executor.name == "docker" else "environment"

    def find(self, identity: Digest) -> Preparation | None:
        """Return the preparation of an environment, if it was begun."""
        return self._known.get(identity)

    def begin(
        self, identity: Digest, environment: Environment, steps: tuple[StepName, ...]
    ) -> Preparation:
        """Begin to make an environment ready; `steps` that will run in it, for people."""
        made = Preparation(environment, _subject(steps), steps, time.monotonic())
        self._known[identity] = made
        made.thread = threading.Thread(target=self._make, args=(made,), daemon=True)
        made.thread.start()
        return made

    def announce(self) -> bool:
        """Announce what takes long; tell whether some may have to be announced later."""
        quiet = [made for made in self._known.values() if not (made.announced or made.ended)]
        for made in quiet:
            if time.monotonic() - made.begun > _QUIET:
                self._announce(made)
        return bool(quiet)

    def cancel(self, seconds: float) -> None:
        """Let nothing begin any more, break off what says something, wait for the rest."""
        self._cancelled = True
        deadline = time.monotonic() + seconds
        for made in self._known.values():
            if made.thread is not None:
                made.thread.join(max(0.0, deadline - time.monotonic()))

    def _make(self, made: Preparation) -> None:
        def say(text: str) -> None:
            if self._cancelled:
                raise CancelledError("the run was cancelled")
            self._announce(made)
            self._emit(PhaseProgress(self._phase, made.subject, text))

        try:
            with self._slots:
                if self._cancelled:
                    raise CancelledError("the run was cancelled")
                worked = self._executor.prepare(made.environment, say)
            if worked:
                self._announce(made)
        except CellwrightError as error:
            made.failure = error
        except BaseException as error:  # noqa: BLE001  # a border: nobody else sees it
            made.bug = error
            made.failure = MachineError(f"the environment cannot be made: {error}")
        with made.lock:
            made.ended = True
            announced = made.announced
        if announced and made.failure is None:
            seconds = time.monotonic() - made.begun
            self._emit(PhaseFinished(self._phase, made.subject, seconds))
        self._ended()

    def _announce(self, made: Preparation) -> None:
        with made.lock:
            if made.announced or made.ended:
                return
            made.announced = True
            self._emit(PhaseStarted(self._phase, made.subject, made.steps))


def _subject(steps: tuple[StepName, ...]) -> str:
    named = ", ".join(steps[:3])
    more = f" and {len(steps) - 3} more" if len(steps) > 3 else ""
    return f"the environment of {named}{more}"
