import ast
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwright.compiler.reading.parse import Memo
from cellwright.diagnostics.diagnostic import Diagnostic
from support.conformance import Case, cases_of
from support.front import Front, front, front_of
from support.notebooks import code, ipynb


def cell(source: str) -> Front:
    return front_of(code(source, "step:a"))


def place(found: Diagnostic) -> tuple[int, int]:
    assert found.primary.span is not None
    return found.primary.span.start.line, found.primary.span.start.column


@pytest.mark.parametrize(
    ("source", "where", "message"),
    [
        ("x = = 1", (1, 4), "invalid syntax"),
        ("a = 1\nreturn a", (2, 0), "'return' outside function"),
        ("x = (1,\n", (1, 4), "'(' was never closed"),
        ("for x in y:\n    break\ncontinue", (3, 0), "'continue' not properly in loop"),
        ("é = 1; ü = = 1", (1, 11), "invalid syntax"),
        ("a\0b", (1, 0), "null"),
        ("x = 1\ny = '\ud800'", (2, 5), "lone surrogate"),
        ("-" * 100_000 + "1", (1, 0), "nested too deeply"),
        ("a" + "+a" * 20_000, (1, 0), "nested too deeply"),
        ("(" * 300, (1, 200), "too many nested parentheses"),
        ("%time x\n  y = = 1", (2, 1), "unexpected indent"),
        ("\ufeffx = 1", (1, 0), "U+FEFF"),
    ],
)
def test_what_python_refuses_is_an_error_in_its_words_at_its_place(
    source: str, where: tuple[int, int], message: str
) -> None:
    found = cell(source)

    (trouble,) = found.found("NB004")
    assert place(trouble) == where
    assert message in trouble.message
    assert found.parsed == ()


@pytest.mark.parametrize(
    "source",
    ["print 'a'", "try: pass\nexcept A, e: pass", "x = 0777", "if a <> b: pass", "raise E, 'a'"],
)
def test_python_2_is_recognised(source: str) -> None:
    (trouble,) = cell(source).found("NB004")

    assert "Python 2" in trouble.notes[0]


@pytest.mark.parametrize(
    "source",
    [
        "await f()",
        "async with a as b:\n    await c",
        "[x async for x in y]",
        "from __future__ import annotations",
        "'\\d'",
        "x is 1",
        "\fx = 1",
        "x = 1 + \\\r\n    2\r\ny = [x,\r\n     x]\n\fz = 5",
        "",
        "\t",
        "# only a comment",
        "    x = 1\n    y = 2",
        "x: int",
        "[" * 60 + "]" * 60,
    ],
)
def test_what_a_kernel_takes_is_taken(source: str) -> None:
    found = cell(source)

    assert found.codes == []
    assert len(found.parsed) == 1


def test_places_are_code_points_of_what_was_typed() -> None:
    (parsed,) = cell("é = 'ü'; zz = é").parsed

    second = parsed.tree.body[1]
    span = parsed.span(second)
    assert (span.start.column, span.end.column) == (9, 15)
    assert parsed.text(second) == "zz = é"


@pytest.mark.parametrize(
    ("source", "typed"),
    [
        ("for x in y:\n    %time zü = foo(é)", "zü = foo(é)"),
        ("  x = 1\n  return_ = 2", "return_ = 2"),
        (">>> x = 1\n>>> z = 2", "z = 2"),
        ("y = 1\nlines = !ls -la {y}", "lines = !ls -la {y}"),
        ("%%time\nx = f(1)", "x = f(1)"),
    ],
)
def test_places_are_found_through_the_translation(source: str, typed: str) -> None:
    (parsed,) = cell(source).parsed

    node = [each for each in ast.walk(parsed.tree) if isinstance(each, ast.Assign)][-1]
    span = parsed.span(node)
    line = source.split("\n")[span.start.line - 1]
    assert span.start.line == span.end.line
    assert line[span.start.column : span.end.column] == typed


def test_a_magic_in_front_of_one_line_may_lack_its_percent_sign() -> None:
    found = cell("pip install -q cloudpickle")

    assert found.codes == []
    assert [each.requirement for each in found.parsed[0].installs] == ["cloudpickle"]
    assert cell("ls -l data").parsed[0].shell
    assert cell("foo bar").codes == ["NB004"]


def test_a_prompt_that_happens_to_be_python_is_taken_off() -> None:
    (parsed,) = cell("In [1]: x = 1").parsed

    assert parsed.python == "x = 1"


