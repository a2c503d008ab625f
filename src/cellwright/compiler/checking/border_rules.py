"""Owns the rules about what crosses from step to step, or should: values that cannot
travel, state that cannot be carried, files that the text does not tell."""

import ast

from cellwright.compiler.linking.setups import once_sites
from cellwright.compiler.linking.states import CARRIED, GENERATORS
from cellwright.compiler.linking.wiring import Wiring
from cellwright.compiler.linking.world import World, reads_declared, step_options
from cellwright.compiler.walking.caches import CACHE
from cellwright.compiler.walking.effects import effects_data
from cellwright.compiler.walking.heap import LENT, NOTHING, UNBOUND, Heap, Kind, Thing, Value
from cellwright.compiler.walking.sites import Chain, FileUse, Site
from cellwright.diagnostics import catalogue as rules
from cellwright.diagnostics.diagnostic import Diagnostic, Label, Report, Rule
from cellwright.model.pipeline import StepName
from cellwright.model.source import Span

_ONCE_WORDS = {
    "clock": "reads the clock",
    "unique": "gives something new each time",
    "network": "uses the network",
    "identity": "depends on the process",
}
_FELT = frozenset({"state:copyreg", "state:codecs", "state:pandas.accessors"})
"""State that a step may rely on though its text does not show it."""


def check_borders(wiring: Wiring, world: World, report: Report) -> None:
    """Report what cannot cross a border of the pipeline."""
    book = _Book(wiring, world, report)
    for step in wiring.steps:
        book.check_values(step)
    book.check_states()
    book.check_temporary()
    book.check_paths()
    book.check_shell()
    book.check_shared()


class _Book:
    def __init__(self, wiring: Wiring, world: World, report: Report) -> None:
        self.wiring = wiring
        self.world = world
        self.report = report
        self.walk = wiring.timeline.walk
        self.cells = self.walk.cells

    def span(self, chain: Chain) -> Span:
        """Return the first place of a chain."""
        return self.cells[chain[0].cell].span(chain[0].node)

    def add(
        self, rule: Rule, message: str, span: Span, *notes: str, label: Label | None = None
    ) -> None:
        """Report a finding."""
        others = (label,) if label is not None else ()
        self.report.add(Diagnostic(rule, message, Label(span), others, notes))

    # -- values ----------------------------------------------------------------------

    def check_values(self, step: StepName) -> None:
        """Report outputs that are surely of a type which cannot leave its process."""
        site = self.wiring.steps[step][-1]
        for name, (chain, reader) in sorted(self.wiring.outputs[step].items()):
            variable = site.after.get(name)
            if variable is None:
                continue
            things = [self.walk.heap[number] for number in variable.value if number != UNBOUND]
            if things and all(unserializable(thing) for thing in things):
                what = _described(things[0])
                self.add(
                    rules.UNSERIALIZABLE_OUTPUT,
                    f"`{name}` is {what}, which cannot travel from step `{step}` to `{reader}`",
                    self.span(chain),
                    _elsewhere(things[0], reader),
                )
                continue
            if self._lies_apart(site, variable.value):
                self.add(
                    rules.UNSERIALIZABLE_OUTPUT,
                    f"`{name}` shares memory with an array that is changed after step `{step}`, "
                    "and travels without it",
                    self.span(chain),
                    f"hand on a copy, or make it in step `{reader}`",
                )
                continue
            trouble = _loading_acts(self.walk.heap, variable.value)
            if trouble:
                self.add(
                    rules.UNSERIALIZABLE_OUTPUT,
                    f"`{name}` cannot travel from step `{step}` to `{reader}`: "
                    f"loading it runs `{trouble}`, which does more than that",
                    self.span(chain),
                    "hand on plain values, and build the object where it is used",
                )

    def _lies_apart(self, site: Site, value: Value) -> bool:
        """Tell whether what a value reads is written to later on, where it is sent without."""
        heap, changed_at = self.walk.heap, self.wiring.timeline.changed_at
        memories = (heap[n] for n in heap.reach(value, until=site.index) if n != UNBOUND)
        lent = frozenset[int]().union(*(each.fields.get(LENT, NOTHING) for each in memories))
        return any(changed_at.get(number, -1) > site.index for number in lent)

    # -- state -----------------------------------------------------------------------

    def check_states(self) -> None:
        """Report state that a later step relies on and that cannot be carried, once."""
        told: set[tuple[str, Chain]] = set()
        for need in self.world.state.needs:
            if need.state in CARRIED or need.state in GENERATORS:
                continue
            if need.chain == need.cause and need.state not in _FELT:
                continue  # nothing in the later step shows that it matters
            if (need.state, need.cause) in told:
                continue
            told.add((need.state, need.cause))
            name = need.state.removeprefix("state:")
            self.add(
                rules.PROCESS_STATE,
                f"step `{need.producer}` sets state of the process (`{name}`) that step "
                f"`{need.step}` relies on",
                self.span(need.cause),
                "each step is a process of its own: set it in a cell tagged `imports`, or in "
                "the step that relies on it",
                label=Label(self.span(need.chain), "relied on here"),
            )

    def check_temporary(self) -> None:
        """Report temporary places that more than one step uses."""
        for step, sites in self.wiring.steps.items():
            for site in sites:
                for name, chain in self._temporary(site):
                    if name in self.wiring.outputs[step]:
                        _, reader = self.wiring.outputs[step][name]
                        self._report_temporary(name, chain, f"step `{reader}` uses it too")
        for site in self.walk.sites:
            if site.step is None:
                users = [s for s, shared in self.wiring.shared.items() if site.index in shared]
                if len(users) > 1:
                    for name, chain in self._temporary(site):
                        self._report_temporary(name, chain, "several steps use it")

    def _report_temporary(self, name: str, chain: Chain, why: str) -> None:
        self.add(
            rules.TEMPORARY_FILE,
            f"`{name}` is a temporary place, and {why}",
            self.span(chain),
            "write to a path relative to the notebook: such files travel from step to step",
        )

    def _temporary(self, site: Site) -> list[tuple[str, Chain]]:
        found = []
        for mark, chain in site.effects.marks.items():
            if not mark.startswith("temporary:"):
                continue
            for cell, statement in site.body:
                inside = statement.lineno <= chain[0].node.lineno <= (statement.end_lineno or 0)  # type: ignore[attr-defined]
                if cell == chain[0].cell and inside and isinstance(statement, ast.Assign):
                    found += [
                        (target.id, chain)
                        for target in ast.walk(ast.Tuple(statement.targets))
                        if isinstance(target, ast.Name)
                    ]
        return found

    # -- files -----------------------------------------------------------------------

    def check_paths(self) -> None:
        """Report files whose path the text does not tell, unless they are declared."""
        options = step_options(self.cells)
        for site, use in self.world.files.unresolved:
            if site.step is not None and reads_declared(options[site.step], use):
                continue
            option = "files" if use.use in ("reads", "lists") else "writes"
            self.add(
                rules.UNRESOLVED_PATH,
                f"`{_short(use)}` uses a file whose path the text does not tell",
                self.span(use.chain),
                f"declare the file in the option `{option}` of the step, or write its path out",
            )

    def check_shell(self) -> None:
        """Tell of commands that may write files which later steps read."""
        for need in self.world.files.guessed:
            self.add(
                rules.FILE_DEPENDENCY,
                f"a command in step `{need.producer}` may write `{need.pattern}`, which step "
                f"`{need.step}` reads",
                self.span(need.cause),
                f"`{need.pattern}` is handed on if it is there when the step ends",
                label=Label(self.span(need.chain), "read here"),
            )

    # -- shared cells ----------------------------------------------------------------

    def check_shared(self) -> None:
        """Tell of shared statements that do more than define."""
        once = once_sites(self.wiring.timeline, self.world.state)
        for site in self.walk.sites:
            if site.step is not None:
                continue
            for use in site.effects.files:
                if use.use in ("writes", "appends"):
                    self._shared_effect(use.chain, f"`{_short(use)}` writes a file")
            if site.index in once:
                for mark, chain in site.effects.marks.items():
                    kind, _, what = mark.partition(":")
                    if kind in _ONCE_WORDS:
                        self._shared_effect(chain, f"`{what}` {_ONCE_WORDS[kind]}")
            if site.index in self.world.state.loose:
                use_of = site.effects.states[0]
                self._shared_effect(use_of.chain, f"`{use_of.what}` draws a random number")

    def _shared_effect(self, chain: Chain, what: str) -> None:
        self.add(
            rules.EFFECT_IN_SHARED_CELL,
            f"a shared cell does more than define: {what}",
            self.span(chain),
            "shared cells run in every step that needs them",
        )


