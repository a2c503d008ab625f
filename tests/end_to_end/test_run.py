"""The main job as a user meets it: run, run again, change a cell, look back."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from support.cli import cellwright, write_notebook

HERE = ("--executor", "process", "--environment", "current")
CELLS = [
    ("imports", "import math"),
    ("parameters", "size = 10\nscale: float = 1.5"),
    ("functions", "def squares(n):\n    return [v * v for v in range(n)]"),
    ("step:load", "numbers = squares(size)\nprint('loaded', len(numbers))"),
    ("", "numbers[:3]"),
    ("step:left", "total = sum(numbers)"),
    ("step:right", "longest = math.sqrt(max(numbers)) * scale"),
    (["step:join", "metrics"], "score = total / longest\nprint('score', score)"),
]


@pytest.fixture
def notebook(tmp_path):
    return write_notebook(tmp_path / "work.ipynb", *CELLS)


def run(notebook, *arguments, **options):
    said = cellwright(
        "run", notebook, *HERE, "--json", *arguments, folder=notebook.parent, **options
    )
    assert said.code == 0, said.out + said.err
    return said.json()


def states(document):
    return {name: step["state"] for name, step in document["steps"].items()}


def ran(document):
    return {name for name, step in document["steps"].items() if not step["cached"]}


def change(notebook, number, source):
    document = json.loads(notebook.read_text())
    document["cells"][number - 1]["source"] = source
    notebook.write_text(json.dumps(document))


def test_a_run_computes_what_the_notebook_computes(notebook):
    document = run(notebook)

    assert set(states(document).values()) == {"succeeded"}
    assert document["steps"]["load"]["stdout"] == "loaded 10\n"
    expected = sum(v * v for v in range(10)) / (9 * 1.5)
    assert document["steps"]["join"]["stdout"] == f"score {expected}\n"
    assert document["steps"]["join"]["metrics"] == {"score": expected}


def test_the_document_of_a_run_has_the_stated_shape(notebook):
    document = run(notebook)

    assert {"run", "snapshot", "state", "steps", "diagnostics"} <= document.keys()
    step = document["steps"]["left"]
    assert {"state", "cached", "seconds", "inputs", "outputs", "metrics", "stdout"} <= step.keys()
    assert set(step["inputs"]) == {"numbers"}
    assert set(step["outputs"]) == {"total"}
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", step["inputs"]["numbers"])
    assert step["inputs"]["numbers"] == document["steps"]["load"]["outputs"]["numbers"]


def test_a_second_run_runs_nothing_and_gives_the_same(notebook):
    first = run(notebook)

    second = run(notebook)

    assert set(states(second).values()) == {"cached"}
    for name, step in first["steps"].items():
        assert second["steps"][name]["outputs"] == step["outputs"]
        assert second["steps"][name]["stdout"] == step["stdout"]
        assert second["steps"][name]["metrics"] == step["metrics"]


def test_a_changed_cell_runs_only_what_depends_on_it(notebook):
    run(notebook)

    change(notebook, 7, "longest = math.sqrt(max(numbers)) * scale * 2")

    assert ran(run(notebook)) == {"right", "join"}


def test_a_changed_helper_runs_what_calls_it(notebook):
    run(notebook)

    change(notebook, 3, "def squares(n):\n    return [v * v + 1 for v in range(n)]")

    assert "load" in ran(run(notebook))


def test_comments_layout_and_new_exploration_run_nothing(notebook):
    run(notebook)

    change(notebook, 6, "# the sum\ntotal   =  sum( numbers )")
    change(notebook, 5, "numbers[:30]")

    assert ran(run(notebook)) == set()


def test_a_step_that_gives_the_same_bytes_wakes_nobody(notebook):
    run(notebook)

    change(notebook, 6, "total = 0\nfor number in numbers:\n    total += number")

    assert ran(run(notebook)) == {"left"}


def test_a_parameter_runs_only_the_steps_that_use_it(notebook):
    run(notebook)

    document = run(notebook, "-p", "scale=3")

    assert ran(document) == {"right", "join"}
    expected = sum(v * v for v in range(10)) / (9 * 3.0)
    assert document["steps"]["join"]["metrics"] == {"score": expected}


def test_without_the_cache_every_step_runs(notebook):
    run(notebook)

    assert ran(run(notebook, "--no-cache")) == {"load", "left", "right", "join"}


def test_some_steps_run_with_what_they_need(notebook):
    assert set(states(run(notebook, "--steps", "right"))) == {"load", "right"}


def test_runs_show_logs_and_artifacts_look_back(notebook, tmp_path):
    document = run(notebook)

    runs = cellwright("runs", "--json", folder=tmp_path).json()["runs"]
    assert [row["run"] for row in runs] == [document["run"]]
    shown = cellwright("show", "last", "--json", folder=tmp_path).json()
    assert shown["steps"] == document["steps"]
    assert cellwright("logs", "last", "load", folder=tmp_path).out == "loaded 10\n"
    rows = cellwright("artifacts", "last", "--json", folder=tmp_path).json()["artifacts"]
    assert {port for row in rows for port in row["ports"]} >= {"numbers", "total", "longest"}
    copied = cellwright("artifacts", "last", "-o", "out", folder=tmp_path)
    assert copied.code == 0
    for path in copied.out.splitlines():
        assert (tmp_path / path).is_file()


def test_the_tables_for_people_name_runs_steps_and_ports(notebook, tmp_path):
    document = run(notebook)

    assert document["run"] in cellwright("runs", folder=tmp_path).out
    assert "join" in cellwright("show", document["run"][:15], folder=tmp_path).out
    assert "numbers" in cellwright("artifacts", "last", folder=tmp_path).out


def test_plain_lines_tell_what_happens(notebook, tmp_path):
    said = cellwright("run", notebook, *HERE, "--logs", folder=tmp_path)

    assert said.code == 0
    assert "step load: running" in said.err
    assert "load │ loaded 10" in said.err
    assert "step join: succeeded" in said.err
    assert "join.score" in said.out


def test_an_unknown_run_is_a_usage_error(notebook, tmp_path):
    run(notebook)

    said = cellwright("show", "19990101", folder=tmp_path)

    assert said.code == 2


def test_a_folder_without_runs_is_a_usage_error(tmp_path):
    said = cellwright("runs", folder=tmp_path)

    assert said.code == 2
    assert "cellwright run" in said.err


def test_independent_steps_run_at_the_same_time(tmp_path):
    wait = "import time\nbegun = time.time()\ntime.sleep(2)\nended = time.time()"
    path = write_notebook(
        tmp_path / "two.ipynb",
        ("step:one", wait.replace("begun", "b1").replace("ended", "e1")),
        ("step:two", wait.replace("begun", "b2").replace("ended", "e2")),
        ("step:both", "print(b1 < e2 and b2 < e1)"),
    )

    document = run(path, "--parallel", "2")

    assert document["steps"]["both"]["stdout"] == "True\n"


def test_ctrl_c_stops_cleanly_and_leaves_nothing_running(tmp_path):
    path = write_notebook(
        tmp_path / "slow.ipynb",
        ("step:first", "x = 1"),
        ("step:slow", "import subprocess\nsubprocess.run(['sleep', '987.125'])\nprint(x)"),
        ("step:after", "y = 2"),
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "cellwright.cli.main", "run", path, *HERE, "--json"],
        cwd=tmp_path,
        env={**os.environ, "CELLWRIGHT_WORKSPACE": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: sleepers() != "", "the step to start its child")

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)

    assert process.returncode == 130, err
    document = json.loads(out)
    assert document["state"] == "cancelled"
    assert document["steps"]["slow"]["state"] == "cancelled"
    assert document["steps"]["first"]["state"] in ("succeeded", "cached")
    assert sleepers() == ""


def sleepers():
    found = subprocess.run(
        ["pgrep", "-f", "sleep 987.125"], capture_output=True, text=True, check=False
    )
    return found.stdout


def wait_for(condition, what, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)
