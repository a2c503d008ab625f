"""Owns what the ledger is told of a run: in batches, objects before the rows that name them."""

from collections.abc import Callable
from dataclasses import dataclass

from cellwright.execution.records import Claim, Emit, Objects
from cellwright.execution.workers import Job
from cellwright.model.events import StepFinished
from cellwright.model.run import StepRecord


@dataclass(frozen=True, slots=True)
class Item:
    """An attempt that is over, and what waits for its being recorded.

    `final` is false for an attempt that is followed by another.
    """

    record: StepRecord
    message: str = ""
    final: bool = True
    job: Job | None = None
    claim: Claim | None = None


class News:
    """The attempts of a run that the ledger does not know yet."""

    def __init__(self, objects: Objects, emit: Emit) -> None:
        self._objects = objects
        self._emit = emit
        self._items: list[Item] = []

    def __bool__(self) -> bool:
        return bool(self._items)

    def add(self, item: Item) -> None:
        """Keep an item until it is told."""
        self._items.append(item)

    def tell(self, write: Callable[[list[StepRecord]], None]) -> None:
        """Write all there is in one transaction, then say so and let go of what waited.

        Raises:
            StoreError: it cannot be written; what waited is let go of nevertheless.
        """
        items, self._items = self._items, []
        try:
            self._objects.sync()
            write([item.record for item in items])
            for item in items:
                if item.final:
                    self._emit(_event(item))
        finally:
            for item in items:
                if item.claim is not None:
                    item.claim.release()
                if item.job is not None:
                    item.job.let_go()


def _event(item: Item) -> StepFinished:
    step_run = item.record.step_run
    message = item.message
    if step_run.failure is not None:
        failure = step_run.failure
        place = f"cell {failure.cell}: " if failure.cell is not None else ""
        message = f"{place}{failure.message}"
    return StepFinished(
        step_run.step, step_run.state.value, step_run.seconds, dict(step_run.metrics), message
    )
