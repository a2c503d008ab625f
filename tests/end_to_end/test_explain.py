"""`cellwright explain STEP.PORT`: the places that made a port necessary."""

import pytest

from support.cli import cellwright, write_notebook

CELLS = [
    ("imports", "import random\nimport pandas as pd"),
    ("parameters", "rate = 0.5"),
    ("functions", "def scaled(x):\n    return x * factor * rate"),
    ("step:load", 'random.seed(1)\nfactor = random.random()\ndf = pd.read_csv("in.csv")'),
    ("step:clean", 'y = scaled(3) + random.random()\ndf["a"] = y\ndf.to_csv("out.csv")'),
    ("step:report", 'print(df, y, pd.read_csv("out.csv"))'),
]


@pytest.fixture
def folder(tmp_path):
    write_notebook(tmp_path / "work.ipynb", *CELLS)
    return tmp_path


def explained(folder, subject):
    said = cellwright("explain", subject, "work.ipynb", "--json", folder=folder)
    assert said.code == 0, said.err
    return [
        (
            each["role"],
            each["steps"],
            [(place["cell"], place["line"], place["column"]) for place in each["because"]],
        )
        for each in said.json()["explanations"]
    ]


@pytest.mark.parametrize(
    ("subject", "role", "steps", "places"),
    [
        ("clean.factor", "input", ["load"], [(5, 1, 5), (3, 2, 16), (4, 2, 1)]),
        ("load.df", "output", ["clean"], [(4, 3, 1)]),
        ("clean.random", "input", ["load"], [(5, 1, 17), (4, 1, 1)]),
        ("report.out.csv", "input", ["clean"], [(6, 1, 14), (5, 3, 1)]),
        ("report.file:out.csv", "input", ["clean"], [(6, 1, 14), (5, 3, 1)]),
        ("load.in.csv", "file", [], [(4, 3, 6)]),
        ("clean.rate", "parameter", [], [(2, 1, 1)]),
        ("clean.scaled", "definition", [], [(3, 1, 1)]),
    ],
)
def test_a_port_is_explained_by_the_places_behind_it(folder, subject, role, steps, places):
    assert explained(folder, subject) == [(role, steps, places)]


def test_what_a_step_takes_and_hands_on_is_explained_both_ways(folder):
    assert [(role, steps) for role, steps, _ in explained(folder, "clean.df")] == [
        ("input", ["load"]),
        ("output", ["report"]),
    ]


def test_a_person_sees_the_lines(folder):
    said = cellwright("explain", "clean.factor", folder=folder)

    assert said.code == 0
    assert (
        said.out
        == """\
step `clean` takes `factor` from step `load`
  --> work.ipynb:cell 5:1:5
   |
 1 | y = scaled(3) + random.random()
   |     ^^^^^^^^^ `factor` is read here
  ::: work.ipynb:cell 3:2:16
   |
 2 |     return x * factor * rate
   |                ------ `factor` is read in what that calls
  ::: work.ipynb:cell 4:2:1
   |
 2 | factor = random.random()
   | ------ step `load` binds or changes it here
"""
    )


@pytest.mark.parametrize(
    ("subject", "message", "hint"),
    [
        ("clean.facto", "step `clean` has no port `facto`", "did you mean `factor`?"),
        ("claen.df", "no step is called `claen`", "did you mean `clean`?"),
        ("load.zzzzzz", "step `load` has no port `zzzzzz`", "there is: "),
    ],
)
def test_what_is_not_there_is_refused_with_the_nearest(folder, subject, message, hint):
    said = cellwright("explain", subject, "work.ipynb", folder=folder)

    assert said.code == 2
    assert message in said.err
    assert hint in said.err


def test_of_two_notebooks_one_must_be_named(folder):
    write_notebook(folder / "other.ipynb", ("step:a", "x = 1"))

    said = cellwright("explain", "clean.df", folder=folder)

    assert said.code == 2
    assert "name one of them" in said.err


def test_a_notebook_with_errors_has_no_ports(tmp_path):
    write_notebook(tmp_path / "work.ipynb", ("step:a", "x = ("))

    said = cellwright("explain", "a.x", folder=tmp_path)

    assert said.code == 2
    assert "cellwright check" in said.err


def test_a_step_without_a_port_is_told_how_to_ask(folder):
    said = cellwright("explain", "clean", "work.ipynb", folder=folder)

    assert said.code == 2
    assert "cellwright explain clean.PORT work.ipynb" in said.err
