"""The reader and the judge of the specification: a page that is wrong is found out."""

import shutil
import tempfile
from pathlib import Path

import pytest

from support.spec_judge import faults
from support.spec_pages import Kind, SpecError, spec_notebooks

PAGE = """\
# Title

```text file:data/a.txt
seven
```

```python step:load {"retries": 1}
x = open("data/a.txt").read()  # binds: x   # inputs: nothing
```

Prose.

## Second

```json parameters
{"rate": "2"}
```

```python parameters
rate = 1  # cellwright: allow[unused-parameter]
```

```python step:report
print("# no comment", rate)
# prints: # no comment 2
!ls  # reads: rate
```

## Only prose
"""


def page(*cells: str) -> str:
    fences = [f"```python step:s{number}\n{cell}\n```" for number, cell in enumerate(cells)]
    return "\n\n".join(["# A page", *fences])


def judged(text: str) -> list[str]:
    folder = Path(tempfile.mkdtemp())
    try:
        return faults(spec_notebooks(text)[0], folder)
    finally:
        shutil.rmtree(folder)


def test_a_page_gives_a_notebook_for_each_heading_with_cells():
    first, second = spec_notebooks(PAGE)

    assert (first.title, first.line) == ("Title", 1)
    assert first.files == {"data/a.txt": "seven\n"}
    assert first.cells[0].tags == ("step:load",)
    assert first.cells[0].options == {"retries": 1}
    assert (second.title, second.parameters) == ("Second", {"rate": "2"})


def test_expectations_are_taken_out_and_know_their_line():
    first, second = spec_notebooks(PAGE)

    assert first.cells[0].source == 'x = open("data/a.txt").read()'
    assert [(e.kind, e.line, e.names) for e in first.expectations] == [
        (Kind.BINDS, 1, ("x",)),
        (Kind.INPUTS, 1, ()),
    ]
    assert second.cells[0].source == "rate = 1  # cellwright: allow[unused-parameter]"
    assert second.cells[1].source == 'print("# no comment", rate)\n\n!ls'
    assert [(e.kind, e.line, e.text) for e in second.expectations] == [
        (Kind.PRINTS, 1, "# no comment 2"),
        (Kind.READS, 3, "rate"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        page("x = 1  # bind: x"),
        page("# note: this looks like an expectation"),
        "# A page\n\n```text data.txt\nx\n```\n\n```python step:a\nx = 1\n```",
    ],
)
def test_what_means_nothing_is_refused(text):
    with pytest.raises(SpecError, match=r"means nothing|is no expectation"):
        spec_notebooks(text)


GOOD = [
    page("x = [1]  # binds: x  # outputs: x", "print(x)  # reads: x  # inputs: x  # after: s0"),
    page("import math", "print(math.pi > 3)  # carries: math  # prints: True"),
    page("x = 1\nx + 1  # shows: 2"),
    page("print(x)  # error: FLOW201"),
    page("x = 1 / 0  # raises: ZeroDivisionError", "print(x)"),
    page("%pip install six\n# installs: six\nx = 1"),
]


@pytest.mark.parametrize("text", GOOD)
def test_a_page_that_is_right_has_no_faults(text):
    assert judged(text) == []


WRONG = {
    "binds": page("y = 1  # binds: x"),
    "reads": page("x = 1", "print(2)  # reads: x"),
    "inputs": page("x = 1", "print(x)  # inputs: nothing"),
    "outputs": page("x = y = 1  # outputs: x, y", "print(x)"),
    "carries": page("x = 1", "print(x)  # carries: x"),
    "after": page("x = 1", "print(2)  # after: s0"),
    "metrics": page("x = 1  # metrics: x"),
    "installs": page("x = 1  # installs: six"),
    "no such error": page("x = 1  # error: FLOW201"),
    "an error on another line": page("y = 1\nprint(x)\nz = 2  # error: FLOW201"),
    "another error": page("print(x)  # error: FLOW203"),
    "an error that is not said": page("print(x)"),
    "a warning that is not said": page("if id(1) > 5:\n    x = 1", "print(x)"),
    "no such warning": page("x = 1  # warning: FLOW202"),
    "no such hint": page("x = 1  # hint: FLOW205"),
    "prints": page("print(1)  # prints: 2"),
    "prints more": page("print(1)  # prints: 1\nprint(2)"),
    "shows": page("1 + 1  # shows: 3"),
    "raises nothing": page("x = 1  # raises: ValueError"),
    "raises something else": page("1 / 0  # raises: ValueError"),
    "an error when it runs": page("1 / 0"),
    "stops": page("x = 1  # stops: x"),
    "ports where nothing compiles": page("print(x)  # error: FLOW201  # inputs: x"),
    "ports of a cell that is in no step": (
        "# A page\n\n```python functions\nx = 1  # inputs: nothing\n```\n\n"
        "```python step:a\nprint(x)\n```"
    ),
    "pipeline and notebook differ": (
        '# A page\n\n```json parameters\n{"x": "2"}\n```\n\n'
        "```python parameters\nx = 1\n```\n\n```python step:a\nprint(x)  # prints: 1\n```"
    ),
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG.keys())
def test_a_page_that_is_wrong_has_faults(text):
    assert judged(text) != []


def test_what_a_pipeline_prints_is_compared_though_nothing_is_said_of_it():
    (found,) = judged(page("import os\nprint(os.getcwd())"))

    assert found.startswith("step s0 prints")


def test_every_kind_of_expectation_is_in_the_notation_and_is_tried_here():
    notation = (Path(__file__).parent / "index.md").read_text(encoding="utf-8")

    for kind in Kind:
        assert f"`# {kind.value}: " in notation
        assert any(f"# {kind.value}: " in text for text in WRONG.values())


def test_every_folder_of_pages_is_a_section_of_the_documentation():
    root = Path(__file__).parents[2]
    hook = (root / "docs" / "understands.py").read_text(encoding="utf-8")
    folders = sorted({page.parent.name for page in Path(__file__).parent.glob("*/*.md")})

    assert folders
    assert [folder for folder in folders if f'"{folder}": ' not in hook] == []
