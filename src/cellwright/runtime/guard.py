"""Owns the check that a step leaves unchanged what it was declared not to change.

Each guarded input is compared with its artifact when the cells are done. In between it is
compared after a statement where that is cheap beside what the cells have taken so far, so
that a breach is found near the statement that did it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .faults import StepFault
from .manifest import StepSpec
from .names import Names
from .program import Statement
from .watched import Watched, watch

SHARE = 0.02
"""Of the time that the cells have taken, what checks between statements may take."""
ALLOWANCE = 0.004
"""Seconds that checks between statements may take whatever the share: all of them, for small
inputs. They are counted as estimated, not as measured, so that a busy machine finds a breach
at the same statement as an idle one."""


@dataclass(frozen=True)
class Place:
    """A statement that ran, and its cell."""

    cell: int
    statement: Statement

    @property
    def line(self) -> int:
        """Return the line in the cell where the statement begins."""
        return self.statement.line


class Guard:
    """The guarded inputs of one step, as they were loaded."""

    def __init__(
        self,
        spec: StepSpec,
        attempt: str,
        namespace: dict[str, Any],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._namespace = namespace
        self._clock = clock
        self._watched: list[_Input] = []
        names = Names(spec.definitions)
        for artifact in spec.inputs:
            for name in artifact.wanted:
                if name not in spec.unchanged or name not in namespace:
                    continue
                began = clock()
                found = watch(name, namespace[name], artifact, attempt, names)
                if found is not None:
                    self._watched.append(_Input(name, found, took=clock() - began))
        self._began = clock()

    def after(self, cell: int, statement: Statement) -> None:
        """Check after a statement what is cheap to check.

        Raises:
            StepFault: an input was changed; it is named, with the line that did it.
        """
        place = Place(cell, statement)
        for entry in self._watched:
            entry.since.append(place)
            if entry.granted + entry.watched.estimate <= ALLOWANCE / len(self._watched):
                entry.granted += entry.watched.estimate
                self._check(entry)
            elif entry.spent + entry.cost <= SHARE * (self._clock() - self._began):
                entry.spent += self._check(entry)

    def check(self) -> None:
        """Check all that was not checked since the last statement.

        Raises:
            StepFault: as for `after`.
        """
        for entry in self._watched:
            self._check(entry)

    def _check(self, entry: "_Input") -> float:
        """Raise if an input was changed; return what it took to tell, in seconds."""
        began = self._clock()
        same = entry.watched.same()
        entry.cost = self._clock() - began
        if not same:
            raise self._fault(entry)
        entry.since.clear()
        return entry.cost

    def _fault(self, entry: "_Input") -> StepFault:
        from .suspects import mentions

        name, places = entry.name, entry.since
        found = mentions(name, places, self._namespace) or places
        at = found[0] if found else None
        where = "the step"
        if at is not None and len(found) == 1:
            where = f"cell {at.cell}, line {at.line},"
        elif at is not None:
            rest = ", ".join(f"cell {each.cell}, line {each.line}" for each in found[1:5])
            more = f" or {len(found) - 5} more" if len(found) > 5 else ""
            where = f"one of cell {at.cell}, line {at.line}, {rest}{more}"
        return StepFault(
            "input",
            f"{where} changes `{name}` in place, which the compiler did not see; "
            "later steps would not see it either",
            hint=f"bind the name in the cell that changes it, such as `{name} = {name}`, "
            "or change a copy",
            cell=at.cell if at is not None else None,
            line=at.line if at is not None and len(found) == 1 else None,
        )


class _Input:
    """One guarded input: what a check of it costs in seconds, what its checks have cost of
    the share (`spent`) and of the allowance (`granted`), and the statements that ran since
    it was last found unchanged."""

    def __init__(self, name: str, watched: Watched, *, took: float) -> None:
        self.name = name
        self.watched = watched
        self.spent = took
        self.granted = 0.0
        self.cost = watched.estimate
        self.since: list[Place] = []
