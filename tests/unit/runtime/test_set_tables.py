"""That a set is made again with the very table it had, whatever its items are."""

import random
import time
from collections.abc import Callable, Iterable
from datetime import date, timedelta

import numpy as np
import pytest

from cellwright.runtime import set_rebuild, set_tables
from cellwright.runtime.faults import OutputError

AnySet = set | frozenset


class Node:
    """Is written as most are: it takes for granted that it is compared with its like."""

    def __init__(self, name: int) -> None:
        self.name = name

    def __hash__(self) -> int:
        return hash(self.name)

    def __eq__(self, other: object) -> bool:
        return self.name == other.name  # type: ignore[attr-defined]


class Crowded(Node):
    """All of them are tried at one slot first, in tables of any size."""

    def __hash__(self) -> int:
        return self.name << 40


KINDS: dict[str, Callable[[int], object]] = {
    "int": int,
    "node": Node,
    "crowded": Crowded,
    "int64": np.int64,
    "float64": np.float64,
    "datetime64": lambda n: np.datetime64(n, "D"),
    "date": lambda n: date(2000, 1, 1) + timedelta(n),
    "tuple": lambda n: (n, 0),
}


def made_again(thing: AnySet) -> AnySet:
    """Return the set that a later step has."""
    found = set_tables.recipe(thing)
    if isinstance(thing, frozenset):
        return frozenset([*thing]) if found is None else set_rebuild.frozen_set(*found.stored())
    made: set = set()
    if found is None:
        made.update([*thing])
    else:
        set_rebuild.set_items(made, found.stored())
    return made


def same_tables(one: AnySet, other: AnySet) -> bool:
    read = set_tables._reader()
    assert read is not None
    return set_tables._same(read, one, other)


def with_a_past(chance: random.Random, kind: Callable[[int], object]) -> set:
    """Return a set to which much happened."""

    def some(count: int) -> Iterable:
        picked = [chance.choice(pool) for _ in range(chance.randrange(1, count))]
        return chance.choice([list, set, dict.fromkeys])(picked)

    count = chance.choice([5, 8, 20, 70, 300])
    pool = [kind(chance.randrange(4 * count) * chance.choice([1, 8])) for _ in range(count)]
    made = set(some(count))
    for _ in range(4):
        change = chance.choice([made.update, made.difference_update])
        change(some(2 * count))
        chance.choice([made.add, made.discard])(chance.choice(pool))
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_a_set_of_any_kind_has_its_table_again(kind: str) -> None:
    chance = random.Random(kind)
    sets = [with_a_past(chance, KINDS[kind]) for _ in range(150)]

    assert all(same_tables(each, made_again(each)) for each in sets)
    assert sum(set_tables.recipe(each) is not None for each in sets) > 50


FROZEN: dict[str, Callable[[list], frozenset]] = {
    "a union": lambda items: frozenset(items[:10]) | set(items[:10]),
    "a union of eight": lambda items: frozenset(set(items[:7])).union(items[7:8], set(items[:8])),
    "what differs": lambda items: frozenset(items[:30]) ^ set(items[2:40]),
    "what differs, in a fuller table": lambda items: frozenset(items[:3]).symmetric_difference(
        items[1:17]
    ),
}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "crowded"])
@pytest.mark.parametrize("past", FROZEN)
def test_a_frozen_set_of_any_kind_has_its_table_again(kind: str, past: str) -> None:
    thing = FROZEN[past]([KINDS[kind](n * 37 % 127) for n in range(50)])

    assert same_tables(thing, made_again(thing))


def test_a_set_of_many_kinds_is_made_in_time() -> None:
    days: set = {date(1970, 1, 1) + timedelta(n) for n in range(20_000)}
    days.add("unknown")
    days = days ^ {date(1970, 1, 1), date(1970, 1, 2)}
    begin = time.process_time()

    assert same_tables(days, made_again(days))
    assert time.process_time() - begin < 5  # of quadratic time it took more than 30


def test_a_set_is_refused_whose_items_raise() -> None:
    things = {Node(1), Node(2)}
    for each in things:
        del each.name

    with pytest.raises(OutputError, match="an item raised `AttributeError` when it was") as told:
        set_tables.recipe(things)

    assert "a list of it" in (told.value.hint or "")


def test_a_class_of_frozen_sets_is_made_of_a_dict_whose_size_the_table_has() -> None:
    items = [np.int64(n * 37 % 127) for n in range(8)]
    thing = frozenset(set(items[:7])).union(items, set(items))
    found = set_tables.recipe(thing)

    assert found is not None
    made = set_rebuild.frozen_set_of(frozenset, tuple(found.items), found.size)
    assert same_tables(thing, made)
