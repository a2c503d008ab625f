import json
from pathlib import Path

import pytest

from cellwright.compiler.suggesting.naming import free_name, heading_name
from cellwright.compiler.suggesting.suggest import suggest_tags
from support.notebooks import code, ipynb

EXAMPLES = Path(__file__).parents[3] / "examples"
OURS = ("step:", "check:", "imports", "functions", "parameters", "skip", "metrics")


def markdown(source):
    return {"cell_type": "markdown", "id": "", "metadata": {}, "source": source}


def notebook(*cells, **metadata):
    """Return a notebook; a text that begins with `#` and a space is a heading."""
    document = json.loads(ipynb([], **metadata))
    for number, cell in enumerate(cells, start=1):
        if isinstance(cell, str) and cell.startswith("# "):
            made = markdown(cell)
        else:
            made = json.loads(ipynb([code(cell) if isinstance(cell, str) else cell]))["cells"][0]
        document["cells"].append({**made, "id": f"cell-{number}"})
    return json.dumps(document).encode()


def suggested(*cells, **metadata):
    found = suggest_tags(notebook(*cells, **metadata), path="n.ipynb")
    assert found.compilation.pipeline is not None, list(found.compilation.report)
    return [proposal.tag for proposal in found.proposals]


def test_sections_become_steps_named_by_their_headings():
    assert suggested(
        "# The churn of customers",
        "import math",
        "rate = 0.5\nname = 'x'",
        "def half(x):\n    return x * rate",
        "# 1. Load the data",
        "numbers = [half(v) for v in range(9)]",
        "numbers[:3]",
        "# 2. What it sums up to",
        "total = sum(numbers)\nprint(total)",
    ) == ["imports", "parameters", "functions", "step:load-data", "", "step:sums-up"]


def test_without_headings_the_calls_tell_the_steps():
    assert suggested(
        "import pandas as pd\nfrom sklearn.linear_model import LinearRegression",
        "frame = pd.read_csv('x.csv')",
        "frame.head()",
        "frame['double'] = frame['a'] * 2",
        "rows = frame.dropna()",
        "model = LinearRegression().fit(rows[['double']], rows['b'])",
        "print(model.score(rows[['double']], rows['b']))",
    ) == ["imports", "step:load", "", "step:load", "step:prepare", "step:train", "step:evaluate"]


@pytest.mark.parametrize(
    ("cell", "tag"),
    [
        ("data.copy()", ""),
        ("print(data.index)", ""),
        ("print(len(data))", ""),
        ("print(data)", "step:prepare"),
        ("view = data[:2]\nview", ""),
        ("view = data[:2]\nprint(view)", "step:prepare"),
        ("data.append(3)", "step:prepare"),
        ("shown(data)", "step:prepare"),
        ("open('out.txt', 'w').write('x')", "step:prepare"),
        ("import random\nrandom.sample(data, 1)", "step:prepare"),
        ("pass  # nothing but words", ""),
        ("assert data", "check:data"),
        ("import some_library\nsome_library.start()", "step:prepare"),
        ("math.fsum(data)", ""),
    ],
)
def test_only_what_leaves_nothing_behind_is_left_out(cell, tag):
    cells = (
        "import math\ndef shown(x):\n    print(x)",
        "data = [1, *map(int, '23')]",
        cell,
        "print(sum(data))",
    )

    assert suggested(*cells)[2] == tag


def test_a_cell_is_known_by_its_first_line_of_code():
    found = suggest_tags(notebook("#why\n\n  \nprint(1)", "#only words"), path="n.ipynb")

    assert [each.first_line for each in found.proposals] == ["print(1)", "#only words"]


def test_what_a_later_step_reads_is_no_exploration():
    assert (
        suggested("data = [1, *map(int, '2')]", "view = data[:1]\nview", "print(view)")
        == ["step:prepare"] * 3
    )


