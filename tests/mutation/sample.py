"""Draws some of the mutants of a session of cosmic-ray, and marks the others as skipped.

    python tests/mutation/sample.py SESSION --number 60 --seed 1 --only linking/

A place in a file is drawn first, then what is done to it: there are a dozen ways to spoil
one comparison, and they tell the same. Left out is what a type checker kills, and what can
only make the compiler slower.
"""

import argparse
import ast
import random
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from cosmic_ray.work_db import use_db
from cosmic_ray.work_item import MutationSpec, WorkerOutcome, WorkResult

Place = tuple[Path, tuple[int, int]]

OF_SETS = ("BitOr_BitAnd", "BitOr_Sub", "BitAnd_BitOr", "BitAnd_Sub", "Sub_BitAnd", "Sub_BitOr")
OF_NUMBERS = ("Add_Sub", "Sub_Add", "Mul_Add", "FloorDiv_Mul")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("session", type=Path)
    parser.add_argument("--number", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=[""], help="parts of paths of modules")
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    with use_db(asked.session) as work:
        jobs = defaultdict(list)
        for item in work.pending_work_items:
            (mutation,) = item.mutations
            path = mutation.module_path.as_posix()
            if any(part in path for part in asked.only) and _telling(mutation):
                jobs[_place(mutation)].append(item.job_id)
        places = sorted(jobs)
        chosen = chance.sample(places, min(asked.number, len(places)))
        drawn = {chance.choice(sorted(jobs[place])) for place in chosen}
        for item in list(work.pending_work_items):
            if item.job_id not in drawn:
                work.set_result(item.job_id, WorkResult(WorkerOutcome.SKIPPED))
    print(f"{len(drawn)} mutants of {len(places)} places")


def _place(mutation: MutationSpec) -> Place:
    return mutation.module_path, tuple(mutation.start_pos)


def _telling(mutation: MutationSpec) -> bool:
    name = mutation.operator_name.removeprefix("core/")
    if name == "RemoveDecorator":
        return False
    if not name.startswith("ReplaceBinaryOperator_"):
        return True
    typed = mutation.start_pos[0] in _typed_lines(mutation.module_path)
    return name.endswith((*OF_SETS, *OF_NUMBERS)) and not typed


@cache
def _typed_lines(path: Path) -> frozenset[int]:
    """Return the lines that have annotations, or say what a type is: `|` means no set there."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(
        line
        for node in _types(tree)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    )


def _types(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        match node:
            case ast.arg(annotation=ast.expr() as found) | ast.AnnAssign(annotation=found):
                yield found
            case ast.FunctionDef(returns=ast.expr() as found):
                yield found
            case ast.Call(func=ast.Name(id="isinstance"), args=[_, found]):
                yield found
            case _:
                pass


if __name__ == "__main__":
    main()
