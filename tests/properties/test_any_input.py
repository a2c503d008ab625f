"""That any bytes as a notebook, and any text as a cell, end in a report: no traceback, and
no more than seconds.

Inputs that are hard, or that once did otherwise, are kept in `inputs/`: `*.bytes` as they
are, `*.txt` as the middle cell of a notebook.
"""

import json
import keyword
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwright.app.compilation import compile_document
from cellwright.app.verification.splitting import split_cells
from cellwright.compiler.driver import Compilation
from cellwright.compiler.suggesting.suggest import suggest_tags
from cellwright.diagnostics import render
from properties.budget import budget
from support.notebooks import code, ipynb
from support.spec_pages import spec_notebooks

INPUTS = sorted((Path(__file__).parent / "inputs").iterdir())
PAGES = sorted((Path(__file__).parents[1] / "spec").glob("*/*.md"))
SOURCES = [
    "\n".join(cell.source for cell in notebook.cells)
    for page in PAGES
    for notebook in spec_notebooks(page.read_text(encoding="utf-8"))
]
MOST = 5.0
"""Seconds of the processor that a compilation may take."""

MARKS = r"( ) [ ] { } : ; , . = == := -> @ * ** + - ~ | & < > != ... \ ' \" # % ! ? $ `"
NAMES = "_ a b f self super print open exec globals type __class__"
WORDS = (
    *MARKS.split(),
    *NAMES.split(),
    *keyword.kwlist,
    *keyword.softkwlist,
    *("'''", 'f"{', '}"', "rb'", "%%time", "%run", "!ls", "??", "%%bash", "0x", "1e9", "9" * 5000),
    *("\n", "\n ", "\n    ", "\n\t", " ", "\f", "\r", "\r\n", "\x00", "\ufeff", "é", "\u2028"),
)
TEXTS = st.one_of(
    st.text(),
    st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=40).map("".join),
)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))
JSON = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def changed_sources(draw: st.DrawFn) -> str:
    """Return cells that somebody wrote, with spans of them taken out, doubled and moved."""
    source = draw(st.sampled_from(SOURCES))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(source)))
        end = min(len(source), start + draw(st.integers(0, 30)))
        at = draw(st.integers(0, len(source)))
        what = draw(st.sampled_from(["", source[start:end], source[start:end] * 2]))
        source = source[:start] + source[end:]
        source = source[:at] + what + source[at:]
    return source


@st.composite
def changed_notebooks(draw: st.DrawFn) -> bytes:
    """Return a notebook, some of whose values are of another kind than they should be."""
    document = json.loads(
        ipynb([code("a = 1", "step:x"), code("print(a)", "step:y", cpus=1), code("b", "metrics")])
    )
    for _ in range(draw(st.integers(1, 3))):
        place: Any = document
        key: Any = draw(st.sampled_from(sorted(place)))
        while isinstance(place[key], dict | list) and place[key] and draw(st.booleans()):
            place = place[key]
            keys = sorted(place) if isinstance(place, dict) else range(len(place))
            key = draw(st.sampled_from(keys))
        if draw(st.booleans()):
            place[key] = draw(JSON)
        elif isinstance(place, dict) and len(place) > 1:
            del place[key]
    return json.dumps(document).encode()


@given(st.one_of(st.binary(), changed_notebooks()))
@budget(300)
def test_any_bytes_end_in_a_report(payload: bytes) -> None:
    assert_reported(payload)


@given(TEXTS)
@budget(300)
def test_any_text_as_a_cell_ends_in_a_report(text: str) -> None:
    assert_reported(in_a_cell(text))


@given(changed_sources())
@budget(300)
def test_broken_code_ends_in_a_report(source: str) -> None:
    assert_reported(in_a_cell(source))


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.name)
def test_a_kept_input_ends_in_a_report(path: Path) -> None:
    if path.suffix == ".txt":
        assert_reported(in_a_cell(path.read_text(encoding="utf-8")))
    else:
        assert_reported(path.read_bytes())


def in_a_cell(text: str) -> bytes:
    """Return a notebook with a text as one of its cells."""
    return ipynb(
        [
            code("a = b = self = []\ndef f(*_): return a", "step:before"),
            code(text, "step:it"),
            code("print(a, b)", "step:after"),
        ]
    )


def assert_reported(payload: bytes) -> None:
    compilation = compiled_in_time(payload)
    assert (compilation.pipeline is None) == compilation.report.has_errors
    page = render.text(compilation.report, path="any.ipynb", notebook=compilation.notebook)
    assert page.count("= more: ") == len(compilation.report)
    compiled_in_time(split_cells(payload))
    suggest_tags(payload, path="any.ipynb")


def compiled_in_time(payload: bytes) -> Compilation:
    begun = time.process_time()
    compilation = compile_document(payload, path="any.ipynb")
    assert time.process_time() - begun < MOST
    return compilation
