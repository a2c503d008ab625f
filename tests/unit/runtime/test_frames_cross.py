"""That tables cross the border unchanged: every trap that open formats are known for."""

import pytest

from support.attempts import Steps

pytest.importorskip("pandas")

FRAMES = {
    "plain": "pd.DataFrame({'i': [1, 2], 'f': [0.5, None], 's': ['a', None], 'b': [True, False]})",
    "texts with gaps": "pd.DataFrame({'o': pd.Series(['a', np.nan, None], dtype=object)})",
    "objects": "pd.DataFrame({'o': [[1], {'k': 2}, (3,)], 'p': [{1}, 'x', 5]})",
    "dicts": "pd.DataFrame({'d': [{'a': 1}, {'b': 2}]})",
    "integers as objects": "pd.DataFrame({'o': pd.Series([1, 2], dtype=object)})",
    "times": "pd.DataFrame({'t': pd.to_datetime(['2020-01-01', None]).tz_localize('Europe/Oslo')})",
    "times in seconds": "pd.DataFrame({'t': np.array(['2020-01-01'], 'M8[s]')})",
    "fixed offset": "pd.DataFrame({'t': pd.to_datetime(['2020-01-01T00:00+02:00'])})",
    "durations": "pd.DataFrame({'t': pd.to_timedelta(['1D', None])})",
    "categories": "pd.DataFrame({'c': pd.Categorical(['lo', 'hi'], ['lo', 'hi', 'none'], ordered=True)})",
    "categories of numbers": "pd.DataFrame({'c': pd.Categorical([3, 1, 3])})",
    "nullable": "pd.DataFrame({'i': pd.array([1, None], 'Int64'), 'b': pd.array([True, None], 'boolean')})",
    "string types": "pd.DataFrame({'a': pd.array(['x', None], 'string[python]')})",
    "arrow": "pd.DataFrame({'a': pd.array([1, None], 'int64[pyarrow]')})",
    "periods": "pd.DataFrame({'p': pd.period_range('2020', periods=2, freq='M')})",
    "intervals": "pd.DataFrame({'p': pd.interval_range(0, 2)})",
    "sparse": "pd.DataFrame({'p': pd.arrays.SparseArray([0, 0, 1])})",
    "complex": "pd.DataFrame({'p': [1j, complex('nan')]})",
    "half": "pd.DataFrame({'p': np.array([1.5, -0.0], 'f2')})",
    "frequency": "pd.DataFrame({'v': [1, 2]}, index=pd.date_range('2020', periods=2, freq='W', name='d'))",
    "many levels": "pd.DataFrame({'v': [1, 2, 3]}, index=pd.MultiIndex.from_tuples("
    "[('a', 1), ('b', 2), ('c', 3)], names=['p', None])).iloc[:2]",
    "levels of columns": "pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([('a', 1), ('a', 2)]))",
    "mixed labels": "pd.DataFrame([[1, 2, 3]], columns=[0, 'a', (1, 2)])",
    "double labels": "pd.DataFrame([[1, 2]], columns=['a', 'a'])",
    "no rows": "pd.DataFrame({'a': pd.Series([], dtype='int8')}, index=pd.Index([], dtype='str', name='x'))",
    "nothing": "pd.DataFrame()",
    "a name on the columns": "pd.DataFrame({'v': [1]}).rename_axis(columns='q')",
    "attributes": "(lambda d: (d.attrs.update(u=('kg', np.float64(1))), d)[1])(pd.DataFrame({'v': [1]}))",
    "flags": "pd.DataFrame({'v': [1]}).set_flags(allows_duplicate_labels=False)",
    "a series": "pd.Series([1, 2], name=('n', 1), index=['x', 'y'])",
    "a series without a name": "pd.Series(['a', 'b'], dtype='category')",
    "an index": "pd.Index(['a', 'b'], name='n')",
    "a moment": "pd.Timestamp('2020-01-01 00:00:00.000000001', tz='Europe/Oslo')",
    "scalars": "[pd.NaT, pd.NA, pd.Timedelta(5), pd.Period('2020', 'M'), pd.Interval(0, 1)]",
    "unconsolidated": "(lambda d: (d.__setitem__('w', 1.5), d)[1])(pd.DataFrame({'v': [1.0]}))",
    "from an array": "pd.DataFrame(np.arange(6.0).reshape(3, 2))",
}

LOOK = """
def look(x):
    if isinstance(x, pd.DataFrame):
        return (type(x).__name__, x.shape, [str(d) for d in x.dtypes], look(x.index), look(x.columns),
            [look(x.iloc[:, i]) for i in range(x.shape[1])], repr(x.attrs), x.flags.allows_duplicate_labels,
            [(b.values.shape, getattr(b.values, 'strides', None)) for b in x._mgr.blocks])
    if isinstance(x, pd.Series):
        return (type(x).__name__, repr(x.dtype), repr(x.name), cells(x), look(x.index))
    if isinstance(x, pd.MultiIndex):
        return (type(x).__name__, repr(x.names), [look(l) for l in x.levels], [list(map(int, c)) for c in x.codes])
    if isinstance(x, pd.Index):
        return (type(x).__name__, repr(x.dtype), repr(x.names), cells(x), repr(getattr(x, 'freq', None)))
    return repr(x), type(x).__name__
def cells(x):
    def one(v):
        return (type(v).__name__, repr(v), v is np.nan, v is None)
    extra = repr(x.dtype.categories) if str(x.dtype) == 'category' else ''
    return [one(v) for v in x], extra, repr(getattr(getattr(x.dtype, 'tz', None), '__class__', None))
"""


