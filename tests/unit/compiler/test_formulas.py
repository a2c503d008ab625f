"""Names in the texts of formulas, which a library looks up where the formula is given."""

import pytest

from cellwright.compiler.driver import compile_notebook
from support.notebooks import code, ipynb

IMPORTS = """\
import numpy as np
import pandas as pd
import patsy
import somelib
import statsmodels.api as sm
import statsmodels.formula.api as smf
"""
DOUBLE = "def double_it(x):\n    return 2 * x"


def compiled(*cells):
    found = compile_notebook(ipynb([code(IMPORTS, "imports"), *cells]), path="notebook.ipynb")
    assert found.pipeline is not None, list(found.report)
    assert list(found.report) == []
    return found.pipeline


def program(fit, *before):
    cells = [code(cell, f"step:before{number}") for number, cell in enumerate(before)]
    return compiled(code(DOUBLE, "functions"), *cells, code(fit, "step:fit")).steps["fit"].program


def inputs(fit, *before):
    cells = [code(cell, f"step:before{number}") for number, cell in enumerate(before)]
    pipeline = compiled(*cells, code(fit, "step:fit"))
    return sorted(edge.port for edge in pipeline.edges if edge.consumer == "fit")


DATA = "df = pd.DataFrame({'a': [1.0, 2.0], 'b': [3.0, 1.0]})\n"
CALLS = {
    "a function of the formula interface": "smf.ols('a ~ np.log(b)', data=df)",
    "by its keyword": "smf.ols(formula='a ~ np.log(b)', data=df)",
    "by the short way": "sm.formula.ols('a ~ np.log(b)', data=df)",
    "a class": "sm.OLS.from_formula('a ~ np.log(b)', df)",
    "a class of the notebook": "class M(sm.OLS):\n    pass\nM.from_formula('a ~ np.log(b)', df)",
    "a class of another library": "somelib.Panel.from_formula('1 + np.log(b)', df)",
    "patsy": "patsy.dmatrix('np.log(b)', df)",
    "two matrices": "y, X = patsy.dmatrices('a ~ np.log(b)', df, return_type='dataframe')",
    "formulaic": "import formulaic\nformulaic.model_matrix('np.log(b)', df)",
    "the method of a formula": "from formulaic import Formula\nf = Formula('a ~ np.log(b)')\nf.get_model_matrix(df)",
    "an unknown function": "somelib.feols('a ~ np.log(b)', df)",
    "an unknown method": "somelib.Fitter().fit(df, formula='np.log(b)')",
    "more formulas": "smf.mixedlm('a ~ b', df, groups='b', vc_formula={'b': '0 + np.log(b)'})",
    "a variable": "formula = 'a ~ np.log(b)'\nsmf.ols(formula, df)",
    "pieces": "formula = 'a ~ ' + 'np.log(b)'\nsmf.ols(formula, df)",
    "a template": "c = 'b'\nsmf.ols(f'a ~ np.log({c})', df)",
    "an old template": "smf.ols('a ~ np.log(%s)' % df.columns[0], df)",
    "a loop": "for f in ['a ~ b', 'a ~ np.log(b)']:\n    smf.ols(f, df)",
    "a dictionary": "fs = {'one': 'a ~ b', 'two': 'a ~ np.log(b)'}\nfor k, f in fs.items():\n    smf.ols(f, df)",
    "a comprehension": "[smf.ols(f, df) for f in ('a ~ b', 'a ~ np.log(b)')]",
    "a function": "def fit(f):\n    return smf.ols(f, df)\nfit('a ~ np.log(b)')",
    "a method": "class A:\n    f = 'a ~ np.log(b)'\n    def fit(self):\n        self.m = smf.ols(self.f, df)\nA().fit()",
    "a function that is called back": "list(map(lambda f: smf.ols(f, df), ['a ~ np.log(b)']))",
    "arguments in a dictionary": "given = dict(formula='a ~ np.log(b)', data=df)\nsmf.ols(**given)",
    "terms that are joined": "terms = ['np.log(b)']\nsmf.ols('a ~ ' + ' + '.join(terms), df)",
    "a text from elsewhere": "import json\nsmf.ols(json.loads('{}')['formula'], df)",
    "a text that a method gives": "c = 'np.log(b)'\nsmf.ols(f'a ~ {c.strip()}', df)",
}  # fmt: skip


@pytest.mark.parametrize("case", CALLS)
def test_a_step_has_the_modules_that_its_formulas_name(case):
    assert "import numpy as np" in program(f"df = pd.DataFrame()\n{CALLS[case]}")


def test_a_step_has_the_functions_that_its_formulas_name():
    found = program("smf.ols('a ~ double_it(b)', df)", DATA)

    assert DOUBLE in found
    assert "import numpy" not in found


def test_a_function_of_the_notebook_is_taken_before_one_of_the_library():
    scale = "def scale(x):\n    return x"

    assert inputs("smf.ols('a ~ center(b)', df)", DATA, "center = np.array") == ["center", "df"]
    assert scale in program("smf.ols('a ~ scale(b)', df)", DATA, scale)


