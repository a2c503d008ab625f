from pathlib import Path

import pytest

from cellwright.base.errors import MachineError
from cellwright.execution import failures
from cellwright.execution.executor import Outcome, StepRequest
from cellwright.model.options import MetricOption
from cellwright.model.pipeline import StepName
from cellwright.runtime.manifest import ErrorRecord
from support.pipelines import HERE

REQUEST = StepRequest(
    run="run", step=StepName("train"), nonce="n", attempt=Path("/a"), environment=HERE, mounts={},
    memory=512 << 20, timeout=90.0,
)  # fmt: skip
RAISED = ErrorRecord("exception", "ValueError: x", 7, 3, "Traceback…", "a hint")
INTERRUPTED = ErrorRecord("interrupted", "interrupted while cell 7 ran", 7, 3)


@pytest.mark.parametrize(
    ("outcome", "kind", "words"),
    [
        (Outcome(-15, "timeout"), "timeout", "longer than 90 s"),
        (Outcome(137, "out-of-memory"), "out-of-memory", "512 MiB"),
        (Outcome(0, "cancelled"), "interrupted", "cancelled"),
        (Outcome(-1, "removed"), "machine", "from outside"),
        (Outcome(-1, "engine-lost", "no socket"), "machine", "no socket"),
        (Outcome(-9), "killed", "SIGKILL"),
        (Outcome(-11, detail="last words"), "killed", "SIGSEGV: last words"),
        (Outcome(-250), "killed", "signal 250"),
        (Outcome(0), "exit", "exit code 0"),
        (Outcome(44, detail="last words"), "exit", "exit code 44 and left no result: last words"),
    ],
)
def test_an_end_without_manifest_says_what_the_machine_saw(outcome, kind, words):
    failure = failures.ended(outcome, REQUEST)

    assert failure.kind == kind
    assert words in failure.message


def test_what_can_be_mended_says_how():
    assert "`timeout`" in failures.ended(Outcome(0, "timeout"), REQUEST).hint
    assert "`memory`" in failures.ended(Outcome(0, "out-of-memory"), REQUEST).hint
    assert "out of memory" in failures.ended(Outcome(-9), REQUEST).hint


def test_what_the_step_says_of_itself_is_kept_whole():
    failure = failures.told(RAISED, Outcome(1), REQUEST)

    assert (failure.kind, failure.message, failure.cell, failure.line) == (
        "exception", "ValueError: x", 7, 3,
    )  # fmt: skip
    assert (failure.traceback, failure.hint) == ("Traceback…", "a hint")


def test_an_interrupted_step_keeps_its_place_and_the_machine_gives_the_reason():
    failure = failures.told(INTERRUPTED, Outcome(-15, "timeout"), REQUEST)

    assert (failure.kind, failure.cell, failure.line) == ("timeout", 7, 3)


def test_an_error_raised_before_the_time_was_up_stays_what_it_was():
    assert failures.told(RAISED, Outcome(1, "timeout"), REQUEST).kind == "exception"


def test_a_kill_that_the_engine_knows_to_be_for_memory_says_so():
    killed = ErrorRecord("killed", "died of SIGKILL", 7, 3)

    assert failures.told(killed, Outcome(137, "out-of-memory"), REQUEST).kind == "out-of-memory"
    assert failures.told(killed, Outcome(137), REQUEST).kind == "killed"


def test_a_failure_without_words_is_still_told():
    assert failures.told(None, Outcome(1), REQUEST).kind == "output"


def test_the_machines_errors_keep_their_hints():
    failure = failures.machine(MachineError("no engine", hint="start it"))

    assert (failure.kind, failure.message, failure.hint) == ("machine", "no engine", "start it")


BOTH = MetricOption(minimum=0.2, maximum=0.8)


@pytest.mark.parametrize("value", [0.2, 0.5, 0.8])
def test_a_metric_within_its_thresholds_is_no_failure(value):
    assert failures.breach({"m": BOTH}, {"m": value}) is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.1, "m is 0.1, its minimum is 0.2"),
        (0.9, "m is 0.9, its maximum is 0.8"),
        (float("nan"), "m is nan, its minimum is 0.2; metric m is nan, its maximum is 0.8"),
        (float("inf"), "m is inf, its maximum is 0.8"),
    ],
)
def test_a_metric_beyond_a_threshold_says_by_how_much(value, words):
    assert words in failures.breach({"m": BOTH}, {"m": value}).message


def test_a_metric_that_was_not_reported_misses_its_threshold():
    assert "not reported" in failures.breach({"m": BOTH}, {}).message
    assert failures.breach({"m": MetricOption(direction="maximize")}, {}) is None
