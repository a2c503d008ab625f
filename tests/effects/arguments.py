"""Owns arguments that a function of a library may be called with, by the names it gives them."""

import functools
import inspect
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from effects import samples

Make = Callable[[], Any]
Call = tuple[tuple[Any, ...], dict[str, Any]]


def _vector() -> np.ndarray:
    return np.array([1.0, 2.0, 4.0, 8.0, 5.0, 3.0])


def _other() -> np.ndarray:
    return np.array([2.0, 1.0, 3.0, 7.0, 6.0, 4.0])


def _square() -> np.ndarray:
    return np.array([[2.0, 0.5], [0.5, 3.0]])


def _one_of(*values: Any) -> Make:
    return lambda: list(values)


def _classifier() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression()


_VECTORS = "x a arr ar array data values y_score ap m input x1 samples sample v v1 obs observations u series in1 dist p"
_OTHERS = "y b x2 y2 v2 other in2 w f_obs"
NAMED: dict[str, tuple[Make, ...]] = {
    **dict.fromkeys(_VECTORS.split(), (_vector, _square, samples.series, samples.numbers)),
    **dict.fromkeys(_OTHERS.split(), (_other, _square, samples.series, samples.numbers)),
    "X": (samples.matrix, lambda: pd.DataFrame(samples.matrix()), _square),
    "Y": (samples.matrix,),
    "y": (samples.labels, _other, lambda: pd.Series(samples.labels()), _square, samples.series),
    "y_true": (samples.labels,),
    "y_pred": (lambda: np.array([0, 1, 0, 1, 1, 1]),),
    "labels_true": (samples.labels,),
    "labels_pred": (lambda: np.array([0, 1, 0, 1, 1, 1]),),
    "labels": (samples.labels, lambda: ["a", "b"]),
    "estimator": (_classifier,),
    "df": (samples.frame, samples.numbers),
    "frame": (samples.frame, samples.numbers),
    "left": (samples.frame,),
    "right": (samples.frame,),
    "obj": (samples.frame, samples.series, lambda: [1, 2]),
    "objs": (lambda: [samples.numbers(), samples.numbers()],),
    "arrays": (lambda: [_vector(), _other()],),
    "tup": (lambda: [_vector(), _other()],),
    "arg": (lambda: "2020-01-01", samples.series, lambda: ["1", "2"]),
    "n": (lambda: 3,),
    "k": (lambda: 2,),
    "N": (lambda: 3,),
    "M": (lambda: 3,),
    "axis": (lambda: 0,),
    "shape": (lambda: (3, 2), lambda: 6),
    "newshape": (lambda: (3, 2),),
    "reps": (lambda: 2,),
    "repeats": (lambda: 2,),
    "shift": (lambda: 1,),
    "q": (lambda: 0.5, lambda: 2),
    "bins": (lambda: 2, lambda: [0, 2, 9]),
    "num": (lambda: 3,),
    "start": (lambda: 1,),
    "stop": (lambda: 5,),
    "step": (lambda: 1,),
    "condition": (lambda: _vector() > 2,),
    "mask": (lambda: _vector() > 2,),
    "indices": (lambda: [0, 1],),
    "ind": (lambda: [0, 1],),
    "indices_or_sections": (lambda: 2,),
    "fill_value": (lambda: 0.0,),
    "kth": (lambda: 1,),
    "func": (lambda: np.mean, lambda: abs, lambda: lambda value: value),
    "f": (lambda: lambda value: value * value - 1.0,),
    "fun": (lambda: lambda value: float(np.sum(np.square(value))),),
    "func1d": (lambda: np.mean,),
    "function": (lambda: np.mean, lambda: abs),
    "x0": (lambda: np.array([1.0, 2.0]), lambda: 1.0),
    "bounds": (lambda: [(-1.0, 2.0), (-1.0, 2.0)],),
    "xp": (_vector,),
    "fp": (_other,),
    "xdata": (_vector,),
    "ydata": (_other,),
    "deg": (lambda: 1,),
    "mode": (lambda: "a",),
    "iterable": (lambda: [[3], [1]], lambda: [2, 1]),
    "iterables": (lambda: [[1], [2]],),
    "object": (lambda: [1],),
    "key": (lambda: "a", lambda: 0),
    "keys": (lambda: ["a"],),
    "by": (lambda: "a", lambda: "c"),
    "on": (lambda: "a",),
    "column": (lambda: "a",),
    "columns": (lambda: ["a"],),
    "value": (lambda: 0, lambda: [9]),
    "index": (lambda: 0, lambda: [0, 1, 2, 3]),
    "periods": (lambda: 1,),
    "freq": (lambda: "D",),
    "dtype": (lambda: float, lambda: "float64"),
    "pat": (lambda: "a",),
    "sep": (lambda: ",",),
    "string": (lambda: "a b",),
    "text": (lambda: "a b",),
    "pattern": (lambda: "a",),
    "cond": (lambda: samples.numbers() > 2,),
    "items": (lambda: ["a"],),
    "loc": (lambda: 0,),
    "window": (lambda: 2,),
    "rule": (lambda: "2h",),
    "lower": (lambda: 1,),
    "level": (lambda: 0,),
    "n_splits": (lambda: 2,),
    "n_samples": (lambda: 20,),
    "size": (lambda: 3,),
    "low": (lambda: 1,),
    "lam": (lambda: 1.0,),
    "alpha": (lambda: (1.0, 2.0), lambda: 0.5),
    "out": (lambda: np.zeros(6),),
    "scoring": (lambda: "accuracy",),
    "param_grid": (lambda: {"C": [0.1, 1.0]},),
    "param_distributions": (lambda: {"C": [0.1, 1.0]},),
    "param_name": (lambda: "C",),
    "param_range": (lambda: [0.1, 1.0],),
    "steps": (lambda: [("a", _classifier())],),
    "transformers": (lambda: [("a", "passthrough", [0])],),
    "transformer_list": (lambda: [("a", "passthrough")],),
    "estimators": (lambda: [("a", _classifier()), ("b", _classifier())],),
    "endog": (_vector, samples.dated),
    "exog": (lambda: np.column_stack([np.ones(6), _other()]),),
    "formula": (lambda: "a ~ b",),
}

