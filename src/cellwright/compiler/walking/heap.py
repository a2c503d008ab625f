"""Owns the objects that the analysis tells apart, and what may be reached from what.

A *thing* stands for all the objects that one place of the text may make. A *value* is
a set of things, by number: what a name may refer to. Immutable objects are one thing
per type, can be reached from anywhere, and share nothing. Links only grow; each
remembers at which site it was made, so that "reachable at the end of step 3" can be
asked afterwards.
"""

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from cellwright.compiler.reading.scopes import Scope

Value = frozenset[int]

UNBOUND = 0
NOTHING: Value = frozenset()
ANY_ITEM = "[]"
ANY_KEY = "{}"
ANY_ATTRIBUTE = "*"
MEMORY = "~"
LENT = "lent"
"""The memory of arrays that an object of another library reads, and never writes to."""


class Kind(Enum):
    """What a thing is."""

    UNBOUND = "unbound"
    SCALAR = "scalar"
    """An immutable object without parts: a number, a string, None, …"""
    LIBRARY = "library"
    """A module, or what is found in one, by its path (`numpy.random.rand`)."""
    PLAIN = "plain"
    """An object of a type that the effects describe, or of none (then opaque)."""
    FUNCTION = "function"
    CLASS = "class"
    INSTANCE = "instance"
    METHOD = "method"
    """A function and the object that it is bound to."""
    GENERATOR = "generator"
    FRAME = "frame"
    """The variables of a call that inner functions share."""
    MEMORY = "memory"
    """What arrays and their views have in common; it has no identity."""


@dataclass(frozen=True, slots=True)
class Place:
    """A node of the text of a cell (by its index among the parsed cells)."""

    cell: int
    node: ast.AST


@dataclass(slots=True)
class Code:
    """The text of a function: its node, its scope, and the cell where it stands."""

    node: ast.AST
    scope: Scope
    cell: int
    private: str = ""


@dataclass(slots=True)
class Thing:
    """One object of the analysis.

    `type` is a name of the effects data, or a library path; "" for opaque. `open` means
    that attributes which nothing is known about may hold anything it reaches. `text` is
    what a string or path says, with `*` for the parts that are not known.
    """

    number: int
    kind: Kind
    type: str
    born: int
    place: Place | None = None
    fields: dict[str, Value] = field(default_factory=dict)
    out: dict[int, int] = field(default_factory=dict)
    """What it refers to, and the site that saw to it."""
    near: set[int] = field(default_factory=set)
    """What it refers to and shares with whatever else does."""
    code: Code | None = None
    closure: tuple[int, ...] = ()
    bases: tuple[Value, ...] = ()
    open: bool = False
    text: str | None = None
    exact: bool = False
    """It is known to be of its type, not only to behave like it."""
    apart: bool = False
    """It is the same wherever it is imported, and shares nothing that a step could send."""
    blurred: bool = False
    """It stands for any of the things that it reaches, too many to be told apart."""


_SHARELESS = frozenset({Kind.UNBOUND, Kind.SCALAR, Kind.LIBRARY})


