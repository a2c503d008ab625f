# ruff: noqa: ISC004
"""That a `__new__` of the notebook runs when an object is made, and not when it is read."""

import pytest

from support.attempts import PortSpec, Steps

CLASSES = {
    "a tuple with names": (
        "from collections import namedtuple\nclass C(namedtuple('C', 'x y')):\n"
        "    def __new__(cls, x, y=0):\n        log.append(x)\n"
        "        return super().__new__(cls, x, y + 1)",
        "C(1)",
        "C(x=1, y=1)",
    ),
    "a text": (
        "class C(str):\n    def __new__(cls, v):\n        log.append(v)\n"
        "        return super().__new__(cls, v + '!')",
        "C('a')",
        "'a!'",
    ),
    "a number": (
        "class C(float):\n    def __new__(cls, v):\n        log.append(v)\n"
        "        return super().__new__(cls, v * 2)",
        "C(1.5)",
        "3.0",
    ),
    "an object": (
        "class C:\n    def __new__(cls, v):\n        log.append(v)\n        made = super().__new__(cls)\n"
        "        made.v = v\n        return made\n    def __repr__(self): return f'C({self.v})'",
        "C(2)",
        "C(2)",
    ),
}


@pytest.mark.parametrize("case", CLASSES)
def test_a_new_of_the_notebook_runs_once(steps: Steps, case: str) -> None:
    definition, make, shown = CLASSES[case]
    definitions = f"log = []\n{definition}"
    first = steps.ok(
        f"x = {make}\nx.note = 'n'",
        definitions=definitions,
        static=("C",),
        outputs=("x", "log"),
    )
    second = steps.ok(
        "print(repr(x), x.note, type(x).__name__, len(log))",
        definitions=definitions,
        inputs=((first, "x"), (first, "log")),
    )

    assert second.stdout == f"{shown} n C 1\n"


def test_what_a_repr_does_is_not_in_what_a_step_hands_on(steps: Steps) -> None:
    definitions = (
        "import random\nlog = []\nclass C:\n    def __repr__(self):\n        log.append('r')\n"
        "        print('shown')\n        return f'C{random.random()}'"
    )
    first = steps.ok(
        "random.seed(1)\nx = C()\ny = [x, {}]",
        definitions=definitions,
        static=("C",),
        outputs=("x", "y", "log", PortSpec("state:random", "state")),
    )
    second = steps.ok(
        "print(log, random.random())",
        definitions=definitions,
        inputs=((first, "x"), (first, "log"), (first, "state:random")),
    )

    assert first.stdout == ""
    assert first.artifact("x").preview["x"]["text"].startswith("C0.")
    assert second.stdout == "[] 0.13436424411240122\n"
