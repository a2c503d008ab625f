"""Small notebooks, one for each phenomenon of Python, its libraries and notebooks: each
step must print what the notebook's cells print, or the finding that is stated is told.

The pages are written as those of the specification are; see `tests/spec/index.md`.
"""

import importlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.spec_judge import faults
from support.spec_pages import SpecNotebook, spec_notebooks

pytestmark = pytest.mark.slow

PAGES = Path(__file__).parent / "phenomena"
LARGE = {"numpy": "numpy", "pandas": "pandas", "sklearn": "sklearn.pipeline"}
"""Libraries, and the module of each that brings most of it."""


def phenomena() -> Iterator[Any]:
    """Yield the notebooks of all pages; those that do not come out right yet say why."""
    for page in sorted(PAGES.glob("*.md")):
        for notebook in spec_notebooks(page.read_text(encoding="utf-8")):
            reason = notebook.not_yet
            marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
            yield pytest.param(notebook, id=f"{page.stem}: {notebook.title}", marks=marks)


@pytest.fixture(scope="module", autouse=True)
def _imported_early() -> None:
    """Import large libraries once: the steps are forks of this process."""
    for module in LARGE.values():
        importlib.import_module(module)


@pytest.mark.parametrize("notebook", list(phenomena()))
def test_pipeline_does_what_the_notebook_does(notebook: SpecNotebook) -> None:
    # No finalizer, as tmp_path has: a fork would run it, and take the folder away.
    folder = Path(tempfile.mkdtemp(prefix="cellwright-phenomenon-"))
    found = faults(notebook, folder)
    shutil.rmtree(folder, ignore_errors=True)

    assert not found, "\n".join(found)
