"""Times large values through a port beside their raw format, and measures the memory.

    python benchmarks/artifacts.py [--megabytes 200] [--repeat 5]

Save: write with fsync, hash, read back and compare, beside writing the raw format alone
with fsync (`numpy.save`; `pickle.dump`, protocol 5). Load: the value ready to be used,
beside the raw format's own reader. In turn, in one process; the table gives medians.
Memory: the peak of a process while it saves or loads the value, the value itself with it,
above that of one that only imports the libraries, as a multiple of the value.
"""

import argparse
import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cellwright.runtime.bundles import bundles
from cellwright.runtime.manifest import PortSpec, StepSpec
from cellwright.runtime.names import Names
from cellwright.runtime.outputs import Outputs
from cellwright.runtime.serializers import by_name
from cellwright.runtime.state import ProcessState

SPEED, MEMORY = 0.6, 2.2
"""What is promised: at least this share of the raw format's speed, at most so much memory."""


def array(megabytes: int) -> np.ndarray:
    return np.random.default_rng(0).random(megabytes * 125_000)


def frame(megabytes: int) -> pd.DataFrame:
    """Return floats, integers, times, a category and a column of text."""
    rows = megabytes * 10_000
    generator = np.random.default_rng(0)
    columns: dict[str, Any] = {f"f{at}": generator.random(rows) for at in range(8)}
    columns["i"] = np.arange(rows)
    columns["t"] = pd.date_range("2020", periods=rows, freq="s")
    columns["c"] = pd.Categorical.from_codes(np.arange(rows) % 3, ["a", "b", "c"])
    columns["s"] = pd.Series(np.arange(rows) % 9973).astype("str")
    return pd.DataFrame(columns)


KINDS: dict[str, Callable[[int], Any]] = {"array": array, "frame": frame}


def save(value: Any, folder: Path) -> dict[str, Any]:
    """Save a value as a step does, and return its record as plain data."""
    (folder / "outputs").mkdir(exist_ok=True)
    spec = StepSpec(
        *("run", "step", "nonce", "n.ipynb", 1, [], [], [], []),
        outputs=[PortSpec("x", "value")],
        metrics=[],
        definitions=[],
    )
    outputs = Outputs(spec, str(folder), {"x": value}, ProcessState(str(folder), ()))
    outputs.save()
    record = outputs.artifacts[0]
    return {"path": str(folder / record.path), "format": record.serializer, "meta": record.meta}


def load(saved: dict[str, Any]) -> Any:
    return by_name(saved["format"]).load(saved["path"], saved["meta"])


def raw_save(value: Any, path: Path) -> None:
    with path.open("wb") as handle:
        if isinstance(value, np.ndarray):
            np.save(handle, value)
        else:
            pickle.dump(value, handle, protocol=5)
        handle.flush()
        os.fsync(handle.fileno())


def raw_load(path: Path, kind: str) -> Any:
    with path.open("rb") as handle:
        return np.load(handle) if kind == "array" else pickle.load(handle)


def in_turn(repeat: int, ours: Callable[[], Any], theirs: Callable[[], Any]) -> tuple[float, float]:
    rounds = [(seconds(ours), seconds(theirs)) for _ in range(repeat + 1)][1:]
    mine, other = (statistics.median(column) for column in zip(*rounds, strict=True))
    return mine, other


def seconds(action: Callable[[], Any]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def peak(*arguments: str) -> int:
    """Return the peak memory of this program with other arguments, in bytes."""
    done = subprocess.run(
        [sys.executable, __file__, *arguments], capture_output=True, text=True, check=True
    )
    return int(done.stdout) * 1024


def only(what: str, kind: str, megabytes: int, folder: Path) -> None:
    """Do one thing, and print the peak memory of this process."""
    if what == "save":
        value = KINDS[kind](megabytes)
        Path("/proc/self/clear_refs").write_text("5")  # forget the peak of making it
        save(value, folder)
    elif what == "load":
        value = load(json.loads((folder / "record").read_text()))
        del value
    print(peak_of_this_process())


def peak_of_this_process() -> int:
    """Return kilobytes; what `getrusage` tells on Linux goes back to the parent's memory."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1])
    raise SystemExit("the memory of a process can be read on Linux only")


def report(kind: str, megabytes: int, repeat: int) -> bool:
    with tempfile.TemporaryDirectory() as name:
        folder, value = Path(name), KINDS[kind](megabytes)
        size = value.nbytes if kind == "array" else int(value.memory_usage(deep=False).sum())
        saved = save(value, folder)
        raw = folder / "raw"
        raw_save(value, raw)
        writing = in_turn(repeat, lambda: save(value, folder), lambda: raw_save(value, raw))
        reading = in_turn(repeat, lambda: load(saved), lambda: raw_load(raw, kind))
        (folder / "record").write_text(json.dumps(saved))
        nothing = peak("--only", "nothing", "--kind", kind, "--folder", name)
        common = ("--kind", kind, "--megabytes", str(megabytes), "--folder", name)
        for what, (ours, theirs) in (("save", writing), ("load", reading)):
            memory = (peak("--only", what, *common) - nothing) / size
            share = theirs / ours
            good = share >= SPEED and memory <= MEMORY
            print(
                f"| {kind} | {what} | {size / ours / 1e9:.2f} | {size / theirs / 1e9:.2f} | "
                f"{share:.0%} | {memory:.2f} | {'yes' if good else 'NO'} |"
            )
    return True


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--only", choices=["save", "load", "nothing"])
    parser.add_argument("--kind", choices=list(KINDS))
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.only:
        only(options.only, options.kind, options.megabytes, options.folder)
        return
    print("| value | | ours, GB/s | raw, GB/s | share | memory / value | kept |")
    print("|---|---|---|---|---|---|---|")
    for kind in KINDS:
        report(kind, options.megabytes, options.repeat)
    numbers = list(range(1_000_000))
    took = seconds(lambda: bundles({"a": numbers, "b": list(numbers), "c": [numbers]}, Names()))
    print(f"\nwho shares state, among three lists of a million integers: {took:.2f} s")


if __name__ == "__main__":
    main()
