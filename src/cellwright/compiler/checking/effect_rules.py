"""Owns the rules about what cells do besides binding names, and about what they leave undone."""

import ast
from collections.abc import Iterator, Mapping

from cellwright.compiler.linking.timeline import Act
from cellwright.compiler.linking.wiring import Wiring
from cellwright.compiler.reading.parameters import declared
from cellwright.compiler.reading.parse import ParsedCell
from cellwright.compiler.reading.scopes import alias_name, bound_names
from cellwright.compiler.reading.tags import InStep, Parameters, Untagged
from cellwright.compiler.walking.heap import UNBOUND, Place
from cellwright.compiler.walking.sites import Chain, Site
from cellwright.diagnostics import catalogue as rules
from cellwright.diagnostics.diagnostic import Diagnostic, Label, Report, Rule
from cellwright.model.pipeline import StepName
from cellwright.model.source import Span

_MARKS: Mapping[str, tuple[Rule, str, str]] = {
    "exit": (
        rules.CONTROL_FLOW_EXIT,
        "`{}` may end the program here",
        "raise an exception instead: it stops what depends on the step",
    ),
    "input": (
        rules.INTERACTIVE_INPUT,
        "`{}` waits for a person here",
        "nobody is there when a pipeline runs; a parameter can be chosen when it starts",
    ),
    "dynamic": (
        rules.DYNAMIC_NAME,
        "names are read or bound here that the text does not show",
        "keep the values in a dictionary",
    ),
    "star": (
        rules.STAR_IMPORT,
        "`from {} import *` binds names that the text does not show",
        "import the names that are used",
    ),
}
_DECIDING = (ast.If, ast.Try, ast.Match)


def check_effects(wiring: Wiring, report: Report) -> None:
    """Report what the sites of a wiring do that a pipeline cannot, or should not."""
    rule_book = _RuleBook(wiring, report)
    for site in wiring.timeline.walk.sites:
        rule_book.check_marks(site)
        if site.step is not None:
            rule_book.check_identities(site, site.step)
            rule_book.check_patches(site, site.step)
            rule_book.check_conditional(site, site.step)
            rule_book.check_unknown_changes(site, site.step)
    rule_book.check_set_ups()
    rule_book.check_cells()
    rule_book.check_parameters()


