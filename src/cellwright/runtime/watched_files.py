"""Owns telling whether arrays and pickled values are still what their files say."""

import os
import sys
import weakref
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from typing import Any

from . import pickle_compare
from .array_formats import NpyFormat
from .faults import OutputError, UnfitError
from .frame_facts import facts
from .names import Names

SPEED = 4e9
"""Bytes per second, about, at which an input is compared: a guess until it was done once."""
LEAST = 2e-4
"""Seconds that a comparison takes at least."""
MOST_PICKLED = 4 << 20
"""Bytes of a pickle without its buffers from which on it is not written again: values made
of many objects take longer to write than most steps run."""

_CONTAINERS = frozenset(
    {list, dict, set, bytearray, tuple, deque, defaultdict, OrderedDict, Counter}
)


class WatchedArray:
    """An array, against its file."""

    def __init__(self, value: Any, path: str, meta: dict[str, Any]) -> None:
        self._value = weakref.ref(value)
        self._path, self._meta = path, meta
        self.estimate = LEAST + value.nbytes / SPEED

    def same(self) -> bool:
        """Tell whether the value is still what was loaded."""
        value = self._value()
        if value is None:
            return True  # nobody has it any more
        form = NpyFormat()
        if not form.accepts(value):
            return False
        try:
            form.check(value, self._path, self._meta, Names())
        except UnfitError:
            return False
        return True


class WatchedPickle:
    """A value that came as a pickle, or in one with others (`member`), against the file.

    Reading may have moved parts of it about in memory (a frame puts columns of one kind
    together), so what looks different is compared with what the file gives when it is read.
    """

    def __init__(self, value: Any, path: str, member: str | None, names: Names) -> None:
        self._value = _held(value)
        self._path, self._member, self._names = path, member, names
        self.estimate = LEAST + os.path.getsize(path) / SPEED

    def same(self) -> bool:
        """Tell whether the value is still what was loaded."""
        value = self._value()
        if value is None:
            return True
        try:
            if self._member is None and pickle_compare.as_written(value, self._path, self._names):
                return True
            with pickle_compare.peek(self._path) as whole:
                before = whole if self._member is None else whole[self._member]
                return self._alike(value, before)
        except OutputError:
            return False  # it could be written when it came

    def _alike(self, value: Any, before: Any) -> bool:
        if _is_frame(value):
            now, then = facts(value), facts(before)
            return len(now) == len(then) and all(
                pickle_compare.alike(one(), other(), self._names)
                for one, other in zip(now, then, strict=True)
            )
        if pickle_compare.alike(value, before, self._names):
            return True
        # An object of a library in it may have noted something.
        return not _is_array(value) and not pickle_compare.made_of(value, _kinds(), self._names)


def watch_pickled(value: Any, path: str, member: str | None, names: Names) -> WatchedPickle | None:
    """Return what watches a value, None where reading alone may change it.

    It must be possible to write it again without running code of the notebook.
    """
    if not (_is_frame(value) or _is_array(value) or type(value) in _CONTAINERS):
        return None
    if pickle_compare.stream_size(path) > MOST_PICKLED:
        return None
    if b"__main__" in pickle_compare.stream(path):
        return None
    return WatchedPickle(value, path, member, names)


def _kinds() -> set[type]:
    """Return the kinds of objects that are not changed by being read."""
    numpy = sys.modules.get("numpy")
    return {*_CONTAINERS} if numpy is None else {*_CONTAINERS, numpy.ndarray}


def _is_frame(value: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and type(value) in (pandas.DataFrame, pandas.Series)


def _is_array(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(value) is numpy.ndarray


def _held(value: Any) -> Callable[[], Any]:
    """Return how to get at a value: what a cell deletes to save memory is not kept alive."""
    try:
        return weakref.ref(value)
    except TypeError:
        return lambda: value
