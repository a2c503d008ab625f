"""Compiles, or verifies, other people's notebooks, each of their cells a step of its own.

    PYTHONPATH=tests python -m corpus FOLDER --python ENVIRONMENT/bin/python
    PYTHONPATH=tests python -m corpus FOLDER --compile-only

FOLDER takes the archives and the results; what it has results of is not done again.
"""

import argparse
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from corpus.compiling import compiled_row
from corpus.galleries import galleries, needs_network, notebooks
from corpus.judging import verified_row
from corpus.results import Results, Row, refusals, table

_COMPILING = 30  # seconds; what takes longer hangs


def main(arguments: list[str]) -> int:
    """Run what was asked for, and print the table; 1 where Cellwright was wrong."""
    asked = _parser().parse_args(arguments)
    results = Results(asked.folder / ("compiled.jsonl" if asked.compile_only else "verified.jsonl"))
    wanted = [
        (gallery, name, path)
        for gallery, name, path in _notebooks(asked)
        if not results.done(name, asked.again)
    ]
    # The short ones first: what is broken off in the middle has then seen the most.
    wanted.sort(key=lambda entry: entry[2].stat().st_size)
    with ProcessPoolExecutor(asked.jobs) as pool:
        rows = {
            pool.submit(_found, path, asked): {"notebook": name, "gallery": gallery}
            for gallery, name, path in wanted[: asked.limit]
        }
        for done in as_completed(rows):
            row = rows[done] | done.result()
            results.add(row)
            print(f"{row['outcome']:14} {row['notebook']}", flush=True)
    found = list(results.rows.values())
    print(f"\n{table(found)}\n\n{refusals(found)}")
    return int(any(row["outcome"] in ("different", "crashed") for row in found))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="corpus", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--compile-only", action="store_true", help="run nothing")
    parser.add_argument("--python", default="", help="the interpreter of the notebooks")
    parser.add_argument("--offline", action="store_true", help="leave out what fetches data")
    parser.add_argument("--seconds", type=float, default=180, help="most for one notebook")
    parser.add_argument("--jobs", type=int, default=1, help="how many at the same time")
    parser.add_argument("--limit", type=int, default=None, help="no more notebooks than this")
    parser.add_argument("--gallery", action="append", default=[], help="only this one")
    parser.add_argument(
        "--again", action="append", default=[], metavar="OUTCOME", help="do these once more"
    )
    return parser


def _notebooks(asked: argparse.Namespace) -> Iterator[tuple[str, str, Path]]:
    for gallery in galleries():
        if asked.gallery and gallery.name not in asked.gallery:
            continue
        for path in notebooks(gallery, asked.folder):
            inside = path.relative_to(asked.folder)
            yield gallery.name, f"{gallery.name}/{'/'.join(inside.parts[1:])}", path


def _found(path: Path, asked: argparse.Namespace) -> Row:
    if asked.compile_only:
        return _compiled(path)
    if asked.offline and needs_network(path):
        return {"outcome": "does not run", "detail": "it fetches data from the network"}
    return verified_row(path, seconds=asked.seconds, python=asked.python)


def _compiled(path: Path) -> Row:
    def late(*_: object) -> None:
        raise TimeoutError(f"not compiled after {_COMPILING} s")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(_COMPILING)
    try:
        return compiled_row(path)
    finally:
        signal.alarm(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
