"""Owns how it is told that an input is still what was loaded: exactly, and in little time.

An array is compared with its file, bit by bit; what came as a pickle is written again and
compared with its file. So nothing is done before the cells run, and nothing is kept but
the file. Plain values are told by what they say, noted when they were loaded.

What is not watched: values that cannot change, and objects of libraries, which may note
things in themselves when they are only read.
"""

import hashlib
import marshal
import os
import sys
import weakref
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from typing import Any, Protocol

from . import pickle_compare, plain
from .array_formats import NpyFormat
from .faults import OutputError, UnfitError
from .frame_facts import facts
from .manifest import ArtifactSpec
from .names import Names
from .plain import ALONE
from .serializers import BUNDLE

SPEED = 1e9
"""Bytes per second, about, at which an input is compared: a guess until it was done once."""
LEAST = 2e-4
"""Seconds that a comparison takes at least."""
SAMPLE = 100_000
"""Elements of a long list that are compared as objects; all are compared as values."""
_CONTAINERS = frozenset(
    {list, dict, set, bytearray, tuple, deque, defaultdict, OrderedDict, Counter}
)
MOST_PICKLED = 4 << 20
"""Bytes of a pickle without its buffers from which on it is not written again: values made
of many objects take longer to write than most steps run."""


class Watched(Protocol):
    """One guarded input. `estimate` is what a comparison may take, in seconds."""

    estimate: float

    def same(self) -> bool:
        """Tell whether the value is still what was loaded."""


def watch(
    name: str, value: Any, artifact: ArtifactSpec, attempt: str, names: Names
) -> Watched | None:
    """Return what tells whether an input changes, None where nothing can."""
    if type(value) in ALONE:
        return None
    path = os.path.join(attempt, artifact.path)
    if artifact.serializer == NpyFormat.name:
        return _Array(value, path, artifact.meta)
    if artifact.serializer in (BUNDLE, "pickle"):
        member = name if artifact.serializer == BUNDLE else None
        return _Pickled(value, path, member, names) if _told_apart(value, path) else None
    if artifact.serializer == "json":
        return _plain(value, path)
    return None


class _Array:
    """An array, against its file."""

    def __init__(self, value: Any, path: str, meta: dict[str, Any]) -> None:
        self._value = weakref.ref(value)
        self._path, self._meta = path, meta
        self.estimate = LEAST + value.nbytes / SPEED

    def same(self) -> bool:
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


class _Pickled:
    """A value that came as a pickle, or in one with others (`member`), against the file.

    Reading may have moved parts of it about in memory (a frame puts columns of one kind
    together), so what looks different is compared with what the file gives when it is read.
    """

    def __init__(self, value: Any, path: str, member: str | None, names: Names) -> None:
        self._value = _held(value)
        self._path, self._member, self._names = path, member, names
        self.estimate = LEAST + os.path.getsize(path) / SPEED

    def same(self) -> bool:
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


class _Flat:
    """A list or dict of numbers and strings alone, against a shallow copy."""

    def __init__(self, value: Any) -> None:
        self._value, self._copy = value, value.copy()
        self.estimate = LEAST + len(value) * 1e-8

    def same(self) -> bool:
        # Equal elements are the same objects, unless somebody put them there: `==` looks at
        # that first, and so takes a nanosecond for each.
        if self._value != self._copy or len(self._value) != len(self._copy):
            return False
        if isinstance(self._value, dict) and list(self._value) != list(self._copy):
            return False
        now, then = (
            list(each.values()) if isinstance(each, dict) else each
            for each in (self._value, self._copy)
        )
        step = -(-len(now) // SAMPLE) or 1
        return all(
            one is other or plain.same(one, other)
            for one, other in zip(now[::step], then[::step], strict=True)
        )


class _Said:
    """A plain value, against a digest of what it said."""

    def __init__(self, value: Any, say: Callable[[Any], bytes], size: int) -> None:
        self._value, self._say = value, say
        self._digest = self._of(value)
        self.estimate = LEAST + size / SPEED * 10

    def same(self) -> bool:
        try:
            return self._of(self._value) == self._digest
        except (UnfitError, ValueError):
            return False  # it could be said when it came

    def _of(self, value: Any) -> bytes:
        return hashlib.sha256(self._say(value)).digest()


def _plain(value: Any, path: str) -> Watched | None:
    if type(value) in (list, dict) and _is_flat(path):
        return _Flat(value)
    size = os.path.getsize(path)
    for say in (_marshalled, plain.dumps):
        try:
            return _Said(value, say, size)
        except (UnfitError, ValueError):
            continue
    return None


def _marshalled(value: Any) -> bytes:
    # Version 2 knows types and bits, and not yet which strings are interned or shared.
    return marshal.dumps(value, 2)


def _is_flat(path: str) -> bool:
    """Tell whether JSON holds one container only; brackets in strings make it seem more."""
    with open(path, "rb") as handle:
        text = handle.read()
    opened = [text.find(bracket, 1) for bracket in (b"[", b"{")]
    return opened == [-1, -1]


def _told_apart(value: Any, path: str) -> bool:
    """Tell whether a value of a pickle is one that only a change makes different, and that
    can be written again without running code of the notebook."""
    if not (_is_frame(value) or _is_array(value) or type(value) in _CONTAINERS):
        return False
    if pickle_compare.stream_size(path) > MOST_PICKLED:
        return False
    return b"__main__" not in pickle_compare.stream(path)


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
