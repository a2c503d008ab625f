"""Owns the comparison of frames, series and indexes of pandas: labels, types, values."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .likeness import Likeness


def compare_pandas(walk: "Likeness", one: Any, other: Any, path: str) -> None:
    """Compare two objects of pandas of one kind."""
    import pandas as pd

    if isinstance(one, pd.DataFrame):
        _frames(walk, one, other, path)
    elif isinstance(one, pd.Series):
        walk.compare(one.name, other.name, f"{path}.name")
        walk.compare(one.index, other.index, f"{path}.index")
        walk.compare(one.attrs, other.attrs, f"{path}.attrs")
        _columns(walk, one, other, path)
    elif isinstance(one, pd.MultiIndex):
        walk.compare(list(one.names), list(other.names), f"{path}.names")
        _elements(walk, one, other, path)
    elif isinstance(one, pd.Index):
        walk.compare(list(one.names), list(other.names), f"{path}.names")
        walk.compare(getattr(one, "freq", None), getattr(other, "freq", None), f"{path}.freq")
        _columns(walk, one, other, path)
    else:
        _columns(walk, one, other, path)


def _frames(walk: "Likeness", one: Any, other: Any, path: str) -> None:
    before = len(walk.differences)
    walk.compare(one.columns, other.columns, f"{path}.columns")
    walk.compare(one.index, other.index, f"{path}.index")
    walk.compare(one.attrs, other.attrs, f"{path}.attrs")
    if len(walk.differences) > before:
        return  # values at other labels cannot be compared
    for at, label in enumerate(one.columns):
        _columns(walk, one.iloc[:, at], other.iloc[:, at], f"{path}[{label!r}]")


def _columns(walk: "Likeness", one: Any, other: Any, path: str) -> None:
    if one.dtype != other.dtype:
        walk.compare(repr(one.dtype), repr(other.dtype), f"{path}.dtype")
    elif len(one) != len(other):
        walk.compare(len(one), len(other), f"len({path})")
    elif one.dtype.kind in "biufcmM" and hasattr(one.dtype, "newbyteorder"):
        walk.compare_numbers(one.to_numpy(), other.to_numpy(), path)
    else:
        _elements(walk, one, other, path)


def _elements(walk: "Likeness", one: Any, other: Any, path: str) -> None:
    if len(one) != len(other):
        walk.compare(len(one), len(other), f"len({path})")
        return
    for at, (mine, theirs) in enumerate(zip(one, other, strict=True)):
        if mine is not theirs:
            walk.compare(mine, theirs, f"{path}[{at}]")
