"""Owns what is known of local modules while the walk goes on: which are loaded, whose body
is at work, and what in them goes by a name."""

import ast
import builtins
from collections.abc import Mapping, Sequence

from cellwright.compiler.reading.module_text import ModuleTree
from cellwright.compiler.walking.heap import Heap, Kind, Thing, Value
from cellwright.compiler.walking.paths import Frame

BUILTINS = frozenset(dir(builtins)) | {"display", "get_ipython"}

LOCAL = -1
"""Stands for the cell where the code of a local module is at work."""


class LocalModules:
    """The local modules of one walk.

    `importing` is the number of the first thing that the import at work made, 0 where none
    is. `homes` has, for functions and classes, their module and the name they hang on.
    """

    def __init__(
        self, heap: Heap, frames: Sequence[Frame], trees: Mapping[str, ModuleTree]
    ) -> None:
        self._heap = heap
        self._frames = frames
        self.trees = trees
        self.loaded: set[str] = set()
        self.importing = 0
        self.homes: dict[int, tuple[Thing, str]] = {}

    def thing(self, name: str) -> Thing:
        """Return the module of a dotted name, local or not."""
        return self._heap[next(iter(self._heap.library(name)))]

    def in_the_making(self, number: int) -> bool:
        """Tell whether the import at work made a thing."""
        return self.importing > 0 and number >= self.importing

    def watches(self, thing: Thing) -> bool:
        """Tell whether a thing is a local module, and its use here not its own import.

        What a module does with its own variables while it is imported, it does everywhere.
        """
        local = thing.kind is Kind.LIBRARY and thing.type in self.loaded
        return local and not any(frame.module == thing.type for frame in self._frames)

    def meaning(self, name: str) -> Value:
        """Return what a name means in module code that does not show where it is bound."""
        for frame in reversed(self._frames):
            numbers = (*frame.closure, *([frame.cells.number] if frame.cells else []))
            for number in numbers:
                module = self._heap[number]
                if module.kind is Kind.LIBRARY:
                    known = module.fields.get(name)
                    path = f"builtins.{name}" if name in BUILTINS else f"{module.type}.{name}"
                    return known if known is not None else self._heap.library(path)
        return self._heap.library(f"builtins.{name}")

    def settle(self, thing: Thing, name: str) -> None:
        """Let a function or class of module code go by its name, if it has one."""
        for frame in reversed(self._frames):
            if frame.module:
                thing.apart = True
                self.homes[thing.number] = (self.thing(frame.module), name)
                return
            if not isinstance(frame.scope.node, ast.ClassDef):
                return  # made by a call: it has no name that another process could import
            name = frame.scope.node.name
