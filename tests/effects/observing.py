"""Owns the observation of a call: what it changed, shares, drew and set."""

import copy
import functools
import pickle
import random
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import sklearn

from cellwright.runtime import library_state
from cellwright.runtime.likeness import Likeness
from effects.sharing import shared_with

STATES: Mapping[str, tuple[Callable[[], Any], Callable[[Any], None]]] = {
    "random": (library_state.take_random, library_state.put_random),
    "numpy.random": (library_state.take_numpy_random, library_state.put_numpy_random),
    "numpy.errstate": (library_state.take_errstate, library_state.put_errstate),
    "numpy.printoptions": (library_state.take_printoptions, library_state.put_printoptions),
    "pandas.options": (library_state.take_pandas, library_state.put_pandas),
    "matplotlib.rcparams": (library_state.take_matplotlib, library_state.put_matplotlib),
    "sklearn.config": (library_state.take_sklearn, library_state.put_sklearn),
    "decimal": (library_state.take_decimal, library_state.put_decimal),
}


LIBRARIES = (np, mpl, sklearn)
"""What `library_state` takes the state of; it does not import them itself."""


@dataclass(frozen=True)
class Observation:
    """What a call did. Arguments are named as the data name them: `self`, a position, a
    keyword."""

    result: Any
    receiver: Any
    given: tuple[tuple[str, Any], ...]
    changed: frozenset[str]
    shared: frozenset[str]
    states: frozenset[str]


def observe(
    function: Callable[..., Any],
    receiver: Any = None,
    positional: Sequence[Any] = (),
    keywords: Mapping[str, Any] | None = None,
) -> Observation | None:
    """Return what a call did; None if it raised, which tells nothing.

    A bound method is given with its receiver.
    """
    keywords = dict(keywords or {})
    given: list[tuple[str, Any]] = [] if receiver is None else [("self", receiver)]
    given += [(str(index), value) for index, value in enumerate(positional)]
    given += list(keywords.items())
    before = [(label, value, _copy(value)) for label, value in given]
    _at_first()
    random.seed(7)
    np.random.seed(7)  # noqa: NPY002  # the global generator is what is watched
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = function(*positional, **keywords)
    except (Exception, SystemExit):  # noqa: BLE001  # what a library raises for such arguments
        return None
    finally:
        touched = _touched_states()
    changed = {label for label, value, old in before if old is not None and not _alike(old, value)}
    return Observation(
        result,
        receiver,
        tuple(given),
        frozenset(changed),
        frozenset(shared_with(result, given)),
        frozenset(touched),
    )


def _copy(value: Any) -> Any:
    """Return a copy that is the same as a value now; None if there is none to be had."""
    try:
        found = copy.deepcopy(value)
    except Exception:  # noqa: BLE001  # some objects refuse
        return None
    return found if _alike(found, value) else None


def _touched_states() -> set[str]:
    """Return the states that are not as they were at first, and put those back."""
    touched = set()
    for name, (take, put) in STATES.items():
        if _frozen(take()) != _at_first()[name][1]:
            put(_at_first()[name][0])
            touched.add(name)
    return touched


@functools.lru_cache(maxsize=1)
def _at_first() -> dict[str, tuple[Any, bytes]]:
    random.seed(7)
    np.random.seed(7)  # noqa: NPY002  # the global generator is what is watched
    return {name: (state, _frozen(state)) for name, state in _states()}


def _states() -> list[tuple[str, Any]]:
    return [(name, take()) for name, (take, _) in STATES.items()]


def _frozen(state: Any) -> bytes:
    """Return a state in bytes; b"" if it has what was set by a call and does not travel."""
    try:
        return pickle.dumps(state)
    except (AttributeError, TypeError, pickle.PicklingError):
        return b""


def _alike(one: Any, other: Any) -> bool:
    likeness = Likeness()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            likeness.compare(one, other, "value")
    except Exception:  # noqa: BLE001  # what cannot be compared is not judged
        return True
    return not likeness.differences
