"""Owns the harshest cut of a notebook: every code cell a step of its own.

It is a notebook again, so whatever compiles and runs notebooks does so with it unchanged.
"""

import json
from collections.abc import Iterable
from typing import Any

_STEPS = ("step:", "block:", "check:")
_PREFIXES = (*_STEPS, "prev:", "limit:", "image:", "cache:", "secret:", "label:", "annotation:")
_ROLES = frozenset(
    {
        "parameters",
        "pipeline-parameters",
        "metrics",
        "pipeline-metrics",
        "imports",
        "functions",
        "setup",
    }
)
_PARAMETERS = frozenset({"parameters", "pipeline-parameters"})
_ONE_STEP_ONLY = "metrics"
"""The option of a step whose names stand in one of its cells only."""


def split_cells(payload: bytes, *, keep_parameters: bool = False) -> bytes:
    """Return a notebook in which each code cell N is the step `cell-N`.

    N is the number that a reader counts, cells of all kinds together. Cells that are
    tagged `skip`, and those without text, stay out; `keep_parameters` leaves cells of
    parameters what they are, so that a run can choose their values. What a step's
    options ask for (files, network, variables, …) is asked for each of its cells. Bytes
    that are no notebook of format 4 are returned as they are: the compiler says why.
    """
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError):
        return payload
    cells = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        return payload
    options = _options_of_steps(cells, document.get("metadata"))
    for number, cell in enumerate(cells, start=1):
        if cell.get("cell_type") == "code" and isinstance(cell.get("metadata", {}), dict):
            _set_apart(cell, number, options, keep_parameters=keep_parameters)
    _drop_named_options(document.get("metadata"))
    return json.dumps(document).encode()


def _set_apart(
    cell: dict[str, Any],
    number: int,
    options: dict[str, dict[str, Any]],
    *,
    keep_parameters: bool,
) -> None:
    metadata = cell.setdefault("metadata", {})
    tags = _tags(metadata)
    if "skip" in tags or (keep_parameters and _PARAMETERS & set(tags)):
        return
    kept = [tag for tag in tags if tag not in _ROLES and not tag.startswith(_PREFIXES)]
    if not _text(cell.get("source")).strip():
        metadata["tags"] = [*kept, "skip"]
        return
    metadata["tags"] = [*kept, f"step:cell-{number}"]
    step = _step(tags)
    if step is not None and options.get(step):
        metadata["cellwright"] = options[step]


def _options_of_steps(cells: list[dict[str, Any]], metadata: Any) -> dict[str, dict[str, Any]]:
    """Return what the options of each step say together, wherever they stand."""
    found: dict[str, dict[str, Any]] = {}
    for cell in cells:
        inside = cell.get("metadata")
        step = _step(_tags(inside)) if isinstance(inside, dict) else None
        if step is not None:
            found.setdefault(step, {}).update(_ours(inside))
    named = _ours(metadata).get("steps")
    for step, options in (named if isinstance(named, dict) else {}).items():
        if step in found and isinstance(options, dict):
            found[step].update(options)
    for options in found.values():
        options.pop(_ONE_STEP_ONLY, None)
    return found


def _drop_named_options(metadata: Any) -> None:
    """Take away the notebook's options for steps that no longer have their names."""
    ours = _ours(metadata)
    if "steps" in ours:
        metadata["cellwright"] = {key: value for key, value in ours.items() if key != "steps"}


def _ours(metadata: Any) -> dict[str, Any]:
    ours = metadata.get("cellwright") if isinstance(metadata, dict) else None
    return ours if isinstance(ours, dict) else {}


def _step(tags: Iterable[str]) -> str | None:
    return next((tag.partition(":")[2] for tag in tags if tag.startswith(_STEPS)), None)


def _tags(metadata: dict[str, Any]) -> list[str]:
    tags = metadata.get("tags", [])
    return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []


def _text(source: Any) -> str:
    if isinstance(source, list):
        return "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""
