"""Owns the application of fixes to the bytes of a notebook file."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cellwright.diagnostics.diagnostic import Edit, Fix, Retag

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$")
_INDENT = re.compile(rb"^[\[{]\r?\n([ \t]+)")


@dataclass(frozen=True, slots=True)
class Fixed:
    """The bytes of the mended notebook, and the fixes that went into it."""

    payload: bytes
    applied: tuple[Fix, ...]


def apply_fixes(payload: bytes, fixes: Iterable[Fix]) -> Fixed:
    """Return the notebook with the fixes applied that do not get in each other's way.

    A fix is applied as a whole or not at all: one that touches what an earlier one
    changed is left for the next time, and so is one whose cell is not there. The file
    keeps its order of keys, its indentation and its last line end.

    Raises:
        ValueError: the bytes are not a notebook of format 4.
    """
    document = json.loads(payload)
    cells = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(cells, list):
        raise ValueError("only a notebook of format 4 can be mended")  # noqa: TRY004  # its content
    applied: list[Fix] = []
    edits: dict[int, list[Edit]] = {}
    retags: dict[int, Retag] = {}
    for fix in fixes:
        if _fits(fix, cells, edits, retags):
            applied.append(fix)
            for change in fix.changes:
                if isinstance(change, Edit):
                    edits.setdefault(change.span.number, []).append(change)
                else:
                    retags[change.number] = change
    if not applied:
        return Fixed(payload, ())
    for number, changes in edits.items():
        _edit(cells[number - 1], changes)
    for number, retag in retags.items():
        cells[number - 1]["metadata"]["tags"] = list(retag.tags)
    return Fixed(_written(document, payload), tuple(applied))


def _fits(
    fix: Fix,
    cells: Sequence[object],
    edits: dict[int, list[Edit]],
    retags: dict[int, Retag],
) -> bool:
    for change in fix.changes:
        number = change.span.number if isinstance(change, Edit) else change.number
        cell = cells[number - 1] if 0 < number <= len(cells) else None
        if not isinstance(cell, dict):
            return False
        if isinstance(change, Retag):
            if not isinstance(cell.get("metadata"), dict):
                return False
            if retags.get(number, change).tags != change.tags:
                return False
            continue
        if _offsets(_source(cell), change) is None:
            return False
        if any(_overlap(change, other) for other in edits.get(number, ())):
            return False
    return bool(fix.changes)


def _overlap(one: Edit, other: Edit) -> bool:
    if one == other:
        return False  # the same change twice is one change
    return one.span.start <= other.span.end and other.span.start <= one.span.end


def _source(cell: dict[str, object]) -> str:
    source = cell.get("source", "")
    if isinstance(source, list):
        return "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""


def _offsets(source: str, change: Edit) -> tuple[int, int] | None:
    """Return where a change begins and ends in a source, or None where it lies outside of it."""
    starts = [0]
    ends = []
    for line in _LINE.finditer(source):
        ends.append(line.start() + len(line[0].rstrip("\r\n")))
        starts.append(line.end())
    ends.append(len(source))
    found = []
    for place in (change.span.start, change.span.end):
        if not 0 < place.line <= len(starts):
            return None
        offset = starts[place.line - 1] + place.column
        if offset > ends[place.line - 1]:
            return None
        found.append(offset)
    return (found[0], found[1]) if found[0] <= found[1] else None


def _edit(cell: dict[str, object], changes: Sequence[Edit]) -> None:
    source = _source(cell)
    ordered = sorted(set(changes), key=lambda change: change.span.start, reverse=True)
    for change in ordered:
        offsets = _offsets(source, change)
        if offsets is not None:
            source = source[: offsets[0]] + change.text + source[offsets[1] :]
    cell["source"] = (
        source.splitlines(keepends=True) if isinstance(cell.get("source"), list) else source
    )


def _written(document: object, before: bytes) -> bytes:
    """Return a document as JSON in the layout that the file had: nbformat's own, as a rule."""
    found = _INDENT.match(before)
    indent = found[1].decode() if found is not None else None
    if found is not None:
        separators = (",", ": ")
    else:
        separators = (", ", ": ") if b'": ' in before else (",", ":")
    ascii_only = before.isascii() and b"\\u" in before
    written = json.dumps(document, ensure_ascii=ascii_only, indent=indent, separators=separators)
    end = "\n" if before.endswith(b"\n") else ""
    return (written + end).encode("utf-8", "surrogatepass")
