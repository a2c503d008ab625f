"""The types that ports are said to have: right, or not said."""

import pytest

from cellwright.compiler.driver import compile_notebook
from support.notebooks import code, ipynb

SETUP = """
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
df = pd.read_csv("data.csv")
text, many, one = "a", [1, 2], 1
"""


def type_name(source: str) -> str | None:
    """Return what the port of `x` is said to be, which a step binds and another reads."""
    cells = [code(SETUP, "step:setup"), code(source, "step:make"), code("print(x)", "step:read")]
    pipeline = compile_notebook(ipynb(cells), path="test.ipynb").pipeline
    assert pipeline is not None
    (port,) = [port for port in pipeline.steps["make"].outputs if port.name == "x"]
    return port.type_name


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 5", "int"),
        ("x = 'a' + text", "str"),
        ("x = f'{one}'", "str"),
        ("x = not many", "bool"),
        ("x = len(many)", "int"),
        ("x = [i for i in many]", "list"),
        ("x = sorted(many)", "list"),
        ("x = many[:1]", "list"),
        ("x = {'a': one}", "dict"),
        ("x = (1, 2)", "tuple"),
        ("import copy\nx = copy.deepcopy(many)", "list"),
        ("def x():\n    pass\nx.calls = 0", "function"),
        ("x = np.zeros(3)", "numpy.ndarray"),
        ("x = pd.DataFrame({'a': many})", "pandas.DataFrame"),
        ("x = pd.read_csv('data.csv')", "pandas.DataFrame"),
        ("x = df.dropna()", "pandas.DataFrame"),
        ("x = df[['a', 'b']]", "pandas.DataFrame"),
        ("x = df[(df.a > 1) & ~df.b].head()", "pandas.DataFrame"),
    ],
)
def test_a_type_that_the_text_shows_is_said(source: str, expected: str) -> None:
    assert type_name(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        "x = 5 if text else 'a'",
        "x = df['a']",
        "x = df[text]",
        "x = df[many]",
        "x = df['a'] > 1",
        "x = df.mean()",
        "x = df['a'].max() > 1",
        "x = df.dropna(inplace=True)",
        "x = df.groupby('a').size()",
        "x = pd.read_csv('data.csv', chunksize=10)",
        "x = np.random.default_rng(1).random()",
        "x = np.sum(many)",
        "_, x = train_test_split(df['a'], random_state=1)",
        "x = LogisticRegression().fit(df, df['a']).predict(df)",
        "x = LogisticRegression()",
        "x = object()",
        "class A:\n    pass\nx = A()",
    ],
)
def test_a_type_that_may_be_another_is_not_said(source: str) -> None:
    assert type_name(source) is None
