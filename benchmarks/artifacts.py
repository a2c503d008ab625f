"""Times large values through a port beside their raw format, and measures the memory.

    python benchmarks/artifacts.py [--megabytes 200] [--repeat 5] [--parts]

Save: write with fsync, hash, read back and compare, beside writing the raw format alone
with fsync (`numpy.save`; `pickle.dump`, protocol 5). Load: the value ready to be used,
beside the raw format's own reader. In turn, in one process; the table gives medians.
Memory: the peak of a process while it saves or loads the value, the value itself with it,
above that of one that only imports the libraries, as a multiple of the value.

Beside the time on the clock stands the processor's time, of all threads: the hash has one
of its own, so the clock depends on whether a second processor is free, and the sum does
not. `--parts` times what saving an array and filing it is made of, one after the other.
"""

import argparse
import hashlib
import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cellwright.base.canonical import Digest
from cellwright.runtime.bundles import bundles
from cellwright.runtime.manifest import PortSpec, StepSpec
from cellwright.runtime.names import Names
from cellwright.runtime.outputs import Outputs
from cellwright.runtime.serializers import by_name
from cellwright.runtime.sink import same_bytes
from cellwright.runtime.state import ProcessState
from cellwright.store.objects import ObjectStore

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


@dataclass(frozen=True)
class Took:
    """Seconds on the clock, and of the processor."""

    clock: float
    processor: float


def in_turn(repeat: int, *actions: Callable[[], Any]) -> list[Took]:
    rounds = [[took(action) for action in actions] for _ in range(repeat + 1)][1:]
    return [
        Took(
            statistics.median(each.clock for each in column),
            statistics.median(each.processor for each in column),
        )
        for column in zip(*rounds, strict=True)
    ]


def took(action: Callable[[], Any]) -> Took:
    began = time.perf_counter(), time.process_time()
    action()
    return Took(time.perf_counter() - began[0], time.process_time() - began[1])


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


def report(kind: str, megabytes: int, repeat: int) -> None:
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
            share = theirs.clock / ours.clock
            good = share >= SPEED and memory <= MEMORY
            print(
                f"| {kind} | {what} | {size / ours.clock / 1e9:.2f} | "
                f"{size / theirs.clock / 1e9:.2f} | {share:.0%} | "
                f"{ours.processor * 1e3:.0f} | {theirs.processor * 1e3:.0f} | "
                f"{memory:.2f} | {'yes' if good else 'NO'} |"
            )


def parts(megabytes: int, repeat: int) -> None:
    """Print what saving an array is made of, each part by itself."""
    value = array(megabytes)
    content = value.data.cast("B")
    with tempfile.TemporaryDirectory() as name:
        path, store = Path(name) / "value", ObjectStore(Path(name) / "objects")
        path.write_bytes(content)
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"

        def file_it() -> None:
            copy = Path(name) / "copy"
            os.link(path, copy)  # as a move would need a second file each time
            path.unlink()
            os.rename(store.path(store.take_file(copy, expected=Digest(digest))), path)
            path.chmod(0o644)

        actions: dict[str, Callable[[], Any]] = {
            "`numpy.save`, with fsync": lambda: raw_save(value, path),
            "write": lambda: path.write_bytes(content),
            "fsync": lambda: flush(path),
            "SHA-256": lambda: hashlib.sha256(content).hexdigest(),
            "compare with the file": lambda: same_bytes(str(path), 0, content),
            "file it: hash again, move": file_it,
        }
        print("| part | ms | processor, ms |\n|---|---|---|")
        # `numpy.save` writes a header of its own: what is compared and filed comes after.
        for what, spent in zip(actions, in_turn(repeat, *actions.values()), strict=True):
            print(f"| {what} | {spent.clock * 1e3:.0f} | {spent.processor * 1e3:.0f} |")


def flush(path: Path) -> None:
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--parts", action="store_true")
    parser.add_argument("--only", choices=["save", "load", "nothing"])
    parser.add_argument("--kind", choices=list(KINDS))
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.only:
        only(options.only, options.kind, options.megabytes, options.folder)
        return
    if options.parts:
        parts(options.megabytes, options.repeat)
        return
    print(
        "| value | | ours, GB/s | raw, GB/s | share | ours, processor ms | raw, processor ms | "
        "memory / value | kept |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for kind in KINDS:
        report(kind, options.megabytes, options.repeat)
    numbers = list(range(1_000_000))
    spent = took(lambda: bundles({"a": numbers, "b": list(numbers), "c": [numbers]}, Names()))
    print(f"\nwho shares state, among three lists of a million integers: {spent.clock:.2f} s")


if __name__ == "__main__":
    main()
