"""Owns the way from the bytes of a notebook file to its code cells.

Whatever the bytes are, the answer is a notebook or a diagnostic, in bounded time:
outputs, which make most of a file, are skipped by the parser and never become objects.
"""

import json
import re
import warnings
from collections.abc import Sequence

import msgspec

from cellwright.diagnostics import catalogue as rules
from cellwright.diagnostics.diagnostic import Diagnostic, Label, Report
from cellwright.model.source import Cell, CellId, Notebook, Position, Span

_FORMAT = 4
_LARGEST_FORMAT = 10_000  # beyond it, the number is not worth repeating in a message
_CONFLICT = re.compile(rb"^(<{7}|>{7}) .*$", re.MULTILINE)
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$")
_FENCE = re.compile(r"^ {0,3}(```|~~~)")
_CELL_TYPES = frozenset({"code", "markdown", "raw"})
_OTHER_KERNELS = re.compile(
    r"^(ir|julia|scala|almond|bash|calysto|javascript|tslab|deno|octave|matlab|java|rust|evcxr"
    r"|xcpp|gophernotes|gonb|ruby|perl|sas|stata|spark|\.net)",
    re.IGNORECASE,
)


class _RawCell(msgspec.Struct):
    """What we read of a cell; the types are checked one by one, to name the cell."""

    cell_type: object = None
    source: object = ""
    metadata: object = msgspec.field(default_factory=dict)
    id: object = None


class _RawDocument(msgspec.Struct):
    """The shape of every valid file; the parser skips what it does not name."""

    cells: list[_RawCell]
    nbformat: object = None
    metadata: object = msgspec.field(default_factory=dict)


class _RawNotebook(msgspec.Struct):
    """What we read of a file, valid or not."""

    nbformat: object
    cells: list[object]
    metadata: object


def read(payload: bytes, *, path: str, report: Report) -> Notebook | None:
    """Return the notebook that a file holds, or None with the reason in the report.

    A missing or doubled cell id becomes `cell-N`, so equal bytes give equal ids. The
    lines of a source end in `\\n`, whatever the file has.
    """
    found = _decode(payload, report)
    if found is None or not _is_python(found.metadata, report):
        return None
    cells = _Cells(found.cells, report)
    heading = ""
    for number, raw in enumerate(found.cells, start=1):
        cell = cells.read(raw, number=number, heading=heading)
        if cell is not None:
            cells.found.append(cell)
        elif isinstance(raw, _RawCell) and raw.cell_type == "markdown":
            heading = _last_heading(raw.source) or heading
    cells.report_doubled_ids()
    return Notebook(
        path=path,
        cells=tuple(cells.found),
        kernel=_text_at(found.metadata, "kernelspec", "name"),
        kale=isinstance(found.metadata, dict) and "kubeflow_notebook" in found.metadata,
        options=_canonical(found.metadata),
    )


