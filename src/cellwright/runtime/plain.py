"""Owns plain values as JSON: exact types only, marked where JSON has no word for them.

What JSON knows stands as itself: None, bool, int, str, finite float, list, and dict with
str keys. Everything else is `{"$": MARK, "v": …}`. The order of dicts and sets is kept,
since a cell may see it. A value is refused when the text would not give it back: a
container that is met twice (its identity counts), a subclass, an unknown type.
"""

import base64
import json
import math
import sys
from collections.abc import Callable
from typing import Any

from . import set_tables
from .faults import OutputError, UnfitError
from .set_building import Recipe, fill, frozen

DEPTH = 100
MOST = 1_000_000
"""Containers and marked values in one value; more are better pickled."""

ALONE = frozenset({type(None), bool, int, float, complex, str, bytes, range})
"""Kinds of values that never share state with others."""

_AS_IS = frozenset({type(None), bool, int, str})


def encode(value: Any) -> Any:
    """Return a value as JSON data.

    Raises:
        UnfitError: JSON, with marks, would not give it back.
    """
    return _Encoder().encode(value, 0)


def decode(data: Any) -> Any:
    """Return the value that `encode` made the data from."""
    if type(data) is list:
        return data if _all_as_is(data) else [decode(item) for item in data]
    if type(data) is not dict:
        return data
    mark = data.get("$")
    if mark is None:
        return {key: decode(item) for key, item in data.items()}
    return _DECODERS[mark](data["v"])


def dumps(value: Any) -> bytes:
    """Return a value as JSON text.

    Raises:
        UnfitError: JSON would not give it back.
    """
    try:
        text = json.dumps(encode(value), allow_nan=False, separators=(",", ":"))
    except (ValueError, RecursionError) as error:
        raise UnfitError(str(error)) from None
    return text.encode("ascii")


def loads(payload: bytes) -> Any:
    """Return the value that `dumps` wrote."""
    return decode(json.loads(payload))


def same(one: Any, other: Any) -> bool:
    """Tell whether two plain values are equal in type, order and bits, all through."""
    if type(one) is not type(other):
        return False
    kind = type(one)
    if kind is float:
        return one.hex() == other.hex() and math.copysign(1, one) == math.copysign(1, other)
    if kind is complex:
        return same(one.real, other.real) and same(one.imag, other.imag)
    if kind in (list, tuple):
        if len(one) != len(other):
            return False
        if set(map(type, one)) <= _AS_IS and set(map(type, other)) <= _AS_IS:
            return list(map(type, one)) == list(map(type, other)) and bool(one == other)
        return all(map(same, one, other))
    if kind in (set, frozenset):
        alike = set_tables.head(one) == set_tables.head(other)
        return alike and same(list(one), list(other))
    if kind is dict:
        return same(list(one), list(other)) and same(list(one.values()), list(other.values()))
    if kind.__module__ == "numpy":
        return bool(one.dtype == other.dtype and one.tobytes() == other.tobytes())
    if kind.__module__ == "datetime":
        return bool(one == other) and repr(one) == repr(other)
    if kind.__module__ == "decimal":
        return bool(one.as_tuple() == other.as_tuple())
    return bool(one == other)