def unserializable(thing: Thing) -> bool:
    """Tell whether an object surely cannot leave its process."""
    if thing.kind is Kind.GENERATOR or CACHE in thing.fields:
        return True
    known = thing.kind in (Kind.PLAIN, Kind.LIBRARY)
    return known and effects_data().flag(thing.type, "unserializable")


def _elsewhere(thing: Thing, reader: StepName) -> str:
    """Return where an object that cannot travel is to be made instead."""
    if effects_data().flag(thing.type, "remade"):
        return "make it in a cell tagged `imports`, which each step runs for itself"
    return f"make it in step `{reader}`, or join the two steps"


def _described(thing: Thing) -> str:
    if CACHE in thing.fields:
        return "a function that keeps its results"
    name = thing.type.replace("threading.lock", "a lock or the like of `threading`")
    return name if " " in name else f"a `{name}`"


def _loading_acts(heap: Heap, value: frozenset[int]) -> str:
    """Return the method that changes something else when an object is loaded, or ""."""
    for number in sorted(heap.reach(value)):
        thing = heap[number]
        if thing.kind is not Kind.CLASS or "__setstate__" not in thing.fields:
            continue
        for member in thing.fields["__setstate__"]:
            code = heap[member].code
            if code is not None and _touches_globals(code.node, set(code.scope.late)):
                return f"{thing.text}.__setstate__"
    return ""


def _touches_globals(node: ast.AST, late: set[str]) -> bool:
    """Tell whether code calls a method on, or stores in, a module-level name."""
    for inner in ast.walk(node):
        target: ast.AST | None = None
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
            target = inner.func.value
        elif isinstance(inner, ast.Attribute | ast.Subscript) and isinstance(
            inner.ctx, ast.Store | ast.Del
        ):
            target = inner.value
        elif isinstance(inner, ast.Global):
            return True
        while isinstance(target, ast.Attribute | ast.Subscript):
            target = target.value
        if isinstance(target, ast.Name) and target.id in late:
            return True
    return False


def _short(use: FileUse) -> str:
    return use.what.removeprefix("builtins.")
