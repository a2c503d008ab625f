"""Owns what a person sees while a pipeline runs: a live table, or plain lines."""

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self, assert_never

import click

from cellwright.cli.output import console, number, seconds
from cellwright.model.events import (
    Event,
    PhaseFinished,
    PhaseProgress,
    PhaseStarted,
    PlanMade,
    RunFinished,
    StepFinished,
    StepStarted,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

_PHASES = {
    "lock": "locking",
    "build": "building",
    "environment": "preparing",
    "reference": "running",
}
_DONE = {"lock": "locked", "build": "built", "environment": "prepared", "reference": "ran"}
_MARKS = {
    "waiting": ("·", "dim"),
    "running": ("▶", "cyan"),
    "cached": ("●", "blue"),
    "succeeded": ("✔", "green"),
    "failed": ("✘", "red"),
    "cancelled": ("■", "yellow"),
    "skipped": ("↷", "dim"),
}


class View(Protocol):
    """Shows the events of a run to somebody."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *failure: object) -> None: ...

    def emit(self, event: Event) -> None:
        """Show one event; called from any thread."""


class SilentView:
    """Shows nothing: for `--json`, which prints one document at the end."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        return

    def emit(self, event: Event) -> None:
        """Pass over the event."""


class PlainView:
    """One line for each event: for logs, pipes and continuous integration."""

    def __init__(self, *, logs: bool) -> None:
        self._tails = Tails(self._say) if logs else None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        if self._tails:
            self._tails.close()

    def emit(self, event: Event) -> None:
        """Print the event's line."""
        if self._tails:
            self._tails.follow(event)
        if text := line(event):
            self._say(text)

    def _say(self, text: str) -> None:
        with self._lock:
            click.echo(text, err=True)


def line(event: Event) -> str:
    """Return the one line that says an event; "" for what is not worth a line."""
    match event:
        case PlanMade():
            return f"run {event.run} on the {event.executor} executor: {_outlook(event)}"
        case PhaseStarted():
            return f"{_PHASES[event.phase]} {event.subject}"
        case PhaseProgress():
            return f"  {_first(event.subject)}: {event.text}"
        case PhaseFinished():
            how = "is there already" if event.reused else f"in {seconds(event.seconds)}"
            return f"{_DONE[event.phase]} {event.subject} {how}"
        case StepStarted():
            again = f" (attempt {event.attempt})" if event.attempt > 1 else ""
            return f"step {event.step}: running{again}"
        case StepFinished():
            return _step_line(event)
        case RunFinished():
            return f"run {event.run}: {event.state} in {seconds(event.seconds)}"
    assert_never(event)


def _first(subject: str) -> str:
    """Return what tells phases apart that go on at the same time, in a word."""
    first, more, _ = subject.partition(",")
    return f"{first.rpartition(' ')[2]}{', …' if more else ''}"


def _outlook(event: PlanMade) -> str:
    """Return what is to be expected of the steps, those of one outlook together."""
    known = {*event.cached, *event.undecided}
    groups = (
        (event.cached, "from the cache"),
        ([step for step in event.steps if step not in known], "to run"),
        (event.undecided, "to run unless the inputs turn out as before"),
    )
    return "; ".join(f"{', '.join(steps)} {outlook}" for steps, outlook in groups if steps)


def _step_line(event: StepFinished) -> str:
    took = "" if event.state in ("cached", "skipped") else f" in {seconds(event.seconds)}"
    metrics = "".join(f", {name} = {number(value)}" for name, value in event.metrics.items())
    message = f": {event.message}" if event.message else ""
    return f"step {event.step}: {event.state}{took}{metrics}{message}"


class LiveView:
    """A table of the steps that changes in place; finished work scrolls away above it."""

    def __init__(self, *, logs: bool) -> None:
        from rich.live import Live

        self._states: dict[str, StepFinished | StepStarted | None] = {}
        self._begun: dict[str, float] = {}
        self._phases: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()
        self._console = console(stderr=True)
        self._live = Live(
            console=self._console, get_renderable=self._table, refresh_per_second=8, transient=True
        )
        self._tails = Tails(self._above) if logs else None

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *failure: object) -> None:
        if self._tails:
            self._tails.close()
        self._live.stop()
        if self._states:
            self._console.print(self._table())

    def emit(self, event: Event) -> None:
        """Take the event into the table."""
        if self._tails:
            self._tails.follow(event)
        with self._lock:
            self._take(event)

    def _take(self, event: Event) -> None:
        match event:
            case PlanMade():
                self._states = dict.fromkeys(event.steps)
                self._above(line(event))
            case PhaseStarted():
                self._phases[event.phase, event.subject] = line(event)
            case PhaseProgress():
                self._phases[event.phase, event.subject] = (
                    f"{_PHASES[event.phase]} {event.subject}: {event.text}"
                )
            case PhaseFinished():
                self._phases.pop((event.phase, event.subject), None)
                self._above(line(event))
            case StepStarted():
                self._states[event.step] = event
                self._begun[event.step] = time.monotonic()
            case StepFinished():
                self._states[event.step] = event
            case RunFinished():
                self._phases.clear()

    def _above(self, text: str) -> None:
        from rich.text import Text

        self._live.console.print(Text(text))

    def _table(self) -> "RenderableType":
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, show_header=False)
        for name, event in list(self._states.items()):
            state, took, note = self._row(name, event)
            mark, style = _MARKS[state]
            table.add_row(
                Text(mark, style), Text(name), Text(state, style), Text(took), Text(note, "dim")
            )
        phases = [
            Text("… " + text, "cyan", overflow="ellipsis", no_wrap=True)
            for text in list(self._phases.values())
        ]
        return Group(*phases, table)

    def _row(self, name: str, event: StepFinished | StepStarted | None) -> tuple[str, str, str]:
        if event is None:
            return "waiting", "", ""
        if isinstance(event, StepStarted):
            return "running", seconds(time.monotonic() - self._begun[name]), ""
        took = "" if event.state in ("cached", "skipped") else seconds(event.seconds)
        metrics = [f"{key} = {number(value)}" for key, value in event.metrics.items()]
        return event.state, took, ", ".join([*metrics, event.message] if event.message else metrics)


