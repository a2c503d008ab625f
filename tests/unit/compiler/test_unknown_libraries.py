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
        ("import pylab", "pylab.seed(1)", "state:numpy.random"),
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


@pytest.mark.parametrize(
    "draw",
    [
        "drawn = list(map(np.random.poisson, [1, 2]))",
        "drawn = functools.partial(np.random.normal, 0)()",
        "drawn = np.vectorize(np.random.poisson)([1, 2])",
        "drawn = pd.Series([1, 2]).apply(np.random.poisson)",
        "drawn = max([1, 2], key=np.random.poisson)",
    ],
)
def test_a_function_of_a_library_that_is_called_back_does_what_it_does(draw):
    assert feeds(
        code("import functools\nimport numpy as np\nimport pandas as pd", "imports"),
        code("np.random.seed(1)", "step:seed"),
        code(draw, "step:first"),
        code("print(np.random.rand())", "step:second"),
    ) == [("seed", "first", "state:numpy.random"), ("first", "second", "state:numpy.random")]


@pytest.mark.parametrize(
    "work", ["list(map(random.shuffle, rows))", "list(map(somelib.sort, rows))"]
)
def test_a_function_of_a_library_that_is_called_back_may_change_what_it_is_given(work):
    edges = feeds(
        code("import random, somelib", "imports"),
        code("rows = [[3, 1], [2]]", "step:make"),
        code(work, "step:change"),
        code("print(rows)", "step:report"),
    )

    assert ("change", "report", "rows") in edges


SAMPLES = {
    "a function": ("from statsmodels.tsa.arima_process import arma_generate_sample as sample", "sample([1], [1], 5)"),
    "the same by the short way": ("import statsmodels.api as sm", "sm.tsa.arma_generate_sample([1], [1], 5)"),
    "a process": ("from statsmodels.tsa.arima_process import ArmaProcess", "ArmaProcess([1], [1]).generate_sample(5)"),
    "a process of coefficients": ("from statsmodels.tsa.arima_process import ArmaProcess", "ArmaProcess.from_coeffs([0.5]).generate_sample(5)"),
    "a process by the short way": ("import statsmodels.api as sm", "sm.tsa.ArmaProcess([1], [1]).generate_sample(5)"),
    "a process of another module": ("import statsmodels.tsa.api as tsa", "tsa.ArmaProcess.from_coeffs([0.5]).generate_sample(5)"),
    "a model": ("import statsmodels.api as sm", "sm.tsa.SARIMAX([1, 2]).fit().simulate(5)"),
}  # fmt: skip


@pytest.mark.parametrize("case", SAMPLES)
def test_samples_of_statsmodels_are_drawn_from_the_generator_of_numpy(case):
    imports, sample = SAMPLES[case]

    assert feeds(
        code(f"import numpy as np\n{imports}", "imports"),
        code("np.random.seed(1)", "step:seed"),
        code(f"print({sample})", "step:first"),
        code("print(np.random.rand())", "step:second"),
    ) == [("seed", "first", "state:numpy.random"), ("first", "second", "state:numpy.random")]


def programs(*cells):
    found = compile_notebook(ipynb(cells), path="notebook.ipynb")
    assert found.pipeline is not None
    return {name: step.program for name, step in found.pipeline.steps.items()}


ENABLE = "from sklearn.experimental import enable_halving_search_cv"
SEARCH = "from sklearn.model_selection import HalvingGridSearchCV\nprint(HalvingGridSearchCV)"


@pytest.mark.parametrize("role", ["imports", "step:enable"])
def test_an_import_for_its_effect_alone_is_taken_along_where_its_library_is_used(role):
    found = programs(
        code(ENABLE, role),
        code(SEARCH, "step:search"),
        code("import math\nprint(math.pi)", "step:other"),
    )

    assert found["search"].index(ENABLE) < found["search"].index("HalvingGridSearchCV")
    assert ENABLE not in found["other"]


