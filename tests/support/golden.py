"""Reads golden cases: a notebook, and the files that it must compile to, to the letter."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from cellwright.app.documents import pipeline_document
from cellwright.compiler.driver import Compilation, compile_notebook
from cellwright.diagnostics import render
from cellwright.model.options import StepOptions
from support.notebooks import ipynb
from support.spec_pages import SpecNotebook, spec_notebooks

TESTS = Path(__file__).parents[1]
CASES = TESTS / "golden"
EXAMPLES = TESTS.parent / "examples"

_LEFT_OUT = ("program", "origins", "body_line", "fingerprint", "ports", "requirements")
"""What `pipeline.json` does not repeat: the program lies beside it, and tells the types of the
ports; a digest tells a reader nothing but that something changed."""

_DEFAULTS = msgspec.to_builtins(StepOptions())


@dataclass(frozen=True)
class GoldenCase:
    """A case: a folder of `tests/golden`, its notebook a page of its own or an example's.

    `notebook.files` are all that lies beside the notebook.
    """

    name: str
    payload: bytes
    notebook: SpecNotebook

    @property
    def expected(self) -> Path:
        """Return the folder of the golden files."""
        return CASES / self.name / "expected"

    def compilation(self) -> Compilation:
        """Return what the notebook compiles to."""
        return compile_notebook(self.payload, path=f"{self.name}.ipynb")


def golden_cases() -> Iterator[GoldenCase]:
    """Yield the cases by name: the pages, and the examples."""
    pages = {page.parent.name: page for page in CASES.glob("*/notebook.md")}
    examples = {path.stem: path for path in EXAMPLES.glob("*/*.ipynb")}
    for name in sorted(pages | examples):
        if name in pages:
            (notebook,) = spec_notebooks(pages[name].read_text(encoding="utf-8"))
            yield GoldenCase(name, ipynb(notebook.cells, **notebook.metadata), notebook)
        else:
            yield GoldenCase(name, examples[name].read_bytes(), _example(examples[name]))


def golden_files(compilation: Compilation) -> Mapping[str, str]:
    """Return the text of each golden file: a program for each step, `pipeline.json` with what
    is not empty or a default in it, and `report.txt` where there are findings."""
    files: dict[str, str] = {}
    if compilation.pipeline is not None:
        document = pipeline_document(compilation.pipeline)
        for name, component in compilation.pipeline.steps.items():
            files[f"{name}.py"] = component.program
            document["steps"][name] = _in_short(document["steps"][name])
        text = json.dumps(_said(document), indent=2, ensure_ascii=False)
        files["pipeline.json"] = text + "\n"
    if len(compilation.report):
        files["report.txt"] = render.text(
            compilation.report, path="notebook.ipynb", notebook=compilation.notebook
        )
    return files


def _in_short(step: dict[str, Any]) -> dict[str, Any]:
    ports = [*step["ports"]["inputs"], *step["ports"]["outputs"]]
    short = {key: value for key, value in step.items() if key not in _LEFT_OUT}
    options = step["options"]
    return short | {
        "cells": [cell["number"] for cell in step["cells"]],
        "optional": sorted({port["name"] for port in ports if port["optional"]}),
        "options": {key: options[key] for key in options if options[key] != _DEFAULTS[key]},
    }


def _said(value: Any) -> Any:
    """Return a document without the parts that say nothing."""
    if isinstance(value, dict):
        parts = {key: _said(part) for key, part in value.items()}
        return {key: part for key, part in parts.items() if part not in ("", [], {}, None)}
    return [_said(part) for part in value] if isinstance(value, list) else value


def _example(path: Path) -> SpecNotebook:
    found = [*path.parent.glob("*.py"), *path.parent.glob("data/*")]
    files = {
        file.relative_to(path.parent).as_posix(): file.read_text(encoding="utf-8")
        for file in found
        if file.is_file()
    }
    return SpecNotebook(
        title=path.stem,
        line=1,
        cells=(),
        expectations=(),
        files=files,
        metadata={},
        parameters={},
    )