@pytest.mark.parametrize("case", FRAMES)
def test_tables_cross_exactly(steps: Steps, case: str) -> None:
    imports = f"import numpy as np\nimport pandas as pd\n{LOOK}"
    first = steps.ok(f"x = {FRAMES[case]}\nprint(look(x))", outputs=("x",), definitions=imports)
    second = steps.ok("print(look(x))", inputs=((first, "x"),), definitions=imports)

    assert second.stdout == first.stdout


def test_frames_that_pandas_keeps_apart_stay_apart(steps: Steps) -> None:
    first = steps.ok(
        "df = pd.DataFrame({'v': [1, 2, 3]})\ns = df['v']\nhead = df.iloc[:2]",
        outputs=("df", "s", "head"),
        definitions="import pandas as pd",
    )
    second = steps.ok(
        "s.iloc[0] = 9\nhead.iloc[1, 0] = 8\ndf.loc[2, 'v'] = 7\n"
        "print(df['v'].tolist(), s.tolist(), head['v'].tolist())",
        inputs=tuple((first, name) for name in ("df", "s", "head")),
    )
    same = steps.ok(
        "df = pd.DataFrame({'v': [1, 2, 3]})\ns = df['v']\nhead = df.iloc[:2]\n"
        "s.iloc[0] = 9\nhead.iloc[1, 0] = 8\ndf.loc[2, 'v'] = 7\n"
        "print(df['v'].tolist(), s.tolist(), head['v'].tolist())",
        definitions="import pandas as pd",
    )

    assert second.stdout == same.stdout


def test_an_array_taken_out_of_a_frame_goes_on_showing_it(steps: Steps) -> None:
    make = "df = pd.DataFrame({'v': [1.0, 2.0]})\nX = df.values"
    use = "df.loc[0, 'v'] = 9.0\nprint(X.tolist(), X.flags.writeable)"
    imports = "import pandas as pd"
    first = steps.ok(make, outputs=("df", "X"), definitions=imports)
    second = steps.ok(use, inputs=((first, "df"), (first, "X")), definitions=imports)

    assert second.stdout == steps.ok(make, use, definitions=imports).stdout


def test_a_list_in_a_cell_of_a_frame_stays_the_list_of_its_name(steps: Steps) -> None:
    first = steps.ok(
        "tags = ['x']\ndf = pd.DataFrame({'t': [tags, ['y']]})",
        outputs=("tags", "df"),
        definitions="import pandas as pd",
    )
    second = steps.ok(
        "df.loc[0, 't'].append('z')\nprint(tags)", inputs=((first, "tags"), (first, "df"))
    )

    assert second.stdout == "['x', 'z']\n"


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "bsr", "dia", "lil", "dok"])
@pytest.mark.parametrize("family", ["matrix", "array"])
def test_sparse_matrices_cross(steps: Steps, kind: str, family: str) -> None:
    pytest.importorskip("scipy")
    imports = "import numpy as np\nimport scipy.sparse as sp"
    look = "print(type(x).__name__, x.dtype, x.shape, x.toarray().tolist(), x.nnz)"
    first = steps.ok(
        f"x = sp.{kind}_{family}(np.array([[1.5, 0], [0, float('nan')]]))\n{look}",
        outputs=("x",),
        definitions=imports,
    )
    second = steps.ok(look, inputs=((first, "x"),))

    assert second.stdout == first.stdout
    assert first.artifact("x").serializer == ("pickle" if kind in ("lil", "dok") else "npz")


def test_a_fitted_pipeline_predicts_the_same_and_has_the_same_bytes_twice(steps: Steps) -> None:
    pytest.importorskip("sklearn")
    imports = (
        "import numpy as np\nfrom sklearn.ensemble import RandomForestClassifier\n"
        "from sklearn.pipeline import make_pipeline\nfrom sklearn.preprocessing import StandardScaler"
    )
    make = (
        "X = np.random.default_rng(0).normal(size=(80, 3))\n"
        "m = make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=0))"
        ".fit(X, X[:, 0] > 0)\nprint(m.predict_proba(X).tobytes().hex())"
    )
    first = steps.ok(make, outputs=("m", "X"), definitions=imports)
    again = steps.ok(make, outputs=("m", "X"), definitions=imports)
    second = steps.ok(
        "print(m.predict_proba(X).tobytes().hex())", inputs=((first, "m"), (first, "X"))
    )

    assert second.stdout == first.stdout
    assert first.artifact("m").digest == again.artifact("m").digest
    assert first.artifact("m").fidelity == "exact"


def test_frames_of_polars_cross(steps: Steps) -> None:
    imports = "import polars as pl"
    look = "print(x, x.schema, y.to_list())"
    first = steps.ok(
        "x = pl.DataFrame({'a': [1, None], 'b': ['x', 'y'], 'c': [[1], []]},"
        " schema_overrides={'b': pl.Categorical})\ny = x['a']\n" + look,
        outputs=("x", "y"),
        definitions=imports,
    )
    second = steps.ok(look, inputs=((first, "x"), (first, "y")), definitions=imports)

    assert second.stdout == first.stdout
