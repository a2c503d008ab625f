"""Owns what a frame of pandas says, however its memory is divided into blocks."""

from collections.abc import Callable
from typing import Any

Fact = Callable[[], Any]
"""Returns a part of what a frame says: made when it is asked for, one column at a time."""


def facts(frame: Any) -> list[Fact]:
    """Return what a frame or series says: labels, attributes, flags, the cells by column."""
    one = frame.ndim == 1
    labels: list[Fact] = [lambda: frame.name] if one else _bare(frame.columns)
    cells = [_cells(frame, at) for at in range(1 if one else len(frame.columns))]
    flags = frame.flags.allows_duplicate_labels
    return [*labels, *_bare(frame.index), lambda: (frame.attrs, flags), *cells]


def _cells(frame: Any, at: int) -> Fact:
    return lambda: _fresh(frame if frame.ndim == 1 else frame.iloc[:, at])


def _bare(index: Any) -> list[Fact]:
    """Return what an index says, without what it has noted in itself while it was read."""
    named = [type(index).__name__, list(index.names)]
    if hasattr(index, "levels"):
        held = [part for level in index.levels for part in _bare(level)]
        return [lambda: named, *held, lambda: list(index.codes)]
    return [lambda: [*named, str(getattr(index, "freqstr", None))], lambda: _fresh(index)]


def _fresh(holder: Any) -> Any:
    """Return the array of a column or index; arrays that are not numpy's keep notes, a copy
    of one has none."""
    array = holder.array
    plain_numpy = type(array).__name__ in ("NumpyExtensionArray", "PandasArray")
    return array.to_numpy() if plain_numpy else array.copy()
