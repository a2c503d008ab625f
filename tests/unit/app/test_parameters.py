import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwright.app.parameters import parse_assignments
from cellwright.base.errors import UsageError
from cellwright.model.pipeline import Parameter
from cellwright.model.source import CellId, Position, Span

HERE = Span(CellId("a"), 1, Position(1, 0), Position(1, 1))


def parameter(name: str, default: object) -> Parameter:
    return Parameter(name, type(default).__name__, repr(default), HERE)


@pytest.mark.parametrize(
    ("default", "text", "expected"),
    [
        (100, "200", 200),
        (100, "-7", -7),
        (100, "0x10", 16),
        (0.1, "3", 3.0),
        (0.1, "1e-3", 0.001),
        (0.1, "inf", float("inf")),
        (True, "false", False),
        (False, "yes", True),
        ("a", "b=c d", "b=c d"),
        ("a", "", ""),
        ("a", "'; import os", "'; import os"),
        (None, "5", 5),
        (None, "word", "word"),
        ([1], "[2, 3]", [2, 3]),
        ([1], '["a", true]', ["a", True]),
        ({"lr": 0.1}, '{"lr": 0.5}', {"lr": 0.5}),
        ((1, 2), "(3, 4)", (3, 4)),
        ({1}, "{2}", {2}),
        (b"a", "b'c'", b"c"),
        (1j, "2+1j", 2 + 1j),
    ],
)
def test_a_value_is_read_by_the_type_of_the_default(default, text, expected):
    values = parse_assignments([f"x={text}"], [parameter("x", default)])

    found = ast.literal_eval(values["x"])
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("default", "text"),
    [
        (1, "1.5"),
        (1, "many"),
        (0.1, "nan"),
        (True, "maybe"),
        ([1], "{1: 2}"),
        ((1,), "__import__('os')"),
        ({"a": 1}, "[" * 5000),
    ],
)
def test_a_value_of_another_type_is_refused_with_the_default(default, text):
    with pytest.raises(UsageError, match="parameter `x` is of type") as caught:
        parse_assignments([f"x={text}"], [parameter("x", default)])

    assert repr(default) in str(caught.value.hint)


def test_an_unknown_name_is_refused_with_the_nearest_one():
    with pytest.raises(UsageError, match="no parameter is called `n_estimator`") as caught:
        parse_assignments(["n_estimator=1"], [parameter("n_estimators", 1)])

    assert "n_estimators" in str(caught.value.hint)


def test_an_assignment_without_a_value_is_refused():
    with pytest.raises(UsageError, match="not NAME=VALUE"):
        parse_assignments(["rate"], [parameter("rate", 0.1)])


@given(st.text())
def test_any_text_is_the_value_of_a_string_parameter(text):
    values = parse_assignments([f"x={text}"], [parameter("x", "")])

    assert ast.literal_eval(values["x"]) == text


@given(st.text(), st.sampled_from([1, 0.5, True, None, [1], (1,), {"a": 1}, {1}, b"a", 1j]))
def test_any_text_is_a_value_of_the_type_or_a_usage_error(text, default):
    try:
        values = parse_assignments([f"x={text}"], [parameter("x", default)])
    except UsageError:
        return

    if default is not None:
        assert type(ast.literal_eval(values["x"])) is type(default)
