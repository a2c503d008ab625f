"""Owns allowances: `# cellwright: allow[name]` on a line, the tag `allow:name` on a cell."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from cellwright.base.errors import UsageError
from cellwright.diagnostics import catalogue as rules
from cellwright.diagnostics.diagnostic import (
    Diagnostic,
    Edit,
    Fix,
    Label,
    Report,
    Retag,
    Rule,
    Safety,
    Severity,
)
from cellwright.model.source import Cell, Notebook, Position, Span

_COMMENT = re.compile(r"#\s*cellwright:\s*allow\[([^\]]*)\]")
_TAG = "allow:"


@dataclass(frozen=True, slots=True)
class _Allowance:
    """A rule that is allowed on one line, or in a whole cell (no line)."""

    name: str
    span: Span
    line: int | None
    removal: Edit | Retag | None = None
    """What takes it away, where it stands alone."""

    def covers(self, found: Diagnostic) -> bool:
        """Tell whether a finding is one that is allowed here."""
        place = found.primary.span
        if place is None or place.number != self.span.number or not self._names(found.rule):
            return False
        return self.line is None or place.start.line <= self.line <= place.end.line

    def _names(self, rule: Rule) -> bool:
        return self.name.lower() in (rule.name, rule.code.lower())


def apply_allowances(report: Report, notebook: Notebook) -> Report:
    """Return the report without the warnings and hints that the notebook allows.

    An error is never silenced. An allowance that silences nothing is a hint, unless
    errors stand, which keep later findings from being made at all.
    """
    allowances = [allowance for cell in notebook.cells for allowance in _allowances(cell)]
    kept: list[Diagnostic] = []
    used: set[_Allowance] = set()
    for found in report:
        covering = [allowance for allowance in allowances if allowance.covers(found)]
        if covering and found.rule.severity is not Severity.ERROR:
            used.update(covering)
        else:
            kept.append(found)
    remaining = Report(kept)
    if not remaining.has_errors:
        for allowance in allowances:
            if allowance not in used:
                remaining.add(_unused(allowance))
    return remaining


def _allowances(cell: Cell) -> Iterator[_Allowance]:
    start = Span(cell.id, cell.number, Position(1, 0), Position(1, 0))
    for tag in cell.tags:
        if tag.startswith(_TAG):
            others = tuple(other for other in cell.tags if other != tag)
            removal = Retag(cell.id, cell.number, others)
            yield _Allowance(tag.removeprefix(_TAG).strip(), start, None, removal)
    if "cellwright:" not in cell.source:
        return
    for number, line in enumerate(cell.source.split("\n"), start=1):
        for found in _COMMENT.finditer(line):
            place = Position(number, found.start()), Position(number, found.end())
            span = Span(cell.id, cell.number, *place)
            names = found[1].split(",")
            for name in names:
                alone = _removal(span, line) if len(names) == 1 else None
                yield _Allowance(name.strip(), span, number, alone)


def _removal(comment: Span, line: str) -> Edit:
    """Return the edit that takes a comment away, with the blanks before it."""
    kept = len(line[: comment.start.column].rstrip())
    start = Position(comment.start.line, kept)
    return Edit(Span(comment.cell, comment.number, start, comment.end), "")


def _unused(allowance: _Allowance) -> Diagnostic:
    try:
        rule = rules.find_rule(allowance.name)
    except UsageError:
        known = [known.name for known in rules.all_rules()]
        meant = get_close_matches(allowance.name, known, n=1)
        note = f"`{meant[0]}` has a similar name" if meant else "there is no rule of that name"
    else:
        note = (
            "an error cannot be allowed"
            if rule.severity is Severity.ERROR
            else "what it allows does not happen here"
        )
    fixes: tuple[Fix, ...] = ()
    if allowance.removal is not None:
        fixes = (Fix("take the allowance away", Safety.SAFE, (allowance.removal,)),)
    return Diagnostic(
        rules.UNUSED_ALLOWANCE,
        f"the allowance of `{allowance.name[:60]}` silences nothing",
        Label(allowance.span),
        notes=(note,),
        fixes=fixes,
    )