class _Cells:
    """Reads the cells of one file, one after the other."""

    def __init__(self, cells: Sequence[object], report: Report) -> None:
        self.found: list[Cell] = []
        self._report = report
        self._stated = {cell.id for cell in cells if isinstance(cell, _RawCell) and _is_id(cell.id)}
        self._ids: dict[str, int] = {}
        self._doubled: list[tuple[int, int]] = []

    def read(self, raw: object, *, number: int, heading: str) -> Cell | None:
        """Return a code cell; None for every other kind, and for what is not a cell."""
        if not isinstance(raw, _RawCell):
            self._malformed(number, f"cell {number} is not an object", "")
            return None
        cell_id = self._identify(raw.id, number)
        if not isinstance(raw.cell_type, str) or raw.cell_type not in _CELL_TYPES:
            self._malformed(number, f"cell {number} is of no kind that is known", cell_id)
            return None
        source = _joined(raw.source)
        if source is None:
            self._malformed(number, f"the source of cell {number} is not text", cell_id)
            source = ""
        if raw.cell_type != "code":
            return None
        return Cell(
            id=cell_id,
            number=number,
            source=source.replace("\r\n", "\n").replace("\r", "\n"),
            tags=self._tags(raw.metadata, number, cell_id),
            heading=heading,
            options=_canonical(raw.metadata),
        )

    def report_doubled_ids(self) -> None:
        """Report each id that was met before."""
        known = {cell.number: cell for cell in self.found}
        for first, second in self._doubled:
            cell = known.get(second)
            span = _start_of(cell.id, second) if cell is not None else None
            self._report.add(
                Diagnostic(
                    rules.DUPLICATE_CELL_ID,
                    f"cell {second} has the id of cell {first}",
                    Label(span, "this cell is known by its number instead"),
                    notes=("copying a file by hand, or merging two, leaves doubled ids",),
                )
            )

    def _identify(self, stated: object, number: int) -> CellId:
        if isinstance(stated, str) and _is_id(stated):
            if stated not in self._ids:
                self._ids[stated] = number
                return CellId(stated)
            self._doubled.append((self._ids[stated], number))
        name = f"cell-{number}"
        while name in self._stated:
            name += "-"
        self._ids[name] = number
        return CellId(name)

    def _tags(self, metadata: object, number: int, cell_id: CellId) -> tuple[str, ...]:
        if not isinstance(metadata, dict):
            self._malformed(number, f"the metadata of cell {number} is not an object", cell_id)
            return ()
        tags = metadata.get("tags", [])
        if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
            message = f"the tags of cell {number} are not a list of texts"
            self._malformed(number, message, cell_id)
            return ()
        return tuple(dict.fromkeys(_printable(tag) for tag in tags))

    def _malformed(self, number: int, message: str, cell_id: str) -> None:
        span = _start_of(CellId(cell_id or f"cell-{number}"), number)
        self._report.add(
            Diagnostic(
                rules.MALFORMED_CELL,
                message,
                Label(span),
                notes=("open and save the notebook in JupyterLab to mend its form",),
            )
        )


def _decode(payload: bytes, report: Report) -> _RawNotebook | None:
    trouble = _text_trouble(payload)
    if trouble is not None:
        _refuse(report, trouble)
        return None
    try:
        found = msgspec.json.decode(payload, type=_RawDocument)
    except (msgspec.MsgspecError, RecursionError):
        # NaN in an output, a lone surrogate, an old or a malformed file, or no JSON at all
        return _decode_slowly(payload, report)
    if type(found.nbformat) is int and found.nbformat < _FORMAT:
        return _decode_slowly(payload, report)
    return _checked(found.nbformat, found.cells, found.metadata, report)


def _decode_slowly(payload: bytes, report: Report) -> _RawNotebook | None:
    try:
        document = json.loads(payload)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        _refuse(report, f"the file is not JSON: {_lowered(error.msg)} ({where})")
        return None
    except (RecursionError, ValueError, MemoryError):
        _refuse(report, "the file is JSON of a depth or size that is not read")
        return None
    if not isinstance(document, dict):
        _refuse(report, "the file is JSON, but its top is not an object")
        return None
    version = document.get("nbformat")
    if type(version) is int and 1 <= version < _FORMAT:
        document = _converted(document, version, report)
        if document is None:
            return None
    cells = document.get("cells")
    if isinstance(cells, list):
        cells = [_shaped_cell(cell) for cell in cells]
    return _checked(document.get("nbformat"), cells, document.get("metadata", {}), report)


def _text_trouble(payload: bytes) -> str | None:
    if not payload.strip():
        return "the file is empty"
    if payload.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "the file is UTF-16, and a notebook is UTF-8"
    if payload.startswith(b"\xef\xbb\xbf"):
        return "the file begins with a byte order mark, and a notebook may not"
    conflict = _CONFLICT.search(payload)
    if conflict is not None:
        line = payload.count(b"\n", 0, conflict.start()) + 1
        return f"the file has the marks of an unfinished merge (line {line})"
    try:
        payload.decode()
    except UnicodeDecodeError as error:
        line = payload.count(b"\n", 0, error.start) + 1
        return f"the file is not UTF-8 (line {line})"
    return None


