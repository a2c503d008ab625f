"""Times typical steps with and without the guard of their inputs.

    python benchmarks/guard.py [--repeat 7]

Each step is run as executors run it, `python RUNTIME ATTEMPT`, with its inputs declared to
stay as they are, and without that, in turn; the table gives medians. The ratio is that of
the processor's time, which the machine's other work disturbs least.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from cellwright.runtime.layout import write_runtime
from cellwright.runtime.manifest import (
    ArtifactSpec,
    CellSpec,
    Manifest,
    PortSpec,
    StepSpec,
    from_json,
    to_json,
)

PROMISED = 1.05
"""The guarded step takes at most so many times as long."""


@dataclass(frozen=True)
class Case:
    """What makes the input `x`, and the step that reads it."""

    make: str
    imports: str
    cells: tuple[str, ...]


FRAME = (
    "import numpy as np, pandas as pd\n"
    "rows = 2_200_000\n"
    "generator = np.random.default_rng(0)\n"
    "x = pd.DataFrame({f'f{at}': generator.random(rows) for at in range(10)})\n"
    "x['k'] = np.arange(rows) % 1000"
)
CASES = {
    "frame of 200 MB, group and sum": Case(
        FRAME, "import pandas as pd", ("means = x.groupby('k').mean()", "means.describe()")
    ),
    "frame of 200 MB, one column": Case(FRAME, "import pandas as pd", ("total = x['f3'].sum()",)),
    "fit of scikit-learn": Case(
        "import numpy as np\nx = np.random.default_rng(0).normal(size=(100_000, 20))",
        "from sklearn.linear_model import LogisticRegression",
        ("y = x[:, 0] + x[:, 1] > 0", "model = LogisticRegression().fit(x, y)"),
    ),
    "list of a million integers": Case(
        "x = list(range(1000, 1_001_000))",
        "import statistics",
        ("squares = [v * v for v in x]", "top = sorted(x, reverse=True)[:10]"),
    ),
    "200,000 records": Case(
        "x = [{'id': at, 'name': f'n{at}', 'score': at / 7} for at in range(200_000)]",
        "from collections import Counter",
        ("named = {row['name']: row for row in x}", "tens = Counter(row['id'] // 10 for row in x)"),
    ),
    "a short list": Case("x = [1, 2, 3]", "", ("y = sum(x)", "print(y)")),
}  # fmt: skip


@dataclass(frozen=True)
class Took:
    """Milliseconds on the clock, and of the processor."""

    clock: float
    processor: float


def lay(folder: Path, spec: StepSpec, source: str) -> None:
    for name in ("inputs", "work"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "program.py").write_text(source)
    (folder / "spec.json").write_bytes(to_json(spec))


def step(imports: str, cells: tuple[str, ...]) -> tuple[StepSpec, str]:
    """Return a step of these cells, and its program."""
    lines = imports.split("\n")
    placed = []
    for number, cell in enumerate(cells, 1):
        text = cell.split("\n")
        placed.append(CellSpec(f"c{number}", number, len(lines) + 1, len(lines) + len(text)))
        lines += text
    body = imports.count("\n") + 2
    named = ("run", "step", "nonce", "n.ipynb")
    spec = StepSpec(*named, body, placed, [None] * len(lines), [], [], [], [], [])
    return spec, "\n".join(lines)


def run(runtime: Path, folder: Path) -> Took:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, str(runtime), str(folder)],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"},
    )
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(seconds * 1e3, spent * 1e3)


def measure(case: Case, folder: Path, repeat: int) -> tuple[Took, Took]:
    """Return what the step takes without the guard, and with it."""
    runtime, maker = folder / "runtime", folder / "maker"
    write_runtime(runtime)
    spec, source = step("", (case.make,))
    lay(maker, replace(spec, outputs=[PortSpec("x", "value")]), source)
    run(runtime, maker)
    record = from_json(Manifest, (maker / "manifest.json").read_bytes()).artifacts[0]
    given = ArtifactSpec("inputs/x", record.serializer, record.members, ["x"], record.meta)
    spec, source = step(case.imports, case.cells)
    attempts = []
    for unchanged in ([], ["x"]):
        attempt = folder / f"guarded{len(unchanged)}"
        lay(attempt, replace(spec, inputs=[given], unchanged=unchanged), source)
        os.link(maker / record.path, attempt / "inputs" / "x")
        attempts.append(attempt)
    rounds = [[run(runtime, attempt) for attempt in attempts] for _ in range(repeat + 1)][1:]
    bare, guarded = (
        Took(
            statistics.median(each.clock for each in column),
            statistics.median(each.processor for each in column),
        )
        for column in zip(*rounds, strict=True)
    )
    return bare, guarded


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeat", type=int, default=7)
    repeat = parser.parse_args().repeat
    print("| step | without, ms | with, ms | processor without, ms | with, ms | ratio | kept |")
    print("|---|---|---|---|---|---|---|")
    for name, case in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            bare, guarded = measure(case, Path(folder), repeat)
        ratio = guarded.processor / bare.processor
        print(
            f"| {name} | {bare.clock:.0f} | {guarded.clock:.0f} | {bare.processor:.0f} | "
            f"{guarded.processor:.0f} | {ratio:.3f} | {'yes' if ratio <= PROMISED else 'NO'} |"
        )


if __name__ == "__main__":
    main()
