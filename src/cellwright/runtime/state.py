"""Owns the state of the process that travels: its names, how it is taken and set again.

What is taken is plain data where it can be. State of a library that a step does not use
passes through it as it came. `ProcessState` is made before the first cell.
"""

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from . import library_state as libraries

ABSENT = object()
"""Stands for the state of a library that is not there."""


@dataclass(frozen=True)
class Kind:
    """One kind of state: the module that has it, how it is taken and set."""

    module: str
    take: Callable[[], Any]
    put: Callable[[Any], None]


LIBRARIES: dict[str, Kind] = {
    "state:random": Kind("random", libraries.take_random, libraries.put_random),
    "state:numpy.random": Kind(
        "numpy.random", libraries.take_numpy_random, libraries.put_numpy_random
    ),
    "state:numpy.errstate": Kind("numpy", libraries.take_errstate, libraries.put_errstate),
    "state:numpy.printoptions": Kind(
        "numpy", libraries.take_printoptions, libraries.put_printoptions
    ),
    "state:torch": Kind("torch", libraries.take_torch, libraries.put_torch),
    "state:warnings": Kind("warnings", libraries.take_warnings, libraries.put_warnings),
    "state:pandas.options": Kind("pandas", libraries.take_pandas, libraries.put_pandas),
    "state:matplotlib.rcparams": Kind(
        "matplotlib", libraries.take_matplotlib, libraries.put_matplotlib
    ),
    "state:sklearn.config": Kind("sklearn", libraries.take_sklearn, libraries.put_sklearn),
    "state:decimal": Kind("decimal", libraries.take_decimal, libraries.put_decimal),
    "state:locale": Kind("locale", libraries.take_locale, libraries.put_locale),
}


def _take_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _put_umask(mask: int) -> None:
    os.umask(mask)


class ProcessState:
    """The state of the process, against how it was when the step began."""

    def __init__(self, work: str, secrets: Iterable[str]) -> None:
        self._work = work
        self._secrets = frozenset(secrets)
        self._environ = dict(os.environ)
        self._set_before: set[str] = set()
        self._path = list(sys.path)
        self._pending: dict[str, Any] = {}
        self._before: dict[str, Any] = {}
        self._own: dict[str, Kind] = {
            "state:environ": Kind("os", self._take_environ, self._put_environ),
            "state:cwd": Kind("os", self._take_cwd, self._put_cwd),
            "state:sys.path": Kind("sys", self._take_path, self._put_path),
            "state:sys.recursionlimit": Kind("sys", sys.getrecursionlimit, sys.setrecursionlimit),
            "state:os.umask": Kind("os", _take_umask, _put_umask),
        }

    def names(self) -> tuple[str, ...]:
        """Return the names of all state that is known."""
        return (*self._own, *LIBRARIES)

    def take(self, name: str) -> Any:
        """Return the state of that name, or ABSENT where its library was never used."""
        kind = self._kind(name)
        if kind.module not in sys.modules:
            return self._pending.get(name, ABSENT)
        return kind.take()

    def put(self, name: str, value: Any) -> None:
        """Set state; of a library that this environment lacks it is kept to pass it on."""
        kind = self._kind(name)
        try:
            __import__(kind.module)
        except ImportError:
            self._pending[name] = value
            return
        kind.put(value)

    def note(self, names: Iterable[str] | None = None) -> None:
        """Remember the state as it is now, for `changed` to compare with."""
        if names is None:  # what shared cells set now, they set in later steps as well
            self._set_before |= self._take_environ().keys()
        for name in self.names() if names is None else names:
            self._before[name] = self.take(name)

    def changed(self) -> list[str]:
        """Return the names of the state that is not as it was when it was noted."""
        found = []
        for name, before in self._before.items():
            if before is ABSENT:
                continue  # a library that loads brings its state along
            try:
                same = bool(self.take(name) == before)
            except Exception:  # noqa: BLE001  # values of libraries are compared here
                same = False
            if not same:
                found.append(name)
        return sorted(found)

    def _kind(self, name: str) -> Kind:
        return self._own.get(name) or LIBRARIES[name]

    def _take_environ(self) -> dict[str, str | None]:
        now = dict(os.environ)
        return {
            name: now.get(name)
            for name in sorted({*now, *self._environ, *self._set_before})
            if (now.get(name) != self._environ.get(name) or name in self._set_before)
            and name not in self._secrets
        }

    def _put_environ(self, changes: dict[str, str | None]) -> None:
        self._set_before |= changes.keys()
        for name, value in changes.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    def _take_cwd(self) -> list[str]:
        return self._spelled(os.getcwd())

    def _put_cwd(self, place: list[str]) -> None:
        folder = self._unspelled(place)
        if place[0] == "work":
            os.makedirs(folder, exist_ok=True)
        os.chdir(folder)

    def _take_path(self) -> list[list[Any]]:
        """Return the import path; entries that were there from the start go by number."""
        known = {entry: at for at, entry in enumerate(self._path)}
        return [
            ["start", known[entry]] if entry in known else self._spelled(entry)
            for entry in sys.path
        ]

    def _put_path(self, entries: list[list[Any]]) -> None:
        found: list[str] = []
        for place in entries:
            if place[0] != "start":
                found.append(self._unspelled(place))
            elif place[1] < len(self._path):
                found.append(self._path[place[1]])
        kept = {place[1] for place in entries if place[0] == "start"}
        last = max(kept, default=-1)
        sys.path[:] = [*found, *self._path[last + 1 :]]

    def _spelled(self, path: str) -> list[str]:
        """Return a path so that another attempt's folder can stand in for ours."""
        inside = os.path.relpath(path, self._work) if os.path.isabs(path) else None
        if inside is not None and inside != ".." and not inside.startswith("../"):
            return ["work", inside]
        return ["path", path]

    def _unspelled(self, place: list[str]) -> str:
        if place[0] == "work":
            return os.path.normpath(os.path.join(self._work, place[1]))
        return place[1]
