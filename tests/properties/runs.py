"""Runs generated notebooks: whole, and step by step.

Every step is a fork of this process, so the libraries of the grammar are imported here, once.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np  # noqa: F401
import pandas as pd  # noqa: F401

from cellwright.compiler.driver import Compilation, compile_notebook
from cellwright.model.pipeline import Pipeline
from properties.generated import Cells
from support.steps_apart import forked, run_apart, run_in_one_namespace


def compiled(notebook: Cells) -> Compilation:
    """Return what a generated notebook compiles to."""
    return compile_notebook(notebook.payload, path="generated.ipynb")


def expected_of(notebook: Cells, folder: Path) -> str | None:
    """Return what the notebook prints, or None where it fails."""
    printed = run_in_one_namespace(notebook.sources, folder / "whole")
    return None if printed is None else _without_places(printed)


def printed_apart(pipeline: Pipeline, folder: Path) -> str:
    """Return what the steps print, in notebook order; or how one failed."""
    end = run_apart(pipeline, folder / "apart", runner=forked)
    if end.failed is not None:
        return f"failed: {end.failed.log}"
    steps = sorted(pipeline.steps, key=lambda step: pipeline.steps[step].cells[0].number)
    return _without_places("".join(end.steps[step].stdout for step in steps))


def _without_places(printed: str) -> str:
    """Return a text without the places of objects in memory: no two runs share those."""
    return re.sub(r" at 0x[0-9a-f]+>", " at …>", printed)


@contextmanager
def fresh_folder() -> Iterator[Path]:
    """Make a folder without a finalizer: a fork would run it, and take the folder away."""
    folder = Path(tempfile.mkdtemp())
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
