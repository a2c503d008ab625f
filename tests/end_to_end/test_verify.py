"""`cellwright verify`: both runs, what is compared, and how it is told."""

import pytest

from support.cli import cellwright, write_notebook

HERE = ("--executor", "process", "--environment", "current")
NOTEBOOK = (
    ("parameters", "n = 3"),
    ("imports", "import random"),
    ("step:load", "random.seed(0)\nxs = [random.random() for _ in range(n)]\nprint('loaded', n)"),
    ("step:sum", "total = sum(xs)\ntotal"),
    ("step:save", "with open('total.txt', 'w') as f:\n    f.write(str(total))\nys = xs + [n]"),
    ("step:show", "print(random.random(), ys[-1])"),
)


def verified(path, *more, code=0):
    said = cellwright("verify", path, *HERE, *more, "--json", folder=path.parent)
    assert said.code == code, said.err
    return said.json()


def likenesses(document):
    return {
        (each["step"], each["name"]): each["likeness"]
        for each in document["reports"][0]["comparisons"]
    }


@pytest.fixture
def notebook(tmp_path):
    return write_notebook(tmp_path / "sum.ipynb", *NOTEBOOK)


def test_a_pipeline_equals_its_notebook_in_all_that_both_make(notebook):
    document = verified(notebook)

    assert document["verdict"] == "equal"
    found = likenesses(document)
    assert found["load", "xs"] == found["load", "state:random"] == "exact"
    assert found["load", "output"] == found["show", "output"] == "exact"
    assert found["save", "file:total.txt"] == found["sum", "cell 4"] == "exact"
    assert not (notebook.parent / "total.txt").exists()


def test_every_cell_can_be_a_step_of_its_own(notebook):
    document = verified(notebook, "--split", "cells")

    assert document["verdict"] == "equal"
    assert {step for step, _ in likenesses(document)} >= {"cell-2", "cell-4", "cell-6"}


@pytest.mark.parametrize("split", ["steps", "cells"])
def test_both_runs_have_the_parameters_that_were_chosen(notebook, split):
    verified(notebook, "-p", "n=5", "--split", split)

    shown = cellwright(
        "logs", "last", "load" if split == "steps" else "cell-3", folder=notebook.parent
    )
    assert shown.out == "loaded 5\n"


def test_what_the_notebook_does_not_repeat_is_told_apart(tmp_path):
    path = write_notebook(
        tmp_path / "clock.ipynb",
        ("step:now", "import time\nnow = time.time_ns()\nfixed = 1"),
        ("step:use", "print(fixed)\nlater = now + 1"),
        ("step:end", "assert later"),
    )

    document = verified(path)

    found = likenesses(document)
    assert document["verdict"] == "equal"
    assert found["now", "now"] == found["use", "later"] == "unstable"
    assert found["now", "fixed"] == "exact"


def test_a_value_is_compared_though_it_names_a_definition_of_its_own_cell(tmp_path):
    path = write_notebook(
        tmp_path / "names.ipynb",
        ("step:make", "import time\ndef f():\n    return 1\nx = [f, time.time_ns()]"),
        ("step:use", "print(x[0]())"),
    )

    assert likenesses(verified(path))["make", "x"] == "unstable"


def test_what_a_kernel_sets_for_itself_is_no_difference(tmp_path):
    path = write_notebook(
        tmp_path / "warnings.ipynb",
        ("step:set", "import warnings\nwarnings.filterwarnings('ignore')\nx = 1"),
        ("step:warn", "warnings.warn('old')\nprint(x)"),
    )

    document = verified(path)

    assert document["verdict"] == "equal"
    assert likenesses(document)["set", "state:warnings"] == "exact"


def test_a_difference_is_named_with_both_values_and_its_place(tmp_path):
    # A process can tell that it is no kernel, if it asks; nothing else here differs.
    path = write_notebook(
        tmp_path / "asks.ipynb",
        ("step:ask", "import sys\nx = 1\nkernel = 'ipykernel' in sys.modules"),
        ("step:use", "print(x, kernel)"),
    )

    document = verified(path, code=1)
    said = cellwright("verify", path, *HERE, folder=tmp_path)

    assert document["verdict"] == "different"
    first = next(
        each for each in document["reports"][0]["comparisons"] if each["likeness"] == "different"
    )
    assert (first["step"], first["name"], first["path"]) == ("ask", "kernel", "kernel")
    assert (first["expected"], first["found"], first["cell"], first["line"]) == (
        "True",
        "False",
        1,
        3,
    )
    assert said.code == 1
    assert "different: first `kernel` of step `ask`" in said.out
    assert "made in   cell 1:3" in said.out


def test_a_notebook_that_fails_by_itself_is_told_so(tmp_path):
    path = write_notebook(tmp_path / "bad.ipynb", ("step:a", "x = 1"), ("step:b", "print(1 / 0)"))

    document = verified(path, code=1)

    assert document["verdict"] == "notebook-fails"
    assert document["failure"] == {
        "cell": 2,
        "name": "ZeroDivisionError",
        "message": "division by zero",
    }
    assert document["run"] is None


def test_a_refused_notebook_is_not_run(tmp_path):
    path = write_notebook(tmp_path / "refused.ipynb", ("step:a", "print(nowhere)"))

    document = verified(path, code=3)

    assert document["verdict"] == "refused"
    assert document["diagnostics"]


def test_two_runs_of_a_pipeline_are_compared_and_the_likely_cause_is_named(tmp_path):
    path = write_notebook(
        tmp_path / "chance.ipynb",
        ("step:draw", "import random\nfixed = 1\nx = random.random()"),
        ("step:use", "print(fixed, type(x))"),
    )

    document = verified(path, "--twice", code=1)
    said = cellwright("verify", path, *HERE, "--twice", folder=tmp_path)

    notebook, pipeline = document["reports"]
    assert notebook["equal"]
    assert not pipeline["equal"]
    assert pipeline["reference"] == "pipeline"
    assert "a second run of the pipeline" in said.out
    assert "likely: it draws random numbers" in said.out
    assert "seed the generator" in said.out


def test_the_report_is_kept_with_the_run(notebook):
    document = verified(notebook)

    shown = cellwright("show", document["run"], folder=notebook.parent)
    as_json = cellwright("show", document["run"], "--json", folder=notebook.parent).json()

    assert "equal to the notebook" in shown.out
    assert [report["equal"] for report in as_json["equivalence"]] == [True]


def test_values_cannot_break_the_terminal(tmp_path):
    path = write_notebook(
        tmp_path / "escape.ipynb",
        ("step:a", "import sys\ns = '\\x1b[31m' + str('ipykernel' in sys.modules)"),
        ("step:b", "print(len(s))"),
    )

    said = cellwright("verify", path, *HERE, folder=tmp_path)

    assert said.code == 1
    assert "\x1b[31m" not in said.out