def test_a_timed_assignment_in_a_function_is_refused() -> None:
    assert cell("def f():\n    %time x = 1").codes == ["NB005"]
    assert cell("def f():\n    %time g()").codes == []
    assert cell("if x:\n    %time x = 1").codes == []


def test_the_place_of_an_install_is_its_line() -> None:
    (parsed,) = cell("x = 1\n%pip install -q a b").parsed

    assert [each.requirement for each in parsed.installs] == ["a", "b"]
    assert {(each.span.start.line, each.span.end.column) for each in parsed.installs} == {(2, 19)}


def test_skipped_cells_are_left_out_and_untagged_ones_are_parsed_in_silence() -> None:
    found = front_of(
        code("x = = 1", "skip"),
        code("x = = 1"),
        code("%run a.py"),
        code("y = 1"),
        code("z = 1", "step:a"),
    )

    assert found.codes == []
    assert [parsed.cell.number for parsed in found.parsed] == [4, 5]


def test_a_magic_that_cannot_be_translated_hides_no_other_finding_and_adds_none() -> None:
    found = front_of(code("%%time\n%run a.py\nx = = 1", "step:a"), code("y = = 1", "step:b"))

    assert found.codes == ["NB005", "NB004"]


def test_a_memo_answers_for_equal_text_in_other_cells() -> None:
    memo = Memo()
    first = front(ipynb([code("%time x = 1", "step:a")]), memo)
    second = front(ipynb([code("y = 1", "step:a"), code("%time x = 1", "step:b")]), memo)

    assert second.parsed[1].tree is first.parsed[0].tree
    assert second.parsed[1].span(second.parsed[1].tree.body[0]).number == 2


@pytest.mark.parametrize(
    "source",
    [
        "%" * 200000,
        "!ls\n" * 2000,
        "x" * 1000000 + "?y",
        "(!" * 50000,
        "'''" + "a\n" * 100000,
        "a." * 20000 + "b",
        "lambda: " * 3000 + "1",
        "{x" * 10000,
        "!echo " + "$x'" * 5000,
    ],
)
def test_hostile_text_takes_no_more_than_seconds(source: str) -> None:
    started = time.process_time()
    found = cell(source)

    assert time.process_time() - started < 10
    assert found.report is not None


@given(
    st.text(max_size=60) | st.text(alphabet="%!?x=( )\n\\'\"{}$;,/\t#\r:\f\ud800\0é", max_size=40)
)
@settings(max_examples=600, deadline=5000)
def test_any_text_as_a_cell_is_parsed_or_explained_inside_the_cell(source: str) -> None:
    found = cell(source)

    assert found.notebook is not None
    typed = found.notebook.cells[0].source.split("\n")
    for each in found.report:
        span = each.primary.span
        assert span is not None
        assert span.start <= span.end
        assert span.end.column <= len(typed[span.end.line - 1])
    for parsed in found.parsed:
        for node in ast.walk(parsed.tree):
            if hasattr(node, "lineno"):
                span = parsed.span(node)
                assert span.start <= span.end
                assert span.end.column <= len(typed[span.end.line - 1])
    assert found.parsed or found.codes


@pytest.mark.parametrize("case", cases_of("magics-shell", "cells-tags-order"), ids=lambda c: c.id)
def test_the_front_end_takes_what_must_work(case: Case) -> None:
    found = front(case.payload())

    if case.expect == "ok" and "diagnostic" not in case.also_ok:
        assert not found.report.has_errors


@pytest.mark.parametrize(
    ("case", "code"),
    [
        (case, expected)
        for case in cases_of("magics-shell", "cells-tags-order")
        for theme, expected in {
            "magic-namespace": "NB005",
            "syntax-error": "NB004",
            "tag-conflict": "TAG102",
            "raises-exception": "FLOW215",
        }.items()
        if case.diagnostic.get("code") == theme
    ],
    ids=lambda each: getattr(each, "id", each),
)
def test_the_front_end_refuses_what_it_must_at_its_cell(case: Case, code: str) -> None:
    found = front(case.payload())

    numbers = [each.primary.span.number for each in found.found(code) if each.primary.span]
    assert numbers == [case.diagnostic["cell"] + 1]


@pytest.mark.parametrize(
    "source", ["x = a" + " +\\\n a" * 200, "x = a" + ".b" * 200, "x = " + "lambda: " * 200 + "1"]
)
def test_a_tree_too_deep_to_be_followed_is_an_error(source: str) -> None:
    found = cell(source)

    assert found.codes == ["NB010"]
    assert found.parsed == ()


def test_a_long_sum_is_no_trouble() -> None:
    assert cell("x = (" + " +\n".join(["a"] * 120) + ")").codes == []
