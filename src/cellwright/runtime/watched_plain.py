"""Owns telling whether plain values still say what they said when they were loaded."""

import marshal
import mmap
import operator
import os
from collections.abc import Callable
from typing import Any

from . import plain
from .faults import UnfitError

SPEED = 1e8
"""Bytes of JSON per second, about, of which it is told again what they say."""
LEAST = 5e-5
"""Seconds that a comparison takes at least."""
SAMPLE = 100_000
"""Elements of a long list that are compared as objects; all are compared as values."""
KEPT = 8 << 20
"""Bytes of what a value said that are kept; of more, a digest is."""


def watch_plain(value: Any, path: str) -> "WatchedFlat | WatchedPlain | None":
    """Return what watches a value that came as JSON, None where it cannot be said again."""
    if type(value) in (list, dict) and _is_flat(path):
        return WatchedFlat(value)
    size = os.path.getsize(path)
    for say in (_marshalled, plain.dumps):
        try:
            return WatchedPlain(value, say, size)
        except (UnfitError, ValueError):
            continue
    return None


class WatchedFlat:
    """A list or dict of numbers and strings alone, against a shallow copy."""

    def __init__(self, value: Any) -> None:
        self._value, self._copy = value, value.copy()
        self.estimate = LEAST + len(value) * 1e-8

    def same(self) -> bool:
        """Tell whether the value is still what was loaded."""
        try:
            return self._same()
        except Exception:  # noqa: BLE001  # something was put in that cannot be compared
            return False

    def _same(self) -> bool:
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
        now, then = now[::step], then[::step]
        return all(map(operator.is_, now, then)) or all(map(plain.same, now, then))


class WatchedPlain:
    """A plain value, against what it said."""

    def __init__(self, value: Any, say: Callable[[Any], bytes], size: int) -> None:
        self._value, self._say = value, say
        self._said = self._of(value)
        self.estimate = LEAST + size / SPEED

    def same(self) -> bool:
        """Tell whether the value is still what was loaded."""
        try:
            return self._of(self._value) == self._said
        except (UnfitError, ValueError):
            return False  # it could be said when it came

    def _of(self, value: Any) -> bytes:
        said = self._say(value)
        if len(said) <= KEPT:
            return said
        import hashlib

        return hashlib.sha256(said).digest()


def _marshalled(value: Any) -> bytes:
    # Version 2 knows types and bits, and not yet which strings are interned or shared.
    return marshal.dumps(value, 2)


def _is_flat(path: str) -> bool:
    """Tell whether JSON holds one container only; brackets in strings make it seem more."""
    with (
        open(path, "rb") as handle,
        mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as text,
    ):
        return text.find(b"[", 1) < 0 and text.find(b"{", 1) < 0
