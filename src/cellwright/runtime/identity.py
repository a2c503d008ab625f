"""Owns the question whose objects' identity can matter to the notebook's code."""

import types
from pickle import PickleBuffer


def same_everywhere(kind: type) -> bool:
    """Tell whether the identity of a class's values can never matter."""
    known = _IMMUTABLE.get(kind)
    if known is None:
        known = _IMMUTABLE[kind] = _immutable(kind)
    return known


_IMMUTABLE: dict[type, bool] = {}

_VALUES = (
    str,
    bytes,
    int,
    float,
    complex,
    tuple,
    frozenset,
    range,
    type(None),
    PickleBuffer,
    types.CodeType,
    types.BuiltinFunctionType,
    types.ModuleType,
)

_VALUE_CLASSES = frozenset(
    {
        "numpy.dtype",
        "numpy.generic",
        "numpy.ufunc",
        "datetime.date",
        "datetime.time",
        "datetime.timedelta",
        "datetime.tzinfo",
        "decimal.Decimal",
        "fractions.Fraction",
        "uuid.UUID",
        "re.Pattern",
        "enum.Enum",
        "pathlib.PurePath",
        "pathlib._local.PurePath",
        "pandas._libs.tslibs.offsets.BaseOffset",
        "pandas._libs.tslibs.period._Period",
        "pandas._libs.tslibs.nattype._NaT",
        "pandas._libs.missing.NAType",
        "pandas._libs.interval.Interval",
        "pandas.core.dtypes.base.ExtensionDtype",
    }
)


def _immutable(kind: type) -> bool:
    if kind in _VALUES:
        return True
    bases = {f"{base.__module__}.{base.__qualname__}" for base in kind.__mro__}
    return not bases.isdisjoint(_VALUE_CLASSES)
