"""What functions of libraries give can be changed later; that change reaches later readers."""

import pytest

from cellwright.compiler.driver import compile_notebook
from support.notebooks import code, ipynb

IMPORTS = (
    "import operator\n"
    "import numpy as np\n"
    "import pandas as pd\n"
    "from sklearn.ensemble import RandomForestClassifier\n"
    "from sklearn.model_selection import cross_val_score, train_test_split"
)


def producers(name: str, *sources: str) -> list[str]:
    """Return the steps that the last step has a name from."""
    cells = [code(IMPORTS, "imports")]
    cells += [code(source, f"step:s{index}") for index, source in enumerate(sources)]
    pipeline = compile_notebook(ipynb(cells), path="n.ipynb").pipeline
    assert pipeline is not None
    last = f"s{len(sources) - 1}"
    return [
        str(edge.producer) for edge in pipeline.edges if edge.consumer == last and edge.port == name
    ]


@pytest.mark.parametrize(
    "change",
    ["np.clip(x, 0, 2, out=x)", "np.nan_to_num(x, copy=False)", "np.sum([x, x], axis=0, out=x)"],
)
def test_what_a_function_writes_into_its_argument_is_a_change_of_it(change):
    assert producers("x", "x = np.arange(4.0)", change, "print(x)") == ["s1"]


@pytest.mark.parametrize(
    ("make", "change"),
    [
        ("x = abs(np.arange(3) - 1)", "x[0] = 9"),
        ("x = sum([np.zeros(2), np.ones(2)])", "x[0] = 9"),
        ("x = operator.add(np.zeros(2), 1)", "x[0] = 9"),
        ("x = np.linalg.norm(np.ones((2, 2)), axis=1)", "x[0] = 9"),
        ("x = np.arange(4).reshape(2, 2).tolist()", "x[0].append(9)"),
        ("x, y = train_test_split(np.arange(9), random_state=0)", "x.sort()"),
        ("x = pd.DataFrame({'a': [2, 1]}).loc[[0, 1]]", "x.set_index('a', inplace=True)"),
    ],
)
def test_a_change_of_what_a_library_gave_is_handed_on(make: str, change: str) -> None:
    assert producers("x", make, change, "print(x)") == ["s1"]


def test_a_function_draws_what_the_estimator_given_to_it_draws() -> None:
    found = producers(
        "state:numpy.random",
        "np.random.seed(0)\nX, y = np.ones((9, 2)), np.arange(9) % 2",
        "cross_val_score(RandomForestClassifier(), X, y)",
        "print(np.random.rand())",
    )

    assert found == ["s1"]


def test_a_table_made_of_an_array_may_lie_on_its_memory() -> None:
    found = producers(
        "array",
        "array = np.zeros((2, 2))\ntable = pd.DataFrame(array)",
        "table.iloc[0, 0] = 1",
        "print(array)",
    )

    assert found == ["s1"]
