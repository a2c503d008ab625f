import threading

import pytest

from cellwright.base.errors import StoreError
from cellwright.execution.events_log import EventLog, read_events
from cellwright.model.events import (
    PhaseFinished,
    PhaseProgress,
    PhaseStarted,
    PlanMade,
    RunFinished,
    StepFinished,
    StepStarted,
)

EVENTS = (
    PlanMade("run", "sha256:0", ("a", "b"), "process"),
    PhaseStarted("build", "the environment of a", ("a",)),
    PhaseProgress("build", "the environment of a", "ü\nline"),
    PhaseFinished("build", "the environment of a", 1.5),
    StepStarted("a", 1, "/tmp/log"),
    StepFinished("a", "succeeded", 2.0, {"m": 0.5}, "well"),
    RunFinished("run", "succeeded", 3.0),
)


def test_events_come_back_as_they_were(tmp_path):
    path = tmp_path / "runs" / "run.jsonl"

    with EventLog(path) as log:
        for event in EVENTS:
            log.append(event)

    assert read_events(path) == EVENTS


def test_a_run_that_nobody_logged_has_no_events(tmp_path):
    assert read_events(tmp_path / "none.jsonl") == ()


def test_a_line_that_is_cut_off_is_left_out(tmp_path):
    path = tmp_path / "run.jsonl"
    with EventLog(path) as log:
        log.append(EVENTS[0])
        log.append(EVENTS[-1])
    path.write_bytes(path.read_bytes()[:-10])

    assert read_events(path) == EVENTS[:1]


def test_metrics_that_json_cannot_hold_do_not_lose_the_event(tmp_path):
    path = tmp_path / "run.jsonl"
    with EventLog(path) as log:
        log.append(StepFinished("a", "failed", 1.0, {"m": float("nan"), "n": 1.0}))

    assert read_events(path) == (StepFinished("a", "failed", 1.0, {"n": 1.0}),)


def test_threads_do_not_mix_their_lines(tmp_path):
    path = tmp_path / "run.jsonl"
    with EventLog(path) as log:

        def work(name):
            for number in range(200):
                log.append(PhaseProgress("build", name, "x" * number))

        threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert len(read_events(path)) == 800


def test_a_closed_log_drops_what_comes(tmp_path):
    path = tmp_path / "run.jsonl"
    log = EventLog(path)
    log.close()

    log.append(EVENTS[0])

    assert read_events(path) == ()


def test_a_log_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "runs").write_text("in the way")

    with pytest.raises(StoreError, match="cannot write"):
        EventLog(tmp_path / "runs" / "run.jsonl")
