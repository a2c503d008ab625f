"""Owns samples of the types that the effects data describe, and which classes they stand for."""

import collections
import csv
import datetime as dt
import functools
import hashlib
import io
import json
import operator
import random
import re
import types
import xml.etree.ElementTree as ET
from array import array
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse, stats

CLASSES: dict[str, tuple[str, ...]] = {
    "list": ("builtins.list", "builtins.tuple"),
    "tuple": ("builtins.tuple",),
    "dict": ("builtins.dict",),
    "set": ("builtins.set", "builtins.frozenset"),
    "dictvalues": ("builtins.dict_values",),
    "iterator": ("collections.abc.Iterator", "builtins.generator"),
    "bytearray": ("builtins.bytearray",),
    "memoryview": ("builtins.memoryview",),
    "file": ("_io._IOBase", "tempfile._TemporaryFileWrapper"),
    "exception": ("builtins.BaseException",),
    "sentinel": ("builtins.object",),
    "numpy.ndarray": ("numpy.ndarray", "numpy.flatiter", "numpy.ma.core.MaskedIterator"),
    "scipy.sparse": ("scipy.sparse._base._spbase",),
    "pandas.array-like": (
        "numpy.ndarray",
        "scipy.sparse._base._spbase",
        "pandas.DataFrame",
        "pandas.core.frame.DataFrame",
        "pandas.Series",
        "pandas.core.series.Series",
        "builtins.list",
        "builtins.tuple",
        "numpy.flatiter",
        "numpy.ma.core.MaskedIterator",
        "builtins.memoryview",
        "builtins.dict",
        "pandas.Index",
        "pandas.core.indexes.base.Index",
        "pandas.Categorical",
        "pandas.core.arrays.base.ExtensionArray",
        "pandas.api.extensions.ExtensionArray",
        "numpy.poly1d",
    ),
    "numpy.memmap": ("numpy.memmap",),
    "numpy.random.Generator": (
        "numpy.random._generator.Generator",
        "numpy.random.mtrand.RandomState",
        "numpy.random.bit_generator.BitGenerator",
        "numpy.random.bit_generator.SeedSequence",
    ),
    "pandas.DataFrame": ("pandas.DataFrame", "pandas.core.frame.DataFrame"),
    "pandas.Series": (
        "pandas.Series",
        "pandas.core.series.Series",
        "pandas.Categorical",
        "pandas.core.arrays.base.ExtensionArray",
        "pandas.api.extensions.ExtensionArray",
        "pandas.core.strings.accessor.StringMethods",
        "pandas.core.indexes.accessors.Properties",
        "pandas.core.arrays.categorical.CategoricalAccessor",
    ),
    "pandas.Index": ("pandas.Index", "pandas.core.indexes.base.Index"),
    "pandas.indexer": (
        "pandas.core.indexing.NDFrameIndexerBase",
        "pandas._libs.indexing.NDFrameIndexerBase",
    ),
    "pandas.GroupBy": (
        "pandas.core.groupby.groupby.BaseGroupBy",
        "pandas.core.window.rolling.BaseWindow",
        "pandas.api.typing.DataFrameGroupBy",
    ),
    "pandas.Styler": ("pandas.io.formats.style.Styler",),
    "sklearn.estimator": ("sklearn.base.BaseEstimator", "sklearn.gaussian_process.kernels.Kernel"),
    "sklearn.random_estimator": ("sklearn.base.BaseEstimator",),
    "sklearn.splitter": ("sklearn.model_selection._split._MetadataRequester",),
    "sklearn.random_splitter": ("sklearn.model_selection._split._MetadataRequester",),
    "sklearn.bunch": ("sklearn.utils._bunch.Bunch",),
    "json.value": ("builtins.dict", "builtins.list", "collections.OrderedDict"),
    "collections.defaultdict": ("collections.defaultdict",),
    "collections.OrderedDict": ("collections.OrderedDict",),
    "collections.Counter": ("collections.Counter",),
    "collections.deque": ("collections.deque",),
    "random.Random": ("random.Random",),
    "re.Match": ("re.Match",),
    "functools.partial": ("functools.partial", "builtins.function", "numpy.vectorize",
                          "numpy.poly1d", "sklearn.metrics._scorer._BaseScorer"),
    "array.array": ("array.array",),
    "io.buffer": ("_io._IOBase",),
    "matplotlib.artist": (
        "numpy.ndarray",
        "builtins.list",
        "builtins.tuple",
        "matplotlib.artist.Artist",
        "matplotlib.container.Container",
        "matplotlib.colorbar.Colorbar",
        "seaborn.axisgrid.Grid",
        "seaborn.axisgrid._BaseGrid",
    ),
    "scipy.distribution": ("scipy.stats._distn_infrastructure.rv_frozen",),
}  # fmt: skip
"""The classes that a type of the data stands for; one that is not here is not judged."""


