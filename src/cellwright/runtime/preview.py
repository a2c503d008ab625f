"""Owns what may be shown of an artifact without reading it: type, shape, head; plain JSON."""

import json
import sys
from typing import Any

ROWS = 20
COLUMNS = 100
TEXT = 4000
"""Characters of a repr."""
CELL = 200
"""Characters of one cell of a table."""
COUNTED = 5_000_000
"""Elements that are looked at to count or compare them; of larger values the head must do."""
MOST = 256 * 1024
"""Bytes of one preview."""


def preview(value: Any) -> dict[str, Any]:
    """Return what there is to show of a value; never raises, and is never large."""
    try:
        found = _preview(value)
        if len(json.dumps(found)) <= MOST:
            return found
        return {"type": found["type"], "note": "too large to be shown"}
    except Exception as error:  # noqa: BLE001  # reprs and properties of any class run here
        return {"type": type(value).__qualname__, "note": f"cannot be shown: {error!s:.200}"}


def _preview(value: Any) -> dict[str, Any]:
    kind = type(value)
    module = "" if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}."
    found: dict[str, Any] = {"type": f"{module}{kind.__qualname__}"}
    pandas, numpy = sys.modules.get("pandas"), sys.modules.get("numpy")
    if pandas is not None and isinstance(value, pandas.DataFrame):
        return found | _frame(value)
    if pandas is not None and isinstance(value, pandas.Series | pandas.Index):
        return found | _series(value)
    if numpy is not None and isinstance(value, numpy.ndarray):
        return found | _array(value)
    if isinstance(value, list | tuple | dict | set | frozenset | str | bytes):
        found["length"] = len(value)
    return found | {"text": _text(value)}


def _frame(value: Any) -> dict[str, Any]:
    shown = value.iloc[:ROWS, :COLUMNS]
    columns = [
        {
            "name": _cell(shown.columns[at]),
            "dtype": str(shown.dtypes.iloc[at]),
            "nulls": _nulls(value.iloc[:, at]) if value.size <= COUNTED else None,
        }
        for at in range(shown.shape[1])
    ]
    return {
        "shape": list(value.shape),
        "columns": columns,
        "index": [_cell(label) for label in shown.index],
        "rows": [[_cell(item) for item in row] for row in shown.itertuples(index=False, name=None)],
        "bytes": int(value.memory_usage(deep=False).sum()),
    }


def _nulls(column: Any) -> int:
    return int(column.isna().sum())


def _series(value: Any) -> dict[str, Any]:
    head = value[:ROWS]
    return {
        "shape": list(value.shape),
        "dtype": str(value.dtype),
        "name": None if value.name is None else _cell(value.name),
        "nulls": _nulls(value) if value.size <= COUNTED else None,
        "head": [_cell(item) for item in head],
    }


def _array(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"shape": list(value.shape), "dtype": str(value.dtype)}
    if value.dtype.kind in "biuf" and 0 < value.size <= COUNTED:
        found["minimum"], found["maximum"] = _cell(value.min()), _cell(value.max())
    found["text"] = str(value[:ROWS] if value.ndim else value)[:TEXT]
    return found


def _cell(item: Any) -> Any:
    """Return a cell as JSON can have it: a number as it is, else text."""
    if item is None or isinstance(item, bool):
        return item
    if isinstance(item, int) and abs(item) < 2**53:
        return item
    if isinstance(item, float) and item == item and abs(item) != float("inf"):  # noqa: PLR0124
        return float(item)
    text = item if isinstance(item, str) else repr(item) if isinstance(item, bytes) else str(item)
    return text if len(text) <= CELL else text[: CELL - 1] + "…"


def _text(value: Any) -> str:
    if isinstance(value, list | tuple | set | frozenset | dict | str | bytes) and len(value) > 1000:
        import itertools

        if isinstance(value, str | bytes):
            value = value[:TEXT]
        elif isinstance(value, dict):
            value = dict(itertools.islice(value.items(), 100))
        else:
            value = type(value)(itertools.islice(value, 100)) if type(value) in _PLAIN else value
    text = repr(value)
    return text if len(text) <= TEXT else text[: TEXT - 1] + "…"


_PLAIN = (list, tuple, set, frozenset)
