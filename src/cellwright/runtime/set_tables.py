"""Owns how a set is made again with the table that it has.

Only its order and its size show by themselves. So the table is read where CPython keeps
it, and what is found is proven: the set is made again here, and the tables are compared.
"""

import struct
import sys
from collections.abc import Callable, Collection, Container
from functools import cache
from itertools import compress
from typing import Any, NamedTuple

from .faults import OutputError
from .set_building import LEAST, Recipe, at_once, fill, frozen

AnySet = set[Any] | frozenset[Any]

_PIECE = 1 << 16
"""Bytes of a table that are read at a time; more would take the system's time, too."""
_HEAD = struct.Struct("nnnPnn")
_START = object.__basicsize__
_SLOT = struct.calcsize("Pn")
_DUMMY = -1
"""The hash of what was removed; nothing else has it."""
_LINEAR, _SHIFT = 9, 5
"""How CPython probes: so many slots after the first, then elsewhere by so many bits."""
_OF_A_PLACE = (type(None), type(...), type(NotImplemented), type)
"""Kinds whose values are hashed by where they are, which can be the same in all processes."""
_HASHED_BY_PARTS = frozenset({tuple, frozenset})

Reader = Callable[[int, int], bytes]
Entry = tuple[int, int, Any]
"""A slot, and the hash and the item there."""


class Head(NamedTuple):
    """What a set knows of its table; `filled` counts dummies, too."""

    filled: int
    used: int
    mask: int
    finger: int


def recipe(thing: AnySet) -> Recipe | None:
    """Return how a set is made again; None where adding its items one by one does it.

    So it is, too, where addresses are its hashes: it has another order in each process.

    Raises:
        OutputError: it is not known how.
    """
    try:
        return _proven(thing)
    except (OutputError, MemoryError):
        raise
    except Exception as error:  # the notebook's own `__hash__` and `__eq__` run here
        why = f"an item raised `{type(error).__name__}` when it was hashed or compared"
        raise _unknown(thing, why) from error


def items_of(thing: AnySet) -> list[Any]:
    """Return the items of a set, whatever its class shows of them."""
    return [*(set.__iter__(thing) if isinstance(thing, set) else frozenset.__iter__(thing))]


def _proven(thing: AnySet) -> Recipe | None:
    kind: type[AnySet] = set if isinstance(thing, set) else frozenset
    items = items_of(thing)
    read = _reader()
    if read is None:
        _refuse_by_what_shows(thing, kind(items))
        return None
    if _same(read, thing, kind(items)) or by_chance(items):
        return None
    found = _recipe(read, thing, items)
    for size in (0, found.size):
        tried = found._replace(size=size)
        if _same(read, thing, _made(kind, tried)):
            return tried
    if kind is frozenset:
        raise _unknown(thing, "it is not known from what it was made")
    raise _unknown(thing, "items of it were changed after they were put in")


def same_at_once(thing: frozenset[Any], by: Recipe) -> bool:
    """Tell whether `set_building.at_once` is all it takes to make a frozen set again."""
    read = _reader()
    return read is not None and _same(read, thing, frozenset(at_once(by.items, by.size)))


def head(thing: AnySet) -> Head | None:
    """Return what a set knows of its table, if that can be read."""
    read = _reader()
    return None if read is None else _head(read, thing)[0]


def _head(read: Reader, thing: AnySet) -> tuple[Head, int]:
    filled, used, mask, table, _, finger = _HEAD.unpack(read(id(thing) + _START, _HEAD.size))
    return Head(filled, used, mask, finger), table


def _made(kind: type[AnySet], by: Recipe) -> AnySet:
    if kind is frozenset:
        return frozen(by)
    found: set[Any] = set()
    fill(found, by)
    return found


def _same(read: Reader, one: AnySet, other: AnySet) -> bool:
    """Tell whether two sets have the same objects in the same slots."""
    *mine, here, _, finger = _HEAD.unpack(read(id(one) + _START, _HEAD.size))
    *theirs, there, _, other_finger = _HEAD.unpack(read(id(other) + _START, _HEAD.size))
    if mine != theirs or finger != other_finger:
        return False
    size = (mine[2] + 1) * _SLOT
    if size <= _PIECE:
        return read(here, size) == read(there, size)
    return all(
        read(here + at, min(_PIECE, size - at)) == read(there + at, min(_PIECE, size - at))
        for at in range(0, size, _PIECE)
    )


