"""Owns the question whether a reader finds an object by its name, or needs all of it."""

import sys
from collections.abc import Iterable
from typing import Any

from .faults import OutputError


class Names:
    """What every reader's process has under a name: libraries, and static definitions.

    `definitions` are names in `__main__` whose source each reader's program carries.
    """

    def __init__(self, definitions: Iterable[str] = ()) -> None:
        self._definitions = frozenset(definitions)
        self._instances: dict[str, dict[int, str]] = {}
        self._bare: dict[int, tuple[str, str]] | None = None

    def of(self, thing: Any) -> tuple[str, str] | None:
        """Return the module and dotted path that lead to a function or class, or None."""
        module = getattr(thing, "__module__", None)
        path = getattr(thing, "__qualname__", None) or getattr(thing, "__name__", None)
        if not isinstance(module, str) or not isinstance(path, str) or "<" in path:
            return None
        if module == "__main__" and path.partition(".")[0] not in self._definitions:
            return None
        found: Any = sys.modules.get(module)
        if found is None:
            return None
        for part in path.split("."):
            try:
                found = getattr(found, part)
            except AttributeError:
                return None
        return (module, path) if found is thing else None

    def of_instance(self, thing: Any) -> tuple[str, str] | None:
        """Return where a library keeps this very object (`random._inst`), or None.

        Such an object is state or a marker of the library: a copy would not be the one
        that the library compares with or uses.
        """
        kind = type(thing)
        if kind is object:
            return self._bare_objects().get(id(thing))
        module = kind.__module__
        if module in ("__main__", "builtins") or not isinstance(module, str):
            return None
        if module not in self._instances:
            namespace = getattr(sys.modules.get(module), "__dict__", {})
            self._instances[module] = {id(value): name for name, value in namespace.items()}
        name = self._instances[module].get(id(thing))
        return None if name is None else (module, name)

    def of_module(self, module: Any) -> str:
        """Return the name of a module.

        Raises:
            OutputError: it cannot be imported under its name.
        """
        name = module.__name__
        if sys.modules.get(name) is not module or name == "__main__":
            raise OutputError(
                f"the module `{name}` was not imported under that name",
                culprit=module,
                hint="import it in the cells that use it",
            )
        return str(name)

    def _bare_objects(self) -> dict[int, tuple[str, str]]:
        if self._bare is None:
            self._bare = {
                id(value): (name, key)
                for name, module in sorted(sys.modules.items())
                if name != "__main__" and module is not None
                for key, value in list(getattr(module, "__dict__", {}).items())
                if type(value) is object
            }
        return self._bare
