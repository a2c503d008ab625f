"""Owns a run from its first decision to its last record: what is ready runs, in parallel."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from cellwright.execution.executor import Executor
from cellwright.execution.progress import Progress
from cellwright.execution.records import Cache, Claims, Emit, Objects, Records
from cellwright.execution.request import RunRequest
from cellwright.model.run import Run


class Scheduler:
    """Runs pipelines on one executor, against one store."""

    def __init__(  # noqa: PLR0913  # the parts that a run touches
        self,
        executor: Executor,
        objects: Objects,
        records: Records,
        cache: Cache,
        claims: Claims,
        *,
        folder: Path,
        parallel: int | None = None,
        keep: bool = False,
    ) -> None:
        """Take the parts.

        Args:
            executor: runs the components.
            objects: takes what they make.
            records: is told of every attempt.
            cache: answers for steps that ran before.
            claims: keeps two runs from executing one step at once.
            folder: attempt folders are made in it, one folder per run.
            parallel: how many steps run at once; by default as many as there are
                processors, but at most four.
            keep: whether the attempt folders of failed steps stay.
        """
        self.executor = executor
        self.objects = objects
        self.records = records
        self.cache = cache
        self.claims = claims
        self.folder = folder
        self.parallel = parallel or min(4, os.cpu_count() or 1)
        self.keep = keep

    def run(self, request: RunRequest, emit: Emit, cancel: threading.Event | None = None) -> Run:
        """Execute a request to its end, and return how it went.

        When `cancel` is set, or Ctrl-C pressed, all that runs is stopped and the run ends
        as cancelled; what has finished is kept, and nothing is left running.

        Raises:
            UsageError: a step was asked for that does not exist.
            MachineError: the store or the executor fails as a whole; a step that the
                machine fails is a failed step instead.
        """
        progress = Progress(self, request, emit, cancel or threading.Event())
        with _interrupts(progress.interrupt):
            return progress.to_the_end()


@contextmanager
def _interrupts(interrupt: Callable[[], None]) -> Iterator[None]:
    """Have Ctrl-C ask for an end, instead of an exception from anywhere in our midst.

    Whoever has set a handler of their own is not disturbed: they have their `cancel`.
    """
    ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if not ours:
        yield
        return

    def handle(_number: int, _frame: FrameType | None) -> None:
        interrupt()

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
