from dataclasses import dataclass
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwright.base.canonical import digest_of, encode

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


class Colour(Enum):
    RED = 1


@dataclass(frozen=True)
class Point:
    x: int


def spelled(value):
    """Return a text that differs wherever kind or content differs."""
    if isinstance(value, dict):
        return "{" + ",".join(sorted(f"{spelled(k)}:{spelled(v)}" for k, v in value.items())) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(spelled, value)) + "]"
    return f"{type(value).__name__}({value!r})"


@given(VALUES, VALUES)
def test_two_values_have_one_encoding_only_if_they_are_the_same(left, right):
    assert (encode(left) == encode(right)) == (spelled(left) == spelled(right))


@pytest.mark.parametrize(
    "values",
    [(1, True, 1.0, "1", b"1"), (0.0, -0.0), (("a", "b"), ("ab",)), (None, "", b"", (), {})],
)
def test_values_that_look_alike_differ(values):
    assert len({digest_of(value) for value in values}) == len(values)


def test_the_order_of_keys_and_members_does_not_count():
    assert encode({"a": 1, "b": 2}) == encode({"b": 2, "a": 1})
    assert encode({"x", "y", "z"}) == encode({"z", "y", "x"})


def test_dataclasses_and_enums_have_an_encoding():
    assert encode(Point(1)) != encode(Point(2))
    assert encode(Colour.RED) != encode("RED")


def test_a_value_without_an_encoding_is_refused():
    with pytest.raises(TypeError, match="object has no canonical encoding"):
        encode([object()])
