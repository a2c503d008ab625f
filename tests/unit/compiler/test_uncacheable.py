"""Why a step may give something else each time, so that its results are not kept."""

import pytest

from cellwright.compiler.driver import compile_notebook
from support.notebooks import code, ipynb


def reasons(*cells):
    found = compile_notebook(ipynb(cells), path="notebook.ipynb")
    assert found.pipeline is not None
    return {name: step.uncacheable for name, step in found.pipeline.steps.items()}


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import time\nx = time.time()", "`time.time` reads the clock (cell 1, line 2)"),
        ("import uuid\nx = uuid.uuid4()", "`uuid.uuid4` makes something that is new each time (cell 1, line 2)"),
        ("import random\n\nx = random.random()", "`random.random` draws random numbers that nothing seeds (cell 1, line 3)"),
        ("import numpy as np\nx = np.random.rand(3)", "`numpy.random.rand` draws random numbers that nothing seeds (cell 1, line 2)"),
        ("import random\nrandom.seed(1)\nx = random.random()", ""),
        ("x = 1", ""),
    ],
)  # fmt: skip
def test_a_step_says_why_it_is_not_the_same_each_time(source, reason):
    assert reasons(code(source, "step:only")) == {"only": reason}


def test_a_step_that_draws_after_a_seeded_one_gives_the_same_each_time():
    cells = ("import random\nrandom.seed(1)", "print(random.random())")

    assert reasons(
        *(code(each, f"step:s{n}") for n, each in enumerate(cells)),
    ) == {"s0": "", "s1": ""}


def test_what_a_shared_cell_does_each_time_is_so_in_the_steps_that_take_it_along():
    assert reasons(
        code("import time\nstart = time.time()", "functions"),
        code("print(start)", "step:a"),
        code("print(1)", "step:b"),
    ) == {"a": "`time.time` reads the clock (cell 1, line 2)", "b": ""}


def test_what_is_drawn_before_the_seed_is_made_by_one_step_and_what_follows_is_known():
    found = compile_notebook(
        ipynb(
            [
                code("import random", "imports"),
                code("noise = [random.random(), random.seed(42)]", "functions"),
                code("print(noise)", "step:a"),
                code("print(noise)", "step:b"),
            ]
        ),
        path="notebook.ipynb",
    )

    assert found.pipeline is not None
    assert ("a", "b", "noise") in [
        (edge.producer, edge.consumer, edge.port) for edge in found.pipeline.edges
    ]