def _recipe(read: Reader, thing: AnySet, items: list[Any]) -> Recipe:
    head, table = _head(read, thing)
    slots, hashes = _taken(read, table, head.mask + 1)
    gone: list[int] = []
    if head.filled != head.used:
        gone = [slot for slot, found in zip(slots, hashes, strict=True) if found == _DUMMY]
        slots = [slot for slot, found in zip(slots, hashes, strict=True) if found != _DUMMY]
        hashes = [found for found in hashes if found != _DUMMY]
    first: list[Any] = []
    evading: list[Entry] = []
    for entry in zip(slots, hashes, items, strict=True):
        if entry[1] & head.mask == entry[0]:
            first.append(entry[2])
        else:
            evading.append(entry)
    then, late = _in_order(evading, head.mask)
    taken = frozenset(hashes) if gone or late else frozenset()
    return Recipe(
        [*first, *then, *late.values()],
        head.mask + 1,
        [_stand_in(slot, head.mask, taken) for slot in gone],
        [_stand_in(slot, head.mask, taken) for slot in late],
        head.finger,
    )


def _taken(read: Reader, table: int, size: int) -> tuple[list[int], list[int]]:
    """Return the slots that are not free, and the hashes there."""
    slots: list[int] = []
    hashes: list[int] = []
    many = _PIECE // _SLOT
    for start in range(0, size, many):
        end = min(size, start + many)
        words = memoryview(read(table + start * _SLOT, (end - start) * _SLOT)).cast("q").tolist()
        keys = words[::2]
        slots += compress(range(start, end), keys)
        hashes += compress(words[1::2], keys)
    return slots, hashes


def _in_order(evading: list[Entry], mask: int) -> tuple[list[Any], dict[int, Any]]:
    """Return items that are not where they are tried first so that each finds its slot.

    Where two wait for each other, one of them took the place of another that was there
    before: these are returned by their slots, as those that come late.
    """
    order: list[Any] = []
    late: dict[int, Any] = {}
    free = {slot: item for slot, _, item in evading}
    waiting: dict[int, list[Entry]] = {}
    ready = evading[::-1]
    while ready or waiting:
        if not ready:
            slot, ready = waiting.popitem()
            late[slot] = free.pop(slot)
            continue
        slot, likeness, item = entry = ready.pop()
        if slot not in free:
            continue  # it comes late
        found = _first_free(likeness, mask, free)
        if found == slot:
            del free[slot]
            order.append(item)
            ready += waiting.pop(slot, ())
        else:
            waiting.setdefault(found, []).append(entry)
    return order, late


def _first_free(likeness: int, mask: int, free: Container[int]) -> int:
    """Return the first of these slots at which an item is tried."""
    perturb = likeness & (1 << 64) - 1
    at = perturb & mask
    while True:
        for each in range(at, at + (_LINEAR if at + _LINEAR <= mask else 0) + 1):
            if each in free:
                return each
        perturb >>= _SHIFT
        at = (at * 5 + 1 + perturb) & mask


def _stand_in(slot: int, mask: int, hashes: Container[int]) -> int:
    """Return an integer that is tried at a slot first, and is compared with no item."""
    while slot in hashes:
        slot += mask + 1
    return slot


def by_chance(items: Collection[Any], fixed: tuple[type, ...] = _OF_A_PLACE) -> bool:
    """Tell whether what decides the order is where in memory the items happen to be.

    What is of the kinds in `fixed` is taken to be at the same place in all processes.
    """
    kinds = set(map(type, items))
    if any(
        getattr(kind, "__hash__", None) is object.__hash__ and not issubclass(kind, fixed)
        for kind in kinds
    ):
        return True
    return not kinds.isdisjoint(_HASHED_BY_PARTS) and any(
        by_chance(each, fixed) for each in items if type(each) in _HASHED_BY_PARTS
    )


def _refuse_by_what_shows(thing: AnySet, again: AnySet) -> None:
    kind, items = type(again), items_of(thing)
    shown, found = ((kind.__sizeof__(each), [*map(id, items_of(each))]) for each in (thing, again))
    if shown != found and not by_chance(items):
        raise _unknown(thing, "this Python cannot look into it without `ctypes`")


def _unknown(thing: AnySet, why: str) -> OutputError:
    return OutputError(
        f"`{type(thing).__qualname__}` would come back in another order: {why}",
        culprit=thing,
        hint="hand on a list of it, and make the set where it is used",
    )


@cache
def _reader() -> Reader | None:
    """Return what reads memory, if a table is where it is looked for; that is tried on one."""
    expected = _START + _HEAD.size + LEAST * _SLOT + struct.calcsize("P")
    if sys.implementation.name != "cpython" or set.__basicsize__ != expected or _SLOT != 16:
        return None
    try:
        from ctypes import string_at
    except ImportError:
        return None  # some Pythons are built without it
    known = {1, 2, 3}
    known.discard(2)
    known.pop()
    found, table = _head(string_at, known)
    if found != Head(3, 1, LEAST - 1, 2):
        return None
    return string_at if _taken(string_at, table, LEAST) == ([1, 2, 3], [-1, -1, 3]) else None