_POOL: tuple[Make, ...] = (
    lambda: 1,
    lambda: "a",
    lambda: [0, 1],
    lambda: ["a"],
    lambda: {"a": 1},
    lambda: abs,
    _vector,
    samples.matrix,
    samples.numbers,
    samples.series,
    lambda: [[1], [2]],
)
_PAIRS: tuple[tuple[Make, Make], ...] = (
    (lambda: 0, lambda: 1),
    (lambda: "a", lambda: "b"),
    (lambda: "a", lambda: [1]),
    (lambda: 1, lambda: [1]),
    (lambda: abs, lambda: [1, -2]),
    (samples.matrix, samples.labels),
    (_vector, _other),
    (lambda: [3, 1], lambda: [2]),
)
_ATTEMPTS = 5


def calls(function: Callable[..., Any], *, receiver: Make | None = None) -> Iterator[Call]:
    """Yield arguments to try a function with, made anew; it may refuse some of them."""
    required = _required(function)
    if required == []:
        yield (), {}
    if required and all(name in NAMED for name in required):
        for index in range(_ATTEMPTS):
            makers = [NAMED[name] for name in required]
            if index and index >= max(len(each) for each in makers):
                break
            yield tuple(each[min(index, len(each) - 1)]() for each in makers), {}
        return
    if required is None:
        yield (), {}
    if required is None or len(required) <= 1:
        pool = [*_POOL, receiver] if receiver is not None else _POOL
        yield from (((make(),), {}) for make in pool)
    if required is None or len(required) == 2:
        yield from (((one(), other()), {}) for one, other in _PAIRS)
    if required is not None and len(required) == 3:
        yield from (((one(), other(), 1), {}) for one, other in itertools.islice(_PAIRS, 3))


@functools.cache
def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None


def _required(function: Callable[..., Any]) -> list[str] | None:
    """Return the parameters that have no default; None where a function does not tell."""
    try:
        signature = _signature(function)
    except TypeError:  # not hashable
        return None
    if signature is None:
        return None
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [
        each.name
        for each in signature.parameters.values()
        if each.kind in kinds and each.default is inspect.Parameter.empty
    ]
    variadic = any(
        each.kind is inspect.Parameter.VAR_POSITIONAL for each in signature.parameters.values()
    )
    return None if variadic and not names else names
