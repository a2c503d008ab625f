"""Owns the check that a step leaves unchanged what it was declared not to change."""

import hashlib
import sys
from typing import Any

from . import pickling, plain
from .faults import OutputError, StepFault, UnfitError
from .names import Names

MOST = 256 << 20
"""Bytes of one value from which on the check is left out."""
MOST_PLAIN = 8 << 20
SMALL = 256 << 10
"""Bytes of all guarded values up to which every cell is checked, to tell which it was."""


class Guard:
    """Fingerprints of inputs, taken when they were loaded.

    Only values whose fingerprint is their meaning are guarded: plain values, arrays,
    frames. Other objects may note things in themselves when they are only read.
    """

    def __init__(self, namespace: dict[str, Any], sizes: dict[str, int], names: Names) -> None:
        self._names = names
        self._values: dict[str, Any] = {}
        self._prints: dict[str, str] = {}
        self._often = sum(sizes.values()) <= SMALL
        for name, size in sizes.items():
            if name in namespace and size <= MOST:
                found = self._fingerprint(namespace[name], size)
                if found is not None:
                    self._values[name] = (namespace[name], size)
                    self._prints[name] = found

    def after_cell(self, cell: int) -> None:
        """Check after a cell, where that costs next to nothing. Raises StepFault."""
        if self._often:
            self.check(cell)

    def check(self, cell: int | None = None) -> None:
        """Compare all guarded values with what they were.

        Raises:
            StepFault: one was changed; it is named.
        """
        for name, (value, size) in self._values.items():
            if self._fingerprint(value, size) != self._prints[name]:
                where = f"cell {cell} changes" if cell else "the step changes"
                raise StepFault(
                    "input",
                    f"{where} `{name}` in place, which the compiler did not see; "
                    "later steps would not see it either",
                    hint=f"bind the name in the cell that changes it, such as `{name} = {name}`",
                    cell=cell,
                )

    def _fingerprint(self, value: Any, size: int) -> str | None:
        kind = type(value)
        numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
        try:
            if numpy is not None and kind is numpy.ndarray:
                return pickling.fingerprint(value, self._names)
            if pandas is not None and kind in (pandas.DataFrame, pandas.Series):
                return self._of_frame(value)
            if kind.__module__ == "builtins" and size <= MOST_PLAIN:
                return hashlib.sha256(plain.dumps(value)).hexdigest()
        except (UnfitError, OutputError):
            return None
        return None

    def _of_frame(self, value: Any) -> str:
        """Return a hash of what a frame says, however its memory is divided into blocks."""
        one = value.ndim == 1
        columns = [value] if one else [value.iloc[:, at] for at in range(len(value.columns))]
        labels = [value.name] if one else _bare(value.columns)
        parts = (*labels, *_bare(value.index), value.attrs, *(_fresh(column) for column in columns))
        total = hashlib.sha256()
        for part in parts:
            total.update(pickling.fingerprint(part, self._names).encode())
        return total.hexdigest()


def _bare(index: Any) -> list[Any]:
    """Return what an index says, without what it has noted in itself while it was read."""
    facts = [type(index).__name__, list(index.names)]
    if hasattr(index, "levels"):
        held = [part for level in index.levels for part in _bare(level)]
        return [*facts, *held, *index.codes]
    return [*facts, str(getattr(index, "freqstr", None)), _fresh(index)]


def _fresh(holder: Any) -> Any:
    """Return the array of a column or index; arrays that are not numpy's keep notes, a copy
    of one has none."""
    array = holder.array
    plain_numpy = type(array).__name__ in ("NumpyExtensionArray", "PandasArray")
    return array.to_numpy() if plain_numpy else array.copy()
