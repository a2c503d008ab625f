"""Owns building a set whose table has a wanted size, and wanted items in wanted slots.

A set is iterated in the order of its table, and what is added later goes where the table
has room. The table tells of the set's past: it has the size of when it was last resized,
items that collided stand in the order in which they came, and the slot of an item that was
removed is not free, but a dummy. `set(items)` has a past of its own.

So the same is done again that must have been done: the table is given its size, and each
item is added when all slots are taken at which it is tried before its own. An integer is
tried first at its value modulo the size, so integers stand in for items that are gone.
"""

from collections.abc import Iterable, Sequence
from itertools import cycle, islice
from typing import Any, NamedTuple

LEAST = 8
"""Slots of a table that has never grown."""
_FEW = 5
"""Items of which it takes an update to make such a table grow at once."""
_PLAIN = frozenset({int, str, float, bytes, tuple, frozenset, bool, complex})


class Recipe(NamedTuple):
    """How a set is made: of what items, and what its past was.

    The table gets `size` slots, or as many as it takes where that is 0. `gone` are integers
    whose slots become dummies; `pop` goes on at the slot `finger`. Of the last items, each
    takes the place of an integer in `late`: when those came that had to evade its slot,
    another had it. Tuples of these stand in stored artifacts.
    """

    items: Sequence[Any]
    size: int = 0
    gone: Sequence[int] = ()
    late: Sequence[int] = ()
    finger: int = 0

    def stored(self) -> tuple[Any, ...]:
        """Return what must be said of it: most sets have their items in another order, only."""
        return (self.items,) if self[1:] == (0, [], [], 0) else tuple(self)


def fill(made: set[Any], by: Recipe) -> None:
    """Fill an empty set."""
    if by.finger:
        # `clear` leaves it where it is. Each of these integers stands in its own slot.
        set.update(made, dict.fromkeys(range(by.finger)))
        for _ in range(by.finger):
            set.pop(made)
        set.clear(made)
    if not (by.size or by.gone or by.late):
        set.update(made, by.items)
        return
    early = len(by.items) - len(by.late)
    set.update(made, *_stages([*by.gone, *by.late, *by.items[:early]], by.size))
    for stand_in, item in zip(by.late, by.items[early:], strict=True):
        set.discard(made, stand_in)
        set.add(made, item)
    for stand_in in by.gone:
        set.discard(made, stand_in)


def frozen(by: Recipe) -> frozenset[Any]:
    """Return a frozen set."""
    if by.late:
        # Its table is one that a set had, which was copied as it was.
        made: set[Any] = set()
        fill(made, by)
        return frozenset(made)
    found: frozenset[Any] = frozenset().union(*_stages([*by.gone, *by.items], by.size))
    return found.difference(by.gone) if by.gone else found


def at_once(items: Sequence[Any], size: int) -> Iterable[Any]:
    """Return what the constructor of a frozen set makes its table from, as far as it can."""
    first: Iterable[Any] = _stages(items, size)[0]
    return first


def _stages(items: Sequence[Any], size: int) -> list[Any]:
    """Return what an empty set must be updated with, one after the other.

    An update with N keys of a dict resizes the table first, to the power of two above 2 N.
    Other ways to grow leave more room: there ghosts count as keys, too.
    """
    if size <= LEAST:
        return [items]
    together = items[: size // 2 - 1]
    ghosts = _ghosts(together, max(size // 4, _FEW) - len(together))
    keys = dict.fromkeys(together)
    keys.update(dict.fromkeys(ghosts))
    for ghost, twin in ghosts.items():
        ghost.twin = twin
    rest = items[len(together) :]
    return [keys, rest] if rest else [keys]


class _Ghost:
    """Counts as a key of a dict, and is equal to an item of the set when that is updated."""

    __slots__ = ("_hash", "twin")

    def __init__(self, likeness: int) -> None:
        self._hash = likeness
        self.twin: Any = None

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (self.twin is not None and other is self.twin)


def _ghosts(items: Sequence[Any], count: int) -> dict[_Ghost, Any]:
    if count <= 0:
        return {}
    # Classes of the notebook may not expect to be compared with what is none of theirs.
    twins = [each for each in items if type(each) in _PLAIN] or items
    return {_Ghost(hash(each)): each for each in islice(cycle(twins), count)}
