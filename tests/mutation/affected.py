"""Owns which tests a mutant of the compiler can fail: a plugin of pytest.

    pytest -p mutation.affected --unmutated mutants.json --record tests/…
    pytest -p mutation.affected --unmutated mutants.json tests/…

The first writes what the notebooks of the tests compile to. The second skips the tests whose
notebook still compiles to the same: what is run and judged then is the same too. It turns
minutes per mutant into seconds. What is left out besides says nothing of what is
computed: tests that hold a clock against the compiler, and those that try inputs by chance.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cellwright.app.documents import pipeline_document
from cellwright.compiler.driver import compile_notebook
from cellwright.diagnostics import render
from support.conformance import Case
from support.golden import GoldenCase
from support.notebooks import ipynb
from support.spec_judge import _bindings
from support.spec_pages import SpecNotebook

UNTOLD = ("hostile", "milliseconds", "take_no_time", "_any_")
"""Parts of the names of tests that are left out."""

BEFORE = pytest.StashKey[dict[str, str]]()
DIGESTS = pytest.StashKey[dict[int, str]]()


def pytest_addoption(parser):
    parser.addoption("--unmutated", type=Path, help="what notebooks compile to without a mutant")
    parser.addoption("--record", action="store_true", help="write that file, and run nothing")


def pytest_collection_modifyitems(config, items):
    path = config.getoption("--unmutated")
    if path is None:
        return
    if config.getoption("--record"):
        path.write_text(json.dumps(_digests(items), indent=0, sort_keys=True))
        config.hook.pytest_deselected(items=list(items))
        items[:] = []
        return
    config.stash[BEFORE] = json.loads(path.read_text())
    untold = [item for item in items if any(part in item.name for part in UNTOLD)]
    config.hook.pytest_deselected(items=untold)
    items[:] = [item for item in items if item not in untold]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    before = item.config.stash.get(BEFORE, {}).get(item.nodeid)
    if before is not None and before == _digest_for(item):
        pytest.skip("compiles to the same")


def _digests(items) -> dict[str, str]:
    """Return a digest of what the notebook of each test compiles to, by the test."""
    return {item.nodeid: digest for item in items if (digest := _digest_for(item)) is not None}


def _digest_for(item) -> str | None:
    notebook = _notebook(item)
    if notebook is None:
        return None
    digests = item.config.stash.setdefault(DIGESTS, {})
    if id(notebook) not in digests:
        digests[id(notebook)] = _digest(notebook)
    return digests[id(notebook)]


def _notebook(item) -> Any:
    """Return the notebook that a test is about; None if it makes its own."""
    callspec = getattr(item, "callspec", None)
    given = callspec.params.values() if callspec is not None else ()
    for value in (getattr(item, "notebook", None), *given):
        if isinstance(value, SpecNotebook | Case | GoldenCase):
            return value
    return None


def _digest(notebook: SpecNotebook | Case | GoldenCase) -> str:
    try:
        text = "\n".join(_compiled(notebook))
    except Exception as error:  # noqa: BLE001 — a mutant may raise anything
        text = repr(error)
    return hashlib.sha256(text.encode()).hexdigest()


def _compiled(notebook: SpecNotebook | Case | GoldenCase) -> Iterator[str]:
    """Yield all that tests look at in what a notebook compiles to."""
    if isinstance(notebook, SpecNotebook):
        payload = ipynb(notebook.cells, **notebook.metadata)
        yield from _bindings(notebook)
        yield from _texts(payload, dict(notebook.parameters))
    elif isinstance(notebook, GoldenCase):
        payload = notebook.payload
    else:
        payload = notebook.payload()
    yield from _texts(payload, {})


def _texts(payload: bytes, parameters: dict[str, str]) -> Iterator[str]:
    found = compile_notebook(payload, path="notebook.ipynb", parameters=parameters)
    yield render.text(found.report, path="notebook.ipynb", notebook=found.notebook)
    if found.pipeline is not None:
        yield json.dumps(pipeline_document(found.pipeline), sort_keys=True)
