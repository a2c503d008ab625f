"""Owns the comparison of saved values, in an interpreter of the notebook's environment.

Artifacts of two kinds of runs are loaded side by side and walked. The host never opens
a value: it calls this module in a process of its own, with a plan, and reads what it
found.

The plan is JSON: a list of steps, each with the attempt folder whose `spec.json` and
`program.py` give the definitions that its values need, and `pairs`: the port, and how the
artifact of either side is read. The answer is a list of `[differences, trouble]`, one for
each pair; `trouble` says why two values could not be compared, or is empty.
"""

import json
import os
import sys
from dataclasses import astuple
from typing import Any

from .cells import Cells
from .display import Displays
from .likeness import Difference, Likeness
from .manifest import StepSpec, from_json
from .pickling import in_depth
from .place import Place
from .program import Program
from .serializers import BUNDLE, by_name
from .step import fresh_main

Answer = tuple[list[Difference], str]


def main(arguments: list[str]) -> int:
    """Compare what the plan (the first argument) says; write the answer to the second."""
    plan_path, answer_path = arguments
    with open(plan_path, encoding="utf-8") as handle:
        plan = json.load(handle)
    answers = [answer for step in plan for answer in _compare_step(step)]
    document = [[[astuple(each) for each in found], trouble] for found, trouble in answers]
    with open(answer_path, "w", encoding="utf-8") as handle:
        json.dump(document, handle)
    return 0


def _compare_step(step: dict[str, Any]) -> list[Answer]:
    try:
        _define(step["attempt"])
    except BaseException as error:  # noqa: BLE001  # the notebook's own definitions
        said = f"its definitions cannot be run: {type(error).__qualname__}: {error}"
        return [([], said) for _ in step["pairs"]]
    values: dict[str, Any] = {}
    walks: dict[tuple[str, str], Likeness] = {}
    answers: list[Answer] = []
    for pair in step["pairs"]:
        walk = walks.setdefault((pair["one"]["path"], pair["other"]["path"]), Likeness())
        answers.append(_compare(pair, walk, values))
    return answers


def _define(attempt: str) -> None:
    """Run the definitions of a step in a fresh `__main__`: values may refer to them."""
    with open(os.path.join(attempt, "spec.json"), "rb") as handle:
        spec = from_json(StepSpec, handle.read())
    with open(os.path.join(attempt, "program.py"), encoding="utf-8") as handle:
        program = Program(handle.read(), spec)
    cells = Cells(program, fresh_main(), Displays(), Place.shared())
    cells.install()
    cells.define()
    cells.define_own()


def _compare(pair: dict[str, Any], walk: Likeness, values: dict[str, Any]) -> Answer:
    port = pair["port"]
    walk.differences = []
    try:
        one, other = (_value(pair[side], port, values) for side in ("one", "other"))
        try:
            walk.compare(one, other, _path(port))
        except RecursionError:
            walk = Likeness()
            in_depth(lambda: walk.compare(one, other, _path(port)))
    except Exception as error:  # noqa: BLE001  # code of the value, or of its library
        return walk.differences, f"{type(error).__qualname__}: {error}"
    return walk.differences, ""


def _value(record: dict[str, Any], port: str, values: dict[str, Any]) -> Any:
    path = record["path"]
    if path not in values:
        name = "pickle" if record["serializer"] == BUNDLE else record["serializer"]
        values[path] = by_name(name).load(path, record["meta"])
    return values[path][port] if record["serializer"] == BUNDLE else values[path]


def _path(port: str) -> str:
    return port.partition(":")[2] or port


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
