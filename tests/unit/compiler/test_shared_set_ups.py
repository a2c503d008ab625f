"""Which steps repeat what shared cells set up."""

import pytest

from cellwright.compiler.driver import compile_notebook
from support.notebooks import code, ipynb


def program(step, *shared):
    """Return the program of a step after some shared cells."""
    cells = [*(code(each, "imports") for each in shared), code(step, "step:only")]
    found = compile_notebook(ipynb(cells), path="notebook.ipynb")
    assert found.pipeline is not None
    return found.pipeline.steps["only"].program


REPEATED = {
    "options of the library of an object that another library makes": (
        "import pandas as pd\nimport statsmodels.api as sm\npd.set_option('display.max_rows', 4)",
        "print(sm.datasets.sunspots.load_pandas().data)",
    ),
    "a patch that a function makes": (
        "import json\ndef patch():\n    json.dumps = repr\npatch()",
        "import json\nprint(json.dumps('x'))",
    ),
}


@pytest.mark.parametrize("case", REPEATED)
def test_a_step_repeats_what_may_matter_to_it(case):
    shared, step = REPEATED[case]

    assert shared.splitlines()[-1] in program(step, shared)


LEFT_OUT = {
    "options, where the types of some objects are not known": (
        "import pandas as pd\npd.set_option('display.max_rows', 4)",
        "import json\nrow = json.loads('[[1]]')[0]\nprint(row)",
    ),
}


@pytest.mark.parametrize("case", LEFT_OUT)
def test_a_step_leaves_out_what_cannot_matter_to_it(case):
    shared, step = LEFT_OUT[case]

    assert shared.splitlines()[-1] not in program(step, shared)


def test_what_is_set_up_between_two_steps_is_repeated_in_the_later_one():
    option = "pd.set_option('display.max_rows', 4)"
    found = compile_notebook(
        ipynb(
            [
                code("import pandas as pd", "imports"),
                code("print(pd.Series([1]))", "step:before"),
                code(option, "imports"),
                code("print(pd.Series([2]))", "step:after"),
            ]
        ),
        path="notebook.ipynb",
    )

    assert found.pipeline is not None
    programs = {name: each.program for name, each in found.pipeline.steps.items()}
    assert option not in programs["before"]
    assert option in programs["after"]
