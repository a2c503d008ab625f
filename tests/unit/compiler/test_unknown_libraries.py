"""Functions of libraries of which nothing is known."""

import pytest

from cellwright.compiler.driver import compile_notebook
from support.notebooks import code, ipynb


def feeds(*cells):
    found = compile_notebook(ipynb(cells), path="notebook.ipynb")
    assert found.pipeline is not None
    return [(edge.producer, edge.consumer, edge.port) for edge in found.pipeline.edges]


@pytest.mark.parametrize(
    ("imports", "seed", "state"),
    [
        ("import numpy as np", "np.random.seed(1)", "state:numpy.random"),
        ("import random", "random.seed(1)", "state:random"),
        ("import torch", "torch.manual_seed(1)", "state:torch"),
    ],
)
def test_an_unknown_function_may_draw_from_a_generator_that_was_seeded(imports, seed, state):
    assert feeds(
        code(f"import somelib\n{imports}", "imports"),
        code(seed, "step:seed"),
        code("print(somelib.sample(5))", "step:first"),
        code("print(somelib.sample(5))", "step:second"),
    ) == [("seed", "first", state), ("first", "second", state)]


def test_where_nothing_is_seeded_unknown_functions_do_not_wait_for_each_other():
    assert (
        feeds(
            code("import somelib", "imports"),
            code("print(somelib.sample(5))", "step:first"),
            code("print(somelib.sample(5))", "step:second"),
        )
        == []
    )


def test_a_function_that_is_called_a_seed_is_taken_to_seed_the_global_generators():
    cells = (
        code("import numpy as np\nimport somelib", "imports"),
        code("somelib.seed_everything(3)", "step:a"),
        code("print(np.random.rand())", "step:b"),
        code("print(np.random.rand())", "step:c"),
    )

    assert feeds(*cells) == [("a", "b", "state:numpy.random"), ("b", "c", "state:numpy.random")]
