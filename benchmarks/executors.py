"""Times one no-op step on each executor beside the bare thing that it is made of.

    python benchmarks/executors.py [--repeat 15] [--runtime bare|own]

`docker`: create, start, wait, inspect and remove by the executor, beside `docker run --rm`
of the same image with the same entry point on the same folder. `process`: the executor
beside a bare subprocess of the same interpreter, runtime and folder. In turn, in one
session; the table gives medians in milliseconds and their ratio. With `--runtime own`
the step goes through Cellwright's runtime (manifest, logs), by default through three
lines that do nothing but execute the program.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from cellwright.environment.image import dockerfile
from cellwright.execution.docker import DockerExecutor
from cellwright.execution.executor import Executor, StepRequest
from cellwright.execution.process import ProcessExecutor
from cellwright.execution.runtime_copy import RUNTIME, Runtime, compiled_copy
from cellwright.model.pipeline import Environment
from cellwright.runtime.manifest import CellSpec, StepSpec, to_json
from support.bare import BARE, attempt

LIMITS = {"docker": 1.3, "process": 1.5}


def no_op(folder: Path, environment: Environment) -> StepRequest:
    """Lay out an attempt at a step that does nothing."""
    shutil.rmtree(folder, ignore_errors=True)
    request = attempt(folder, "pass", environment=environment, nonce=os.urandom(8).hex())
    spec = StepSpec(
        run=request.run,
        step=request.step,
        nonce=request.nonce,
        notebook="n.ipynb",
        body_line=1,
        cells=[CellSpec("cell-1", 1, 1, 1)],
        origins=[[1, 1]],
        parameters=[],
        inputs=[],
        outputs=[],
        metrics=[],
        definitions=[],
    )
    (folder / "spec.json").write_bytes(to_json(spec))
    return request


def by_executor(executor: Executor, request: StepRequest) -> None:
    process = executor.start(request)
    ended = process.wait()
    process.release()
    if ended is None or ended.exit_code != 0:
        raise SystemExit(f"the step failed: {ended}")


def seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def compare(
    name: str, repeat: int, ours: Callable[[], object], bare: Callable[[], object]
) -> tuple[float, float]:
    """Time both in turn and return their medians; the first round warms up."""
    rounds = [(seconds(ours), seconds(bare)) for _ in range(repeat + 1)][1:]
    mine, theirs = (statistics.median(column) for column in zip(*rounds, strict=True))
    spread = (max(row[0] for row in rounds) - min(row[0] for row in rounds)) * 1000
    print(
        f"| {name} | {mine * 1000:.0f} | {theirs * 1000:.0f} | {mine / theirs:.2f} |"
        f" {LIMITS[name]} | {spread:.0f} |"
    )
    return mine, theirs


def docker(folder: Path, repeat: int, runtime: Runtime) -> bool:
    executor = DockerExecutor(
        folder / ".cellwright", dockerfile=dockerfile, wheels=no_wheels, runtime=runtime
    )
    if (reason := executor.available()) is not None:
        print(f"| docker | left out: {reason} |")
        return True
    environment = Environment("3.11", "", "", "linux/amd64")
    executor.prepare(environment, lambda _line: None)
    image = executor.image(environment)
    place = folder / "attempt"
    mount = f"type=bind,source={place},target=/cellwright/attempt"
    asked = ("--rm", "--init", "--network", "none", "--user", "0:0", "--mount", mount)
    run = ["docker", "run", *asked, image, "/cellwright/attempt"]

    def bare() -> None:
        no_op(place, environment)
        subprocess.run(run, check=True, capture_output=True)

    mine, theirs = compare(
        "docker", repeat, lambda: by_executor(executor, no_op(place, environment)), bare
    )
    return mine <= LIMITS["docker"] * theirs


def no_wheels(*_: object) -> None:
    raise AssertionError("nothing is locked")


def process(folder: Path, repeat: int, runtime: Runtime) -> bool:
    executor = ProcessExecutor(folder / ".cellwright", index=None, runtime=runtime)
    environment = Environment("3.11", "", "", "linux/amd64", interpreter=sys.executable)
    place = folder / "attempt"
    copy = compiled_copy(folder / ".cellwright" / "runtime", runtime, Path(sys.executable))
    command = [sys.executable, str(copy), str(place)]

    def bare() -> None:
        no_op(place, environment)
        subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)

    mine, theirs = compare(
        "process", repeat, lambda: by_executor(executor, no_op(place, environment)), bare
    )
    return mine <= LIMITS["process"] * theirs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--runtime", choices=("bare", "own"), default="bare")
    options = parser.parse_args()
    runtime = RUNTIME if options.runtime == "own" else BARE
    print("| executor | ms | bare, ms | ratio | at most | spread, ms |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="cellwright-executors-") as scratch:
        within = [
            docker(Path(scratch), options.repeat, runtime),
            process(Path(scratch), options.repeat, runtime),
        ]
    return 0 if all(within) else 1


if __name__ == "__main__":
    sys.exit(main())