def _checked(
    version: object, cells: object, metadata: object, report: Report
) -> _RawNotebook | None:
    if type(version) is not int:
        _refuse(report, "the file has no `nbformat` number, so it is not a notebook")
        return None
    if version != _FORMAT:
        shown = f"{version}" if abs(version) < _LARGEST_FORMAT else "…"
        _refuse(report, f"the file is in notebook format {shown}, and 4 is the newest")
        return None
    if not isinstance(cells, list):
        _refuse(report, "the notebook has no list of cells")
        return None
    return _RawNotebook(version, cells, metadata)


def _converted(
    document: dict[str, object], version: int, report: Report
) -> dict[str, object] | None:
    """Bring a file of format 1 to 3 to format 4; nbformat is imported for these alone."""
    import nbformat

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            old = nbformat.from_dict(document)  # type: ignore[no-untyped-call]
            if version == _FORMAT - 1:  # else the converter logs what it raises anyway
                nbformat.validate(old, version=version)
            converted = nbformat.convert(old, _FORMAT)  # type: ignore[no-untyped-call]
    except Exception as error:  # noqa: BLE001  # a foreign converter, on any data at all
        kind = type(error).__name__
        _refuse(report, f"the notebook is in format {version} and cannot be converted ({kind})")
        return None
    report.add(
        Diagnostic(
            rules.OLD_FORMAT,
            f"the notebook is in format {version}",
            Label(None),
            notes=("it was read as format 4; save it in JupyterLab to keep it so",),
        )
    )
    # ids are drawn at random by the converter: without them, equal bytes give equal cells
    cells = [{**cell, "id": None} for cell in converted["cells"]]
    return {"nbformat": _FORMAT, "cells": cells, "metadata": dict(converted["metadata"])}


def _shaped_cell(cell: object) -> object:
    if not isinstance(cell, dict):
        return cell
    return _RawCell(
        cell.get("cell_type"), cell.get("source", ""), cell.get("metadata", {}), cell.get("id")
    )


def _is_python(metadata: object, report: Report) -> bool:
    stated = (
        _text_at(metadata, "kernelspec", "language")
        or _text_at(metadata, "language_info", "name")
        or _text_at(metadata, "language")
    )
    kernel = _text_at(metadata, "kernelspec", "name")
    if stated:
        wrong = not re.match(r"i?python", stated, re.IGNORECASE)
    else:
        wrong = _OTHER_KERNELS.match(kernel) is not None
    if wrong:
        report.add(
            Diagnostic(
                rules.UNSUPPORTED_LANGUAGE,
                f"the notebook is in `{(stated or kernel)[:40]}`, not in Python",
                Label(None),
                notes=("choose a Python kernel, or keep such cells in `%%script` cells",),
            )
        )
    return not wrong


def _refuse(report: Report, message: str) -> None:
    report.add(
        Diagnostic(
            rules.UNREADABLE_NOTEBOOK,
            message,
            Label(None),
            notes=("open the file in JupyterLab or a text editor to see what it holds",),
        )
    )


def _is_id(stated: object) -> bool:
    return isinstance(stated, str) and stated.isprintable() and stated != ""


def _joined(source: object) -> str | None:
    if isinstance(source, str):
        return source
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        return "".join(source)
    return None


def _last_heading(source: object) -> str:
    heading, fenced = "", False
    for line in (_joined(source) or "").splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced and (found := _HEADING.match(line)):
            heading = _printable(found[1])
    return heading


def _canonical(metadata: object) -> str:
    """Return our object in some metadata as JSON text in one spelling, "" for none."""
    if not isinstance(metadata, dict) or "cellwright" not in metadata:
        return ""
    try:
        return json.dumps(metadata["cellwright"], sort_keys=True)
    except RecursionError:
        return '"too deep"'


def _text_at(metadata: object, *keys: str) -> str:
    for key in keys:
        if not isinstance(metadata, dict):
            return ""
        metadata = metadata.get(key)
    return _printable(metadata) if isinstance(metadata, str) else ""


def _printable(text: str) -> str:
    """Return a text that every encoding of Unicode can hold: lone surrogates are replaced."""
    return text.encode("utf-8", "replace").decode()


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]


def _start_of(cell: CellId, number: int) -> Span:
    return Span(cell, number, Position(1, 0), Position(1, 0))
