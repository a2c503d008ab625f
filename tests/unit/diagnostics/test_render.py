import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwright.diagnostics import catalogue as rules
from cellwright.diagnostics import render
from cellwright.diagnostics.diagnostic import (
    Diagnostic,
    Edit,
    Fix,
    Label,
    Report,
    Retag,
    Rule,
    Safety,
)
from cellwright.diagnostics.excerpt import draw, width_of
from cellwright.model.source import Cell, CellId, Notebook, Position, Span

NOTEBOOK = Notebook(
    "churn.ipynb",
    (
        Cell(CellId("one"), 4, "def make_scaler(frame):\n    return frame"),
        Cell(CellId("two"), 7, "import x\n\nX = scaler.transform(features)\n\ttab = 漢字 + scaler"),
    ),
)


def span(cell: str, line: int, start: int, end: int, end_line: int | None = None) -> Span:
    number = NOTEBOOK.cell(CellId(cell)).number
    return Span(CellId(cell), number, Position(line, start), Position(end_line or line, end))


def finding(
    rule: Rule = rules.UNBOUND_INPUT, *, message: str = "a message", at: Span | None = None
) -> Diagnostic:
    return Diagnostic(rule, message, Label(at))


FULL = Diagnostic(
    rules.UNBOUND_INPUT,
    "step `train` reads `scaler`, which no earlier step binds",
    Label(span("two", 3, 4, 10), "read here, as the cell runs"),
    (Label(span("one", 1, 4, 15), "a similar name is bound here"),),
    ("`scaler` is not a builtin and not imported in any cell that step `train` runs",),
    (
        Fix(
            "add the tag `step:prepare` to the cell that assigns `scaler`",
            Safety.ASK,
            (Retag(CellId("one"), 4, ("step:prepare",)),),
        ),
    ),
)


def text(*found: Diagnostic) -> str:
    return render.text(Report(found), path="churn.ipynb", notebook=NOTEBOOK)


def test_the_text_is_laid_out_as_documented() -> None:
    assert text(FULL) == (
        "error[FLOW201]: step `train` reads `scaler`, which no earlier step binds\n"
        "  --> churn.ipynb:cell 7:3:5\n"
        "   |\n"
        " 3 | X = scaler.transform(features)\n"
        "   |     ^^^^^^ read here, as the cell runs\n"
        "  ::: churn.ipynb:cell 4:1:5\n"
        "   |\n"
        " 1 | def make_scaler(frame):\n"
        "   |     ----------- a similar name is bound here\n"
        "   = note: `scaler` is not a builtin and not imported in any cell that step `train` runs\n"
        "   = fix (ask): add the tag `step:prepare` to the cell that assigns `scaler`\n"
        "   = more: cellwright explain FLOW201 (unbound-input)\n"
    )


def test_findings_are_in_notebook_order_with_a_blank_line_between() -> None:
    page = text(finding(at=span("two", 1, 0, 6)), finding(at=span("one", 1, 0, 3)), finding())

    assert [line for line in page.splitlines() if "-->" in line] == [
        "  --> churn.ipynb",
        "  --> churn.ipynb:cell 4:1:1",
        "  --> churn.ipynb:cell 7:1:1",
    ]
    assert page.count("\n\n") == 2


def test_tabs_and_wide_characters_keep_the_marks_under_the_text() -> None:
    lines = text(finding(at=span("two", 4, 12, 18))).splitlines()

    assert lines[3] == " 4 |     tab = 漢字 + scaler"
    assert lines[4].index("^") == len(" 4 |     tab = ") + 4 + len(" + ")
    assert lines[4].count("^") == 6


def test_a_place_over_several_lines_shows_its_first() -> None:
    lines = text(finding(at=span("one", 1, 0, 4, end_line=2))).splitlines()

    assert lines[3] == " 1 | def make_scaler(frame):"
    assert lines[4].count("^") == len("def make_scaler(frame):")


def test_colour_changes_no_letter() -> None:
    plain = text(FULL)
    colored = render.text(
        Report([FULL]), path="churn.ipynb", notebook=NOTEBOOK, palette=render.ANSI
    )

    assert "\x1b[1;31merror[FLOW201]\x1b[0m" in colored
    for code in (*render.ANSI.severities.values(), render.ANSI.frame, "\x1b[1m", render.ANSI.end):
        colored = colored.replace(code, "")
    assert colored == plain


