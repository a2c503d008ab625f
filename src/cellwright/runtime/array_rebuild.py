"""Owns what a pickle calls to make an array of a class of its own again.

The names stand in stored artifacts, as those of `rebuild` do.
"""

from typing import Any


def array_of_class(kind: Any, plain: Any) -> Any:
    """Return a view of a plain array as one of a class of its own.

    What the class does when an array of it is made (`__array_finalize__`) was done when it was
    made, and is not done again.
    """
    import numpy as np

    slots = vars(kind).get("__slots__")
    bare = type("Bare", (np.ndarray,), {} if slots is None else {"__slots__": slots})
    made = plain.view(bare)
    try:
        made.__class__ = kind
    except TypeError:  # its layout is not that of a plain class
        return plain.view(kind)
    return made


def set_array(made: Any, state: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """Give an array of a class the attributes that it had, and no others."""
    attributes, slots = state
    if hasattr(made, "__dict__"):
        made.__dict__.clear()
        made.__dict__.update(attributes)
    for name, value in slots.items():
        object.__setattr__(made, name, value)
