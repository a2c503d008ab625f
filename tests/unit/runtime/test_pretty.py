"""The text of values beside the one that IPython gives them, line by line."""

import collections
import datetime as dt
import functools
import os
import re
import types

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwright.runtime.pretty import pretty

theirs = pytest.importorskip("IPython.lib.pretty")


class Meta(type):
    def __repr__(cls):
        return f"the class {cls.__name__}"


class Named(metaclass=Meta):
    pass


class Bare:
    class Inner:
        pass

    def method(self):
        """Do nothing."""


class Listed(list):
    pass


class Lines(dict):
    def __repr__(self):
        return "Lines\n  of\nthree"


class Paged:
    def __init__(self, count=30):
        self.count = count

    def _repr_pretty_(self, page, cycle):
        with page.group(2, "Paged(", ")"):
            for at in range(self.count):
                if at:
                    page.text(",")
                    page.breakable()
                page.pretty("text" * (at % 5))
            page.break_()
            with page.indent(4):
                page.text("end")
                page.breakable("")
                page.text("…" if cycle else ".")


class TroubleError(ValueError):
    pass


Point = collections.namedtuple("Point", "x y")  # noqa: PYI024  # it has no class statement


def typed(one, *rest: int, named: "str" = "a", **others) -> list:
    """Do nothing."""


def circles():
    xs = [1]
    xs.append(xs)
    table = {}
    table["table"] = table
    ordered = collections.OrderedDict(a=xs)
    ordered["self"] = ordered
    queue = collections.deque([1])
    queue.append(queue)
    space = types.SimpleNamespace(a=1)
    space.space = space
    kept = collections.defaultdict(list)
    kept["k"] = kept
    return [xs, table, ordered, queue, space, kept]


BARE = Bare()
VALUES = [
    *(None, True, ..., NotImplemented, 1, 2.5, -0.0, 1j, "a'b", "a\nb", b"x", "x" * 200),
    *(["x" * 200, "y" * 90], ["a\nb"], {"k" * 60: ["v" * 60, "w"]}, (1,), (), [], {}, set()),
    *(frozenset(), {3, 1, 2}, {1, "a"}, frozenset({"b", "a"}), {Named, int}),
    *(list(range(2000)), dict.fromkeys(range(1500)), set(range(1200)), tuple(range(1000))),
    *(typed, [typed, len, print], {"f": typed}, [].append, dict.fromkeys, str.join, lambda: 0),
    *(Named, [Named, Bare, int], Bare.Inner, type, Meta, BARE, [BARE, BARE], BARE.method),
    *(Named(), Listed([1, 2]), [Listed()], Lines(a=1), [Lines(), Lines()], Paged(), [Paged(3)] * 3),
    *(TroubleError("a", 1), KeyError("k"), ValueError(), [OSError(2, "no")], TroubleError),
    collections.defaultdict(list, {"a": [1]}),
    collections.OrderedDict((str(n), n) for n in range(30)),
    *(collections.OrderedDict(), collections.Counter("abracadabra"), collections.Counter()),
    *(collections.deque([1, 2], 3), collections.deque(range(60)), collections.UserList([1])),
    *(types.SimpleNamespace(a=1, long=["x" * 50, "y" * 50]), types.MappingProxyType({"a": 1})),
    *(re.compile("a\\d+", re.IGNORECASE), re.compile(b"a"), super(Listed, Listed([1]))),
    *(
        dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
        [dt.timedelta(1)],
        slice(1, 2),
        range(3),
        Point(1, [2]),
    ),
    *(functools.partial(typed, 1), types.ModuleType("made"), os.environ, iter([]).__class__),
    *circles(),
    circles(),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_has_the_text_that_a_notebook_shows(value):
    assert pretty(value) == theirs.pretty(value)


LEAVES = st.one_of(
    st.integers(),
    st.text(max_size=40),
    st.text("ab\n", max_size=60),
    st.sampled_from(
        [*VALUES[:12], typed, Named, Bare, BARE, Point(1, "a" * 30), Paged(2), Lines()]
    ),
)


def _nested(inner):
    lists = st.lists(inner, max_size=8)
    tables = st.dictionaries(st.text(max_size=30) | st.integers(), inner, max_size=5)
    return st.one_of(
        lists,
        lists.map(tuple),
        lists.map(Listed),
        lists.map(collections.deque),
        lists.map(lambda items: TroubleError(*items)),
        tables,
        tables.map(collections.OrderedDict),
        tables.map(lambda table: collections.defaultdict(dict, table)),
        tables.map(types.MappingProxyType),
        st.sets(st.text(max_size=40) | st.integers(), max_size=8),
        st.frozensets(st.text(max_size=40), max_size=8),
        st.dictionaries(st.sampled_from(["a", "bcd"]), inner).map(
            lambda table: types.SimpleNamespace(**table)
        ),
    )


@settings(max_examples=300, deadline=None)
@given(st.recursive(LEAVES, _nested, max_leaves=40))
def test_nested_values_break_their_lines_where_a_notebook_does(value):
    assert pretty(value) == theirs.pretty(value)


def test_what_a_repr_raises_is_raised():
    class Bad:
        def __repr__(self):
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        pretty([Bad()])


def test_an_object_that_makes_up_its_attributes_has_its_own_text():
    class Agreeable:
        def __getattr__(self, name):
            return self

        def __call__(self, *given):
            return self

    value = Agreeable()

    assert pretty([value]) == theirs.pretty([value])
