"""Owns the use case of compiling: from a notebook file to a pipeline and what to say of it."""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

import cellwright
from cellwright.app.documents import Document, pipeline_document
from cellwright.app.local_modules import local_modules
from cellwright.app.parameters import chosen_parameters
from cellwright.app.workspace import Workspace
from cellwright.base.canonical import digest_of
from cellwright.base.errors import StoreError, UsageError
from cellwright.diagnostics.diagnostic import Diagnostic, Report
from cellwright.model.pipeline import Pipeline, StepName
from cellwright.model.source import Notebook

if TYPE_CHECKING:
    from cellwright.compiler.driver import Compilation

_Kept = tuple[Pipeline | None, tuple[Diagnostic, ...], Notebook | None, dict[str, str]]
_WRITING = 1.0  # seconds; how long a notebook may be half-written while it is saved
_ROUNDS = 10  # a fix may make room for another; more rounds than this would be a circle


@dataclass(frozen=True)
class Compiled:
    """A compiled notebook file; `requirements` are the distributions of each step.

    `parameters` are the literals of the parameters that were chosen: the paths in the
    pipeline follow them.
    """

    path: str
    payload: bytes
    notebook: Notebook | None
    pipeline: Pipeline | None
    report: Report
    requirements: Mapping[StepName, tuple[str, ...]] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)


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


def write_notebook(path: Path, payload: bytes) -> None:
    """Replace the bytes of a notebook, all at once; of a link, what it points to.

    Raises:
        StoreError: it cannot be written.
    """
    from cellwright.runtime.manifest import write_whole

    try:
        write_whole(str(path.resolve()), payload)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from error


def _is_json(payload: bytes) -> bool:
    try:
        json.loads(payload)
    except (ValueError, RecursionError):
        return False
    return True


def compile_in(
    workspace: Workspace,
    path: Path,
    assignments: tuple[str, ...] = (),
    *,
    payload: bytes | None = None,
) -> Compiled:
    """Return what a notebook compiles to, from the memory of a workspace where it is known.

    The same bytes, local modules and parameters compiled by the same compiler give the
    same pipeline, so a notebook that did not change is not compiled again. `assignments` are
    `NAME=VALUE` texts; `payload` is compiled in place of the file's own bytes.

    Raises:
        UsageError: the notebook cannot be read, or an assignment does not fit it.
    """
    if payload is None:
        payload = read_notebook(path)
    modules = local_modules(payload, path.parent)
    texts = tuple((name, modules[name].text) for name in modules)
    key = digest_of((payload, str(path), _compiler_version(), assignments, texts))
    memos = workspace.store.memos
    known = memos.get("compilation", key)
    if known is not None:
        pipeline, found, notebook, parameters = msgspec.json.decode(known, type=_Kept)
        return Compiled(
            str(path), payload, notebook, pipeline, Report(found), parameters=parameters
        )
    compiled = _compiled(payload, path, assignments)
    kept = (compiled.pipeline, tuple(compiled.report), compiled.notebook, compiled.parameters)
    with suppress(UnicodeEncodeError):  # half a character in a cell, of which the report tells
        memos.put("compilation", key, msgspec.json.encode(kept))
    return compiled


def compile_file(
    path: Path, *, python: str | None = None, assignments: tuple[str, ...] = ()
) -> Compiled:
    """Return what a notebook compiles to, with the distributions that its steps need.

    `python` is the interpreter of the notebook's environment, its kernel's where None;
    `assignments` are `NAME=VALUE` texts.

    Raises:
        UsageError: the notebook cannot be read, or an assignment does not fit it.
    """
    from cellwright.app.resolution import with_requirements

    return with_requirements(compile_alone(path, assignments), python)


def compile_alone(path: Path, assignments: tuple[str, ...] = ()) -> Compiled:
    """Return what a notebook compiles to by itself: no environment is looked at.

    Raises:
        UsageError: the notebook cannot be read, or an assignment does not fit it.
    """
    return _compiled(read_notebook(path), path, assignments)


def _compiled(payload: bytes, path: Path, assignments: tuple[str, ...]) -> Compiled:
    parameters = chosen_parameters(payload, assignments, path=str(path)) if assignments else {}
    fresh = compile_document(payload, path=str(path), parameters=parameters, folder=path.parent)
    return Compiled(
        str(path),
        payload,
        fresh.notebook,
        fresh.pipeline,
        fresh.report,
        parameters=parameters,
    )


def _compiler_version() -> tuple[object, ...]:
    """Return what stands for the compiler's own code: its version, and its files' times."""
    package = Path(cellwright.__file__).parent
    files = [
        (str(file.relative_to(package)), file.stat().st_size, file.stat().st_mtime_ns)
        for folder in ("compiler", "model", "diagnostics")
        for file in sorted((package / folder).rglob("*"))
        if file.suffix in (".py", ".toml")
    ]
    return (cellwright.__version__, sys.version_info[:2], tuple(files))


def compile_document(
    payload: bytes,
    *,
    path: str,
    parameters: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> "Compilation":
    """Return what the bytes of a notebook compile to; `path` is for messages.

    `folder` is where its local modules are; None where they are not to be looked for.
    """
    # The compiler costs a tenth of a second to import; an unchanged notebook needs none.
    from cellwright.compiler.driver import compile_notebook

    modules = local_modules(payload, folder) if folder is not None else None
    return compile_notebook(payload, path=path, parameters=parameters, modules=modules)


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


def apply_safe_fixes(path: Path) -> int:
    """Apply the fixes that keep a notebook's meaning, until none is left; return how many."""
    from cellwright.diagnostics.diagnostic import Safety
    from cellwright.diagnostics.fixes import apply_fixes

    applied = 0
    for _ in range(_ROUNDS):
        payload = read_notebook(path)
        report = compile_document(payload, path=str(path), folder=path.parent).report
        safe = [fix for found in report for fix in found.fixes if fix.safety is Safety.SAFE]
        fixed = apply_fixes(payload, safe) if safe else None
        if fixed is None or not fixed.applied:
            break
        write_notebook(path, fixed.payload)
        applied += len(fixed.applied)
    return applied
