"""Owns the way from `metadata.cellwright` (and Kale's option tags) to typed options."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

import msgspec

from cellwright.compiler.reading.step_names import similar_name
from cellwright.diagnostics import catalogue as rules
from cellwright.diagnostics.diagnostic import Diagnostic, Label, Report
from cellwright.model.options import PipelineOptions, StepOptions
from cellwright.model.source import Cell, Notebook, Position, Span

_KALE_CACHE = {"enabled": "auto", "true": "auto", "disabled": "never", "false": "never"}
_MILLI = 1000

K = TypeVar("K", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Source:
    """Some fields that were set for one step, and where; no span: for the notebook."""

    fields: Mapping[str, object]
    span: Span | None


def cell_start(cell: Cell) -> Span:
    """Return the empty span at the start of a cell: where findings about its tags stand."""
    return Span(cell.id, cell.number, Position(1, 0), Position(1, 0))


def read_options(notebook: Notebook, report: Report) -> PipelineOptions:
    """Return the options of the notebook as a whole; the defaults where they are malformed."""
    fields = _object(notebook.options, "the notebook's options", None, report)
    if not _fields_are_known(fields, PipelineOptions, None, report):
        return PipelineOptions()
    steps = fields.get("steps")
    for name, of_step in steps.items() if isinstance(steps, dict) else ():
        if isinstance(of_step, dict):
            _fields_are_known(of_step, StepOptions, None, report, of=f" of step `{name}`")
    return _converted(fields, PipelineOptions, None, report) or PipelineOptions()


def cell_source(cell: Cell, report: Report) -> Source:
    """Return the fields set in the metadata of a cell; those that are malformed left out."""
    span = cell_start(cell)
    fields = _object(cell.options, f"the options of cell {cell.number}", span, report)
    known = _fields_are_known(fields, StepOptions, span, report)
    if not known or _converted(fields, StepOptions, span, report) is None:
        return Source({}, span)
    return Source(fields, span)


def notebook_source(notebook: Notebook, step: str) -> Source:
    """Return the fields that the notebook's options set for a step; they were checked before."""
    fields = json.loads(notebook.options) if notebook.options else {}
    steps = fields.get("steps") if isinstance(fields, dict) else None
    of_step = steps.get(step) if isinstance(steps, dict) else None
    return Source(of_step if isinstance(of_step, dict) else {}, None)


def merge(step: str, sources: Sequence[Source], report: Report) -> StepOptions:
    """Return the options of a step, put together from all places that set some of them."""
    merged: dict[str, object] = {}
    origins: dict[str, Span | None] = {}
    for source in sources:
        for field, value in source.fields.items():
            if field in merged and merged[field] != value:
                _disagree(step, field, origins[field], source.span, report)
            else:
                merged[field] = value
                origins[field] = source.span
    try:
        return msgspec.convert(merged, StepOptions)
    except msgspec.ValidationError:
        return StepOptions()  # reported where the field stands


def kale_fields(tag: str) -> Mapping[str, object] | None:
    """Return the fields that an option tag of Kale sets; None where it means nothing to us."""
    kind, _, rest = tag.partition(":")
    match kind:
        case "image" if rest:
            return {"image": rest}
        case "cache" if rest.lower() in _KALE_CACHE:
            return {"cache": _KALE_CACHE[rest.lower()]}
        case "secret" if rest:
            return {"secrets": [rest.rpartition(":")[2]]}
        case "limit":
            return _kale_limit(rest)
        case _:
            return None


def _kale_limit(rest: str) -> Mapping[str, object] | None:
    resource, _, amount = rest.rpartition(":")
    if resource == "memory":
        fields: dict[str, object] = {"memory": amount}
    elif resource == "cpu":
        try:
            fields = {
                "cpus": float(amount.removesuffix("m")) / (_MILLI if amount[-1:] == "m" else 1)
            }
        except ValueError:
            return None
    else:
        return None
    try:
        msgspec.convert(fields, StepOptions)
    except msgspec.ValidationError:
        return None
    return fields


def _object(text: str, what: str, span: Span | None, report: Report) -> dict[str, object]:
    found = json.loads(text) if text else {}
    if isinstance(found, dict):
        return cast("dict[str, object]", found)
    report.add(Diagnostic(rules.INVALID_OPTION, f"{what} are not an object", Label(span)))
    return {}


def _fields_are_known(
    fields: Mapping[str, object],
    kind: type[msgspec.Struct],
    span: Span | None,
    report: Report,
    of: str = "",
) -> bool:
    known = list(kind.__struct_fields__)
    unknown = [field for field in fields if field not in known]
    for field in unknown:
        meant = similar_name(field, known)
        report.add(
            Diagnostic(
                rules.INVALID_OPTION,
                f"there is no option `{field}`{of}",
                Label(span),
                notes=(
                    f"`{meant}` has a similar name" if meant else f"there are: {', '.join(known)}",
                ),
            )
        )
    return not unknown


def _converted(
    fields: Mapping[str, object], kind: type[K], span: Span | None, report: Report
) -> K | None:
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        said, _, where = str(error).partition(" - at ")
        name = where.strip("`").removeprefix("$.") or "cellwright"
        message = f"option `{name}` is malformed: {said[:1].lower()}{said[1:]}"
        report.add(Diagnostic(rules.INVALID_OPTION, message, Label(span)))
        return None


def _disagree(
    step: str, field: str, first: Span | None, second: Span | None, report: Report
) -> None:
    where = f"cell {first.number}" if first is not None else "the notebook's options"
    report.add(
        Diagnostic(
            rules.CONFLICTING_OPTIONS,
            f"step `{step}` has two values for option `{field}`",
            Label(second, f"this one disagrees with {where}"),
            secondary=(Label(first, "set here too"),) if first is not None else (),
            notes=("an option may stand on any cell of its step, but once is enough",),
        )
    )
