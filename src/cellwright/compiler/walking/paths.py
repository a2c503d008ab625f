"""Owns the namespaces at one point of a walk, and what they are where two paths meet."""

from dataclasses import dataclass, field
from typing import NamedTuple

from cellwright.compiler.reading.scopes import Scope
from cellwright.compiler.walking.heap import NOTHING, UNBOUND, Place, Thing, Value
from cellwright.compiler.walking.sites import MISSING, Variable


@dataclass(slots=True)
class Frame:
    """A call in progress, a class body, or a comprehension."""

    scope: Scope
    cell: int
    context: tuple[int, ...]
    place: Place
    names: dict[str, Value] = field(default_factory=dict)
    closure: tuple[int, ...] = ()
    cells: Thing | None = None
    returned: Value = NOTHING
    exits: list["Snapshot"] = field(default_factory=list)
    entry: dict[str, Value] = field(default_factory=dict)
    recursive: bool = False
    module: str = ""
    """The local module whose body this is."""


class Namespace:
    """The names of the module, which many points of the walk may refer to at once.

    `names` is copied before it is written to, if it was lent.
    """

    def __init__(self) -> None:
        self.names: dict[str, Variable] = {}
        self.stores: dict[str, int] = {}
        """How often the walk has bound each name so far."""
        self._lent = False

    def lend(self) -> dict[str, Variable]:
        """Return the names as they are; they stay so."""
        self._lent = True
        return self.names

    def go_back(self, names: dict[str, Variable]) -> None:
        """Let the names be what they were where they were lent."""
        self.names = names
        self._lent = True

    def put(self, name: str, variable: Variable) -> None:
        """Let a name mean something else."""
        if self._lent:
            self.names = dict(self.names)
            self._lent = False
        self.names[name] = variable
        self.stores[name] = self.stores.get(name, 0) + 1

    def join(self, other: dict[str, Variable]) -> bool:
        """Let each name mean what it does here or there; tell whether that adds anything."""
        if other is self.names:
            return False
        new = False
        for name in [*other, *(name for name in self.names if name not in other)]:
            old, there = self.names.get(name, MISSING), other.get(name, MISSING)
            if old is there:
                continue
            both = joined(old, there)
            if both != old:
                self.put(name, both)
                new = True
        return new


class Snapshot(NamedTuple):
    """The namespaces at one point of a walk."""

    names: dict[str, Variable]
    own: dict[str, Value]


@dataclass(slots=True)
class Loop:
    """Where `break` and `continue` of a loop left it."""

    breaks: list[Snapshot] = field(default_factory=list)
    continues: list[Snapshot] = field(default_factory=list)


def joined(one: Variable, other: Variable) -> Variable:
    """Return what a name means where two paths meet."""
    if one is other or one == other:
        return one
    same = one.definition if one.definition == other.definition else None
    origin = one.origin if one.origin == other.origin else -1
    return Variable(one.value | other.value, origin, same)


def join_own(target: dict[str, Value], other: dict[str, Value]) -> bool:
    """Add to one scope's names what they are on another path; tell whether that is new."""
    new = False
    for name in other.keys() | target.keys():
        old = target.get(name)
        both = (old if old is not None else frozenset((UNBOUND,))) | other.get(
            name, frozenset((UNBOUND,))
        )
        if both != old:
            target[name] = both
            new = True
    return new