def test_nothing_of_the_users_steers_the_terminal() -> None:
    bad = "\x1b]8;;http://x\x07\u202e\ud800\r\n"
    notebook = Notebook("n", (Cell(CellId("one"), 1, f"x = '{bad}'"),))
    place = Span(CellId("one"), 1, Position(1, 0), Position(1, 3))
    found = Diagnostic(rules.SYNTAX_ERROR, bad, Label(place, bad), notes=(bad,))

    page = render.text(Report([found]), path=bad, notebook=notebook)

    assert page.encode()
    assert not set(page) & set("\x1b\x07\r\u202e")
    assert len(page.splitlines()) == 7


@given(
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\n"), max_size=300),
    st.integers(0, 300),
    st.integers(0, 300),
)
def test_an_excerpt_fits_and_its_mark_lies_under_the_text(line: str, one: int, other: int) -> None:
    start, end = sorted((min(one, len(line)), min(other, len(line))))

    drawn = draw(line, start, end)

    assert width_of(drawn.text) <= 100
    assert drawn.start >= 0
    assert drawn.width >= 1
    assert drawn.start + drawn.width <= 102 + 10


def test_rows_hold_all_there_is_to_say() -> None:
    (row,) = render.rows([FULL])

    assert {key: row[key] for key in ("code", "name", "severity", "cell", "cell_id")} == {
        "code": "FLOW201",
        "name": "unbound-input",
        "severity": "error",
        "cell": 7,
        "cell_id": "two",
    }
    assert [row[key] for key in ("line", "column", "end_line", "end_column")] == [3, 5, 3, 11]
    assert [label["primary"] for label in row["labels"]] == [True, False]
    assert json.loads(json.dumps(row))["fixes"][0]["changes"] == [
        {"type": "retag", "cell": "one", "number": 4, "tags": ["step:prepare"]}
    ]


def test_rows_about_the_whole_notebook_have_no_place() -> None:
    (row,) = render.rows([finding()])

    assert (row["cell"], row["cell_id"], row["line"], row["column"]) == (None, None, None, None)


def test_rows_can_be_written_whatever_the_notebook_holds() -> None:
    rows = render.rows([finding(message="half \ud800")])

    assert json.dumps(rows, ensure_ascii=False).encode()


def test_sarif_has_what_its_schema_asks_for() -> None:
    log = json.loads(
        render.sarif([FULL, finding(rules.DROPPED_MAGIC)], path="my dir/a.ipynb", version="1")
    )

    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["FLOW201", "NB006"]
    first, second = run["results"]
    assert (first["ruleId"], first["ruleIndex"], first["level"]) == ("FLOW201", 0, "error")
    assert second["level"] == "note"
    location = first["locations"][0]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "my%20dir/a.ipynb"
    assert location["logicalLocations"][0]["fullyQualifiedName"] == "my dir/a.ipynb:cell 7:3:5"
    assert len(first["relatedLocations"]) == 1


def test_github_annotations_are_one_escaped_line_each() -> None:
    out = render.github(
        [FULL, finding(rules.DROPPED_MAGIC, message="50%\r\n::error::x")], path="a,b:c.ipynb"
    )

    first, second = out.splitlines()
    assert first.startswith(
        "::error file=a%2Cb%3Ac.ipynb,title=FLOW201 (unbound-input)::cell 7:3:5: step `train`"
    )
    assert second.endswith("::50%25%0D%0A::error::x")
    assert second.startswith("::notice ")


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([], ""),
        ([finding()], "1 error"),
        ([finding(), finding(message="b"), finding(rules.DROPPED_MAGIC)], "2 errors, 1 hint"),
    ],
)
def test_a_summary_counts(found: list[Diagnostic], said: str) -> None:
    assert render.summary(Report(found)) == said


def test_an_edit_keeps_the_columns_of_the_model() -> None:
    place = span("one", 1, 4, 15)
    fix = Fix("rename", Safety.SAFE, (Edit(place, "make"),))
    (row,) = render.rows([Diagnostic(rules.UNBOUND_INPUT, "m", Label(place), fixes=(fix,))])

    (change,) = row["fixes"][0]["changes"]
    assert change["span"]["start"] == {"line": 1, "column": 4}
