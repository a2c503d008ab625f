"""Owns what a pickle calls to find a type variable of the notebook again.

The names stand in stored artifacts, as those of `rebuild` do.
"""

from typing import Any

from . import rebuild


def type_variable_of_main(name: str, bounds: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Return the type variable that the reader's program has under a name, else a new one.

    A generic class speaks of the very object that the program calls `T`.
    """
    own: Any = rebuild.main_namespace().get(name)
    if type(own).__name__ == "TypeVar" and own.__name__ == name:
        stated = {key: getattr(own, f"__{key}__") for key in options}
        if own.__constraints__ == bounds and stated == options:
            return own
    return rebuild.type_variable(name, bounds, options)
