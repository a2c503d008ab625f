"""Runs the front end alone: from cells to roles and parsed cells."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cellwright.compiler.reading.options_reader import read_options
from cellwright.compiler.reading.parse import Memo, ParsedCell, parse_cells
from cellwright.compiler.reading.reader import read
from cellwright.compiler.reading.tags import CellRole, read_roles
from cellwright.diagnostics.diagnostic import Diagnostic, Report
from cellwright.model.options import PipelineOptions
from cellwright.model.source import CellId, Notebook
from support.notebooks import CodeCell, ipynb


@dataclass(frozen=True)
class Front:
    """All that the front end tells of a notebook."""

    notebook: Notebook | None
    options: PipelineOptions
    roles: Mapping[CellId, CellRole]
    parsed: tuple[ParsedCell, ...]
    report: Report

    @property
    def codes(self) -> list[str]:
        """Return the codes of the findings, in their order."""
        return [found.rule.code for found in self.report]

    def found(self, code: str) -> list[Diagnostic]:
        """Return the findings of one rule."""
        return [found for found in self.report if found.rule.code == code]


def front(payload: bytes, memo: Memo | None = None) -> Front:
    """Return what the front end makes of a file."""
    report = Report()
    notebook = read(payload, path="test.ipynb", report=report)
    if notebook is None:
        return Front(None, PipelineOptions(), {}, (), report)
    options = read_options(notebook, report)
    roles = read_roles(notebook, report, options=options)
    parsed = parse_cells(notebook, roles, report, memo=memo)
    return Front(notebook, options, roles, parsed, report)


def front_of(*cells: CodeCell, **metadata: Any) -> Front:
    """Return what the front end makes of some cells."""
    return front(ipynb(cells, **metadata))