_ITERABLES = (collections.abc.Iterator, collections.abc.KeysView)
"""What is iterated over like a list; it has no method that would be missed."""


def stands_for(type_name: str, value: Any) -> bool:
    """Tell whether a value is of a class that a type of the data stands for."""
    names = CLASSES.get(type_name)
    if names is None:
        return True
    if type_name in ("iterator", "list") and isinstance(value, _ITERABLES):
        return True
    bases = {f"{base.__module__}.{base.__qualname__}" for base in type(value).__mro__}
    return not bases.isdisjoint(names)


def frame() -> pd.DataFrame:
    """Return a table with numbers, texts and times."""
    return pd.DataFrame(
        {
            "a": [1.0, 2.0, 3.0, 4.0],
            "b": [4, 3, 2, 1],
            "c": ["x", "y", "x", "z"],
            "d": pd.date_range("2020-01-01", periods=4),
        }
    )


def numbers() -> pd.DataFrame:
    """Return a table of numbers only."""
    return pd.DataFrame(np.arange(12.0).reshape(4, 3), columns=list("abc")).copy()


def series() -> pd.Series:
    """Return a column of numbers."""
    return pd.Series([3.0, 1.0, 2.0, 2.0], name="s")


def matrix() -> np.ndarray:
    """Return features of six samples in two classes."""
    return np.array([[0.0, 1.0], [0.5, 1.1], [0.2, 0.8], [3.0, 4.0], [3.2, 4.4], [3.1, 3.9]])


def labels() -> np.ndarray:
    """Return the classes of the six samples."""
    return np.array([0, 0, 0, 1, 1, 1])


def dated() -> pd.Series:
    """Return a column over time."""
    return pd.Series(np.arange(8.0), index=pd.date_range("2020-01-01", periods=8, freq="h"))


def _compressed() -> Any:
    """Return a sparse matrix that knows already that its indices are in order."""
    found = sparse.csr_matrix(np.array([[0.0, 1.0], [2.0, 0.0]]))
    found.sum_duplicates()
    return found if found.has_canonical_format and found.has_sorted_indices else None


def _fitted(name: str, **options: Any) -> Callable[[], Any]:
    def make() -> Any:
        from sklearn.utils import all_estimators

        return dict(all_estimators())[name](**options).fit(matrix(), labels())

    return make


def _pipeline() -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression())


def _search() -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV

    return GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2).fit(matrix(), labels())


def _axes() -> Any:
    from matplotlib.figure import Figure

    return Figure().subplots()


def _bunch() -> Any:
    from sklearn.datasets import load_iris

    return load_iris()


def _splitter(name: str) -> Callable[[], Any]:
    def make() -> Any:
        import sklearn.model_selection as selection

        return getattr(selection, name)(2)

    return make


def _regression(**options: Any) -> Callable[[], Any]:
    def make() -> Any:
        import statsmodels.api as sm

        table = numbers() + np.array([[0, 1, 5], [2, 0, 3], [1, 1, 0], [0, 4, 4]])
        exog = sm.add_constant(table[["b"]])
        return sm.OLS(table["a"], exog, **options)

    return make


def _regressed() -> Any:
    return _regression()().fit()


def _image() -> Any:
    from PIL import Image

    return Image.new("RGB", (4, 4))


def _polars(name: str) -> Callable[[], Any]:
    def make() -> Any:
        import polars as pl

        table = pl.DataFrame({"a": [1.0, 2.0, 3.0], "b": ["x", "y", "x"]})
        return {"frame": table, "lazy": table.lazy(), "series": table["a"]}[name]

    return make


def _tree() -> ET.Element:
    return ET.fromstring("<a k='1'><b>text</b><b/></a>")


Makers = tuple[Callable[[], Any], ...]

