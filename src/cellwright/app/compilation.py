"""Owns the use case of compiling: from a notebook file to a pipeline and what to say of it."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cellwright.app.documents import Document, pipeline_document
from cellwright.base.errors import UsageError
from cellwright.compiler.driver import Compilation, compile_notebook
from cellwright.diagnostics.diagnostic import Report
from cellwright.model.pipeline import Pipeline, StepName
from cellwright.model.source import Notebook

_WRITING = 1.0  # seconds; how long a notebook may be half-written while it is saved


@dataclass(frozen=True)
class Compiled:
    """A compiled notebook file; `requirements` are the distributions of each step."""

    path: str
    payload: bytes
    notebook: Notebook | None
    pipeline: Pipeline | None
    report: Report
    requirements: Mapping[StepName, tuple[str, ...]] = field(default_factory=dict)


def read_notebook(path: Path) -> bytes:
    """Return the bytes of a notebook, whole.

    Jupyter writes a notebook in place, so a reader may meet half of it: bytes that are
    not JSON are read again for a second, until they hold still.

    Raises:
        UsageError: there is no such file, or it cannot be read.
    """
    deadline = time.monotonic() + _WRITING
    before = b""
    while True:
        try:
            payload = path.read_bytes()
        except OSError as error:
            raise UsageError(f"cannot read {path}: {error.strerror}") from error
        if _is_json(payload) or (payload == before and time.monotonic() > deadline):
            return payload
        before = payload
        time.sleep(0.1)


def _is_json(payload: bytes) -> bool:
    try:
        json.loads(payload)
    except (ValueError, RecursionError):
        return False
    return True


def compile_document(payload: bytes, *, path: str) -> Compilation:
    """Return what the bytes of a notebook compile to; `path` is for messages."""
    return compile_notebook(payload, path=path)


def compiled_document(compiled: Compiled) -> Document:
    """Return a compiled notebook as JSON: the pipeline, if there is one, and the diagnostics."""
    from cellwright.app import findings

    pipeline: Document = {"pipeline": None, "parameters": [], "steps": {}, "edges": []}
    if compiled.pipeline is not None:
        pipeline = pipeline_document(compiled.pipeline, compiled.requirements)
    return {"notebook": compiled.path, **pipeline, "diagnostics": findings.rows(compiled)}


def write_components(compiled: Compiled, folder: Path) -> Iterator[Path]:
    """Write the program of each step and `pipeline.json` to a folder; yield what was written."""
    if compiled.pipeline is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, component in compiled.pipeline.steps.items():
        path = folder / f"{name}.py"
        path.write_text(component.program, encoding="utf-8")
        yield path
    summary = folder / "pipeline.json"
    text = json.dumps(compiled_document(compiled), indent=2, ensure_ascii=False)
    summary.write_text(text + "\n", encoding="utf-8")
    yield summary
