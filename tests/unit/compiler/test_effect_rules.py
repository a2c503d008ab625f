import pytest

from cellwright.compiler.driver import compile_notebook
from cellwright.diagnostics.diagnostic import Diagnostic
from support.notebooks import CodeCell, code, ipynb


def findings(*cells: CodeCell) -> list[Diagnostic]:
    return list(compile_notebook(ipynb(cells), path="test.ipynb").report)


def codes(*cells: CodeCell) -> list[str]:
    return [found.rule.code for found in findings(*cells)]


def cells_of(found: Diagnostic) -> list[int]:
    labels = (found.primary, *found.secondary)
    return [label.span.number for label in labels if label.span is not None]


def test_an_effect_in_a_function_is_reported_where_a_step_calls_it() -> None:
    (found,) = findings(
        code("def ask():\n    return input('?')", "functions"),
        code("x = 1", "step:a"),
        code("y = x + 1\nz = ask()", "step:b"),
    )

    assert found.rule.code == "FLOW216"
    assert cells_of(found) == [3, 1]
    assert found.primary.span is not None
    assert found.primary.span.start.line == 2


def test_a_function_that_nobody_calls_has_no_effect() -> None:
    assert (
        codes(code("def ask():\n    return input('?')", "functions"), code("x = 1", "step:a")) == []
    )


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("if c:\n    x = 1", "print(x)", ["FLOW202"]),
        ("if c:\n    x = 1\nelse:\n    x = 2", "print(x)", []),
        ("try:\n    x = int(c)\nexcept ValueError:\n    pass", "print(x)", ["FLOW202"]),
        ("for x in range(3):\n    y = c", "print(x)", []),
        ("if c:\n    x = 1", "def f():\n    return x", []),
    ],
)
def test_a_name_bound_on_some_paths_is_a_warning_where_the_text_decides(
    first: str, second: str, expected: list[str]
) -> None:
    found = codes(code("c = True", "parameters"), code(first, "step:a"), code(second, "step:b"))

    assert found == expected


def test_the_last_step_may_change_a_library_and_shared_cells_too() -> None:
    patch = code("import json\njson.dumps = str", "step:b")

    assert codes(code("x = 1", "step:a"), patch) == []
    assert codes(patch, code("x = 1", "step:c")) == ["FLOW214"]
    assert "FLOW214" not in codes(
        code("import json\njson.dumps = str", "imports"), code("print(json.dumps(1))", "step:a")
    )


def test_an_untagged_cell_between_a_step_and_its_reader_is_told_of() -> None:
    load, use = code("rows = [1]", "step:load"), code("print(rows)", "step:use")

    assert codes(load, code("rows = rows[:1]"), use) == ["TAG104"]
    assert codes(load, code("rows += [2]"), use) == ["TAG104"]
    assert codes(load, code("n = [rows for rows in [1]]\ndef f(rows):\n    rows = 2"), use) == []
    assert codes(load, use, code("rows = 1")) == []
    assert codes(code("rows = 0"), load, use) == []


def test_parameters_are_hinted_at_if_nobody_reads_them() -> None:
    found = codes(
        code("a = 1\nb = 2\nc = a * 2\nd = [1]", "parameters"),
        code("def f():\n    return b", "functions"),
        code("print(f(), c, d)", "step:a"),
    )

    assert found == ["TAG106"]
    assert codes(code("a = 1\nb = 2", "parameters"), code("print(a)", "step:a")) == ["PIPE304"]


def test_unknown_code_that_may_change_a_value_is_told_of_once_it_matters() -> None:
    load, change = code("rows = [1]", "step:load"), code("import t\nt.f(rows)", "step:change")

    assert codes(load, change) == []
    assert codes(load, change, code("print(rows)", "step:use")) == ["FLOW205"]


def test_history_and_order_are_named_as_the_reason() -> None:
    assert codes(code("6 * 7", "step:a"), code("print(_)", "step:b")) == ["FLOW209"]
    assert codes(code("print(x)", "step:a"), code("x = 1", "step:b")) == ["FLOW204"]
    assert codes(code("for _ in range(2):\n    pass\nprint(_)", "step:a")) == []


def test_cells_of_a_step_that_cannot_be_put_together_are_named_as_the_reason() -> None:
    found = codes(code("x = 1", "step:a"), code("y = x + 1", "step:b"), code("z = y + 1", "step:a"))

    assert found == ["PIPE302"]


def test_an_allowance_silences_what_the_driver_reports() -> None:
    rows = code("rows = [1]", "step:load")
    change = code("import t\nt.f(rows)  # cellwright: allow[mutated-input]", "step:change")

    assert codes(rows, change, code("print(rows)", "step:use")) == []


def test_the_shell_of_the_notebook_is_a_warning_and_stands_in_no_way() -> None:
    compilation = compile_notebook(
        ipynb([code("try:\n    get_ipython()\nexcept NameError:\n    pass", "step:a")]), path="x"
    )

    assert [found.rule.code for found in compilation.report] == ["FLOW220"]
    assert compilation.pipeline is not None