class _Encoder:
    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._count = 0

    def encode(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind in _AS_IS:
            return value
        if kind is float and math.isfinite(value):
            return value
        if kind is float:
            self._once(value)  # a NaN equals nothing, so which NaN it is may count
        self._count += 1
        if depth > DEPTH or self._count > MOST:
            raise UnfitError("too deep or too many parts for JSON")
        if kind in (list, dict, set, tuple, frozenset, bytearray):
            self._once(value)
        if kind is list:
            return self._items(value, depth)
        if kind is dict:
            return self._dict(value, depth)
        if kind is tuple:
            return {"$": "tuple", "v": self._items(value, depth)}
        if kind in (set, frozenset):
            return self._set(value, depth)
        return _marked(value)

    def _once(self, value: Any) -> None:
        kind = type(value)
        if (kind in (tuple, frozenset) and not value) or (kind is float and value == value):  # noqa: PLR0124
            return
        if id(value) in self._seen:
            raise UnfitError(f"the same {type(value).__name__} stands at two places in it")
        self._seen.add(id(value))

    def _items(self, items: Any, depth: int) -> list[Any]:
        if _all_as_is(items):
            return list(items)
        return [self.encode(item, depth + 1) for item in items]

    def _set(self, value: Any, depth: int) -> dict[str, Any]:
        kind = type(value).__name__
        try:
            recipe = set_tables.recipe(value)
        except OutputError as error:
            raise UnfitError(str(error)) from None
        if recipe is None:
            return {"$": kind, "v": self._items(value, depth)}
        items, *rest = recipe.stored()
        return {"$": f"{kind} as it was", "v": [self._items(items, depth), *rest]}

    def _dict(self, value: dict[Any, Any], depth: int) -> dict[str, Any]:
        if set(map(type, value)) <= {str} and "$" not in value:
            return {key: self.encode(item, depth + 1) for key, item in value.items()}
        pairs = [
            [self.encode(key, depth + 1), self.encode(item, depth + 1)]
            for key, item in value.items()
        ]
        return {"$": "dict", "v": pairs}


def _all_as_is(items: Any) -> bool:
    kinds = set(map(type, items))
    if kinds <= _AS_IS:
        return True
    return kinds <= _AS_IS | {float} and all(
        type(item) is not float or math.isfinite(item) for item in items
    )


def _marked(value: Any) -> dict[str, Any]:
    kind = type(value)
    encoder = _ENCODERS.get((kind.__module__, kind.__qualname__))
    if encoder is None:
        if kind.__module__ == "numpy" and _is_number(value):
            return {"$": "numpy", "v": [value.dtype.str, _b64(value.tobytes())]}
        raise UnfitError(f"JSON has no word for {kind.__qualname__}")
    mark, data = encoder(value)
    return {"$": mark, "v": data}


def _is_number(value: Any) -> bool:
    numpy = sys.modules["numpy"]
    return isinstance(value, numpy.generic) and value.dtype.kind in "biufcmMSU"


def _b64(payload: bytes) -> str:
    return base64.b64encode(payload).decode()


def _float(value: float) -> tuple[str, Any]:
    if not math.isnan(value):
        return "float", "inf" if value > 0 else "-inf"
    if value is math.nan:  # noqa: PLW0177  # it is one object
        return "nan", "math"
    numpy = sys.modules.get("numpy")
    if numpy is not None and value is numpy.nan:
        return "nan", "numpy"
    return "nan", ""


def _nan(origin: str) -> float:
    if origin == "math":
        return math.nan
    if origin == "numpy":
        import numpy as np

        return np.nan
    return float("nan")


def _numpy(data: list[str]) -> Any:
    import numpy as np

    return np.frombuffer(base64.b64decode(data[1]), dtype=np.dtype(data[0]))[0]


def _moment(value: Any) -> tuple[str, Any]:
    import datetime as dt

    zone = value.tzinfo
    if zone is not None and type(zone) is not dt.timezone:
        raise UnfitError("JSON has no word for its time zone")
    offset = None
    if zone is not None:
        if len(zone.__reduce__()[1]) > 1:
            raise UnfitError("JSON has no word for a named time zone")
        gap = zone.utcoffset(None)
        offset = [gap.days, gap.seconds, gap.microseconds]
    bare = value.replace(tzinfo=None, fold=0)
    return type(value).__name__, [bare.isoformat(), offset, value.fold]


def _moment_back(kind: str) -> Callable[[Any], Any]:
    def back(data: Any) -> Any:
        import datetime as dt

        text, offset, fold = data
        bare = getattr(dt, kind).fromisoformat(text)
        zone = None
        if offset is not None:
            gap = dt.timedelta(*offset)
            zone = dt.timezone(gap)
        return bare.replace(tzinfo=zone, fold=fold)

    return back


def _called(module: str, name: str) -> Callable[[Any], Any]:
    def back(data: Any) -> Any:
        import importlib

        made = getattr(importlib.import_module(module), name)
        return made(*data) if isinstance(data, list) else made(data)

    return back


def _set_back(data: list[Any]) -> set[Any]:
    found: set[Any] = set()
    fill(found, Recipe(decode(data[0]), *data[1:]))
    return found


def _path(value: Any) -> tuple[str, Any]:
    return "path", [type(value).__name__, str(value)]


def _path_back(data: list[str]) -> Any:
    import pathlib

    return getattr(pathlib, data[0])(data[1])


_ENCODERS: dict[tuple[str, str], Callable[[Any], tuple[str, Any]]] = {
    ("builtins", "float"): _float,
    ("builtins", "complex"): lambda v: ("complex", [v.real.hex(), v.imag.hex()]),
    ("builtins", "bytes"): lambda v: ("bytes", _b64(v)),
    ("builtins", "bytearray"): lambda v: ("bytearray", _b64(bytes(v))),
    ("builtins", "range"): lambda v: ("range", [v.start, v.stop, v.step]),
    ("builtins", "ellipsis"): lambda _: ("ellipsis", None),
    ("datetime", "datetime"): _moment,
    ("datetime", "time"): _moment,
    ("datetime", "date"): lambda v: ("date", [v.year, v.month, v.day]),
    ("datetime", "timedelta"): lambda v: ("timedelta", [v.days, v.seconds, v.microseconds]),
    ("decimal", "Decimal"): lambda v: ("decimal", str(v)),
    ("fractions", "Fraction"): lambda v: ("fraction", [v.numerator, v.denominator]),
    ("uuid", "UUID"): lambda v: ("uuid", str(v)),
    ("pathlib", "PosixPath"): _path,
    ("pathlib", "PurePosixPath"): _path,
    ("pathlib._local", "PosixPath"): _path,
    ("pathlib._local", "PurePosixPath"): _path,
}

_DECODERS: dict[str, Callable[[Any], Any]] = {
    "tuple": lambda v: tuple(decode(v)),
    "set": lambda v: set(decode(v)),
    "frozenset": lambda v: frozenset(decode(v)),
    "set as it was": _set_back,
    "frozenset as it was": lambda v: frozen(Recipe(decode(v[0]), *v[1:])),
    "dict": lambda v: {decode(key): decode(item) for key, item in v},
    "float": float,
    "nan": _nan,
    "complex": lambda v: complex(float.fromhex(v[0]), float.fromhex(v[1])),
    "bytes": base64.b64decode,
    "bytearray": lambda v: bytearray(base64.b64decode(v)),
    "range": lambda v: range(*v),
    "ellipsis": lambda _: ...,
    "datetime": _moment_back("datetime"),
    "time": _moment_back("time"),
    "date": _called("datetime", "date"),
    "timedelta": _called("datetime", "timedelta"),
    "decimal": _called("decimal", "Decimal"),
    "fraction": _called("fractions", "Fraction"),
    "uuid": _called("uuid", "UUID"),
    "path": _path_back,
    "numpy": _numpy,
}