def test_variables_in_a_formula_are_inputs():
    formula = "patsy.dmatrix('bs(b, knots=my_knots, degree=degree)', df)"
    before = "my_knots = [1.5]\nknots = df.b.sum()\ndegree = int(df.a.sum())"

    assert inputs(formula, DATA, before) == ["degree", "df", "my_knots"]


def test_attributes_texts_and_keywords_in_a_formula_name_no_variables():
    formula = 'smf.ols(\'a ~ C(b, levels=["c"]) + Q("d e") + df2.f + 1e5\', df)'
    before = "levels = c = d = f = e5 = len(df)\ndf2 = df.copy()"

    assert inputs(formula, DATA, before) == ["df", "df2"]


def test_a_column_that_is_called_as_a_variable_makes_a_port():
    assert inputs("smf.ols('a ~ b', df)", DATA, "b = df.b.sum()") == ["b", "df"]


def test_names_that_nothing_binds_are_columns():
    assert inputs("smf.ols('height ~ C(weight) * age', df)", DATA) == ["df"]


def test_a_name_that_was_deleted_or_may_be_bound_is_no_fault():
    before = "gone = some = 1\ndel gone, some\nif len(df) > 5:\n    some = 2"

    assert "df" in inputs("smf.ols('gone ~ some', df)", DATA, before)


def test_a_local_variable_comes_before_a_global_one():
    fit = """\
def fit(df):
    def twice(x):
        return 2 * x
    knots = [1]
    return smf.ols("a ~ twice(b) + bs(b, knots=knots, degree=degree)", df)

fit(df)"""
    before = "twice = knots = len(df)\ndegree = int(df.a.sum())"

    assert inputs(fit, DATA, before) == ["degree", "df"]


def test_a_formula_in_a_function_reads_what_the_caller_of_the_function_sees():
    cells = [
        code("def fit(df):\n    return smf.ols('a ~ np.power(b, power)', df).fit()", "functions"),
        code(DATA + "power = len(df)", "step:load"),
        code("print(fit(df).params)", "step:fit"),
        code("power = 3", "step:change"),
        code("print(fit(df).params)", "step:again"),
    ]
    found = compiled(*cells)

    edges = [(edge.producer, edge.consumer) for edge in found.edges if edge.port == "power"]
    assert edges == [("load", "fit"), ("change", "again")]
    assert "import numpy as np" in found.steps["again"].program


def test_the_environment_of_a_formula_may_be_further_out():
    fit = "def fit(df, b):\n    return smf.ols('a ~ b', df, eval_env=1)\nfit(df, 1)"

    assert inputs(fit, DATA, "b = len(df)") == ["b", "df"]
    assert inputs(fit.replace(", eval_env=1", ""), DATA, "b = len(df)") == ["df"]


def test_what_a_function_in_a_formula_does_is_done_by_the_step():
    noisy = "def noisy(x):\n    return x + np.random.rand(len(x)) * level"
    cells = [
        code(noisy, "functions"),
        code(DATA + "np.random.seed(1)\nlevel = len(df)", "step:load"),
        code("model = smf.ols('a ~ noisy(b)', df)", "step:fit"),
        code("print(np.random.rand())", "step:draw"),
    ]
    found = {(edge.producer, edge.consumer, edge.port) for edge in compiled(*cells).edges}

    assert ("fit", "draw", "state:numpy.random") in found
    assert ("load", "fit", "level") in found


def test_a_formula_may_draw_from_a_generator_by_itself():
    cells = [
        code(DATA + "np.random.seed(1)", "step:load"),
        code("model = smf.ols('a ~ b + np.random.rand(2)', df)", "step:fit"),
        code("print(np.random.rand())", "step:draw"),
    ]
    found = {(edge.producer, edge.consumer, edge.port) for edge in compiled(*cells).edges}

    assert ("fit", "draw", "state:numpy.random") in found


def test_where_a_model_goes_what_its_formula_names_goes_along():
    found = compiled(
        code(DOUBLE, "functions"),
        code(DATA + "res = smf.ols('a ~ double_it(b)', df).fit()", "step:fit"),
        code("print(res.predict({'b': [1.0]}))", "step:predict"),
    )

    assert DOUBLE in found.steps["predict"].program


def test_a_formula_that_is_not_known_reads_code_and_no_data():
    fit = "import json\nsmf.ols(json.loads('{}')['f'], df)"
    before = "count = len(df)\nplot = lambda x: x"

    assert inputs(fit, DATA, before) == ["df", "plot"]
    assert DOUBLE in program(fit, DATA)


def test_the_rest_of_a_formula_is_code_only_if_a_text_of_the_notebook_is():
    fit = "for column in df.columns:\n    smf.ols(f'a ~ {column}', df)"

    assert "double_it(" not in program(fit, DATA)
    assert DOUBLE in program(fit, DATA, "terms = ['double_it(b)']")


def test_without_data_any_variable_may_be_meant():
    fit = "patsy.dmatrix(' + '.join(names))"

    assert inputs(fit, "names = ['x']\nx = [1.0, 2.0]\nz = 3") == ["names", "x", "z"]


@pytest.mark.parametrize(
    "call",
    ["somelib.load('~/data.csv')", "print('a ~ double_it')", "somelib.note('double_it of data')"],
)
def test_other_texts_name_nothing(call):
    assert "double_it(" not in program(call)