def test_an_import_whose_name_is_read_is_taken_along_only_where_it_is():
    found = programs(
        code("from sklearn.metrics import r2_score", "imports"),
        code("import sklearn.cluster\nprint(sklearn.cluster.KMeans)", "step:other"),
        code("print(r2_score)", "step:score"),
    )

    assert "r2_score" not in found["other"]


def test_a_library_that_nobody_reads_is_not_taken_along():
    found = programs(
        code("import sklearn", "imports"),
        code("from sklearn.cluster import KMeans\nprint(KMeans)", "step:only"),
    )

    assert "import sklearn\n" not in found["only"]


def test_an_import_for_its_effect_alone_is_not_taken_to_steps_before_it():
    found = programs(code(SEARCH, "step:search"), code(ENABLE, "step:enable"))

    assert ENABLE not in found["search"]


def compiled_with(call):
    """Return what a notebook compiles to whose first step makes a call to libraries."""
    cells = [
        code("import somelib, seaborn", "imports"),
        code(f"rows = [1]\n{call}", "step:set"),
        code("print(somelib.ones(3), seaborn.color_palette())", "step:use"),
    ]
    return compile_notebook(ipynb(cells), path="notebook.ipynb")


@pytest.mark.parametrize(
    "call",
    [
        'somelib.config.update("x64", True)',
        "somelib.enable()",
        "somelib.seed(3)",
        'somelib.options.set({"level": 3})',
        "def prepare():\n    somelib.enable()\nprepare()",
        "from somelib import enable\nenable()",
        "import seaborn\nseaborn.palettes._patch()\nsomelib = seaborn",
    ],
)
def test_a_library_that_a_step_sets_up_is_refused_where_a_later_step_uses_it(call):
    found = compiled_with(call)

    assert [finding.rule.code for finding in found.report] == ["FLOW217"]


@pytest.mark.parametrize(
    "call",
    [
        "somelib.draw(rows)",
        "rows = somelib.load(3)",
        "somelib.show_versions()",
        "rows.append(somelib.enable())",
    ],
)
def test_a_call_that_tells_or_works_on_data_sets_up_nothing(call):
    found = compiled_with(call)

    assert not found.report.has_errors


def test_a_library_that_is_set_up_in_a_shared_cell_is_set_up_in_each_step_that_uses_it():
    found = compile_notebook(
        ipynb(
            [
                code('import somelib\nsomelib.config.update("x64", True)', "imports"),
                code("print(somelib.ones(3))", "step:use"),
                code("print(1)", "step:other"),
            ]
        ),
        path="notebook.ipynb",
    )

    assert found.pipeline is not None
    programs = {name: step.program for name, step in found.pipeline.steps.items()}
    assert "somelib.config.update" in programs["use"]
    assert "somelib" not in programs["other"]


INNER = {
    "by an import of the module": ("import matplotlib.cm\nimport matplotlib.dates", "import matplotlib", "matplotlib.dates.date2num(3)", "import matplotlib.dates"),
    "by whoever imports it": ("import statsmodels.api as sm", "from statsmodels import graphics", "graphics.gofplots.qqplot([1])", "import statsmodels.api as sm"),
}  # fmt: skip


@pytest.mark.parametrize("case", INNER)
def test_an_inner_module_that_a_step_finds_is_imported_as_it_was(case):
    earlier, imports, use, taken = INNER[case]

    found = programs(
        code(earlier, "step:first"),
        code(f"{imports}\nprint({use})", "step:use"),
        code("import math\nprint(math.pi)", "step:other"),
    )

    assert taken in found["use"]
    assert "matplotlib.cm" not in found["use"]
    assert taken not in found["other"]


def test_what_a_library_imports_when_it_draws_is_there_for_later_steps():
    drawn = "import pandas as pd\npd.Series([1, 2]).plot()"

    found = programs(
        code(drawn, "step:draw"),
        code("import matplotlib as mpl\nprint(mpl.pyplot.get_fignums())", "step:use"),
        code("import matplotlib\nprint(matplotlib.__version__)", "step:other"),
    )

    assert '__import__("matplotlib.pyplot")' in found["use"]
    assert "pyplot" not in found["draw"] + found["other"]
