"""Whatever draws from the global generator of numpy is known to: the libraries are asked.

An estimator may draw a seed that its result does not depend on (`SVC`, `Lasso`). Who draws
after it gets other numbers all the same.
"""

import warnings

import numpy as np
import pytest

from cellwright.compiler.driver import compile_notebook
from support.notebooks import code, ipynb

pytest.importorskip("sklearn")
stats = pytest.importorskip("scipy.stats")
SETUP = "X = np.random.RandomState(0).rand(30, 4)\ny = (X[:, 0] > 0.5).astype(int)"


def _estimators():
    from sklearn.utils import all_estimators

    for name, kind in all_estimators():
        public = [part for part in kind.__module__.split(".") if not part.startswith("_")]
        yield f"from {'.'.join(public)} import {name}", f"{name}().fit(X, y)"


def _makers():
    from sklearn import datasets

    for name in dir(datasets):
        if name.startswith("make_"):
            yield f"from sklearn.datasets import {name}", f"{name}()"


def _splitters():
    from sklearn import model_selection

    for name in dir(model_selection):
        if name[0].isupper() and not name.startswith("Base"):
            imports = f"from sklearn.model_selection import {name}"
            yield imports, f"list({name}().split(X, y))"
            yield imports, f"list({name}(shuffle=True).split(X, y))"


def _distributions():
    for name in dir(stats):
        found = getattr(stats, name)
        if hasattr(found, "rvs") and not isinstance(found, type):
            yield "from scipy import stats", f"stats.{name}.rvs(size=2)"
            yield "from scipy import stats", f"stats.{name}(1).rvs(size=2)"


OTHERS = [
    ("from sklearn.model_selection import train_test_split", "train_test_split(X, y)"),
    ("from sklearn.utils import shuffle", "shuffle(X)"),
    ("from sklearn.utils import resample", "resample(X)"),
    ("from sklearn.feature_selection import mutual_info_classif", "mutual_info_classif(X, y)"),
    ("import pandas as pd", "pd.DataFrame(X).sample(3)"),
    ("import pandas as pd", "pd.Series(y).sample(frac=0.5)"),
    ("import pandas as pd", "pd.DataFrame(X).groupby(0).sample(1)"),
    ("from scipy.cluster.vq import kmeans2", "kmeans2(X, 2)"),
    ("from scipy.spatial.transform import Rotation", "Rotation.random()"),
]
KINDS = {
    "estimators": _estimators,
    "makers": _makers,
    "splitters": _splitters,
    "distributions": _distributions,
    "others": lambda: OTHERS,
}


def draws(imports, call):
    """Tell whether a call draws from the global generator; not where it fails."""
    namespace = {"np": np}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(f"{SETUP}\n{imports}", namespace)
            before = np.random.get_state()[1:3]  # noqa: NPY002
            exec(call, namespace)
        except Exception:  # noqa: BLE001  # it needs more than that
            return False
    after = np.random.get_state()[1:3]  # noqa: NPY002
    return bool((before[0] != after[0]).any() or before[1] != after[1])


@pytest.mark.parametrize("kind", KINDS)
def test_who_draws_is_known_to_draw(kind):
    drawing = [(imports, call) for imports, call in KINDS[kind]() if draws(imports, call)]
    unknown = []
    for imports, call in drawing:
        cells = [
            code(f"import numpy as np\n{imports}", "imports"),
            code(f"np.random.seed(0)\n{SETUP}", "step:seed"),
            code(f"found = {call}", "step:draw"),
            code("print(np.random.rand())", "step:show"),
        ]
        found = compile_notebook(ipynb(cells), path="notebook.ipynb")
        assert found.pipeline is not None, list(found.report)
        inputs = {port.name for port in found.pipeline.steps["draw"].inputs}
        if "state:numpy.random" not in inputs:
            unknown.append(call)

    assert len(drawing) >= 5
    assert unknown == []


def test_what_does_not_depend_on_its_draws_can_be_answered_by_the_cache():
    cells = [
        code("import numpy as np\nfrom sklearn.svm import SVC", "imports"),
        code("model = SVC().fit(np.eye(4), [0, 1, 0, 1])", "step:fit"),
        code("print(model.n_iter_)", "step:show"),
    ]

    found = compile_notebook(ipynb(cells), path="notebook.ipynb")

    assert found.pipeline is not None
    assert found.pipeline.steps["fit"].uncacheable == ""
