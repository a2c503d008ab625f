"""Owns a raw finding: one thing that two runs made, and every place where it differs."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from cellwright.model.equivalence import Subject
from cellwright.model.pipeline import StepName
from cellwright.runtime.likeness import APART, SHARED

MOST = 20
"""Differences that are collected of one thing."""

_INDICES = re.compile(r"\[[\d, ]+\]|line \d+")
_SIZES = re.compile(r"^len\((.*)\)$|\.shape$")
_ORDERED = re.compile(r"(?:sorted|list)\((.*)\)|\.keys\(\)")
_OWNERS = re.compile(r"\.(?=[^\W\d]\w*)")


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
        """Return the path to the part that differs, whichever elements of it do, and how.

        Whether two runs give other elements, or another number of them, may be chance.
        """
        path = _ORDERED.sub(r"\1", _SIZES.sub(r"\1[]", self.path))
        return _INDICES.sub("[]", path).replace("[][]", "[]")

    @property
    def of_identity(self) -> bool:
        """Tell whether several objects are here what is one there: all in them is the same."""
        return (self.one, self.other) == (SHARED, APART)

    @property
    def owners(self) -> tuple[str, ...]:
        """Return the objects that the place lies in as an attribute, or as part of one."""
        place = self.place
        return tuple(place[: dot.start()] for dot in _OWNERS.finditer(place))


Key = tuple[StepName, Subject, str]


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
    def telling(self) -> tuple[Difference, ...]:
        """Return the differences that count: where values differ, those alone."""
        return tuple(each for each in self.differences if not each.of_identity) or self.differences

    @property
    def key(self) -> Key:
        """Return what the same thing has in another comparison."""
        return (self.step, self.subject, self.name)


def beyond(known: Iterable[Difference], found: Iterable[Difference]) -> tuple[Difference, ...]:
    """Return what was found that lies neither at, in nor around a place that is known."""
    places = {each.place for each in known}
    return tuple(
        each
        for each in found
        if not any(_within(each.place, at) or _within(at, each.place) for at in places)
    )


def _within(place: str, other: str) -> bool:
    """Tell whether a place is another, or a part of what stands there."""
    return place.startswith(other) and place[len(other) : len(other) + 1] in ("", ".", "[", ":")


def presence(thing: object | None) -> str:
    """Return the word for a side of a comparison that has something, or has not."""
    return "not there" if thing is None else "there"
