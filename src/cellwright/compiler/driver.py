"""Owns the order of the passes: from the bytes of a notebook to a compilation."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cellwright.compiler.checking import (
    border_rules,
    check,
    effect_rules,
    ending_rules,
    interleave,
    module_rules,
)
from cellwright.compiler.emitting.assemble import assemble
from cellwright.compiler.emitting.fingerprint import Dumps
from cellwright.compiler.emitting.imports import ImportScan
from cellwright.compiler.linking.link import link_steps
from cellwright.compiler.linking.states import state_flow
from cellwright.compiler.linking.timeline import build_timeline
from cellwright.compiler.linking.world import find_world
from cellwright.compiler.reading import module_text, options_reader, parse, reader, tags
from cellwright.compiler.reading.scopes import ScopeTable, scope_table
from cellwright.compiler.walking.walk import walk_notebook
from cellwright.diagnostics.allowances import apply_allowances
from cellwright.diagnostics.diagnostic import Report
from cellwright.model.pipeline import Pipeline
from cellwright.model.source import ModuleText, Notebook


@dataclass(frozen=True)
class Compilation:
    """A pipeline, or None where errors stand in its way; and what there is to say.

    `notebook` is None only where the bytes could not be read as one.
    """

    pipeline: Pipeline | None
    report: Report
    notebook: Notebook | None


@dataclass
class Memo:
    """What compilations of one notebook, edit after edit, have in common; it is the
    caller's, and never changes a result."""

    readings: parse.Memo = field(default_factory=parse.Memo)
    dumps: Dumps = field(default_factory=Dumps)
    imports: ImportScan = field(default_factory=ImportScan)
    limit: int = 4096
    _modules: dict[str, tuple[ModuleText, module_text.ModuleTree | None]] = field(
        default_factory=dict
    )
    _scopes: dict[int, tuple[object, ScopeTable]] = field(default_factory=dict)

    def modules(self, texts: Mapping[str, ModuleText]) -> Mapping[str, module_text.ModuleTree]:
        """Return the trees of local modules; one that is no Python is left out."""
        found: dict[str, module_text.ModuleTree] = {}
        for name in sorted(texts):
            kept = self._modules.get(name)
            if kept is None or kept[0] != texts[name]:
                kept = self._modules[name] = (texts[name], module_text.read_module(texts[name]))
            if kept[1] is not None:
                found[name] = kept[1]
        return found

    def scopes(self, parsed: parse.ParsedCell) -> ScopeTable:
        """Return the scopes of a cell's tree."""
        found = self._scopes.get(id(parsed.tree))
        if found is None:
            if len(self._scopes) >= self.limit:
                self._scopes.clear()
            found = self._scopes[id(parsed.tree)] = (parsed.tree, scope_table(parsed.tree))
        return found[1]


def compile_notebook(
    payload: bytes,
    *,
    path: str,
    memo: Memo | None = None,
    parameters: Mapping[str, str] | None = None,
    modules: Mapping[str, ModuleText] | None = None,
) -> Compilation:
    """Compile the bytes of a notebook.

    `parameters` are the literals of a run: paths that are built from parameters are then
    those of the run. Programs and fingerprints do not depend on them. `modules` are the
    local modules, by dotted name: what their code does is then known.

    Deterministic, and free of side effects: it reads no file, no clock and no
    environment. A mistake in the notebook is reported, never raised. Each stage reports
    all it can find before the next is skipped.
    """
    report = Report()
    memo = memo or Memo()

    notebook = reader.read(payload, path=path, report=report)
    if notebook is None:
        return Compilation(None, report, None)
    options = options_reader.read_options(notebook, report)
    roles = tags.read_roles(notebook, report, options=options)
    cells = parse.parse_cells(notebook, roles, report, memo=memo.readings)
    if report.has_errors:
        return Compilation(None, report, notebook)

    tables = [memo.scopes(parsed) for parsed in cells]
    walk = walk_notebook(cells, tables, parameters, memo.modules(modules or {}))
    timeline = build_timeline(walk)
    state = state_flow(walk)
    wiring = link_steps(timeline, state)
    world = find_world(wiring, state)
    plan = check.check_pipeline(wiring, world, roles, report)
    interleave.check_interleaved(wiring, world, report)
    effect_rules.check_effects(wiring, report)
    border_rules.check_borders(wiring, world, report)
    ending_rules.check_ends(wiring, report)
    module_rules.check_modules(wiring, report)
    report = apply_allowances(report, notebook)
    if plan is None or report.has_errors:
        return Compilation(None, report, notebook)

    pipeline = assemble(
        notebook,
        wiring,
        world,
        options=options,
        edges=plan.edges,
        order=plan.order,
        dumps=memo.dumps,
        scan=memo.imports,
    )
    return Compilation(pipeline, report, notebook)
