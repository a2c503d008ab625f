"""Owns the format of last resort: our pickles, checked by reading them at once."""

from types import CodeType, FunctionType
from typing import Any

from . import pickle_compare, pickling, rebuild
from .faults import OutputError, UnfitError
from .names import Names
from .sink import Sink


class PickleFormat:
    """Any value that can travel at all; readable by Python only."""

    name = "pickle"

    def __init__(self) -> None:
        self._pickled: pickling.Pickled | None = None

    def accepts(self, value: Any) -> bool:  # noqa: ARG002
        """Take everything."""
        return True

    def save(self, value: Any, sink: Sink, names: Names) -> dict[str, Any]:
        """Write a value. Raises OutputError where no format can."""
        self._pickled = pickling.dump(value, sink, names)
        return {}

    def check(self, value: Any, path: str, meta: dict[str, Any], names: Names) -> str:  # noqa: ARG002
        """Read back what was written; `exact` if writing that gives the same bytes again.

        Raises:
            OutputError: it cannot be read, or reading it changes the notebook's state.
        """
        pickled = self._pickled
        if pickled is None:
            raise UnfitError("there is nothing written to compare")
        if not pickled.hooks:
            return pickle_compare.compare(value, path, pickled, names)
        from .isolated import in_fork

        return in_fork(lambda: _compare_with_hooks(value, path, pickled, names))

    def load(self, path: str, meta: dict[str, Any]) -> Any:  # noqa: ARG002
        """Return the value in a file."""
        return pickling.load(path)


def _compare_with_hooks(value: Any, path: str, pickled: pickling.Pickled, names: Names) -> str:
    """Compare, and see to it that the notebook's code which reading runs has no effect.

    A `__setstate__` that adds to a global list would add once more in each reader.
    """
    watched = {
        name: (held, hook)
        for hook, function in pickled.hooks.items()
        for name, held in _globals_of(function)
    }
    before = {name: _fingerprint(held, names) for name, (held, _) in watched.items()}
    fidelity = pickle_compare.compare(value, path, pickled, names)
    for name, (held, hook) in watched.items():
        if _fingerprint(held, names) != before[name]:
            raise OutputError(
                f"is changed by being handed on: reading it runs `{hook}`, which changes `{name}`",
                hint=f"keep `{hook}` free of effects on other variables",
            )
    return fidelity


def _globals_of(function: FunctionType) -> list[tuple[str, Any]]:
    """Return the variables of the notebook that a function names, and their values."""
    namespace = rebuild.main_namespace()
    found: list[tuple[str, Any]] = []
    waiting = [function.__code__]
    while waiting:
        code = waiting.pop()
        found.extend((name, namespace[name]) for name in code.co_names if name in namespace)
        waiting.extend(each for each in code.co_consts if isinstance(each, CodeType))
    return found


def _fingerprint(value: Any, names: Names) -> str | None:
    try:
        return pickling.fingerprint(value, names)
    except OutputError:
        return None
