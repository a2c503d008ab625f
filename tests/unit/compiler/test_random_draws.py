"""Every function of a global generator draws from it, however it is spelled."""

import random

import numpy as np
import pytest

from cellwright.compiler.driver import compile_notebook
from support.notebooks import code, ipynb

_OTHERS = {"seed", "get_state", "set_state", "getstate", "setstate"}


def functions_of(module, generator):
    """Return the names of a module's functions that are methods of its global generator."""
    found = [
        name for name in dir(module) if getattr(getattr(module, name), "__self__", 0) is generator
    ]
    assert len(found) > 10
    return sorted(name for name in found if not name.startswith("_") and name not in _OTHERS)


def inputs_of_a_draw(imports, seed, draw):
    cells = [
        code(imports, "imports"),
        code(seed, "step:seed"),
        code(f"x = {draw}", "step:draw"),
        code("print(x)", "step:show"),
    ]
    found = compile_notebook(ipynb(cells), path="notebook.ipynb")
    assert found.pipeline is not None, list(found.report)
    return {port.name for port in found.pipeline.steps["draw"].inputs}


@pytest.mark.parametrize("name", functions_of(np.random, np.random.mtrand._rand))
@pytest.mark.parametrize(
    ("imports", "spelled"),
    [
        ("import numpy as np", "np.random.{}"),
        ("import numpy.random as npr", "npr.{}"),
        ("from numpy import random", "random.{}"),
        ("from numpy.random import {} as draw_one", "draw_one"),
    ],
)
def test_a_function_of_numpy_draws(imports, spelled, name):
    imports = f"import numpy\n{imports.format(name)}"

    found = inputs_of_a_draw(imports, "numpy.random.seed(1)", f"{spelled.format(name)}(3)")

    assert "state:numpy.random" in found


@pytest.mark.parametrize("name", functions_of(random, random._inst))
@pytest.mark.parametrize(
    ("imports", "spelled"),
    [("import random as rd", "rd.{}"), ("from random import {} as draw_one", "draw_one")],
)
def test_a_function_of_python_draws(imports, spelled, name):
    imports = f"import random\n{imports.format(name)}"

    found = inputs_of_a_draw(imports, "random.seed(1)", f"{spelled.format(name)}([3])")

    assert "state:random" in found
