"""Owns the namespaces at one point of a walk, and what they are where two paths meet."""

from dataclasses import dataclass, field
from typing import NamedTuple

from cellwright.compiler.reading.scopes import Scope
from cellwright.compiler.walking.heap import NOTHING, UNBOUND, Place, Thing, Value
from cellwright.compiler.walking.sites import Variable


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
