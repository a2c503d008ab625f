"""The rules about names that a step reads and that nothing binds."""

import pytest

from cellwright.compiler.driver import compile_notebook
from cellwright.diagnostics.diagnostic import Diagnostic
from support.notebooks import CodeCell, code, ipynb


def findings(*cells: CodeCell) -> list[Diagnostic]:
    return list(compile_notebook(ipynb(cells), path="test.ipynb").report)


def places(found: Diagnostic) -> list[tuple[int, int]]:
    """Return cell and line of the primary label and of each cause."""
    spans = [label.span for label in (found.primary, *found.secondary)]
    return [(span.number, span.start.line) for span in spans if span is not None]


@pytest.mark.parametrize(
    "source",
    [
        "count += 1",
        "count = count + 1",
        "for each in range(3):\n    count += each",
        "count[0] = 1",
        "count.append(1)",
        "del count",
        "def bump():\n    global count\n    count += 1\nbump()",
        "count: int\nprint(count)",
        "[count for count in range(3)]\nprint(count)",
    ],
)
def test_what_was_never_bound_is_unbound(source: str) -> None:
    (found,) = findings(code("start = 0", "step:a"), code(source, "step:b"))

    assert found.rule.code == "FLOW201"
    assert found.message == "step `b` reads `count`, which nothing before it binds"
    assert places(found)[0][0] == 2
    assert not found.secondary


def test_a_step_that_counts_on_does_not_bind_for_the_step_before() -> None:
    (found,) = findings(code("n = n + 1", "step:a"), code("n += 1", "step:b"))

    assert found.rule.code == "FLOW201"
    assert places(found) == [(1, 1)]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([code("x = 1\ndel x\nprint(x)", "step:a")], [(1, 3), (1, 2)]),
        ([code("x = 1", "step:a"), code("del x\nx += 1", "step:b")], [(2, 2), (2, 1)]),
        (
            [code("x = 1", "step:a"), code("del x", "step:b"), code("print(x)", "step:c")],
            [(3, 1), (2, 1)],
        ),
        (
            [
                code("x = 1\ndef drop():\n    global x\n    del x", "step:a"),
                code("drop()", "step:b"),
                code("print(x)", "step:c"),
            ],
            [(3, 1), (1, 4)],
        ),
    ],
)
def test_what_was_deleted_is_told_with_the_place(
    cells: list[CodeCell], expected: list[tuple[int, int]]
) -> None:
    (found,) = findings(*cells)

    assert found.rule.code == "FLOW203"
    assert places(found) == expected


def test_the_name_of_an_error_is_deleted_where_its_handler_ends() -> None:
    (found,) = findings(
        code("try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    pass", "step:a"),
        code("print(error)", "step:b"),
    )

    assert found.rule.code == "FLOW203"
    assert found.secondary[0].text == "deleted where this handler ends"


def test_a_local_name_that_a_function_deletes_is_none_of_the_module() -> None:
    found = findings(
        code("x = 1\ndef f():\n    x = 2\n    del x\nf()", "step:a"), code("print(x)", "step:b")
    )

    assert found == []


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([code("print(x)\nx = 1", "step:a")], [(1, 1), (1, 2)]),
        ([code("print(x)", "step:a"), code("x = 1", "step:b")], [(1, 1), (2, 1)]),
        ([code("print(x)", "step:a"), code("x = 1", "step:a")], [(1, 1), (2, 1)]),
    ],
)
def test_what_is_bound_later_is_told_with_the_place(
    cells: list[CodeCell], expected: list[tuple[int, int]]
) -> None:
    (found,) = findings(*cells)

    assert found.rule.code == "FLOW204"
    assert places(found) == expected


def test_a_name_is_refused_once() -> None:
    (found,) = findings(code("print(x)", "step:a"), code("print(x)", "step:b"))

    assert places(found) == [(1, 1)]


def test_a_warning_does_not_hide_an_error() -> None:
    found = findings(
        code("if input():\n    print(x)", "step:a"),
        code("print(x)", "step:b"),
    )

    assert [each.rule.code for each in found if "`x`" in each.message] == ["FLOW202", "FLOW201"]


def test_names_bound_out_of_sight_are_not_missed() -> None:
    found = findings(
        code("globals()['x' + str(1)] = 2", "step:a"),
        code("print(x1)", "step:b"),
    )

    assert [each.rule.code for each in found] == ["FLOW207"]


def test_a_similar_name_is_told() -> None:
    (found,) = findings(code("total = 1", "step:a"), code("print(totl)", "step:b"))

    assert found.notes == ("similar: `total`",)
