"""Owns named plugins of one kind: found by entry point, imported on first use."""

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from cellwright.base.errors import UsageError

P = TypeVar("P")


class Registry(Generic[P]):
    """The plugins of one entry-point group; each is a function that makes one."""

    def __init__(self, group: str) -> None:
        self._group = group

    def names(self) -> tuple[str, ...]:
        """Return the names that can be loaded, sorted."""
        return tuple(sorted(self._found()))

    def load(self, name: str) -> Callable[..., P]:
        """Return what makes the plugin filed under a name.

        Raises:
            UsageError: there is no such plugin, it cannot be imported, or is no function.
        """
        found = self._found()
        if name not in found:
            known = ", ".join(sorted(found)) or "none"
            raise UsageError(f"no {self._group} plugin named `{name}`", hint=f"there is: {known}")
        try:
            maker: Any = found[name].load()
        except Exception as error:
            raise UsageError(
                f"plugin `{name}` of {self._group} cannot be loaded: {error}"
            ) from error
        if not callable(maker):
            raise UsageError(f"plugin `{name}` of {self._group} is not a function")
        return maker  # type: ignore[no-any-return]  # what it makes is the plugin's promise

    def _found(self) -> Mapping[str, EntryPoint]:
        return {entry.name: entry for entry in entry_points(group=self._group)}
