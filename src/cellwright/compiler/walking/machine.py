"""Owns the state of the analysis as it walks through the notebook: names, calls, site.

The walk is an abstract run of the notebook: statements are met in the order in which a
kernel runs them, both branches of a choice are taken and joined, loops are walked until
nothing new is found, calls of the notebook's own functions are walked with what is
known of their arguments. What each site reads from before, binds, and may change is
noted on the way.
"""

import ast
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from cellwright.compiler.reading.module_text import ModuleTree
from cellwright.compiler.reading.scopes import Scope, ScopeKind, ScopeTable, mangled
from cellwright.compiler.walking.heap import NOTHING, UNBOUND, Code, Heap, Kind, Place, Thing, Value
from cellwright.compiler.walking.local_modules import BUILTINS, LOCAL, LocalModules
from cellwright.compiler.walking.paths import Frame, Loop, Namespace, Snapshot, join_own, joined
from cellwright.compiler.walking.sites import MISSING, Chain, Definition, NameRead, Site, Variable

SHELL = "__cellwright_shell__"

ALWAYS_BOUND = frozenset(
    {
        "__name__", "__doc__", "__builtins__", "__annotations__", "__spec__", "__class__",
        "__qualname__", "__module__", "__loader__", "__package__", "__debug__", "__file__",
    }
)  # fmt: skip

DEPTH = 12

LEAST_STEPS = 10_000
"""Statements and expressions that a walk may take, beside what the text is long."""
STEPS_A_CHARACTER = 2
LOOKS_A_STEP = 16
"""How many objects are looked at in the time of a step."""


