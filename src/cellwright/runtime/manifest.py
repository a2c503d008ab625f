"""Owns the JSON files that host and step exchange.

An attempt at a step is a folder; the runtime is given its path and nothing else:

    spec.json        StepSpec, written by the host
    program.py       the component's program
    inputs/DIGEST    artifact files, read-only (`DIGEST` without `sha256:`)
    work/            the input files and modules of the step; the working directory is it,
                     or the folder in it that `StepSpec.cwd` names (`../x` must exist)
    outputs/         artifact files, written by the runtime
    logs/log         what the step printed, both streams as they came (capped)
    logs/stdout      its standard output alone (capped)
    displays.json    a list of [cell number, nbformat output]
    manifest.json    Manifest, written last, whole or not at all

The exit code decides nothing: a step succeeded when its manifest says so, carries the
attempt's `nonce`, and its artifacts hash to what it says.
"""

import json
import os
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeVar

FORMAT = 1

T = TypeVar("T")


@dataclass(frozen=True)
class CellSpec:
    """Program lines `first` to `last` (from 1, inclusive) are the code cell `number`."""

    id: str
    number: int
    first: int
    last: int


@dataclass(frozen=True)
class ParameterSpec:
    """The assignment at program line `line` gives `name` the value of this literal."""

    name: str
    line: int
    literal: str


@dataclass(frozen=True)
class ArtifactSpec:
    """An input artifact, and which of its members the step reads.

    `path` is relative to the attempt folder.
    """

    path: str
    serializer: str
    members: list[str]
    wanted: list[str]
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PortSpec:
    """An output port: `kind` is value, state or file; see `model.pipeline.PortKind`."""

    name: str
    kind: str
    optional: bool = False


@dataclass(frozen=True)
class StepSpec:
    """All that the runtime is told about one attempt at one step.

    `origins` has, for each program line, the cell number and the line in it, or None.
    `absent` are inputs that no step bound: the name stays unbound, as in the notebook.
    `unchanged` are inputs that the step is declared not to change (the guard checks).
    `cwd` is the working directory, relative to the attempt folder.
    """

    run: str
    step: str
    nonce: str
    notebook: str
    body_line: int
    cells: list[CellSpec]
    origins: list[list[int] | None]
    parameters: list[ParameterSpec]
    inputs: list[ArtifactSpec]
    outputs: list[PortSpec]
    metrics: list[str]
    definitions: list[str]
    absent: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    log_limit: int = 64 * 1024 * 1024
    cwd: str = "work"
    format: int = FORMAT


@dataclass(frozen=True)
class ErrorRecord:
    """Why the step failed; `kind` is one of `model.run.Failure.kind`.

    `traceback` is the text a person reads: frames of the program name cell and line.
    """

    kind: str
    message: str
    cell: int | None = None
    line: int | None = None
    traceback: str = ""
    hint: str = ""


@dataclass(frozen=True)
class ArtifactRecord:
    """One artifact written: `path` is relative to the attempt folder, `digest` is
    `sha256:…` of its bytes, `members` are the ports it holds."""

    path: str
    digest: str
    size: int
    serializer: str
    members: list[str]
    type_names: dict[str, str] = field(default_factory=dict)
    fidelity: str = "exact"
    meta: dict[str, Any] = field(default_factory=dict)
    preview: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SoughtRecord:
    """Something that the cells looked for and did not find, and the place in them.

    `kind` is `file`, `folder` (what is in it was listed), `glob` or `glob-all` (what matches
    was looked for, without hidden names or with them). `path` is relative to the working
    directory where it is inside the attempt.
    """

    kind: str
    path: str
    cell: int
    line: int


@dataclass(frozen=True)
class Manifest:
    """What the runtime says about an attempt. `state` is succeeded, failed or
    interrupted; `files_read` and `files_written` are paths seen by the audit hook,
    relative to the working directory where they are inside it."""

    run: str
    step: str
    nonce: str
    state: str
    error: ErrorRecord | None = None
    artifacts: list[ArtifactRecord] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    peak_memory: int = 0
    files_read: list[str] = field(default_factory=list)
    files_written: list[str] = field(default_factory=list)
    files_sought: list[SoughtRecord] = field(default_factory=list)
    state_changed: list[str] = field(default_factory=list)
    python: str = ""
    format: int = FORMAT


_NESTED: dict[str, dict[str, Any]] = {
    "StepSpec": {
        "cells": CellSpec,
        "parameters": ParameterSpec,
        "inputs": ArtifactSpec,
        "outputs": PortSpec,
    },
    "Manifest": {"error": ErrorRecord, "artifacts": ArtifactRecord, "files_sought": SoughtRecord},
}


class BadRecordError(ValueError):
    """A file of an attempt is not what its reader expects; the text says what is wrong."""


def to_json(record: StepSpec | Manifest) -> bytes:
    """Return the record as JSON bytes with keys in order."""
    return json.dumps(asdict(record), sort_keys=True, allow_nan=True).encode()


def from_json(kind: type[T], payload: bytes) -> T:
    """Return the record that JSON bytes describe; unknown keys are ignored.

    Raises:
        BadRecordError: not JSON, another format number, or a key is missing.
    """
    try:
        raw = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise BadRecordError(f"not JSON: {error}") from None
    if not isinstance(raw, dict):
        raise BadRecordError("not a JSON object")
    if raw.get("format") != FORMAT:
        raise BadRecordError(f"format {raw.get('format')!r}, not {FORMAT}")
    return _build(kind, raw)


def _build(kind: type[T], raw: dict[str, Any]) -> T:
    known = {entry.name for entry in fields(kind)}  # type: ignore[arg-type]
    values = {key: item for key, item in raw.items() if key in known}
    for key, nested in _NESTED.get(kind.__name__, {}).items():
        item = values.get(key)
        if isinstance(item, list):
            values[key] = [_build(nested, entry) for entry in item]
        elif isinstance(item, dict):
            values[key] = _build(nested, item)
    try:
        return kind(**values)
    except TypeError as error:
        raise BadRecordError(f"{kind.__name__}: {error}") from None


def write_whole(path: str, payload: bytes) -> None:
    """Make a file appear with all its bytes or not at all, and durably."""
    beside = f"{path}.{os.getpid()}.tmp"
    with open(beside, "wb") as handle:
        handle.write(payload)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(beside, path)
