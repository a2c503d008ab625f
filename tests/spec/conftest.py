"""Owns the collection of specification pages: a heading is a test, named as it reads."""

import importlib
import shutil
import tempfile
from pathlib import Path

import pytest

from support.spec_judge import faults
from support.spec_pages import SpecNotebook, spec_notebooks

LARGE = {"numpy": "numpy", "pandas": "pandas", "sklearn": "sklearn.pipeline"}
"""Libraries, and the module of each that brings most of it."""


class DisagreementError(Exception):
    """A notebook does not come out as its page says."""


class SpecPage(pytest.File):
    def collect(self):
        for notebook in spec_notebooks(self.path.read_text(encoding="utf-8")):
            item = SpecItem.from_parent(self, name=notebook.title, notebook=notebook)
            if notebook.not_yet:
                item.add_marker(pytest.mark.xfail(reason=notebook.not_yet, strict=True))
            yield item


class SpecItem(pytest.Item):
    def __init__(self, *, notebook: SpecNotebook, **fields) -> None:
        super().__init__(**fields)
        self.notebook = notebook

    def runtest(self) -> None:
        _import_early(self.notebook)
        # No finalizer, as tmp_path has: a fork would run it, and take the folder away.
        folder = Path(tempfile.mkdtemp(prefix="cellwright-spec-"))
        found = faults(self.notebook, folder)
        if found:
            raise DisagreementError("\n".join([*found, f"(what was run is in {folder})"]))
        shutil.rmtree(folder, ignore_errors=True)

    def repr_failure(self, excinfo, style=None):
        if isinstance(excinfo.value, DisagreementError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        return self.path, self.notebook.line - 1, self.notebook.title


def _import_early(notebook: SpecNotebook) -> None:
    """Import the large libraries that a notebook names: its steps are forks of this process,
    and need not import them one by one."""
    text = "\n".join(cell.source for cell in notebook.cells)
    for library, module in LARGE.items():
        if library in text:
            importlib.import_module(module)


def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".md":
        return SpecPage.from_parent(parent, path=file_path)
    return None
