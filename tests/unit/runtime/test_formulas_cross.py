"""Models and matrices keep what their formulas were made into, as it was when they were made."""

import pytest

from support.attempts import Steps

IMPORTS = "import numpy as np\nimport pandas as pd\n"
DOUBLE = "def double_it(x):\n    return 2 * x"
DATA = """\
df = pd.DataFrame({"x": [1.0, 2.0, 4.0, 9.0, 5.0, 3.0], "g": list("abcabc")})
df["y"] = [2.0, 1.0, 7.0, 5.0, 3.0, 8.0]
new = pd.DataFrame({"x": [2.5, 3.0], "g": ["a", "c"]})
knots = [2.0, 3.5]
"""
FORMULAS = {
    "patsy": [
        "y ~ np.log(x) + double_it(x) - 1",
        "y ~ center(x) + standardize(x)",
        "y ~ bs(x, knots=knots, degree=1)",
        "y ~ cc(x, df=3) - 1",
        "y ~ C(g, Sum) + x",
        "y ~ C(g, levels=['c', 'b', 'a']) : x",
    ],
    "formulaic": ["y ~ np.log(x)", "y ~ C(g, contr.sum) + center(x)"],
}


@pytest.mark.parametrize("engine", FORMULAS)
def test_a_model_predicts_for_new_data_what_it_predicted_before(steps: Steps, engine) -> None:
    choose = (
        "import statsmodels.formula.api as smf\nimport statsmodels.formula\n"
        f"statsmodels.formula.options.formula_engine = {engine!r}\n"
    )
    fit = f"""\
{choose}{DATA}
models = [smf.ols(formula, df).fit() for formula in {FORMULAS[engine]!r}]
print([model.predict(new).tolist() for model in models])
df.loc[:, "x"] = 1.0
df["g"] = "c"
knots[0] = 0.0"""
    known = {"definitions": IMPORTS + DOUBLE, "static": ("double_it",)}
    made = steps.ok(fit, outputs=("models", "df", "new"), **known)

    read = steps.ok(
        f"{choose}print([model.predict(new).tolist() for model in models])\n"
        "print({model.model.data.frame is df for model in models})",
        inputs=((made, "models"), (made, "df"), (made, "new")),
        **known,
    )

    assert read.stdout == made.stdout + "{True}\n"


def test_a_transform_of_the_notebook_travels_with_what_it_learned(steps: Steps) -> None:
    define = """\
class Shift:
    def memorize_chunk(self, x):
        self.least = x.min()
    def memorize_finish(self):
        pass
    def transform(self, x):
        return x - self.least
"""
    fit = f"""\
import patsy
shift = patsy.stateful_transform(Shift)
{DATA}
X = patsy.dmatrix("0 + shift(x) + center(x)", df)
print(patsy.build_design_matrices([X.design_info], new)[0].tolist())"""
    made = steps.ok(fit, outputs=("X", "new"), definitions=IMPORTS + define, static=("Shift",))

    read = steps.ok(
        "import patsy\nprint(patsy.build_design_matrices([X.design_info], new)[0].tolist())",
        inputs=((made, "X"), (made, "new")),
        definitions=IMPORTS + define,
        static=("Shift",),
    )

    assert read.stdout == made.stdout


@pytest.mark.parametrize(
    "make", ["np.matrix([[1.0, 2.0]])", 'patsy.dmatrix("0 + x", {"x": [1.0]})']
)
def test_an_array_and_its_view_of_another_kind_go_on_sharing_memory(steps: Steps, make) -> None:
    definitions = "import numpy as np\nimport patsy"
    made = steps.ok(f"a = {make}\nb = np.asarray(a)", outputs=("a", "b"), definitions=definitions)

    read = steps.ok(
        "b[0, 0] = 7\nprint(a.tolist()[0][0], type(a).__name__)",
        inputs=((made, "a"), (made, "b")),
        definitions=definitions,
    )

    kind = "matrix" if "np.matrix" in make else "DesignMatrix"
    assert read.stdout == f"7.0 {kind}\n"
    assert {each.fidelity for each in made.manifest.artifacts} == {"exact"}


def test_equal_matrices_of_two_processes_are_equal_bytes(steps: Steps) -> None:
    make = f"import patsy\n{DATA}\ny, X = patsy.dmatrices('y ~ bs(x, df=4) + C(g)', df)"
    first = steps.ok(make, outputs=("X",), definitions=IMPORTS)
    second = steps.ok("filler = [object()] * 99\n" + make, outputs=("X",), definitions=IMPORTS)

    assert first.artifact("X").digest == second.artifact("X").digest
