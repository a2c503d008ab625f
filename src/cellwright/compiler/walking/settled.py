"""Owns what need not be walked again: work that adds nothing to what is known by now.

Towers of functions that call one another, or are called back, would be walked as often as
there are ways through them. What a walk finds depends on the names and objects that are
known, which only ever grow in number: work that was done with all that is known, and added
nothing, would find the same again.
"""

from collections.abc import Callable, Hashable
from typing import NamedTuple

from cellwright.compiler.walking.heap import Value
from cellwright.compiler.walking.machine import Machine
from cellwright.compiler.walking.sites import Variable


class Known(NamedTuple):
    """All that a walk may depend on, apart from names."""

    growth: int
    returns: int
    states: int
    folder: str | None
    at_work: frozenset[int]
    """Generators and bound methods that are not gone into once more."""


class Result(NamedTuple):
    """What some work gave: `known` is what was known at its end, if that was so before."""

    known: Known | None
    names: dict[str, Variable]
    value: Value
    round: int


def once(m: Machine, key: Hashable, work: Callable[[], Value]) -> Value:
    """Return what some work gives, without doing it where that would add nothing.

    `key` is what the work is done with; where it is done is added to it. Within what is
    called back, no work is done twice in one round: the round is noted as hasty instead.
    """
    definition = m.definition.number if m.definition is not None else None
    manner = (definition, m.guards > 0, m.doubts == 0)
    full = (key, m.cell, m.context, manner)
    known = known_now(m)
    old: Result | None = m.settled.get(full)
    if old is not None and old.names is m.names:
        if old.known == known:
            return old.value
        if old.round == m.round and m.calling_back > 1:
            m.hasty = True
            return old.value
    names = m.lend()
    found = work()
    unchanged = m.names is names and known_now(m) == known
    m.settled[full] = Result(known if unchanged else None, names, found, m.round)
    return found


def known_now(m: Machine) -> Known:
    """Return what is known at this point of the walk."""
    states = len(m.seeded) + len(m.set_up) + len(m.kept)
    return Known(m.heap.growth, m.returns, states, m.folder, frozenset(m.yielding | m.bound))
