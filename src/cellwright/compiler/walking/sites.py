"""Owns the notes of the walk: what each site reads, binds, changes and does to the world."""

import ast
from dataclasses import dataclass, field
from typing import NamedTuple

from cellwright.compiler.walking.heap import UNBOUND, Place, Value
from cellwright.model.pipeline import StepName


class Variable(NamedTuple):
    """What a module-level name means: `origin` is the site that surely bound it (-1 where
    several may have), `definition` the number of the definition that did."""

    value: Value
    origin: int
    definition: int | None = None


MISSING = Variable(frozenset((UNBOUND,)), -1)

Chain = tuple[Place, ...]


@dataclass(slots=True)
class NameRead:
    """A name that a site looks up and may find as an earlier site left it."""

    chain: Chain
    late: bool
    guarded: bool
    sure: bool = True
    deleted: Chain | None = None
    """Where the name was deleted, if that is why it has no value."""


class FileUse(NamedTuple):
    """A file read, written, appended to: `text` is its path, None where not known."""

    use: str
    text: str | None
    chain: Chain
    what: str
    sure: bool


class StateUse(NamedTuple):
    """State of the process: `use` is one of seeds, draws, sets, changes-state, uses."""

    use: str
    state: str
    chain: Chain
    what: str
    sure: bool


@dataclass(slots=True)
class Effects:
    """What a site does besides names and objects; see `effects.py`."""

    files: list["FileUse"] = field(default_factory=list)
    states: list["StateUse"] = field(default_factory=list)
    marks: dict[str, Chain] = field(default_factory=dict)
    patches: dict[str, Chain] = field(default_factory=dict)
    modules: dict[str, Chain] = field(default_factory=dict)
    calls: dict[str, Chain] = field(default_factory=dict)
    """Functions of libraries of which nothing is known."""
    named: dict[str, FileUse] = field(default_factory=dict)
    """Texts given to calls of which little is known: each may be the path of a file."""


@dataclass(slots=True)
class Site:
    """What stands at one place: one shared statement, or cells of a step that adjoin."""

    index: int
    step: StepName | None
    body: tuple[tuple[int, ast.stmt], ...]
    """Cell index and statement, in order."""
    reads: dict[str, NameRead] = field(default_factory=dict)
    missing: dict[str, NameRead] = field(default_factory=dict)
    written: dict[str, Chain] = field(default_factory=dict)
    changed: dict[int, Chain] = field(default_factory=dict)
    effects: Effects = field(default_factory=Effects)
    before: dict[str, Variable] = field(default_factory=dict)
    after: dict[str, Variable] = field(default_factory=dict)
    carried: set[int] = field(default_factory=set)
    module_reads: dict[tuple[str, str], Chain] = field(default_factory=dict)
    """Variables of local modules that its code looks up."""
    module_changes: dict[tuple[str, str], Chain] = field(default_factory=dict)
    """Variables of local modules that it binds, or whose objects it changes."""


@dataclass(slots=True)
class Definition:
    """A function, class, import or set-up at the top level of a step, or a shared statement.

    `needs` are the names evaluated as it runs, with the definition that bound each (None:
    bound by other means); `clean` says that running it again does nothing but define.
    """

    number: int
    site: int
    cell: int
    node: ast.stmt
    names: tuple[str, ...]
    things: set[int] = field(default_factory=set)
    needs: dict[str, int | None] = field(default_factory=dict)
    foreign: set[str] = field(default_factory=set)
    clean: bool = True
    first_thing: int = 0
    sets_up: frozenset[str] = frozenset()
    """Libraries that the statement sets up, the same each time that it runs."""

    @property
    def modules(self) -> list[str]:
        """Return the modules that an import names; none where this is no import."""
        if isinstance(self.node, ast.Import):
            return [alias.name for alias in self.node.names]
        return [self.node.module or ""] if isinstance(self.node, ast.ImportFrom) else []
