"""Owns building a set whose table has a wanted size, and wanted items in wanted slots.

A set is iterated in the order of its table, and what is added later goes where the table
has room. The table tells of the set's past: it has the size of when it was last resized,
items that collided stand in the order in which they came, and the slot of an item that was
removed is not free, but a dummy. `set(items)` has a past of its own.

So the same is done again that must have been done: the table is given its size, and each
item is added when all slots are taken at which it is tried before its own. An integer is
tried first at its value modulo the size, so integers stand in for items that are gone.

No item is compared with what is none of the set's if there is another way: the classes of
a notebook need not bear it, and not each of them says that it does not know the other.
"""

from collections.abc import Iterable, Sequence
from types import WrapperDescriptorType
from typing import Any, NamedTuple

LEAST = 8
"""Slots of a table that has never grown."""
_FEW = 5
"""Items of which it takes an update to make such a table grow at once."""


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
    _fill_before(made, by)
    for stand_in in by.gone:
        set.discard(made, stand_in)


def _fill_before(made: set[Any], by: Recipe) -> None:
    """Fill an empty set, with all in it that was removed in the end."""
    early = len(by.items) - len(by.late)
    keys = [*by.gone, *by.late, *by.items[:early]]
    if keys and by.size > LEAST:
        # The first key finds the slot where it is tried first, which is a dummy by then.
        place = hash(keys[0]) & by.size - 1
        set.update(made, _stopping([place], place, by.size))
        set.discard(made, place)
    set.update(made, keys)
    for stand_in, item in zip(by.late, by.items[early:], strict=True):
        set.discard(made, stand_in)
        set.add(made, item)


def frozen(by: Recipe) -> frozenset[Any]:
    """Return a frozen set."""
    before: Iterable[Any]
    if by.late:
        # Its table is one that a set had, which was copied as it was.
        before = set()
        _fill_before(before, by)
    elif by.gone and by.size:
        # A dict leaves half of the table free. A table that is fuller grew item by item.
        before = [*by.gone, *by.items]
        if len(before) < by.size // 2:
            before = at_once(before, by.size)
    else:
        found: frozenset[Any] = frozenset().union(*_stages([*by.gone, *by.items], by.size))
        return found.difference(by.gone) if by.gone else found
    # What is on the right is made a frozen set, and that is what is taken from.
    return frozenset(by.gone).symmetric_difference(before)


def at_once(items: Sequence[Any], size: int) -> Iterable[Any]:
    """Return what the constructor of a frozen set makes its table from, as far as it can."""
    if size <= LEAST:
        return items
    together = items[: size // 2 - 1]
    return _stopping(together, _twin(together), size) if together else together


def _stages(items: Sequence[Any], size: int) -> list[Iterable[Any]]:
    """Return what an empty frozen set must be updated with, one after the other."""
    if size <= LEAST:
        return [items]
    together, rest = items[: size // 2 - 1], items[size // 2 - 1 :]
    lacking = _least_keys(size) - len(together)
    if lacking <= 0 or not together:
        return [dict.fromkeys(together), rest]
    twin = _twin(together)
    if _bears_others(twin) or not _twice(together[:lacking], lacking, size):
        return [_stopping(together, twin, size), rest]
    # Keys that are there already count, too. The first are tried at slots of their own, so
    # the table may grow when they are in it. A dict must not bring in so many of them that
    # they get half of the size: there all keys have room, and it would not grow again.
    few = min(lacking, size // 8 - 1)
    return [dict.fromkeys(together[:few]), together[:lacking], dict.fromkeys(together), rest]


def _twice(keys: Sequence[Any], lacking: int, size: int) -> bool:
    """Tell whether the keys that are lacking can be some that are counted twice."""
    slots = {hash(key) & size - 1 for key in keys}
    return len(slots) == lacking <= size // 8


def _least_keys(size: int) -> int:
    """Return how large a dict gives a set so many slots.

    An update with N keys of a dict resizes the table first, to the power of two above 2 N.
    Other ways to grow leave more room.
    """
    return max(size // 4, _FEW)


def _stopping(items: Sequence[Any], twin: Any, size: int) -> dict[Any, None]:
    """Return a dict that gives a set so many slots, and puts these items there.

    What it has more of is none of the set's: once it has come to the ghost of an item,
    there are no more keys.
    """
    keys: dict[Any, None] = dict.fromkeys(items)
    lacking = _least_keys(size) - len(keys)
    if lacking > 0:
        ghost = _Ghost(hash(twin))
        keys[ghost] = None
        keys.update(dict.fromkeys([object() for _ in range(lacking - 1)]))
        ghost.keys = keys
    return keys


class _Ghost:
    """Empties a dict, and is then equal to the item of a set with which it is compared."""

    __slots__ = ("_hash", "keys")

    # A number of numpy would take it for another, and answer before it is asked.
    __array_ufunc__ = None

    def __init__(self, likeness: int) -> None:
        self._hash = likeness
        self.keys: dict[Any, None] = {}

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if not self.keys:
            return self is other
        self.keys.clear()
        return True


def _twin(items: Sequence[Any]) -> Any:
    """Return the item that is compared with a ghost: the first, if none bears it for sure."""
    return next(filter(_bears_others, items), items[0])


def _bears_others(item: Any) -> bool:
    """Tell whether an item is compared by C, which leaves what it does not know to the other."""
    return type(type(item).__eq__) is WrapperDescriptorType
