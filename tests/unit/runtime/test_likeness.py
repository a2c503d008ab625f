"""Two values side by side: when they are the same, and where they are not."""

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import functools
import math
import pickle
import random
import re

import pytest

from cellwright.runtime.likeness import SHARED, Likeness, shown


def differences(one, other, path="x"):
    walk = Likeness()
    walk.compare(one, other, path)
    return walk.differences


def places(one, other):
    return [each.path for each in differences(one, other)]


@dataclasses.dataclass
class Point:
    x: object
    y: object = None


class Keyed:
    """Equal to whatever has its key."""

    def __init__(self, key, note):
        self.key, self.note = key, note

    def __eq__(self, other):
        return self.key == other.key

    def __hash__(self):
        return hash(self.key)


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


def adder(n):
    return lambda x: x + n


def make_cycle():
    ring = [1]
    ring.append(ring)
    return ring


SAME = [
    lambda: None,
    lambda: 10**30,
    lambda: -0.0,
    lambda: float("nan"),
    lambda: "text",
    lambda: {"a": [1, (2, 3)], "b": {4, 5}},
    lambda: Point(1, Point(2)),
    lambda: Colour.RED,
    lambda: adder(2),
    lambda: functools.partial(max, 3, key=abs),
    lambda: re.compile("a+"),
    lambda: decimal.Decimal("1.10"),
    lambda: dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
    lambda: collections.OrderedDict(a=1),
    lambda: collections.deque([1, 2], maxlen=3),
    lambda: collections.defaultdict(list, {1: [2]}),
    lambda: random.Random(5),
    lambda: ValueError("bad", 3),
    lambda: [].append,
    lambda: range(3),
    make_cycle,
]


@pytest.mark.parametrize("make", SAME)
def test_a_value_is_like_another_that_is_made_the_same_way(make):
    assert differences(make(), make()) == []


DIFFERENT = [
    (1, True, "x"),
    (1, 1.0, "x"),
    (0.0, -0.0, "x"),
    ("a", "b", "x"),
    ([1, 2], [1, 3], "x[1]"),
    ([1], [1, 2], "len(x)"),
    ((1,), [1], "x"),
    ({"a": 1}, {"a": 2}, "x['a']"),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "x.keys()[0]"),
    ({1, 2}, {1, 3}, "sorted(x)[1]"),
    ({15, 7}, {7, 15}, "list(x)"),
    (Point(1, [2]), Point(1, [3]), "x.y[0]"),
    (Colour.RED, Colour.BLUE, "x.<arguments>[0]"),
    (adder(1), adder(2), "x: the variable n"),
    (functools.partial(max, 3), functools.partial(max, 4), "x.<state>[1][0]"),
    (random.Random(1), random.Random(2), None),
    (collections.deque([1], 2), collections.deque([1], 3), None),
]


@pytest.mark.parametrize(("one", "other", "path"), DIFFERENT)
def test_what_differs_is_found_and_its_place_is_told(one, other, path):
    found = places(one, other)

    assert found
    assert path is None or found[0].startswith(path)


def test_other_code_is_another_function():
    assert places(lambda x: x + 1, lambda x: x - 1) == ["x"]
    assert differences(lambda x: x + 1, lambda x: x + 1) == []


def test_identity_within_a_value_counts():
    part = [1]

    found = differences([part, part], [[1], [1]])

    assert [each.path for each in found] == ["x[1]"]
    assert "shared" in found[0].one
    assert places([[1], [1]], [part, part]) == ["x[1]"]
    assert differences([part, part], [part, part]) == []


def test_which_string_or_tuple_it_is_does_not_count():
    pair = (1, "a")

    assert differences([pair, pair], [(1, "a"), (1, "a")]) == []


def test_the_order_of_sets_counts_but_for_what_has_another_in_each_process():
    things = [object() for _ in range(50)]
    last_first = things[::-1]

    assert places([{15, 7}], [{7, 15}]) == ["list(x[0])"]
    assert differences(set(things), set(last_first)) == []
    assert differences({(1, each) for each in things}, {(1, each) for each in last_first}) == []


def test_the_gap_of_two_numbers_is_relative():
    (found,) = differences([1.0, 2.0], [1.0, 2.0000002])

    assert found.path == "x[1]"
    assert found.gap == pytest.approx(1e-7)
    assert differences(1, 2)[0].gap == math.inf


def test_what_is_shown_is_bounded_and_safe_to_print():
    class Rude:
        def __repr__(self):
            raise RuntimeError

    assert len(shown("y" * 1000)) == 200
    assert shown("\x1b[31m") == "'\\x1b[31m'"
    assert "RuntimeError" in shown(Rude())


def test_not_all_of_many_differences_are_collected():
    assert len(differences(list(range(100)), list(range(1, 101)))) == 20


