import json

from cellwright.diagnostics import catalogue as rules
from cellwright.diagnostics.allowances import apply_allowances
from cellwright.diagnostics.diagnostic import Diagnostic, Label, Report, Rule
from cellwright.diagnostics.fixes import apply_fixes
from cellwright.model.source import Cell, CellId, Notebook, Position, Span
from support.notebooks import code, ipynb


def notebook(source: str, *tags: str) -> Notebook:
    return Notebook("n.ipynb", (Cell(CellId("a"), 1, source, tags),))


def finding(rule: Rule, line: int, last: int | None = None) -> Diagnostic:
    place = Span(CellId("a"), 1, Position(line, 0), Position(last or line, 1))
    return Diagnostic(rule, "m", Label(place))


def codes(report: Report) -> list[str]:
    return [found.rule.code for found in report]


HINT, WARNING, ERROR = rules.MUTATED_INPUT, rules.CONDITIONAL_INPUT, rules.UNBOUND_INPUT


def test_a_comment_silences_a_rule_on_its_line_by_name_or_code() -> None:
    source = (
        "a  # cellwright: allow[mutated-input]\nb  #cellwright: allow[FLOW202, mutated-input]\nc"
    )
    report = Report([finding(HINT, 1), finding(HINT, 2), finding(WARNING, 2), finding(WARNING, 3)])

    kept = apply_allowances(report, notebook(source))

    assert [(f.rule.code, f.primary.span.start.line) for f in kept] == [("FLOW202", 3)]


def test_a_comment_counts_on_every_line_of_the_place() -> None:
    kept = apply_allowances(
        Report([finding(HINT, 1, 2)]), notebook("f(a,\n  b)  # cellwright: allow[mutated-input]")
    )

    assert codes(kept) == []


def test_a_tag_silences_a_rule_in_its_cell() -> None:
    report = Report([finding(HINT, 1), finding(HINT, 2)])

    assert codes(apply_allowances(report, notebook("a\nb", "allow:mutated-input"))) == []


def test_an_error_is_never_silenced() -> None:
    kept = apply_allowances(
        Report([finding(ERROR, 1)]), notebook("a  # cellwright: allow[unbound-input]")
    )

    assert codes(kept) == ["FLOW201"]


def test_an_allowance_that_silences_nothing_is_a_hint_that_says_why() -> None:
    source = "a  # cellwright: allow[mutated-input]\nb  # cellwright: allow[unbound-input]\n"
    kept = apply_allowances(Report(), notebook(source, "allow:mutated-inputs"))

    assert codes(kept) == ["TAG111"] * 3
    assert [found.notes[0] for found in kept] == [
        "`mutated-input` has a similar name",
        "what it allows does not happen here",
        "an error cannot be allowed",
    ]


def test_while_errors_stand_no_allowance_is_called_unused() -> None:
    kept = apply_allowances(
        Report([finding(ERROR, 1)]), notebook("a\nb  # cellwright: allow[mutated-input]")
    )

    assert codes(kept) == ["FLOW201"]


def test_an_unused_allowance_may_be_repeated_for_other_rules_on_a_line() -> None:
    kept = apply_allowances(
        Report([finding(HINT, 1)]),
        notebook("a  # cellwright: allow[mutated-input] # cellwright: allow[conditional-input]"),
    )

    assert codes(kept) == ["TAG111"]


def test_a_stale_allowance_is_taken_away_by_its_fix() -> None:
    payload = ipynb(
        [code("a = 1  # cellwright: allow[mutated-input]\nb = 2", "x", "allow:star-import")]
    )
    source = "a = 1  # cellwright: allow[mutated-input]\nb = 2"
    kept = apply_allowances(Report(), notebook(source, "x", "allow:star-import"))

    fixed = apply_fixes(payload, [fix for found in kept for fix in found.fixes])

    (cell,) = json.loads(fixed.payload)["cells"]
    assert "".join(cell["source"]) == "a = 1\nb = 2"
    assert cell["metadata"]["tags"] == ["x"]


def test_an_allowance_among_others_is_left_to_the_user() -> None:
    kept = apply_allowances(
        Report([finding(HINT, 1)]), notebook("a  # cellwright: allow[mutated-input, star-import]")
    )

    assert [found.fixes for found in kept] == [()]
