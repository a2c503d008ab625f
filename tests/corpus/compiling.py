"""Owns the quick look at a notebook: what the compiler says of it, cell by cell."""

import time
import traceback
from pathlib import Path
from typing import Any

from cellwright.app.compilation import compile_document
from cellwright.app.verification.splitting import split_cells

Row = dict[str, Any]


def compiled_row(path: Path) -> Row:
    """Return what the compiler makes of a notebook whose cells are all steps."""
    begun = time.monotonic()
    try:
        payload = split_cells(path.read_bytes())
        compilation = compile_document(payload, path=path.name)
    except Exception:  # noqa: BLE001  # a defect of ours is what is looked for here
        return {"outcome": "crashed", "detail": traceback.format_exc()}
    row: Row = {"seconds": round(time.monotonic() - begun, 2)}
    errors = [found for found in compilation.report if found.rule.severity.name == "ERROR"]
    if not errors:
        return {**row, "outcome": "compiled"}
    sources = (
        {cell.id: cell.source for cell in compilation.notebook.cells}
        if compilation.notebook
        else {}
    )
    return {**row, "outcome": "refused", "findings": [_finding(each, sources) for each in errors]}


def _finding(found: Any, sources: dict[str, str]) -> Row:
    span = found.primary.span
    line = ""
    if span is not None:
        lines = sources.get(span.cell, "").splitlines()
        line = lines[span.start.line - 1] if span.start.line <= len(lines) else ""
    return {
        "rule": found.rule.code,
        "message": found.message,
        "cell": None if span is None else span.number,
        "line": None if span is None else span.start.line,
        "source": line.strip(),
    }
