"""Owns how matplotlib's lists of callbacks are written, with those that keep figures right.

matplotlib leaves out nearly all of them. A colour bar would then not follow its image, nor
an image its norm. What waits for events of a window is left out: there is none.
"""

import types
from typing import Any

from . import rebuild

_OF_A_WINDOW = "_event"
"""What the names of signals end with that a window gives."""


def reduction(registry: Any) -> tuple[Any, ...]:
    """Return how a list of callbacks is made again."""
    state = registry.__getstate__()
    state["callbacks"] = {
        signal: {
            number: function
            for number, reference in references.items()
            if _kept(registry, signal, number, function := reference())
        }
        for signal, references in registry.callbacks.items()
    }
    return rebuild.bare, (type(registry),), state


def _kept(registry: Any, signal: str, number: int, function: Any) -> bool:
    if number in registry._pickled_cids:
        return True
    if function is None or signal.endswith(_OF_A_WINDOW):
        return False
    return isinstance(function, types.MethodType) or (
        isinstance(function, types.FunctionType) and function.__module__ == "__main__"
    )
