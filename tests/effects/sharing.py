"""Owns the question what two values have in common that a change of one would show."""

import functools
import types
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from cellwright.runtime.identity import same_everywhere

_CODE = (
    types.ModuleType,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    np.ufunc,
    type,
    property,
)
_MOST = 20_000


class Parts(NamedTuple):
    """What is within reach of a value: objects that can change, and memory of arrays.

    `lazy` arrays belong to tables that copy on write: they may be common to two tables
    without either showing a change of the other.
    """

    objects: dict[int, Any]
    arrays: list[np.ndarray]
    lazy: list[np.ndarray]


def immutable(value: Any) -> bool:
    """Tell whether nothing of a value can change."""
    if isinstance(value, tuple | frozenset):
        return all(immutable(each) for each in value)
    if isinstance(value, functools.partial):
        return False
    kind = type(value)
    name = f"{kind.__module__}.{kind.__qualname__}"
    return (
        same_everywhere(kind)
        or isinstance(value, (*_CODE, bool, int, float, str, bytes, slice, type(...)))
        or name in _IMMUTABLE
        or kind.__module__.startswith(("zoneinfo", "typing"))
    )


_IMMUTABLE = frozenset(
    {
        "numpy.finfo",
        "numpy.iinfo",
        "_operator.attrgetter",
        "_operator.itemgetter",
        "_operator.methodcaller",
        "numpy.flagsobj",
        "numpy._core.multiarray.flagsobj",
        "pandas.Flags",
        "numpy._core._multiarray_umath.flagsobj",
        "numpy.core.multiarray.flagsobj",
        "pandas.core.flags.Flags",
        "builtins.NotImplementedType",
        "types.GenericAlias",
        "types.UnionType",
        "sqlite3.Row",
        "builtins.mappingproxy",
    }
)


def parts(value: Any) -> Parts:
    """Return what is within reach of a value."""
    found = Parts({}, [], [])
    walked: set[int] = set()
    todo: list[tuple[Any, bool]] = [(value, False)]
    while todo and len(walked) < _MOST:
        each, lazy = todo.pop()
        if id(each) in walked or _without_identity(each):
            continue
        walked.add(id(each))
        if not lazy and not isinstance(each, tuple | frozenset):
            found.objects[id(each)] = each
        if isinstance(each, np.ndarray):
            (found.lazy if lazy else found.arrays).append(each)
            if each.dtype.hasobject:
                todo += [(item, False) for item in each.flat]
            continue
        todo += [(inner, lazy or inner_lazy) for inner, inner_lazy in _inside(each)]
    return found


def _without_identity(value: Any) -> bool:
    return not isinstance(value, tuple | frozenset) and (
        isinstance(value, _CODE) or immutable(value) or _is_index(value)
    )


def _is_index(value: Any) -> bool:
    return any(base.__name__ == "Index" for base in type(value).__mro__)


def _inside(value: Any) -> Iterator[tuple[Any, bool]]:
    """Yield what a value refers to, and whether that is copied before it is written to."""
    if isinstance(value, dict):
        yield from ((each, False) for each in (*value.keys(), *value.values()))
    elif isinstance(value, list | tuple | set | frozenset):
        yield from ((each, False) for each in value)
    elif hasattr(value, "_mgr") and isinstance(getattr(value, "attrs", None), dict):
        yield from ((block.values, _copies_on_write()) for block in value._mgr.blocks)
        yield value.attrs, False
    elif isinstance(value, functools.partial):
        yield from ((each, False) for each in (*value.args, value.keywords))
    elif type(value).__module__.startswith("polars"):
        return  # what its columns hold is never written to
    else:
        yield from ((each, False) for each in getattr(value, "__dict__", {}).values())
        for base in type(value).__mro__:
            slots = base.__dict__.get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else slots:
                if hasattr(value, name):
                    yield getattr(value, name), False


@functools.lru_cache(maxsize=1)
def _copies_on_write() -> bool:
    import pandas as pd

    return int(pd.__version__.partition(".")[0]) >= 3


def share(one: Any, other: Any) -> bool:
    """Tell whether a change of one value may show in another."""
    mine, theirs = parts(one), parts(other)
    return bool(mine.objects.keys() & theirs.objects.keys()) or _meet(mine, theirs)


def share_memory(one: Any, other: Any) -> bool:
    """Tell whether arrays within two values lie on the same memory."""
    return _meet(parts(one), parts(other))


def _meet(mine: Parts, theirs: Parts) -> bool:
    return any(
        _overlap(a, b)
        for firsts, seconds in (
            (mine.arrays, theirs.arrays),
            (mine.arrays, theirs.lazy),
            (mine.lazy, theirs.arrays),
        )
        for a in firsts
        for b in seconds
    )


def _overlap(one: np.ndarray, other: np.ndarray) -> bool:
    if not one.size or not other.size:
        return False
    return np.may_share_memory(one, other) and np.shares_memory(one, other, max_work=10**5)


def shared_with(value: Any, others: Iterable[tuple[str, Any]]) -> set[str]:
    """Return the labels of the values that share with one."""
    return {label for label, other in others if share(value, other)}
