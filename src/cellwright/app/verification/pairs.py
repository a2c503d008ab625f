"""Owns a raw finding: one thing that two runs made, and every place where it differs."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from cellwright.model.equivalence import Subject
from cellwright.model.pipeline import StepName

MOST = 20
"""Differences that are collected of one thing."""

_INDICES = re.compile(r"\[[\d, ]+\]|line \d+")


@dataclass(frozen=True, slots=True)
class Difference:
    """A place at which two things are not the same, and what stands there, bounded.

    `gap` is that of two numbers, relative to the larger, and infinite for anything else;
    `cell` is known where the thing is what a certain cell showed or printed.
    """

    path: str
    one: str
    other: str
    gap: float = math.inf
    cell: int | None = None

    @property
    def place(self) -> str:
        """Return the path without indices: which element differs first may be chance."""
        return _INDICES.sub("[]", self.path)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two things that should be the same: `exact` if their bytes are; `trouble` says why
    they could not be compared."""

    step: StepName
    subject: Subject
    name: str
    exact: bool = False
    differences: tuple[Difference, ...] = ()
    trouble: str = ""

    @property
    def key(self) -> tuple[StepName, Subject, str]:
        """Return what the same thing has in another comparison."""
        return (self.step, self.subject, self.name)


def covers(known: Iterable[Difference], found: Iterable[Difference]) -> bool:
    """Tell whether each place that was found lies at, in or around one that is known."""
    places = {each.place for each in known}
    return all(
        any(
            each.place == place
            or each.place.startswith(place.rstrip(")"))
            or place.startswith(each.place.rstrip(")"))
            for place in places
        )
        for each in found
    )


def presence(thing: object | None) -> str:
    """Return the word for a side of a comparison that has something, or has not."""
    return "not there" if thing is None else "there"