def test_literals_that_change_later_are_no_parameters():
    assert suggested("found = []", "found.append(1)\nprint(found)") == ["step:prepare"] * 2
    assert suggested("n = 1", "n = n + 1\nprint(n)") == ["step:prepare"] * 2


def test_tags_that_are_there_are_kept_and_their_section_joins_them():
    assert suggested(
        "# Load",
        code("x = [int('1')]", "step:get", "hide-input"),
        "x.append(2)",
        "# Show",
        code("x", "skip"),
        code("print(x)", "hide-input"),
    ) == ["step:get, hide-input", "step:get", "skip", "step:show"]


def test_tags_of_other_tools_stay_on_the_cells():
    payload = notebook(code("print(1)", "hide-input"))

    found = suggest_tags(payload, path="n.ipynb")

    assert json.loads(found.payload)["cells"][0]["metadata"]["tags"] == [
        "hide-input",
        "step:prepare",
    ]


def test_two_sections_of_one_name_are_two_steps():
    assert suggested("# Look", "a = int('1')", "# Think", "b = a + 1", "# Look", "print(a, b)") == [
        "step:look",
        "step:think",
        "step:look-2",
    ]


def test_sections_that_cannot_be_apart_become_one_step():
    tags = suggested(
        "# Open",
        "handle = (x for x in range(int('3')))",
        "# Use",
        "print(list(handle))",
    )

    assert tags == ["step:open", "step:open"]


def test_a_cell_that_is_not_python_is_left_out_and_says_so():
    found = suggest_tags(notebook("x = (", "print(1)"), path="n.ipynb")

    assert found.compilation.pipeline is not None
    assert (found.proposals[0].tag, found.proposals[0].why) == ("", "cannot be compiled: NB004")


@pytest.mark.parametrize(
    ("cells", "code"),
    [(("print(missing)",), "FLOW201"), ((), "TAG110"), (("x = 1\ndel x\nprint(x)",), "FLOW203")],
)
def test_where_nothing_compiles_the_report_says_why(cells, code):
    found = suggest_tags(notebook(*cells), path="n.ipynb")

    assert found.proposals == ()
    assert code in {each.rule.code for each in found.compilation.report}


def test_bytes_that_are_no_notebook_are_reported():
    found = suggest_tags(b"{", path="n.ipynb")

    assert found.compilation.report.has_errors
    assert found.proposals == ()


def test_where_untagged_cells_follow_exploration_is_skipped_by_name():
    cells = ("data = [int('1')]", "data", "print(data)")

    tags = suggested(*cells, cellwright={"untagged": "previous"})

    assert tags == ["step:prepare", "skip", "step:prepare"]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*/*.ipynb")), ids=lambda path: path.stem)
def test_the_examples_get_tags_that_compile(path):
    document = json.loads(path.read_text())
    for cell in document["cells"]:
        tags = cell["metadata"].get("tags", [])
        cell["metadata"]["tags"] = [tag for tag in tags if not tag.startswith(OURS)]

    found = suggest_tags(json.dumps(document).encode(), path=path.name)

    assert found.compilation.pipeline is not None
    assert 4 < len(found.compilation.pipeline.steps) < 12
    assert [each.tag for each in found.proposals[:3]].count("imports") == 1
    assert "parameters" in {each.tag for each in found.proposals}
    assert "" in {each.tag for each in found.proposals}


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("3. Train the model", "train-model"),
        ("Step 2: Evaluation", "evaluation"),
        ("IV. Résumé für alle", "résumé-für-alle"),
        ("**Load** `data` from [here](https://x.y)", "load-data-here"),
        ("What is it?", "what-is-it"),
        ("The first of very many words of a heading", "first-very-many-words"),
        ("con", "con-step"),
        ("🎉", None),
        ("2024", "2024"),
    ],
)
def test_a_heading_becomes_a_short_name(heading, name):
    assert heading_name(heading) == name


def test_a_name_that_is_taken_gets_a_number():
    assert free_name("load", ["Load", "load-2"]) == "load-3"
