"""Owns how paths of the work relate: which lies in which, and what a pattern means.

All are whole, tidy, and with `/`. A pattern is one of `glob`: `*` stays within a name, and
`**` is any number of folders, also none.
"""

import glob
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

_DEEP = "**"


def whole(path: str, home: str) -> str:
    """Return a path of the notebook as one of this machine; `home` is where it starts."""
    found = os.path.normpath(os.path.join(home, path))
    if os.path.isabs(path) and not found.startswith(f"{home}/"):
        # It may lead to the same place by a link, as `/tmp` does on macOS.
        folder, name = os.path.split(found)
        return os.path.join(os.path.realpath(folder), name)
    return found


def home_of(folder: Path) -> str:
    """Return a notebook's folder as the paths here begin with it."""
    return os.path.realpath(folder)


def above(path: str) -> Iterator[str]:
    """Yield the folders that a path lies in, the nearest first."""
    while path not in ("/", ""):
        path = path.rpartition("/")[0] or "/"
        yield path


class _Spot(NamedTuple, Generic[T]):
    tail: tuple[str, ...]
    """The parts of a pattern from the first that may mean many names."""
    hidden: bool
    value: T


class Spots(Generic[T]):
    """Paths and patterns, each with a value; those that concern a path are found at once."""

    def __init__(self) -> None:
        self._at: dict[str, list[_Spot[T]]] = {}
        self._below: dict[str, T] = {}

    def add(self, path: str, value: T) -> None:
        """Add a path, which means itself whatever letters it has."""
        self._put(path, _Spot((), hidden=True, value=value))

    def add_pattern(self, pattern: str, value: T, *, hidden: bool = True) -> None:
        """Add a pattern; `hidden` tells whether its stars mean hidden names as well."""
        parts = pattern.split("/")
        count = next((at for at, part in enumerate(parts) if glob.has_magic(part)), len(parts))
        head = "/".join(parts[:count]) or "/"
        self._put(head, _Spot(tuple(parts[count:]), hidden, value))

    def around(self, path: str) -> Iterator[T]:
        """Yield the values of what means a path, or a folder that it lies in."""
        for folder in (path, *above(path)):
            for spot in self._at.get(folder, ()):
                states = _states(_parts(path, folder), spot)
                if not spot.tail or any(len(spot.tail) in at for at in states):
                    yield spot.value

    def inside(self, folder: str) -> Iterator[T]:
        """Yield the values of what may mean something in a folder, at any depth."""
        if folder in self._below:
            yield self._below[folder]
        for head in (folder, *above(folder)):
            for spot in self._at.get(head, ()):
                *_, at = _states(_parts(folder, head), spot)
                if spot.tail and at:
                    yield spot.value

    def begins_in(self, folder: str) -> bool:
        """Tell whether something leads into a folder by names, as against by stars."""
        return folder in self._below or any(spot.tail for spot in self._at.get(folder, ()))

    def _put(self, head: str, spot: _Spot[T]) -> None:
        self._at.setdefault(head, []).append(spot)
        for folder in above(head):
            self._below.setdefault(folder, spot.value)


def gathered(paths: Iterable[str], most: int) -> tuple[str, ...]:
    """Return paths, sorted; of too many, the folders that have most stand for what is in
    them, each with a slash at its end.

    More than `most` are left only where they have no folder to stand for them.
    """
    shown = set(paths)
    while len(shown) > most:
        folders = Counter(folder for path in sorted(shown) if (folder := _folder(path)))
        if not folders:
            break
        excess = len(shown) - most
        full: set[str] = set()
        for folder, count in folders.most_common():
            if excess <= 0:
                break
            full.add(folder)
            excess -= count - 1
        shown = {folder if (folder := _folder(path)) in full else path for path in shown}
    return tuple(sorted(shown))


def _folder(path: str) -> str:
    """Return the folder of a path, with a slash; "" for the notebook's, and those around it."""
    folder = path.rstrip("/").rpartition("/")[0]
    return "" if folder.rpartition("/")[2] in ("", "..") else f"{folder}/"


def _parts(path: str, folder: str) -> list[str]:
    """Return the names that lead from a folder to what is in it."""
    rest = path[len(folder) :].lstrip("/")
    return rest.split("/") if rest else []


def _states(parts: list[str], spot: _Spot[T]) -> Iterator[set[int]]:
    """Yield how many parts of a pattern may be used up, after each part of a path."""
    at = _past_deep({0}, spot)
    yield at
    for part in parts:
        steps = (
            each if spot.tail[each] == _DEEP else each + 1
            for each in at
            if each < len(spot.tail) and _means(spot.tail[each], part, hidden=spot.hidden)
        )
        at = _past_deep(set(steps), spot)
        yield at


def _past_deep(at: set[int], spot: _Spot[T]) -> set[int]:
    """Return states with those that follow where `**` is no folder at all."""
    found = set(at)
    for each in at:
        here = each
        while here < len(spot.tail) and spot.tail[here] == _DEEP:
            here += 1
            found.add(here)
    return found


def _means(pattern: str, part: str, *, hidden: bool) -> bool:
    if part.startswith(".") and not pattern.startswith(".") and not hidden:
        return False
    return pattern in (_DEEP, part) or fnmatchcase(part, pattern)
