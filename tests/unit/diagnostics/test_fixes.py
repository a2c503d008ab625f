import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwright.diagnostics.diagnostic import Edit, Fix, Retag, Safety
from cellwright.diagnostics.fixes import apply_fixes
from cellwright.model.source import CellId, Position, Span
from support.notebooks import code, ipynb


def edit(number: int, start: tuple[int, int], end: tuple[int, int], text: str) -> Edit:
    return Edit(Span(CellId(f"c{number - 1}"), number, Position(*start), Position(*end)), text)


def fix(*changes: Edit | Retag) -> Fix:
    return Fix("mend", Safety.SAFE, changes)


def sources(payload: bytes) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(payload)["cells"]]


def test_an_edit_replaces_the_text_at_its_place_and_nothing_else() -> None:
    payload = ipynb([code("x = 1\né = foo(2)\n"), code("y = 2")], author="é")

    fixed = apply_fixes(payload, [fix(edit(1, (2, 4), (2, 7), "bar"))])

    assert len(fixed.applied) == 1
    assert fixed.payload == payload.replace(b"foo", b"bar")


def test_a_retag_replaces_the_tags_of_a_cell() -> None:
    payload = ipynb([code("x = 1", "step:a", "hide"), code("y = 2")])

    fixed = apply_fixes(
        payload, [fix(Retag(CellId("c0"), 1, ("hide",)), Retag(CellId("c1"), 2, ("step:b",)))]
    )

    cells = json.loads(fixed.payload)["cells"]
    assert [cell["metadata"]["tags"] for cell in cells] == [["hide"], ["step:b"]]


def test_edits_in_one_cell_do_not_move_each_other() -> None:
    payload = ipynb([code("a = b + c\nd = b")])

    fixed = apply_fixes(
        payload,
        [
            fix(edit(1, (1, 4), (1, 5), "bbbb")),
            fix(edit(1, (2, 4), (2, 5), "b2")),
            fix(edit(1, (1, 8), (1, 9), "")),
        ],
    )

    assert sources(fixed.payload) == ["a = bbbb + \nd = b2"]


def test_a_fix_in_the_way_of_another_is_left_for_later() -> None:
    payload = ipynb([code("a = b + c"), code("d = 1")])
    second = fix(edit(1, (1, 4), (1, 9), "z"), edit(2, (1, 4), (1, 5), "2"))

    fixed = apply_fixes(payload, [fix(edit(1, (1, 4), (1, 5), "y")), second])

    assert second not in fixed.applied
    assert sources(fixed.payload) == ["a = y + c", "d = 1"]


@pytest.mark.parametrize(
    "change",
    [
        edit(3, (1, 0), (1, 1), "x"),
        edit(0, (1, 0), (1, 1), "x"),
        edit(1, (1, 0), (1, 99), "x"),
        edit(1, (5, 0), (5, 0), "x"),
        edit(1, (1, 3), (1, 1), "x"),
        Retag(CellId("x"), 9, ()),
    ],
)
def test_a_fix_whose_place_is_not_there_changes_nothing(change: Edit | Retag) -> None:
    payload = ipynb([code("a = 1"), code("b = 2")])

    assert apply_fixes(payload, [fix(change)]).payload is payload


@pytest.mark.parametrize(
    "layout",
    [
        {"indent": 1},
        {"indent": 4},
        {"indent": "\t"},
        {"separators": (",", ":")},
        {},
        {"indent": 1, "ensure_ascii": False},
    ],
)
@pytest.mark.parametrize("end", ["", "\n"])
def test_the_layout_of_the_file_is_kept(layout: dict, end: str) -> None:
    document = json.loads(ipynb([code("x = 'é'"), code("y = 2")]))
    payload = (json.dumps(document, **layout) + end).encode()

    fixed = apply_fixes(payload, [fix(edit(2, (1, 4), (1, 5), "3"))])

    assert fixed.payload == payload.replace(b"y = 2", b"y = 3")


def test_a_source_of_one_text_and_its_line_ends_stay_what_they_are() -> None:
    cell = {"cell_type": "code", "source": "a = 1\r\nb = 2\r\n", "metadata": {}, "outputs": []}
    payload = json.dumps({"cells": [cell], "nbformat": 4}).encode()

    fixed = apply_fixes(payload, [fix(edit(1, (2, 4), (2, 5), "3"))])

    assert json.loads(fixed.payload)["cells"][0]["source"] == "a = 1\r\nb = 3\r\n"


@pytest.mark.parametrize("payload", [b"", b"[]", b"{}", b'{"worksheets": []}'])
def test_only_a_notebook_can_be_mended(payload: bytes) -> None:
    with pytest.raises(ValueError):
        apply_fixes(payload, [])


@given(
    st.text(alphabet="ab\né\r\f\u2028", max_size=20),
    st.tuples(st.integers(1, 4), st.integers(0, 6)),
    st.tuples(st.integers(1, 4), st.integers(0, 6)),
)
def test_an_edit_is_exact_or_not_made(
    source: str, start: tuple[int, int], end: tuple[int, int]
) -> None:
    payload = ipynb([code(source)])

    fixed = apply_fixes(payload, [fix(edit(1, start, end, "<>"))])

    (after,) = sources(fixed.payload)
    if fixed.applied:
        before, _, behind = after.partition("<>")
        assert source.startswith(before)
        assert source.endswith(behind)
        lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        assert (len(lines), len(lines[-1])) == start
    else:
        assert after == source
