"""Modules beside the notebook, from the command line: steps do what the kernel does."""

import pytest

from support.cli import cellwright, write_notebook

HERE = ("--executor", "process", "--environment", "current")
LOOK = """
import random

import pandas as pd


def setup():
    pd.set_option("display.precision", 2)
    random.seed(3)


def draw():
    return round(random.random(), 6)
"""
TWO_DRAWS = ["0.237965", "0.544229"]  # of `random.seed(3)`


@pytest.mark.parametrize("shared", [True, False])
def test_what_a_module_seeds_and_sets_holds_for_the_steps_after(tmp_path, shared):
    (tmp_path / "look.py").write_text(LOOK)
    notebook = write_notebook(
        tmp_path / "n.ipynb",
        ("imports", "import look\nimport pandas as pd"),
        ("functions" if shared else "step:a", "look.setup()"),
        ("step:a", "df = pd.DataFrame({'x': [1.23456]})\nprint(look.draw())"),
        ("step:b", "print(look.draw())\nprint(df)"),
    )

    said = cellwright("run", notebook, *HERE, "--json", folder=tmp_path)

    assert said.code == 0, said.err
    steps = said.json()["steps"]
    assert steps["a"]["stdout"].split() == TWO_DRAWS[:1]
    assert steps["b"]["stdout"].split() == [TWO_DRAWS[1], "x", "0", "1.23"]


def test_an_edit_of_a_module_counts_as_an_edit_of_the_notebook(tmp_path):
    module = tmp_path / "counter.py"
    module.write_text("def bump():\n    return 1\n")
    notebook = write_notebook(
        tmp_path / "n.ipynb",
        ("imports", "import counter"),
        ("step:a", "counter.bump()"),
        ("step:b", "print(counter.bump())"),
    )
    assert cellwright("run", notebook, *HERE, folder=tmp_path).code == 0

    module.write_text("n = 0\n\ndef bump():\n    global n\n    n += 1\n    return n\n")
    said = cellwright("run", notebook, *HERE, "--json", folder=tmp_path)

    assert said.code == 3
    assert [found["code"] for found in said.json()["diagnostics"]] == ["FLOW217"]
