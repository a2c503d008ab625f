"""Functions of libraries of which nothing is known."""

from cellwright.compiler.driver import compile_notebook
from support.notebooks import code, ipynb


def test_a_function_that_is_called_a_seed_is_taken_to_seed_the_global_generators():
    cells = (
        code("import numpy as np\nimport somelib", "imports"),
        code("somelib.seed_everything(3)", "step:a"),
        code("print(np.random.rand())", "step:b"),
        code("print(np.random.rand())", "step:c"),
    )

    found = compile_notebook(ipynb(cells), path="notebook.ipynb")

    assert found.pipeline is not None
    feeds = [(edge.producer, edge.consumer, edge.port) for edge in found.pipeline.edges]
    assert feeds == [("a", "b", "state:numpy.random"), ("b", "c", "state:numpy.random")]
