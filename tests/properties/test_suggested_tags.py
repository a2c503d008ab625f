"""That suggested tags compile, whatever the notebook, and change nothing but tags."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from cellwright.compiler.driver import compile_notebook
from cellwright.compiler.suggesting.suggest import suggest_tags
from cellwright.model.source import Notebook
from support.notebooks import code, ipynb

SOURCES = (
    "import random\nrandom.seed(1)",
    "import math as m",
    "a = 1",
    "b, c = [1], 'x'",
    "a = [2]\nb = a",
    "def f(x=None):\n    return b",
    "class K:\n    seen = []",
    "a",
    "b.append(a)",
    "b = [random.random()]",
    "print(a, b)",
    "c = (x for x in [1])",
    "print(list(c))",
    "handle = open('t.txt', 'w')",
    "handle.write(str(a))",
    "with open('t.txt') as handle:\n    b = [handle.read()]",
    "d = f()\nd",
    "K.seen.append(a)",
    "assert a",
    "del b",
    "if a:\n    c = [3]",
    "for x in [1]:\n    a = x",
    "x = (",
    "%matplotlib inline",
    "!ls",
    "",
)
TAGS = ("step:one", "step:two", "functions", "skip", "hide-input", "metrics")


@st.composite
def notebooks(draw) -> bytes:
    cells = draw(
        st.lists(
            st.tuples(
                st.sampled_from(SOURCES),
                st.one_of(st.just(()), st.lists(st.sampled_from(TAGS), max_size=1)),
                st.sampled_from(["", "", "# Load\n", "## Then what?\n"]),
            ),
            max_size=7,
        )
    )
    document = json.loads(ipynb([]))
    for number, (source, tags, heading) in enumerate(cells):
        if heading:
            document["cells"].append(
                {"cell_type": "markdown", "id": f"h{number}", "metadata": {}, "source": heading}
            )
        cell = json.loads(ipynb([code(source, *tags)]))["cells"][0]
        document["cells"].append({**cell, "id": f"c{number}"})
    return json.dumps(document).encode()


def without_tags(payload: bytes) -> object:
    document = json.loads(payload)
    for cell in document["cells"]:
        cell["metadata"].pop("tags", None)
    return document


@settings(max_examples=150, deadline=None)
@given(notebooks())
def test_a_suggestion_compiles_or_there_is_none(payload: bytes) -> None:
    found = suggest_tags(payload, path="made.ipynb")

    assert bool(found.proposals) == (found.compilation.pipeline is not None)
    assert found.compilation.report.has_errors == (found.compilation.pipeline is None)
    again = compile_notebook(found.payload, path="made.ipynb")
    assert again.pipeline == found.compilation.pipeline
    assert without_tags(found.payload) == without_tags(payload)


@settings(max_examples=50, deadline=None)
@given(notebooks())
def test_a_notebook_with_the_suggested_tags_keeps_them(payload: bytes) -> None:
    found = suggest_tags(payload, path="made.ipynb")
    notebook = found.compilation.notebook
    assert isinstance(notebook, Notebook)

    before = {cell.number: cell.tags for cell in compile_notebook(payload, path="n").notebook.cells}

    for cell in notebook.cells:
        assert cell.tags[: len(before[cell.number])] == before[cell.number]
