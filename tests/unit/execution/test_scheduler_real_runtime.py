import json
from dataclasses import replace

import pytest

from cellwright.execution.runtime_copy import RUNTIME
from cellwright.execution.scheduler import Scheduler
from cellwright.model.options import StepOptions
from cellwright.model.run import RunId, State
from cellwright.model.source import CellId, Position, Span
from cellwright.store.opening import open_store
from support.pipelines import pipeline, request, step, tiny_executor


@pytest.fixture
def run(tmp_path):
    """Run a pipeline with the runtime that images carry; each call is a run of its own."""
    folder = tmp_path / ".cellwright"
    store = open_store(folder)
    executor = tiny_executor(folder, RUNTIME)
    count = iter(range(100))

    def start(made, **fields):
        wanted = request(tmp_path, made, run=f"20260101-0000{next(count):02d}-abcd", **fields)
        scheduler = Scheduler(
            executor, store.objects, store.ledger, store.cache, store.claims, folder=folder / "tmp"
        )
        return scheduler.run(wanted, lambda event: None)

    start.store = store
    yield start
    store.close()


def with_origins(component):
    """Let each line of a program be the same line of cell 1."""
    lines = component.program.count("\n") + 1
    spans = tuple(
        Span(CellId("c1"), 1, Position(line, 0), Position(line, 1)) for line in range(1, lines + 1)
    )
    return replace(component, origins=spans)


def states(made):
    return {name: record.state.value for name, record in made.steps.items()}


SHARED = pipeline(
    step("make", "xs = [1]\nys = xs\nprint('made')\nys", makes=("xs", "ys")),
    step("use", "same = xs is ys\nxs.append(2)\ntotal = sum(ys)\nscore = total / 2",
         reads=("xs", "ys"), makes=("same", "total", "xs", "ys"), metrics=("score",)),
)  # fmt: skip


def test_values_that_share_state_share_it_in_the_next_step(run):
    made = run(SHARED)

    assert made.state is State.SUCCEEDED, made.steps
    outputs = made.steps["use"].outputs
    assert json.loads(run.store.objects.read(outputs["same"])) is True
    assert json.loads(run.store.objects.read(outputs["total"])) == 3
    assert made.steps["use"].metrics == {"score": 1.5}
    held = run.store.lineage.artifacts(made.id)["make"].outputs
    assert held["xs"] == held["ys"]
    assert set(held["xs"].members) == {"xs", "ys"}


def test_a_step_that_changes_what_it_is_declared_to_leave_alone_fails(run):
    made = run(
        pipeline(
            step("make", "xs = [1]", makes=("xs",)),
            step("use", "xs.append(2)\ntotal = sum(xs)", reads=("xs",), makes=("total",)),
        )
    )

    assert states(made) == {"make": "succeeded", "use": "failed"}
    assert "xs" in made.steps["use"].failure.message


def test_nothing_changed_runs_nothing(run):
    first = run(SHARED)

    second = run(SHARED)

    assert states(second) == {"make": "cached", "use": "cached"}
    assert second.steps["use"].outputs == first.steps["use"].outputs


def test_what_was_printed_and_displayed_is_kept(run):
    made = run(SHARED).steps["make"]

    assert run.store.objects.read(made.stdout) == b"made\n"
    assert b"made\n" in run.store.objects.read(made.log)
    [[cell, output]] = json.loads(run.store.objects.read(made.displays))
    assert cell == 1
    assert output["data"]["text/plain"] == "[1]"


def test_a_failure_names_cell_and_line(run):
    made = run(pipeline(with_origins(step("bad", "x = 1\ny = x / 0"))))

    failure = made.steps["bad"].failure
    assert (failure.kind, failure.cell, failure.line) == ("exception", 1, 2)
    assert "ZeroDivisionError" in failure.message
    assert "y = x / 0" in failure.traceback


@pytest.mark.parametrize(
    ("program", "kind"),
    [
        ("import os\nos._exit(0)", "exit"),
        ("import os\nos.kill(os.getpid(), 9)", "killed"),
        ("import sys\nsys.exit(3)", "exit"),
        ("import time\ntime.sleep(60)", "timeout"),
    ],
)
def test_an_end_without_a_result_is_never_a_success(run, program, kind):
    made = run(
        pipeline(step("bad", program, makes=("x",), maybe=("x",), options=StepOptions(timeout=5)))
    )

    assert states(made) == {"bad": "failed"}
    assert made.steps["bad"].failure.kind in (kind, "exception")


def test_a_file_that_was_not_given_is_seen_and_the_result_answers_nothing(run, tmp_path):
    hidden = tmp_path / "hidden.txt"
    made = pipeline(step("read", f"x = open({str(hidden)!r}).read()", makes=("x",)))
    hidden.write_text("1")
    first = run(made)
    hidden.write_text("2")

    second = run(made)

    assert states(second) == {"read": "succeeded"}
    assert second.steps["read"].outputs != first.steps["read"].outputs


def test_a_result_of_installed_code_only_does_answer(run):
    made = pipeline(step("read", "import numpy, json\nx = int(numpy.ones(3).sum())", makes=("x",)))
    run(made)

    assert states(run(made)) == {"read": "cached"}


def test_the_run_is_on_record(run):
    made = run(SHARED)

    assert run.store.ledger.run(RunId(made.id)) == made