class TestArrays:
    np = pytest.importorskip("numpy")

    @pytest.mark.parametrize(
        "make",
        [
            lambda np: np.arange(6).reshape(2, 3),
            lambda np: np.array([1.0, np.nan]),
            lambda np: np.array([], dtype="M8[s]"),
            lambda np: np.array([[1, "a"], [None, [2]]], dtype=object),
            lambda np: np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
            lambda np: np.ma.array([1, 2], mask=[True, False]),
            lambda np: np.random.default_rng(3),
            lambda np: np.float32(1.5),
            lambda np: np.array(["a", "bc"]),
        ],
    )
    def test_equal_arrays_are_alike(self, make):
        assert differences(make(self.np), make(self.np)) == []

    def test_the_first_element_that_differs_is_named(self):
        np = self.np
        one, other = np.zeros((2, 2)), np.zeros((2, 2))
        other[1, 0] = 1e-12

        (found,) = differences(one, other)

        assert (found.path, found.one, found.other) == ("x[1, 0]", "0.0", "1e-12")

    def test_type_shape_and_mask_count(self):
        np = self.np

        assert places(np.zeros(2), np.zeros(2, "f4")) == ["x.dtype"]
        assert places(np.zeros(2), np.zeros(3)) == ["x.shape"]
        assert places(
            np.ma.array([1, 2], mask=[True, False]), np.ma.array([1, 2], mask=[False, False])
        )
        assert places(np.random.default_rng(1), np.random.default_rng(2))


class TestFrames:
    pd = pytest.importorskip("pandas")

    def frame(self, **options):
        pd = self.pd
        return pd.DataFrame(
            {
                "a": [1, 2],
                "b": pd.Categorical(["u", "v"]),
                "c": pd.to_datetime(["2026-01-01", None], utc=True),
                "d": [{"k": [1]}, None],
            },
            **options,
        )

    def test_equal_frames_are_alike(self):
        assert differences(self.frame(), self.frame()) == []
        assert differences(self.frame()["b"], self.frame()["b"]) == []
        assert differences(self.frame().groupby("a").size(), self.frame().groupby("a").size()) == []

    @pytest.mark.parametrize(
        ("change", "path"),
        [
            (lambda f: f.assign(a=[1, 3]), "x['a'][1]"),
            (lambda f: f.assign(a=[1.0, 2.0]), "x['a'].dtype"),
            (lambda f: f.rename(columns={"a": "z"}), "x.columns[0]"),
            (lambda f: f.set_index([[5, 6]]), "x.index"),
            (lambda f: f.iloc[:1], "len(x.index)"),
            (lambda f: f.assign(b=f["b"].cat.rename_categories({"v": "w"})), "x['b'].dtype"),
        ],
    )
    def test_labels_types_and_values_count(self, change, path):
        found = places(self.frame(), change(self.frame()))

        assert found[0].startswith(path)


class TestFigures:
    plt = pytest.importorskip("matplotlib.figure")

    def drawn(self, color="b"):
        figure = self.plt.Figure()
        axes = figure.subplots(2)
        axes[0].plot([1, 2], [3, 4], color=color, marker="o")
        return figure, axes

    def test_figures_that_are_drawn_alike_are_alike(self):
        figure, axes = self.drawn()
        copied = pickle.loads(pickle.dumps((figure, axes)))

        assert differences((figure, axes), copied) == []
        assert differences(self.drawn(), self.drawn()) == []

    def test_another_colour_is_a_difference(self):
        assert "_color" in places(self.drawn(), self.drawn(color="r"))[0]


class TestIterators:
    numpy = pytest.importorskip("numpy")

    def test_iterators_over_arrays_count_for_their_array_and_their_place(self):
        one, same, further, other = (
            self.numpy.array(values).flat for values in ([1, 2], [1, 2], [1, 2], [1, 3])
        )
        next(further)

        assert differences(one, same) == []
        assert places(one, further)
        assert places(one, other)


def test_what_is_one_object_there_and_several_here_is_compared_all_the_same():
    shared = {"loss": 0.5}

    found = differences([shared, shared], [{"loss": 0.5}, {"loss": 99.0}])

    assert [(each.path, each.one) for each in found] == [
        ("x[1]", SHARED),
        ("x[1]['loss']", "0.5"),
    ]


def test_many_shared_objects_leave_room_for_values_that_differ():
    shared = ["same"]
    one, other = [[shared] * 25, 0.9], [[["same"] for _ in range(25)], 0.1]

    assert places(one, other) == ["x[0][1]", "x[1]"]


@pytest.mark.parametrize(
    ("one", "other", "place"),
    [
        ({1, 2}, {1.0, 2}, "list(x)[0]"),
        ({1, 2}, {True, 2}, "list(x)[0]"),
        ({0.0}, {-0.0}, "list(x)[0]"),
        ({Keyed("a", 1)}, {Keyed("a", 2)}, "list(x)[0].note"),
    ],
)
def test_items_of_equal_sets_are_compared(one, other, place):
    assert places(one, other) == [place]


def test_groups_of_a_table_are_compared_by_what_they_are_made_from():
    pd = pytest.importorskip("pandas")
    one, other, third = (pd.Series([1.0, 2.0, last]) for last in (3, 3, 4))

    assert differences(one.groupby([1, 1, 2]), other.groupby([1, 1, 2])) == []
    assert differences(one.groupby([1, 1, 2]), third.groupby([1, 1, 2])) != []
    assert differences(one.groupby([1, 1, 2]), other.groupby([1, 2, 2])) != []