class Heap:
    """The things of one compilation. `now` is the site at work: links are dated by it."""

    def __init__(self) -> None:
        self.things: list[Thing] = [Thing(UNBOUND, Kind.UNBOUND, "", 0, apart=True)]
        self.now = 0
        self.growth = 0
        self.looked_at = 0
        """How many things were met in following links, in all."""
        self._scalars: dict[tuple[str, str | None, bool], int] = {}
        self._library: dict[str, int] = {}
        self._made: dict[tuple[object, ...], int] = {}

    def __getitem__(self, number: int) -> Thing:
        return self.things[number]

    # -- making --------------------------------------------------------------------

    def scalar(
        self, type_name: str = "scalar", text: str | None = None, *, exact: bool = False
    ) -> Value:
        """Return the value of an immutable that is of a type, or behaves like it."""
        number = self._scalars.get((type_name, text, exact))
        if number is None:
            thing = self._add(Kind.SCALAR, type_name, None)
            thing.text, thing.exact = text, exact
            number = self._scalars[type_name, text, exact] = thing.number
        return frozenset((number,))

    def library(self, path: str) -> Value:
        """Return the value of a module, or of what is found in one."""
        number = self._library.get(path)
        if number is None:
            number = self._add(Kind.LIBRARY, path, None).number
            self._library[path] = number
        return frozenset((number,))

    def make(
        self, key: tuple[object, ...], *, kind: Kind, type_name: str, place: Place | None
    ) -> Thing:
        """Return the thing made at a place of the text in a context; the same each time."""
        number = self._made.get((kind, type_name, key))
        if number is not None:
            return self.things[number]
        thing = self._add(kind, type_name, place)
        self._made[(kind, type_name, key)] = thing.number
        return thing

    def _add(self, kind: Kind, type_name: str, place: Place | None) -> Thing:
        thing = Thing(len(self.things), kind, type_name, self.now, place, apart=kind in _SHARELESS)
        self.things.append(thing)
        self.growth += 1
        return thing

    # -- linking -------------------------------------------------------------------

    def put(self, thing: Thing, name: str, value: Value) -> None:
        """Let a field of a thing refer to a value, too."""
        old = thing.fields.get(name, NOTHING)
        new = value - {UNBOUND}
        if new <= old and name in thing.fields:
            return
        thing.fields[name] = old | new
        self.growth += 1
        self.link(thing, new - old)
        if thing.blurred:  # any of them may be what came to hold it
            for number in self.reach((thing.number,)):
                self.link(self.things[number], (thing.number,))

    def hold(self, thing: Thing, value: Value) -> None:
        """Let a thing hold a value somewhere inside."""
        self.put(thing, ANY_ATTRIBUTE, value)

    def bind_closure(self, thing: Thing, frames: tuple[int, ...]) -> None:
        """Let a function see the variables of the calls it was made in."""
        thing.closure = frames
        self.link(thing, frames)

    def link(self, thing: Thing, targets: Iterable[int]) -> None:
        """Let a thing refer to others, by no name."""
        for target in targets:
            thing.out.setdefault(target, self.now)
            if not self.things[target].apart:
                thing.near.add(target)

    def blur(self, key: tuple[object, ...], value: Value) -> Value:
        """Return one thing that stands for all that a value reaches."""
        thing = self.make(("blur", key), kind=Kind.PLAIN, type_name="", place=None)
        value -= {UNBOUND, thing.number}
        if not value <= thing.out.keys():
            thing.blurred = True
            self.growth += 1
            self.link(thing, value)
            if thing.fields:
                for number in self.reach(value):
                    self.link(self.things[number], (thing.number,))
        return frozenset((thing.number,))

    def told_apart(self, value: Value) -> Value:
        """Return a value, and what the blurred things in it have been given by now."""
        found = set(value)
        todo = [number for number in value if self.things[number].blurred]
        while todo:
            new = self.things[todo.pop()].out.keys() - found
            found |= new
            todo += [number for number in new if self.things[number].blurred]
        return frozenset(found)

    def memory(self, thing: Thing) -> Value:
        """Return the memory of an array-like, made at the first view of it."""
        if thing.blurred:
            return frozenset((thing.number,))
        found = thing.fields.get(MEMORY)
        if found is None:
            memory = self._add(Kind.MEMORY, "memory", thing.place)
            found = frozenset((memory.number,))
            self.put(thing, MEMORY, found)
        return found

    def inside(self, value: Iterable[int]) -> set[int]:
        """Return what a value reaches, but for functions and classes: they are not data."""
        code = (Kind.FUNCTION, Kind.CLASS)
        data = self.reach(number for number in value if self.things[number].kind not in code)
        return {number for number in data if self.things[number].kind not in code}

    # -- asking --------------------------------------------------------------------

    def mutable(self, value: Iterable[int]) -> list[int]:
        """Return the things of a value that can be changed."""
        return [n for n in value if not self.things[n].apart]

    def types(self, value: Value) -> set[str]:
        """Return the type names of the things in a value; "" stands for unknown."""
        return {self.things[number].type for number in value if number != UNBOUND}

    def reach(self, value: Iterable[int], *, until: int | None = None) -> set[int]:
        """Return what can be reached from a value (itself included), sharing things only.

        `until` asks for the links made up to that site.
        """
        things = self.things
        seen: set[int] = set()
        todo = set(value)
        while todo:
            number = todo.pop()
            thing = things[number]
            if thing.apart:
                continue
            seen.add(number)
            near = thing.near
            if until is not None:
                near = {target for target in near if thing.out[target] <= until}
            todo |= near - seen
        self.looked_at += len(seen)
        return seen
