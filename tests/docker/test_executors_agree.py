"""The two executors, with the runtime as it is: equal outputs, and what only it can tell."""

import os
import sys

import pytest

from cellwright.environment.image import dockerfile
from cellwright.execution.docker import DockerExecutor
from cellwright.execution.executor import StepRequest
from cellwright.execution.process import ProcessExecutor
from cellwright.model.pipeline import Environment, StepName
from cellwright.runtime.manifest import Manifest, from_json
from support.attempts import Steps

pytestmark = pytest.mark.docker

LOCAL = Environment("3.11", "", "", "linux/amd64", interpreter=sys.executable)


@pytest.fixture(params=["docker", "process"])
def start(request, base_image, tmp_path, engine):
    """Return a function that starts an attempt folder with one of the executors."""
    folder = tmp_path / ".cellwright"
    if request.param == "docker":
        environment = Environment("3.11", "", base_image, "linux/amd64")
        executor = DockerExecutor(folder, dockerfile=dockerfile, wheels=None)
    else:
        environment = LOCAL
        executor = ProcessExecutor(folder, index=None)
    executor.prepare(environment, print)
    processes = []

    def start(attempt, **options):
        process = executor.start(
            StepRequest(
                run="run",
                step=StepName("train"),
                nonce=f"{attempt.name}-{os.getpid()}",
                attempt=attempt,
                environment=environment,
                mounts={},
                **options,
            )
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.stop()
        process.release()


def manifest(attempt):
    return from_json(Manifest, (attempt / "manifest.json").read_bytes())


def test_a_step_writes_its_artifacts_and_says_so(start, tmp_path):
    attempt = Steps(tmp_path).lay(
        "total = sum(range(10))\nprint('total', total)", outputs=("total",)
    )

    ended = start(attempt).wait(60)

    assert ended.exit_code == 0, ended
    record = manifest(attempt)
    assert record.state == "succeeded"
    (artifact,) = record.artifacts
    # Known bytes: whichever executor wrote them, they are the same.
    assert artifact.digest == _digest_of_total(tmp_path)
    assert (attempt / artifact.path).stat().st_uid == os.geteuid()
    assert (attempt / "logs" / "stdout").read_text() == "total 45\n"


def _digest_of_total(folder):
    steps = Steps(folder / "reference")
    (folder / "reference").mkdir(exist_ok=True)
    done = steps.ok("total = sum(range(10))", outputs=("total",))
    return done.artifact("total").digest


def test_a_step_that_raises_is_failed_at_its_cell_and_line(start, tmp_path):
    attempt = Steps(tmp_path).lay("x = 1\nraise ValueError('no')")

    ended = start(attempt).wait(60)

    assert ended.exit_code == 1
    error = manifest(attempt).error
    assert (error.kind, error.cell, error.line) == ("exception", 2, 2)


def test_a_stopped_step_says_that_it_was_interrupted(start, tmp_path):
    attempt = Steps(tmp_path).lay("open('ready', 'w').write('1')\nimport time\ntime.sleep(60)")
    process = start(attempt)
    _wait_for(attempt / "work" / "ready")

    process.stop()

    assert process.wait(0).reason == "cancelled"
    assert manifest(attempt).state == "interrupted"


def _wait_for(path):
    import time

    until = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < until, f"{path} does not appear"
        time.sleep(0.02)


@pytest.mark.parametrize("start", ["docker"], indirect=True)
def test_a_step_over_its_memory_is_told_by_both_engine_and_runtime(start, tmp_path):
    attempt = Steps(tmp_path).lay("x = bytearray(512 << 20)")

    ended = start(attempt, memory=128 << 20).wait(60)

    assert ended.reason == "out-of-memory"
    assert manifest(attempt).error.kind == "out-of-memory"
