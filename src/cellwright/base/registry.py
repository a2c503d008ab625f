"""Owns named plugins of one protocol: found by entry point, imported on first use."""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from cellwright.base.errors import UsageError

P = TypeVar("P")


class Registry(Generic[P]):
    """The plugins of one entry-point group.

    Nothing is imported before `load`; an unknown name is the user's mistake and names
    what there is.
    """

    def __init__(self, group: str, protocol: type[P]) -> None:
        self._group = group
        self._protocol = protocol

    def names(self) -> tuple[str, ...]:
        """Return the names that can be loaded, sorted."""
        return tuple(sorted(self._found()))

    def load(self, name: str) -> type[P]:
        """Return the class filed under a name.

        Raises:
            UsageError: there is no such plugin, or it does not fit the protocol.
        """
        found = self._found()
        if name not in found:
            known = ", ".join(sorted(found)) or "none"
            raise UsageError(f"no {self._group} plugin named `{name}`", hint=f"there is: {known}")
        plugin = found[name].load()
        missing = [
            member
            for member in vars(self._protocol)
            if not member.startswith("_") and not hasattr(plugin, member)
        ]
        if missing:
            raise UsageError(f"plugin `{name}` of {self._group} lacks {', '.join(missing)}")
        return plugin  # type: ignore[no-any-return]  # checked just above

    def _found(self) -> Mapping[str, EntryPoint]:
        return {entry.name: entry for entry in entry_points(group=self._group)}
