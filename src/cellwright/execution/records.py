"""Owns what execution needs of a store: objects, a history to write, answers to find."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cellwright.base.canonical import Digest
from cellwright.model.events import Event
from cellwright.model.run import Run, RunId, State, StepRecord

Emit = Callable[[Event], None]
"""Takes an event; called from any thread."""


class Objects(Protocol):
    """Write-once bytes by digest; every method raises StoreError."""

    def take_file(self, path: Path, *, expected: Digest | None = None) -> Digest:
        """File a file of ours, which is moved away; its bytes must have that digest."""

    def put_file(self, path: Path, *, expected: Digest | None = None) -> Digest:
        """File a copy of a file."""

    def path(self, digest: Digest) -> Path:
        """Return the file of an intact object."""

    def sync(self) -> None:
        """Make durable all that was filed so far."""

    def settle(self) -> None:
        """Note for later what is known of the objects; losing it costs time only."""


class Records(Protocol):
    """The history of runs; every method raises StoreError."""

    def start_run(self, run: Run) -> None:
        """Record that a run begins."""

    def record_steps(self, run: RunId, records: Sequence[StepRecord]) -> None:
        """Record attempts at steps, all or none."""

    def finish_run(
        self, run: RunId, state: State, finished: datetime, records: Sequence[StepRecord] = ()
    ) -> None:
        """Record how a run ended, and the last attempts with it."""


class Cache(Protocol):
    """Answers by cache key."""

    def find(self, key: Digest) -> StepRecord | None:
        """Return the step run that answers a key, with `source_run` set."""


class Claim(Protocol):
    """The right to be the one that executes a cache key."""

    def release(self) -> None:
        """Give it back; idempotent."""


class Claims(Protocol):
    """Single flight: of several step runs with one key, one executes, over all processes."""

    def claim(self, key: Digest) -> Claim | None:
        """Return the claim, or None while another step run has it."""