class _RuleBook:
    """Reports, rule by rule, on one wiring."""

    def __init__(self, wiring: Wiring, report: Report) -> None:
        self.wiring = wiring
        self.report = report
        self.cells = wiring.timeline.walk.cells
        self.last = {step: sites[-1].index for step, sites in wiring.steps.items()}

    def check_marks(self, site: Site) -> None:
        """Report ends of the program, questions to a person, names that are not shown."""
        for mark, chain in sorted(site.effects.marks.items()):
            kind, _, what = mark.partition(":")
            if kind in _MARKS:
                rule, message, note = _MARKS[kind]
                name = what.removeprefix("builtins.")
                self._add(rule, message.format(name), chain, notes=(note,))

    def check_identities(self, site: Site, step: StepName) -> None:
        """Report values that mean something in one process only, and that leave it."""
        for mark, chain in sorted(site.effects.marks.items()):
            kind, _, what = mark.partition(":")
            statement = self._statement(site, chain) if kind == "identity" else None
            if statement is None:
                continue
            sent = sorted(_bound_by(statement) & set(self.wiring.outputs[step]))
            if sent:
                name = what.removeprefix("builtins.")
                message = (
                    f"`{sent[0]}` comes from `{name}`, and means something in one process only"
                )
                self._add(rules.PROCESS_IDENTITY, message, chain, notes=("each step is a process",))

    def check_patches(self, site: Site, step: StepName) -> None:
        """Report changes of libraries that later steps would see in the notebook."""
        if site.index >= max(self.last.values()):
            return
        for path, chain in sorted(site.effects.patches.items()):
            self._add(
                rules.MONKEY_PATCH,
                f"step `{step}` changes `{path}`, and later steps have the library as installed",
                chain,
                notes=("a change in a cell tagged `imports` is made in every step",),
            )

    def check_set_ups(self) -> None:
        """Report set-ups of libraries that would be run again, had they what they need."""
        for definition in self.wiring.timeline.walk.definitions:
            step = self.wiring.timeline.site(definition.site).step
            lost = definition.sets_up and definition.number not in self.wiring.timeline.static
            if lost and definition.site < max(self.last.values()):
                libraries = ", ".join(f"`{root}`" for root in sorted(definition.sets_up))
                self._add(
                    rules.PROCESS_STATE,
                    f"step `{step}` sets up {libraries}, and what it names is bound more than once",
                    (Place(definition.cell, definition.node),),
                    notes=("set it up in a cell tagged `imports`",),
                )

    def check_conditional(self, site: Site, step: StepName) -> None:
        """Report names that an earlier step binds on some paths only."""
        for need in self.wiring.inputs(step):
            variable = site.before.get(need.name)
            if need.site != site.index or need.guarded or need.late:
                continue
            if variable is None or UNBOUND not in variable.value:
                continue
            event = self.wiring.timeline.act_of(need.name, need.feed.site)
            if event is None or not event.chain or event.act not in (Act.BINDS, Act.MAY_BIND):
                continue
            producer = self.wiring.timeline.site(need.feed.site)
            if isinstance(self._statement(producer, event.chain), _DECIDING):
                self._add(
                    rules.CONDITIONAL_INPUT,
                    f"step `{step}` reads `{need.name}`, which may be unbound",
                    need.chain,
                    secondary=Label(self._span(event.chain), "bound on some paths only"),
                )

    def check_unknown_changes(self, site: Site, step: StepName) -> None:
        """Tell of values that unknown code may change, and that later steps read."""
        unknown = {chain: path for path, chain in site.effects.calls.items()}
        for name in sorted(self.wiring.outputs[step]):
            event = self.wiring.timeline.act_of(name, site.index)
            if event is None or event.act is not Act.CHANGES or event.chain not in unknown:
                continue
            self._add(
                rules.MUTATED_INPUT,
                f"`{unknown[event.chain]}` may change `{name}`, which a later step reads",
                event.chain,
                notes=("later steps take it from this step, as if it were changed",),
            )

    def check_cells(self) -> None:
        """Report steps without a statement, and untagged cells that steps seem to rest on."""
        statements: dict[StepName, int] = {}
        first: dict[StepName, ParsedCell] = {}
        for index, parsed in enumerate(self.cells):
            role = parsed.role.role
            if isinstance(role, InStep):
                first.setdefault(role.step, parsed)
                statements[role.step] = statements.get(role.step, 0) + len(parsed.tree.body)
            elif isinstance(role, Untagged):
                self._check_untagged(index, parsed)
                continue
            self._check_shell(parsed)
        for step, count in statements.items():
            if not count:
                message = f"step `{step}` has no statement"
                label = Label(first[step].line_span(1))
                self.report.add(Diagnostic(rules.EMPTY_STEP, message, label))

    def _check_shell(self, parsed: ParsedCell) -> None:
        """Report code of the user's own that asks for the kernel's shell."""
        if "get_ipython" not in parsed.cell.source:
            return
        for node in ast.walk(parsed.tree):
            if isinstance(node, ast.Name) and node.id == "get_ipython":
                self.report.add(
                    Diagnostic(
                        rules.NOTEBOOK_SHELL,
                        f"cell {parsed.cell.number} asks for the notebook's shell",
                        Label(parsed.span(node), "in a step, something simple stands in for it"),
                        notes=("write magics with `%`, so that they can be translated",),
                    )
                )

    def _check_untagged(self, index: int, parsed: ParsedCell) -> None:
        for statement in parsed.tree.body:
            for name in sorted(_bound_by(statement)):
                reader = self._reader_after(name, index)
                if reader is not None:
                    self.report.add(
                        Diagnostic(
                            rules.UNTAGGED_CELL,
                            f"untagged cell {parsed.cell.number} binds `{name}`, which step "
                            f"`{reader}` takes from an earlier cell",
                            Label(parsed.span(statement), "not run in the pipeline"),
                        )
                    )

    def _reader_after(self, name: str, index: int) -> StepName | None:
        """Return the next step that reads a name bound before a cell, and not again after it."""
        bound = False
        for site in self.wiring.timeline.walk.sites:
            if not site.body:
                continue
            if site.body[-1][0] < index:
                bound = bound or name in site.written
            elif site.body[0][0] > index:
                if bound and name in site.reads and site.step is not None:
                    return site.step
                if name in site.written:
                    return None
        return None

    def check_parameters(self) -> None:
        """Tell of parameters that no step reads, and of values that are none."""
        known = {item.name: item for item in declared(self.cells)}
        used = {index for shared in self.wiring.shared.values() for index in shared}
        for site in self.wiring.timeline.walk.sites:
            if site.step is not None or not site.body:
                continue
            cell, node = site.body[0]
            parsed = self.cells[cell]
            if not isinstance(parsed.role.role, Parameters):
                continue
            item = next((each for each in known.values() if each.node is node), None)
            if item is not None and site.index not in used:
                message = f"no step reads parameter `{item.name}`"
                label = Label(parsed.span(node))
                self.report.add(Diagnostic(rules.UNUSED_PARAMETER, message, label))
            elif isinstance(node, ast.Assign | ast.AnnAssign) and item is None:
                self._check_computed(parsed, node, set(known))

    def _check_computed(self, parsed: ParsedCell, node: ast.stmt, known: set[str]) -> None:
        names = sorted(_bound_by(node) - known)
        if names:
            message = f"`{names[0]}` is computed, so it is no parameter of its own"
            label = Label(parsed.span(node))
            notes = ("it follows the parameters that it is computed from",)
            self.report.add(Diagnostic(rules.NON_LITERAL_PARAMETER, message, label, notes=notes))

    def _statement(self, site: Site, chain: Chain) -> ast.stmt | None:
        """Return the statement of a site in which a chain begins."""
        place = chain[0]
        line = getattr(place.node, "lineno", 0)
        for cell, statement in site.body:
            if cell == place.cell and statement.lineno <= line <= (statement.end_lineno or 0):
                return statement
        return None

    def _span(self, chain: Chain) -> Span:
        """Return the place in the site; the exact one, if it stands inside of that."""
        outer = self.cells[chain[0].cell].span(chain[0].node)
        inner = self.cells[chain[-1].cell].span(chain[-1].node)
        within = outer.cell == inner.cell and outer.start <= inner.start and inner.end <= outer.end
        return inner if within else outer

    def _inner(self, chain: Chain) -> Iterator[Label]:
        for place in chain[1:]:
            span = self.cells[place.cell].span(place.node)
            if span != self._span(chain):
                yield Label(span, "it happens here")

    def _add(
        self,
        rule: Rule,
        message: str,
        chain: Chain,
        *,
        notes: tuple[str, ...] = (),
        secondary: Label | None = None,
    ) -> None:
        others = tuple(self._inner(chain)) if secondary is None else (secondary,)
        self.report.add(Diagnostic(rule, message, Label(self._span(chain)), others, notes))


def _bound_by(statement: ast.stmt) -> set[str]:
    """Return the module-level names that a statement itself binds."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {alias_name(alias) for alias in statement.names}
    inner = {
        name
        for node in ast.walk(statement)
        if isinstance(node, ast.comprehension | ast.FunctionDef | ast.ClassDef | ast.Lambda)
        for name in bound_names(node.target if isinstance(node, ast.comprehension) else node)
    }
    return set(bound_names(statement)) - inner
