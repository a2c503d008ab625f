"""Paths that are built from parameters: a run sees the files that its parameters name."""

import json
import os
import subprocess
import sys

import pytest

from support.cli import cellwright, write_notebook

HERE = ("--executor", "process", "--environment", "current")
CELLS = [
    ("imports", "import os"),
    ("parameters", 'folder = "first"\nbase = "data"'),
    ("parameters", 'source = base + "/" + folder + "/x.csv"\nmark = f"{folder}/marked"'),
    ("step:read", "with open(source) as handle:\n    text = handle.read().strip()\nprint(text)"),
    (
        "step:look",
        'found = "marked" if os.path.exists(mark) else "plain"\nprint(found, text)',
    ),
    (
        "step:write",
        """\
os.makedirs(f"out/{folder}", exist_ok=True)
with open(f"out/{folder}/note.txt", "w") as handle:
    handle.write(text + found)""",
    ),
    (
        "step:back",
        """\
names = sorted(os.listdir("out"))
with open("out/" + folder + "/note.txt") as handle:
    print(names, handle.read())""",
    ),
]


@pytest.fixture
def notebook(tmp_path):
    for name in ("first", "second"):
        (tmp_path / "data" / name).mkdir(parents=True)
        (tmp_path / "data" / name / "x.csv").write_text(f"{name} content")
        (tmp_path / name).mkdir()
    (tmp_path / "second" / "marked").write_text("")
    return write_notebook(tmp_path / "work.ipynb", *CELLS)


def run(notebook, *arguments):
    said = cellwright("run", notebook, *HERE, "--json", *arguments, folder=notebook.parent)
    assert said.code == 0, said.out + said.err
    return said.json()


def printed(document):
    return "".join(step["stdout"] for step in document["steps"].values())


def ran(document):
    return {name for name, step in document["steps"].items() if not step["cached"]}


def printed_by_the_notebook(tmp_path, **values):
    """Return what the cells print in one process, with other values for parameters."""
    chosen = "\n".join(f"{name} = {value!r}" for name, value in values.items())
    sources = [CELLS[0][1], CELLS[1][1], chosen, *(source for _, source in CELLS[2:])]
    folder = tmp_path / "plain"
    folder.mkdir()
    for name in ("data", "first", "second"):
        os.symlink(tmp_path / name, folder / name)
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(sources)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("values", [{}, {"folder": "second"}, {"base": "./data"}])
def test_a_run_reads_and_writes_where_its_parameters_say(notebook, tmp_path, values):
    arguments = [word for name, value in values.items() for word in ("-p", f"{name}={value}")]

    document = run(notebook, *arguments)

    assert printed(document) == printed_by_the_notebook(tmp_path, **values)


def test_each_choice_is_remembered_by_itself(notebook):
    first = run(notebook)
    second = run(notebook, "-p", "folder=second")

    assert ran(second) == {"read", "look", "write", "back"}
    assert printed(first) != printed(second)
    assert ran(run(notebook)) == set()
    assert ran(run(notebook, "-p", "folder=second")) == set()


def test_a_change_of_the_file_that_a_parameter_names_is_seen(notebook, tmp_path):
    run(notebook, "-p", "folder=second")

    (tmp_path / "data" / "second" / "x.csv").write_text("changed")

    assert "read" in ran(run(notebook, "-p", "folder=second"))
    assert "changed" in printed(run(notebook, "-p", "folder=second"))


def test_a_file_that_appears_under_the_chosen_folder_is_seen(notebook, tmp_path):
    (tmp_path / "second" / "marked").unlink()
    before = run(notebook, "-p", "folder=second")

    (tmp_path / "second" / "marked").write_text("")
    after = run(notebook, "-p", "folder=second")

    assert before["steps"]["look"]["stdout"] == "plain second content\n"
    assert after["steps"]["look"]["stdout"] == "marked second content\n"


def test_the_pipeline_is_shown_for_the_chosen_parameters(notebook, tmp_path):
    said = cellwright("compile", notebook, "--json", "-p", "folder=second", folder=tmp_path)

    assert said.code == 0, said.err
    files = said.json()["steps"]["read"]["files"]["workspace"]
    assert files == ["data/second/x.csv"]


@pytest.mark.parametrize("command", ["run", "check", "compile", "inspect"])
def test_an_unknown_parameter_is_refused_with_the_nearest_one(notebook, tmp_path, command):
    said = cellwright(command, notebook, "-p", "foldr=second", folder=tmp_path)

    assert said.code == 2
    assert "no parameter is called `foldr`" in said.err
    assert "did you mean `folder`?" in said.err


def test_parameters_of_a_notebook_with_errors_are_not_the_matter(tmp_path):
    path = write_notebook(tmp_path / "work.ipynb", ("step:one", "x = ("))

    said = cellwright("run", path, "-p", "x=1", folder=tmp_path)

    assert said.code == 3
    assert "NB004" in said.err


def test_a_default_that_cannot_be_compiled_does_not_stand_in_the_way_of_a_choice(tmp_path):
    path = write_notebook(
        tmp_path / "work.ipynb",
        ("parameters", 'name = ""'),
        ("step:one", "with open(name) as handle:\n    print(handle.read())"),
    )
    (tmp_path / "x.txt").write_text("here")

    said = cellwright("run", path, *HERE, "--json", "-p", "name=x.txt", folder=tmp_path)

    assert said.code == 0, said.out + said.err
    assert json.loads(said.out)["steps"]["one"]["stdout"] == "here\n"
