"""Owns the forms in which findings are given out: text, JSON, SARIF, GitHub annotations."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import msgspec

from cellwright.diagnostics.diagnostic import Diagnostic, Fix, Label, Report, Rule, Severity
from cellwright.diagnostics.excerpt import draw, visible
from cellwright.model.source import CellId, Notebook, Span

_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_SARIF_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.HINT: "note"}
_GITHUB_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.HINT: "notice"}


@dataclass(frozen=True, slots=True)
class Palette:
    """How the parts of a text are set off: what stands before each, and what ends it."""

    severities: Mapping[Severity, str]
    frame: str = ""
    strong: str = ""
    end: str = ""


PLAIN = Palette(dict.fromkeys(Severity, ""))
ANSI = Palette(
    {
        Severity.ERROR: "\x1b[1;31m",
        Severity.WARNING: "\x1b[1;33m",
        Severity.HINT: "\x1b[1;36m",
    },
    frame="\x1b[34m",
    strong="\x1b[1m",
    end="\x1b[0m",
)


def text(
    report: Iterable[Diagnostic],
    *,
    path: str,
    notebook: Notebook | None,
    palette: Palette = PLAIN,
) -> str:
    """Return findings for people, each with the source it is about; "" for none."""
    sources = {} if notebook is None else {cell.id: cell.source for cell in notebook.cells}
    page = _Page(visible(path), sources, palette)
    return "\n".join(page.finding(found) for found in report)


def places(
    labels: Sequence[Label],
    *,
    path: str,
    notebook: Notebook | None,
    palette: Palette = PLAIN,
) -> str:
    """Return places for people, each with its line of source; the first is the main one."""
    sources = {} if notebook is None else {cell.id: cell.source for cell in notebook.cells}
    return _Page(visible(path), sources, palette).places(labels, palette.strong)


def summary(report: Report) -> str:
    """Return how many findings there are, as in "1 error, 2 hints"; "" for none."""
    counts = [
        (sum(1 for found in report if found.rule.severity is kind), kind) for kind in Severity
    ]
    return ", ".join(f"{n} {kind.value}{'s' if n > 1 else ''}" for n, kind in counts if n)


def rows(report: Iterable[Diagnostic]) -> list[dict[str, object]]:
    """Return findings as JSON values.

    `line` and `column` count from 1 within the cell, and `end_column` is the first one
    after the place; all are null where a finding is about the notebook as a whole. The
    spans inside `fixes` are those of the model: columns from 0.
    """
    return [
        {
            "code": found.rule.code,
            "name": found.rule.name,
            "severity": found.rule.severity.value,
            "message": _clean(found.message),
            **_place(found.primary.span),
            "labels": [
                {
                    "primary": label is found.primary,
                    "text": _clean(label.text),
                    **_place(label.span),
                }
                for label in (found.primary, *found.secondary)
            ],
            "notes": [_clean(note) for note in found.notes],
            "fixes": [_fix_row(fix) for fix in found.fixes],
        }
        for found in report
    ]


def sarif(report: Iterable[Diagnostic], *, path: str, version: str) -> str:
    """Return findings as a SARIF 2.1.0 log.

    A cell is a logical location: lines of the notebook file mean nothing to its author.
    """
    found = list(report)
    rules = sorted({each.rule.code: each.rule for each in found}.values(), key=lambda r: r.code)
    driver = {
        "name": "cellwright",
        "version": version,
        "rules": [_sarif_rule(rule) for rule in rules],
    }
    log = {
        "$schema": _SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_sarif_result(each, rules, path) for each in found],
            }
        ],
    }
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def github(report: Iterable[Diagnostic], *, path: str) -> str:
    """Return findings as workflow commands of GitHub Actions, one a line."""
    lines = []
    for found in report:
        properties = {"file": path, "title": f"{found.rule.code} ({found.rule.name})"}
        spelled = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
        where = _where(found.primary.span)
        message = f"{where}: {found.message}" if where else found.message
        body = _command_text("\n".join((message, *(f"note: {note}" for note in found.notes))))
        lines.append(f"::{_GITHUB_LEVEL[found.rule.severity]} {spelled}::{body}\n")
    return "".join(lines)


@dataclass(frozen=True, slots=True)
class _Page:
    """Lays out findings about one notebook."""

    path: str
    sources: Mapping[CellId, str]
    palette: Palette

    def finding(self, found: Diagnostic) -> str:
        rule = found.rule
        mark = self.palette.severities[rule.severity]
        labels = (found.primary, *found.secondary)
        head = self._set(f"{rule.severity.value}[{rule.code}]", mark)
        lines = [f"{head}: {self._set(visible(found.message), self.palette.strong)}"]
        lines.append(self.places(labels, mark))
        pad = " " * (_gutter(labels) + 1)
        lines += [f"{pad} {self._framed('=')} note: {visible(note)}" for note in found.notes]
        for fix in found.fixes:
            kind = f"fix ({fix.safety.value})"
            lines.append(f"{pad} {self._framed('=')} {kind}: {visible(fix.title)}")
        more = f"cellwright explain {rule.code} ({rule.name})"
        lines.append(f"{pad} {self._framed('=')} more: {more}")
        return "\n".join(lines) + "\n"

    def places(self, labels: Sequence[Label], mark: str) -> str:
        gutter = _gutter(labels)
        lines = self._label(labels[0], gutter, "-->", mark)
        for label in labels[1:]:
            lines += self._label(label, gutter, ":::", "")
        return "\n".join(lines)

    def _label(self, label: Label, gutter: int, arrow: str, mark: str) -> list[str]:
        pad = " " * (gutter + 1)
        where = _where(label.span)
        lines = [f"{pad}{self._framed(arrow)} {self.path}{':' if where else ''}{where}"]
        if label.span is None or label.span.cell not in self.sources:
            said = visible(label.text)
            return lines + ([f"{pad} {self._framed('=')} {said}"] if said else [])
        span = label.span
        typed = self.sources[span.cell].split("\n")
        line = typed[span.start.line - 1] if span.start.line <= len(typed) else ""
        end = span.end.column if span.end.line == span.start.line else len(line.rstrip())
        excerpt = draw(line, span.start.column, end)
        bar = self._framed("|")
        under = ("^" if arrow == "-->" else "-") * excerpt.width
        under = self._set(" ".join(filter(None, (under, visible(label.text)))), mark)
        return [
            *lines,
            f"{pad} {bar}",
            f" {self._framed(str(span.start.line).rjust(gutter))} {bar} {excerpt.text}".rstrip(),
            f"{pad} {bar} {' ' * excerpt.start}{under}",
        ]

    def _framed(self, piece: str) -> str:
        return self._set(piece, self.palette.frame)

    def _set(self, piece: str, start: str) -> str:
        return f"{start}{piece}{self.palette.end}" if start else piece


def _gutter(labels: Sequence[Label]) -> int:
    """Return how wide the numbers of the lines are."""
    return max((len(str(label.span.start.line)) for label in labels if label.span), default=1)


def _where(span: Span | None) -> str:
    """Return a place as it is spelled everywhere, or "" for the notebook as a whole."""
    if span is None:
        return ""
    return f"cell {span.number}:{span.start.line}:{span.start.column + 1}"


def _place(span: Span | None) -> dict[str, object]:
    if span is None:
        keys = ("cell", "cell_id", "line", "column", "end_line", "end_column")
        return dict.fromkeys(keys)
    return {
        "cell": span.number,
        "cell_id": span.cell,
        "line": span.start.line,
        "column": span.start.column + 1,
        "end_line": span.end.line,
        "end_column": span.end.column + 1,
    }


def _fix_row(fix: Fix) -> dict[str, object]:
    return {
        "title": _clean(fix.title),
        "safety": fix.safety.value,
        "changes": [msgspec.to_builtins(change) for change in fix.changes],
    }


def _clean(words: str) -> str:
    """Return a text that UTF-8 can hold: a lone surrogate cannot be written."""
    return words.encode("utf-8", "backslashreplace").decode()


def _sarif_rule(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "defaultConfiguration": {"level": _SARIF_LEVEL[rule.severity]},
    }


def _sarif_result(found: Diagnostic, rules: Sequence[Rule], path: str) -> dict[str, object]:
    span = found.primary.span
    identity = f"{found.rule.code}\n{span.cell if span else ''}\n{found.message}"
    digest = hashlib.sha256(_clean(identity).encode()).hexdigest()
    result: dict[str, object] = {
        "ruleId": found.rule.code,
        "ruleIndex": rules.index(found.rule),
        "level": _SARIF_LEVEL[found.rule.severity],
        "message": {"text": _clean(": ".join(filter(None, (_where(span), found.message))))},
        "locations": [_sarif_location(found.primary, path)],
        "partialFingerprints": {"cellwright/v1": digest},
    }
    if found.secondary:
        result["relatedLocations"] = [_sarif_location(label, path) for label in found.secondary]
    return result


def _sarif_location(label: Label, path: str) -> dict[str, object]:
    uri = quote(_clean(path).replace("\\", "/"))
    location: dict[str, object] = {"physicalLocation": {"artifactLocation": {"uri": uri}}}
    if label.text:
        location["message"] = {"text": _clean(label.text)}
    if label.span is not None:
        name = f"cell {label.span.number}"
        place = {"name": name, "fullyQualifiedName": f"{_clean(path)}:{_where(label.span)}"}
        location["logicalLocations"] = [place]
        location["properties"] = _place(label.span)
    return location


def _command_text(words: str) -> str:
    return _clean(words).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(words: str) -> str:
    return _command_text(words).replace(":", "%3A").replace(",", "%2C")