SAMPLES: dict[str, Makers] = {
    "list": (lambda: [3, 1, 2], lambda: [[1], [2]], lambda: ["b", "a"]),
    "tuple": (lambda: (1, [2]), lambda: ("p", [2])),
    "dict": (lambda: {"a": [1], "b": 2}, lambda: {1: 2}),
    "set": (lambda: {1, 2}, lambda: {"a"}),
    "dictvalues": ({"a": [1]}.values,),
    "iterator": (lambda: iter([1, 2]),),
    "bytearray": (lambda: bytearray(b"abc"),),
    "io.buffer": (lambda: io.StringIO("a\nb"), lambda: io.BytesIO(b"a\nb")),
    "numpy.ndarray": (
        lambda: np.arange(6.0).reshape(2, 3),
        lambda: np.array([3, 1, 2]),
        lambda: np.array([[1.0, 2.0], [3.0, 4.0]]),
        lambda: np.array([[1], "a", None], dtype=object),
        lambda: np.array([(1, 2.0)], dtype=[("x", int), ("y", float)]).view(np.recarray),
        lambda: np.ma.masked_array([1.0, 2.0, 3.0], mask=[0, 1, 0]),
        lambda: np.matrix([[1.0, 2.0], [3.0, 5.0]]),
    ),
    "scipy.sparse": (
        _compressed,
        lambda: sparse.coo_array(_compressed()),
        lambda: sparse.lil_matrix(_compressed()),
    ),
    "pandas.array-like": (
        lambda: np.arange(6.0).reshape(2, 3),
        frame,
        numbers,
        series,
        dated,
        _compressed,
        lambda: [[2], [1]],
    ),
    "numpy.random.Generator": (
        lambda: np.random.default_rng(0),
        lambda: np.random.RandomState(0),
        lambda: np.random.PCG64(0),
        lambda: np.random.SeedSequence(0),
    ),
    "pandas.DataFrame": (frame, numbers),
    "pandas.Series": (
        series,
        dated,
        lambda: pd.Series(["b", "a", None]),
        lambda: pd.Series([[1], [2]]),
        lambda: pd.Series(["x", "y", "x"], dtype="category"),
        lambda: pd.Series(["a,b", "c"]).str,
        lambda: pd.Series(pd.date_range("2020", periods=3)).dt,
        lambda: pd.Series(["x", "y", "x"], dtype="category").cat,
        lambda: pd.Series([1, None, 2], dtype="Int64"),
        lambda: pd.Categorical(["x", "y", "x"]),
    ),
    "pandas.Index": (
        lambda: pd.Index([3, 1, 2], name="i"),
        lambda: pd.Index(["b", "a"]),
        lambda: pd.date_range("2020", periods=3),
        lambda: pd.MultiIndex.from_product([["a", "b"], [1, 2]]),
        lambda: pd.CategoricalIndex(["x", "y"]),
    ),
    "pandas.indexer": (lambda: frame().loc, lambda: frame().iloc),
    "pandas.GroupBy": (
        lambda: frame().groupby("c"),
        lambda: numbers().groupby("a"),
        lambda: series().groupby([0, 0, 1, 1]),
        lambda: numbers().rolling(2),
        lambda: numbers().expanding(),
        lambda: series().ewm(span=2),
        lambda: dated().resample("2h"),
    ),
    "pandas.Styler": (lambda: numbers().style,),
    "sklearn.estimator": (
        _fitted("LogisticRegression"),
        _fitted("StandardScaler"),
        _pipeline,
        _search,
    ),
    "sklearn.random_estimator": (
        _fitted("KMeans", n_clusters=2),
        _fitted("RandomForestClassifier", n_estimators=2),
    ),
    "sklearn.splitter": (_splitter("KFold"),),
    "sklearn.random_splitter": (_splitter("ShuffleSplit"),),
    "sklearn.bunch": (_bunch,),
    "statsmodels.model": (_regression(), _regressed),
    "matplotlib.artist": (_axes, lambda: _axes().figure),
    "polars.frame": (_polars("frame"), _polars("lazy"), _polars("series")),
    "PIL.image": (_image,),
    "json.value": (lambda: {"a": {"b": [1]}}, lambda: [[1], 2]),
    "collections.defaultdict": (lambda: collections.defaultdict(list, {"a": [1]}),),
    "collections.OrderedDict": (lambda: collections.OrderedDict(a=[1], b=[2]),),
    "collections.Counter": (lambda: collections.Counter("abca"),),
    "collections.deque": (lambda: collections.deque([[1], [2]]),),
    "random.Random": (lambda: random.Random(0),),
    "re.Match": (lambda: re.match("(?P<x>a)(b)", "ab"),),
    "re.Pattern": (lambda: re.compile("a"),),
    "functools.partial": (lambda: functools.partial(sorted, [2, 1]),),
    "functools.singledispatch": (lambda: functools.singledispatch(repr),),
    "operator.getter": (lambda: operator.itemgetter(0),),
    "array.array": (lambda: array("d", [1.0, 2.0]),),
    "hashlib.hash": (lambda: hashlib.sha256(b"a"),),
    "csv.reader": (lambda: csv.reader(["a,b", "c,d"]),),
    "csv.writer": (lambda: csv.writer(io.StringIO()),),
    "pathlib.Path": (lambda: Path("missing/a.txt"),),
    "scipy.distribution": (lambda: stats.norm(0, 1),),
    "xml.element": (_tree, lambda: ET.ElementTree(_tree())),
    "exception": (lambda: ValueError("a", [1]),),
}
"""Values of the types, made anew for each call."""


def plain_values() -> Iterable[Any]:
    """Return values that most functions take for an argument."""
    return (
        1,
        2.0,
        "a",
        None,
        [1, 2, 3],
        {"a": 1},
        np.array([1.0, 2.0, 3.0]),
        matrix(),
        series(),
        numbers(),
        dt.date(2020, 1, 1),
        types.SimpleNamespace(x=[1]),
        json.loads("[[1], {}]"),
    )
