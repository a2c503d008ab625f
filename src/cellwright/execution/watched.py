"""Owns the wait for something that was started: its end, its time limit, its stopping."""

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from cellwright.base.errors import MachineError
from cellwright.execution.executor import Outcome

GRACE = ((signal.SIGINT, 1.5), (signal.SIGTERM, 1.5), (signal.SIGKILL, 15.0))
"""What a step is asked to end by, and the seconds it has to follow."""


@dataclass(frozen=True, slots=True)
class Handle:
    """What is to be known of a started thing.

    `await_end` blocks until nothing of it runs, and tells how it ended. `send` gives it a
    signal, and does nothing where it ended already. `ended` is called once after its end,
    whatever came between. `name` is for messages.
    """

    name: str
    await_end: Callable[[], Outcome]
    send: Callable[[signal.Signals], None]
    ended: Callable[[], None] = lambda: None


class Watched:
    """A started thing; a thread waits for its end, another for its time limit (seconds)."""

    def __init__(self, handle: Handle, *, timeout: float | None) -> None:
        self._handle = handle
        self._done = threading.Event()
        self._stopping = threading.Lock()
        self._reason = ""
        self._outcome = Outcome(-1, "engine-lost", f"{handle.name} was not waited for to its end")
        self._timer = threading.Timer(timeout, self._time_out) if timeout is not None else None

    def start(self) -> None:
        """Begin to wait, and to count the time."""
        if self._timer is not None:
            self._timer.daemon = True
            self._timer.start()
        name = f"wait for {self._handle.name}"
        threading.Thread(target=self._watch, name=name, daemon=True).start()

    def wait(self, seconds: float | None = None) -> Outcome | None:
        """Return how it ended, or None when it still runs after so many seconds."""
        return self._outcome if self._done.wait(seconds) else None

    @property
    def stopping(self) -> bool:
        """Tell whether we are the ones who end it."""
        return bool(self._reason)

    def stop(self, reason: str = "cancelled") -> None:
        """Interrupt, then terminate, then kill; within 5 s, for all that can be killed.

        The first reason is the one that counts. Another that calls it meanwhile waits for
        the same end.

        Raises:
            MachineError: it cannot be signalled, or outlives SIGKILL.
        """
        with self._stopping:
            if self._done.is_set():
                return
            self._reason = self._reason or reason
            for number, seconds in GRACE:
                self._handle.send(number)
                if self._done.wait(seconds):
                    return
        raise MachineError(f"{self._handle.name} does not end, not even by SIGKILL")

    def _time_out(self) -> None:
        try:
            self.stop("timeout")
        except MachineError:
            return  # the thread that waits will find the engine gone, and say so

    def _watch(self) -> None:
        try:
            outcome = self._handle.await_end()
            self._outcome = replace(outcome, reason=self._reason or outcome.reason)
        finally:
            if self._timer is not None:
                self._timer.cancel()
            try:
                self._handle.ended()
            finally:
                self._done.set()
