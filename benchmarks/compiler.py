"""Times the compiler and the start of the command line.

    python benchmarks/compiler.py [--repeat 7]

A notebook of 60 code cells as data scientists write them (helpers, frames, models,
plots), compiled in a fresh process with all imports; the same in a process that is warm;
and after the edit of one cell, with the memory that an editor keeps. A notebook of 1,000
cells shows that time grows in step with length. Medians; times of whole processes are
from outside.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from cellwright.compiler.driver import Memo, compile_notebook

CELL = """\
frame_{i} = clean(frame_{before}, column="value", limit={i})
frame_{i}["ratio"] = frame_{i}["value"] / frame_{i}["weight"].mean()
summary_{i} = frame_{i}.groupby("group")["ratio"].agg(["mean", "std"]).reset_index()
if summary_{i}["mean"].max() > {i}:
    summary_{i} = summary_{i}[summary_{i}["mean"] > 0]
fig, ax = plt.subplots()
ax.plot(summary_{i}["mean"], label=f"round {i}")
print([round(v, 3) for v in summary_{i}["mean"]])"""

HELPER = """\
def clean(frame, column, limit):
    kept = frame[frame[column].notna()].copy()
    kept[column] = kept[column].clip(upper=limit * 10)
    return kept"""

LOAD = """\
rng = np.random.default_rng(seed)
frame_3 = pd.DataFrame({"value": rng.normal(size=rows), "weight": rng.random(rows)})
frame_3["group"] = rng.integers(0, 5, rows)"""


def notebook(cells: int, *, edited: int = -1, steps: int = 12) -> bytes:
    """Return a tagged notebook of so many code cells; one of them may be edited."""
    sources = [
        ("imports", "import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt"),
        ("parameters", "rows = 500\nseed = 3"),
        (
            "functions",
            HELPER,
        ),
        (
            "step:load",
            LOAD,
        ),
    ]
    for i in range(4, cells):
        source = CELL.format(i=i, before=i - 1)
        if i == edited:
            source += "\nprint('edited')"
        sources.append((f"step:part_{i * steps // cells}", source))
    rows = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "execution_count": None,
            "metadata": {"tags": [tag]},
            "outputs": [],
            "source": source,
        }
        for number, (tag, source) in enumerate(sources)
    ]
    document = {"cells": rows, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(document).encode()


def median(work: Callable[[], object], repeat: int) -> float:
    """Return the median wall seconds of a piece of work, after one run to warm up."""
    work()
    times = []
    for _ in range(repeat):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def process(*arguments: str, given: bytes = b"") -> Callable[[], object]:
    """Return a call of a fresh interpreter."""
    return lambda: subprocess.run(
        [sys.executable, *arguments], input=given, capture_output=True, check=True
    )


COLD = (
    "import sys; from cellwright.compiler.driver import compile_notebook;"
    "found = compile_notebook(sys.stdin.buffer.read(), path='n.ipynb');"
    "assert found.pipeline is not None, list(found.report)"
)


def edits(cells: int) -> Callable[[], object]:
    """Return the compilation of a notebook in which each time another cell was edited."""
    memo = Memo()
    compile_notebook(notebook(cells), path="n.ipynb", memo=memo)
    turn = iter(range(10_000))

    def once() -> None:
        edited = 5 + next(turn) % (cells - 6)
        found = compile_notebook(notebook(cells, edited=edited), path="n.ipynb", memo=memo)
        assert found.pipeline is not None

    return once


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=7)
    repeat = parser.parse_args().repeat
    sixty, thousand = notebook(60), notebook(1000)
    rows = {
        "bare interpreter": median(process("-c", "pass"), repeat),
        "`cellwright --help`": median(process("-m", "cellwright.cli.main", "--help"), repeat),
        "60 cells, fresh process": median(process("-c", COLD, given=sixty), repeat),
        "60 cells, warm process": median(lambda: compile_notebook(sixty, path="n.ipynb"), repeat),
        "60 cells, one edited": median(edits(60), repeat),
        "1,000 cells, warm process": median(
            lambda: compile_notebook(thousand, path="n.ipynb"), max(1, repeat // 3)
        ),
    }
    print("| | median |\n|---|---|")
    for name, seconds in rows.items():
        print(f"| {name} | {seconds * 1000:.0f} ms |")


if __name__ == "__main__":
    main()