class Machine:
    """The state of the walk."""

    def __init__(
        self, tables: Sequence[ScopeTable], modules: Mapping[str, ModuleTree] | None = None
    ) -> None:
        self.heap = Heap()
        self.tables = tables
        self._module = Namespace()
        self._deletions: dict[str, Chain] = {}
        self._changed: dict[tuple[Value, bool], tuple[int, int]] = {}
        self.site = Site(-1, None, ())
        self.walked: Sequence[Site] = ()
        self.cell = 0
        self.frames: list[Frame] = []
        self.settled: dict[Hashable, Any] = {}
        """What work at this site gave; see `settled.py`."""
        self.round = 0
        """Counts the rounds of calling back: no work is done twice in one of them."""
        self.hasty = False
        """Work was left out in this round, though it might have added something."""
        self.returns = 0
        """How often it turned out that a call at work further up gives more, or is given more."""
        self.local = LocalModules(self.heap, self.frames, modules or {})
        self.loops: list[Loop] = []
        self.dead = False
        self.watchers: list[tuple[int, dict[str, Variable], dict[str, Value]]] = []
        self.guards = 0
        self.doubts = 0
        self.sees_identity = False
        self.seeded: set[str] = set()
        """Global random generators that a cell has seeded, or may have."""
        self.set_up: set[str] = set()
        """Libraries that a call for nothing but its effect may have set up."""
        self.repeated: dict[str, Definition] = {}
        """The statements that assign to members of libraries, and are run again."""
        self.discarded: ast.expr | None = None
        """The expression at work whose value nobody takes."""
        self.words: frozenset[str] = frozenset()
        self.used_in_texts: frozenset[str] = frozenset()
        """Names that texts of the notebook use as code."""
        self.kept: dict[str, Value] = {}
        self.folder: str | None = ""
        self.called_back: dict[tuple[object, ...], tuple[Value, Value, int]] | None = None
        self.calling_back = 0
        self.definition: Definition | None = None
        self.steps_left = LEAST_STEPS
        self.yielding: set[int] = set()
        self.bound: set[int] = set()
        self.keep: list[ast.AST] = []
        self.extra: ScopeTable = {}
        self.filled: dict[int, list[Any]] = {}
        """The calls of functions that remember their results; see `caches.py`."""
        self.getters: dict[tuple[int, str], ast.expr] = {}
        """What getters of `operator` do, spelled out, by the call that makes them."""
        self.texts_at: dict[tuple[object, ...], set[str]] = {}

    # -- names ---------------------------------------------------------------------

    @property
    def names(self) -> dict[str, Variable]:
        """Return what the names of the module mean here."""
        return self._module.names

    @property
    def stores(self) -> Mapping[str, int]:
        """Return how often the walk has bound each name of the module so far."""
        return self._module.stores

    @property
    def frame(self) -> Frame | None:
        """Return the innermost call, class body or comprehension."""
        return self.frames[-1] if self.frames else None

    @property
    def context(self) -> tuple[int, ...]:
        """Return the calls that led here, to tell objects of different calls apart."""
        return self.frames[-1].context if self.frames else ()

    def load(self, name: str, node: ast.AST) -> Value:
        """Return what a name may refer to here, and note the read."""
        frame = self.frame
        if frame is not None:
            scope = frame.scope
            name = mangled(name, scope.private)
            if scope.owns(name):
                found = self._own(frame, name)
                if found is not None or scope.kind is not ScopeKind.CLASS:
                    return (found or NOTHING) - {UNBOUND}
            if name in scope.free or name in scope.nonlocals:
                return self._enclosed(frame, name)
        return self.load_global(name, node)

    @staticmethod
    def _own(frame: Frame, name: str) -> Value | None:
        if frame.cells is not None and name in frame.scope.cells:
            return frame.cells.fields.get(name)
        return frame.names.get(name)

    def _enclosed(self, frame: Frame, name: str) -> Value:
        for number in frame.closure:
            found = self.heap[number].fields.get(name)
            if found is not None:
                self.note_module(self.site.module_reads, self.heap[number], name, frame.scope.node)
                return found
        return NOTHING

    def load_global(self, name: str, node: ast.AST) -> Value:
        """Return what a module-level name may refer to, and note the read."""
        if self.cell == LOCAL:
            return self.local.meaning(name)
        variable = self.names.get(name, MISSING)
        foreign = variable.origin != self.site.index
        if self.definition is not None and name in self.names:
            if foreign:
                self.definition.foreign.add(name)
            else:
                self.definition.needs[name] = variable.definition
        value = variable.value
        if foreign and value != MISSING.value:
            self._note(self.site.reads, name, node)
        if UNBOUND not in value:
            return value
        if name in BUILTINS:
            return (value - {UNBOUND}) | self.heap.library(f"builtins.{name}")
        if name == SHELL:
            return self.heap.library("cellwright.shell")
        if value == MISSING.value and name not in ALWAYS_BOUND:
            self._note(self.site.missing, name, node, self._deletions.get(name))
        elif foreign:
            self._note(self.site.reads, name, node)
        return value - {UNBOUND}

    def _note(
        self,
        reads: dict[str, NameRead],
        name: str,
        node: ast.AST,
        deleted: Chain | None = None,
    ) -> None:
        guarded, sure = self.guards > 0, self.doubts == 0
        late = any(frame.scope.kind is ScopeKind.FUNCTION for frame in self.frames)
        old = reads.get(name)
        if old is None or (old.guarded and not guarded) or (sure and not old.sure):
            reads[name] = NameRead(self.chain(node), late, guarded, sure, deleted)

    def store(self, name: str, value: Value, node: ast.AST) -> None:
        """Bind a name where the code that runs binds it."""
        frame = self.frame
        if frame is not None:
            name = mangled(name, frame.scope.private)
            if frame.scope.owns(name):
                self._store_own(frame, name, value)
                return
            if name not in frame.scope.globals:
                for number in frame.closure:
                    if name in self.heap[number].fields:
                        self.heap.put(self.heap[number], name, value)
                        self.change_things([number], node)
                        self.note_module(self.site.module_changes, self.heap[number], name, node)
                        return
        self.store_global(name, value, node)

    def _store_own(self, frame: Frame, name: str, value: Value) -> None:
        if frame.cells is not None and name in frame.scope.cells:
            self.heap.put(frame.cells, name, value)
            return
        frame.names[name] = value
        for depth, _, own in self.watchers:
            if depth == len(self.frames):
                own[name] = own.get(name, frozenset((UNBOUND,))) | value

    def store_global(
        self, name: str, value: Value, node: ast.AST, *, definition: int | None = None
    ) -> None:
        """Bind a module-level name."""
        if self.definition is not None and name not in self.definition.names:
            self.definition.clean = False
        if value == MISSING.value and name in self.names:
            self._deletions[name] = self.chain(node)
        variable = Variable(value, self.site.index, definition)
        self._module.put(name, variable)
        self.site.written[name] = self.chain(node)
        for _, names, _ in self.watchers:
            names[name] = joined(names.get(name, MISSING), variable)

    def define(self, definition: Definition) -> None:
        """Note that names now mean what a definition made."""
        for name in definition.names:
            variable = self.names.get(name, MISSING)
            if variable.origin == self.site.index and UNBOUND not in variable.value:
                self._module.put(name, variable._replace(definition=definition.number))
                definition.things |= variable.value

    def delete(self, name: str, node: ast.AST) -> None:
        """Unbind a name where the code that runs unbinds it."""
        self.store(name, MISSING.value, node)

    @property
    def exhausted(self) -> bool:
        """Tell whether the walk is too deep, or too long already, to go into what is called."""
        spent = self.heap.looked_at // LOOKS_A_STEP
        return len(self.frames) >= DEPTH or self.steps_left <= spent

    # -- notes ---------------------------------------------------------------------

    def chain(self, node: ast.AST) -> Chain:
        """Return the place in the site, and the place in the function it called."""
        here = self.here(node)
        outer = self.frames[0].place if self.frames else here
        return (outer,) if outer.node is here.node else (outer, here)

    def here(self, node: ast.AST) -> Place:
        """Return the place of a node: what called it, where its text is no cell's."""
        if self.cell == LOCAL:
            return self.frames[0].place
        return Place(self.cell, node)

    def note_module(
        self, notes: dict[tuple[str, str], Chain], thing: Thing, name: str, node: ast.AST | None
    ) -> None:
        """Note the use of a variable of a local module, if it is one."""
        replayed = self.local.importing and self.definition is not None
        if self.local.watches(thing) and not replayed:
            notes.setdefault((thing.type, name), self.chain(node) if node is not None else ())

    def note_member(
        self, notes: dict[tuple[str, str], Chain], thing: Thing, node: ast.AST | None
    ) -> None:
        """Note the use of what is inside a function or class of a local module, if it is one."""
        home = self.local.homes.get(thing.number)
        if home is not None:
            self.note_module(notes, *home, node)

    def change(self, value: Value, node: ast.AST, *, deep: bool = False) -> None:
        """Note that the things of a value may be changed in place; `deep`: all they reach.

        Functions and classes are not taken to be changed by being within reach.
        """
        heap = self.heap
        known = (heap.growth, self.site.index)
        if self.definition is None and self._changed.get((value, deep)) == known:
            return  # all of them are noted already
        numbers = set(heap.mutable(value))
        if deep:
            numbers = heap.inside(numbers)
        for number in tuple(numbers):
            numbers |= heap[number].fields.get("~", NOTHING)
        self.change_things(sorted(numbers), node)
        if self.definition is None:
            self._changed[value, deep] = known

    def change_things(self, numbers: Sequence[int], node: ast.AST) -> None:
        """Note that things may be changed in place, and what they stand for."""
        if any(self.heap[number].blurred for number in numbers):
            numbers = sorted(self.heap.inside(numbers))
        self._note_changed(numbers, node)

    def _note_changed(self, numbers: Sequence[int], node: ast.AST) -> None:
        """Note changes.

        What an import statement sets off is set off in every step that takes it along.
        """
        if self.local.importing and self.definition is not None:
            return
        chain: Chain | None = None
        for number in numbers:
            if self.heap[number].apart or self.local.in_the_making(number):
                continue
            if self.definition is not None:
                if number >= self.definition.first_thing:
                    continue  # still in the making
                self.definition.clean = False
            if number not in self.site.changed:
                chain = chain or self.chain(node)
                self.site.changed[number] = chain

    def spread_changes(self) -> None:
        """Note as changed what blurred things that this site changed have come to hold since."""
        changed = self.site.changed
        for number in [number for number in changed if self.heap[number].blurred]:
            for inner in self.heap.inside((number,)):
                if not self.local.in_the_making(inner):
                    changed.setdefault(inner, changed[number])

    def unclean(self) -> None:
        """Note that the definition at work does more than define."""
        if self.definition is not None:
            self.definition.clean = False

    # -- flow ----------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Return the namespaces as they are, to come back to or to join."""
        frame = self.frame
        return Snapshot(self.lend(), dict(frame.names) if frame is not None else {})

    def lend(self) -> dict[str, Variable]:
        """Return the module's names as they are; from here on they are copied to be changed."""
        return self._module.lend()

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a point of the walk."""
        self._module.go_back(snapshot.names)
        if self.frames:
            self.frames[-1].names = dict(snapshot.own)
        self.dead = False

    def join(self, snapshot: Snapshot) -> bool:
        """Let the walk go on from here or from there; tell whether that adds anything."""
        if self.dead:
            self.restore(snapshot)
            return True
        new = self._module.join(snapshot.names)
        if self.frames:
            new = join_own(self.frames[-1].names, snapshot.own) or new
        return new

    def join_all(self, snapshots: Sequence[Snapshot]) -> None:
        """Let the walk go on from any of these as well."""
        for snapshot in snapshots:
            self.join(snapshot)

    def go_on(self, ends: Sequence[Snapshot]) -> None:
        """Let the walk go on from these ends only; from nowhere if there are none."""
        self.dead = not ends
        if ends:
            self.restore(ends[0])
            self.join_all(ends[1:])

    @contextmanager
    def maybe(self) -> Iterator[None]:
        """Walk something that may run or not."""
        before = self.snapshot()
        with self.doubt():
            yield
        self.join(before)

    @contextmanager
    def doubt(self) -> Iterator[None]:
        """Walk a path that may not be taken; what is noted there is not sure."""
        self.doubts += 1
        yield
        self.doubts -= 1

    def make(
        self, node: ast.AST, type_name: str, kind: Kind = Kind.PLAIN, part: object = None
    ) -> Thing:
        """Return the thing made at a node in the calls that led here."""
        key = (id(node), part, self.cell, self.context)
        return self.heap.make(key, kind=kind, type_name=type_name, place=self.here(node))

    def code(self, node: ast.AST) -> Code:
        """Return the code of a function node of the cell at work."""
        scope = self.scope(node)
        return Code(node, scope, self.cell, scope.private)

    def scope(self, node: ast.AST) -> Scope:
        """Return the scope of a node of the cell at work."""
        found = self.tables[self.cell].get(node)
        return found if found is not None else self.extra[node]