class Tails:
    """Follows the logs of running steps, and says their lines with the step's name."""

    def __init__(self, say: "_Say") -> None:
        self._say = say
        self._open: dict[str, Path] = {}
        self._read: dict[str, int] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def follow(self, event: Event) -> None:
        """Begin or end following a step."""
        with self._lock:
            if isinstance(event, StepStarted):
                self._open[event.step] = Path(event.log)
                self._read[event.step] = 0
            elif isinstance(event, StepFinished) and event.step in self._open:
                self._drain(event.step, last=True)
                del self._open[event.step]

    def close(self) -> None:
        """Say what is left and stop."""
        self._closed.set()
        self._thread.join(timeout=2)

    def _watch(self) -> None:
        while not self._closed.wait(0.15):
            with self._lock:
                for step in self._open:
                    self._drain(step, last=False)

    def _drain(self, step: str, *, last: bool) -> None:
        try:
            with self._open[step].open("rb") as handle:
                handle.seek(self._read[step])
                fresh = handle.read(1 << 20)
        except OSError:
            return  # not there yet, or taken into the store already
        if not last:
            fresh = fresh[: fresh.rfind(b"\n") + 1]
        self._read[step] += len(fresh)
        for text in fresh.decode("utf-8", "replace").splitlines():
            # A progress bar overwrites its line: its last state is what a log shows.
            self._say(f"{step} │ {text.rsplit(chr(13), 1)[-1]}")


class _Say(Protocol):
    def __call__(self, text: str) -> None: ...
