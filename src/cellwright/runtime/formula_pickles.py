"""Owns how formulas are written that were evaluated: what patsy and statsmodels keep of them.

A model keeps what its formula was made into, with the values that its names had, to apply it
to new data. patsy has its classes refuse to be pickled. statsmodels leaves them out and
evaluates the formula once more when a model is read: on the table, which may have changed
since, and among the variables of whoever reads it. Here all is written as it is: whoever reads
it has the same versions of both, where attributes mean what they mean here.
"""

import sys
import types
from typing import Any

from . import rebuild

_TRANSFORM = "__patsy_stateful_transform__"


def holds_a_formula(kind: type) -> bool:
    """Tell whether the attributes of an object are to be written, whatever its class says."""
    if any(base.__module__.partition(".")[0] == "patsy" for base in kind.__mro__):
        return True
    data = sys.modules.get("statsmodels.base.data")
    return data is not None and issubclass(kind, getattr(data, "ModelData", ()))


def parts(thing: Any) -> tuple[Any, ...]:
    """Return what an object that holds a formula is made again from, with its attributes."""
    kind = type(thing)
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(thing, numpy.ndarray):
        return rebuild.array_of_kind, (kind, thing.view(numpy.ndarray)), vars(thing)
    return rebuild.bare, (kind,), vars(thing)


def transform(thing: types.FunctionType) -> tuple[Any, ...] | None:
    """Return how a function such as `center` is made again, which patsy made of a class.

    Its name is that of the class, so that no module has it under its own name.
    """
    made_of = vars(thing).get(_TRANSFORM)
    patsy = sys.modules.get("patsy.builtins")
    if made_of is None or patsy is None:
        return None
    for name, value in vars(patsy).items():
        if value is thing:
            return rebuild.attribute, ("patsy.builtins", name)
    return sys.modules["patsy.state"].stateful_transform, (made_of,)
