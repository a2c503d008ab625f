"""Owns the child while it runs: its streams, the signals for it, its end."""

import os
import select
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType

from .logs import Stream

GRACE = 5.0
"""Seconds that an interrupted child has to end by itself."""
LINGER = 5.0
"""Seconds that a child has for its exit handlers, after its report."""
DRAIN = 1.0
"""Seconds that are read on after the child's end, where others hold its streams."""


@dataclass(frozen=True)
class Ending:
    """How the child ended. `code` is its exit code, `signal` what killed it (or 0);
    `peak_memory` is in bytes. `before_report` tells that the interrupt came first."""

    code: int
    signal: int
    peak_memory: int
    interrupted: bool
    before_report: bool


class Watch:
    """Waits for the child, and does what must be done meanwhile."""

    def __init__(self, pid: int, streams: list[Stream], report: str) -> None:
        self._pid = pid
        self._open = list(streams)
        self._report = report
        self._signals = 0
        self._passed_on = 0
        self._before_report = False
        self._kill_at: float | None = None
        self._reported = False

    def until_over(self) -> Ending:
        """Return when the child is gone and its last words are in the logs."""
        wake, waker = os.pipe()
        for descriptor in (wake, waker):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._count)
        status, peak = self._wait(wake)
        self._drain()
        _end_leftovers()
        for stream in self._open:
            stream.close()
        killed_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0
        return Ending(code, killed_by, peak, self._signals > 0, self._before_report)

    def _count(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1

    def _wait(self, wake: int) -> tuple[int, int]:
        while True:
            self._pump([wake], 0.25)
            try:
                while os.read(wake, 64):
                    pass
            except BlockingIOError:
                pass
            pid, status, usage = os.wait4(self._pid, os.WNOHANG)
            if pid:
                return status, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
            self._pass_signals_on()
            self._end_lingerer()

    def _pump(self, others: list[int], seconds: float) -> bool:
        by_descriptor = {stream.descriptor: stream for stream in self._open}
        ready, _, _ = select.select([*by_descriptor, *others], [], [], seconds)
        for descriptor in ready:
            stream = by_descriptor.get(descriptor)
            if stream is not None and not stream.pump():
                stream.close()
                self._open.remove(stream)
        return any(descriptor in by_descriptor for descriptor in ready)

    def _pass_signals_on(self) -> None:
        if self._signals > self._passed_on:
            first = self._passed_on == 0
            self._passed_on = self._signals
            if first:
                self._before_report = not os.path.exists(self._report)
                self._kill_at = time.monotonic() + GRACE
            self._kill(signal.SIGINT if first and self._signals == 1 else signal.SIGKILL)
        elif self._kill_at is not None and time.monotonic() >= self._kill_at:
            self._kill(signal.SIGKILL)

    def _end_lingerer(self) -> None:
        """Do not wait for ever on threads and exit handlers once all is saved."""
        if not self._reported and os.path.exists(self._report):
            self._reported = True
            if self._kill_at is None:
                self._kill_at = time.monotonic() + LINGER

    def _kill(self, number: int) -> None:
        # The child is not reaped yet, so its id is still its own.
        os.kill(self._pid, number)

    def _drain(self) -> None:
        deadline = time.monotonic() + DRAIN
        while self._open and time.monotonic() < deadline:
            if not self._pump([], 0):
                return


def _end_leftovers() -> None:
    """End what the child left running, all in our process group."""
    if os.getpgrp() != os.getpid():
        return  # the group is not ours: there may be others in it
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # As process 1 of a container we are not reached ourselves, so there may be nobody.
    # The group 1 then means all processes of the container: whatever else runs in it.
    with suppress(ProcessLookupError):
        os.killpg(os.getpgrp(), signal.SIGTERM)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
