"""Owns what each step reaches by its imports: distributions and local modules.

What a step is given through its ports counts too: to load a value takes the code of its
class, and only the steps before know which that is.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cellwright.base.canonical import digest_bytes
from cellwright.diagnostics.catalogue import LOCAL_MODULE, UNKNOWN_DISTRIBUTION
from cellwright.diagnostics.diagnostic import Diagnostic, Label, Report
from cellwright.environment.distributions import Installed
from cellwright.environment.files import FileDigests, LocalFile
from cellwright.environment.interpreter import Interpreter
from cellwright.environment.memo import Memo, remembered
from cellwright.environment.modules import Bundle, ImportSearch, bundle
from cellwright.environment.source_imports import SourceImport, search_edits, source_imports
from cellwright.model.pipeline import Component, Pipeline, PortKind, StepName
from cellwright.model.source import Span

_FORMAT = 1
SCALARS = frozenset({"bool", "int", "float", "complex", "str", "bytes", "NoneType"})
"""Types whose values need no distribution to be loaded."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What one step reaches: distributions and where they were asked for, local modules.

    `unknown` are modules that no distribution is known for, with their places.
    """

    distributions: Mapping[str, Span | None] = field(default_factory=dict)
    modules: Mapping[str, LocalFile] = field(default_factory=dict)
    unknown: Mapping[str, Span | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What imports are looked up in: a notebook's folder and the Python of its kernel."""

    folder: Path
    interpreter: Interpreter
    installed: Callable[[], Installed]
    digests: FileDigests
    memo: Memo


def reaches(pipeline: Pipeline, around: Surroundings, report: Report) -> Mapping[StepName, Reach]:
    """Return what each step reaches by its own imports; troubles are reported (ENV403)."""
    edits = [search_edits(one.program, str(around.folder)) for one in pipeline.steps.values()]
    search = ImportSearch(
        around.interpreter,
        around.installed,
        first=[*(path for first, _ in edits for path in first), str(around.folder)],
        last=[path for _, last in edits for path in last],
    )
    return {
        step: _Finder(component, search, around, report).reach()
        for step, component in pipeline.steps.items()
    }


def givers(pipeline: Pipeline, step: StepName) -> tuple[StepName, ...]:
    """Return the steps whose values a step is given, but for values without code of their own."""
    component = pipeline.steps[step]
    light = {
        port.name
        for port in component.inputs
        if port.kind is PortKind.FILE or (port.type_name or "") in SCALARS
    }
    found = {
        edge.producer
        for edge in pipeline.edges
        if edge.consumer == step and edge.port is not None and edge.port not in light
    }
    return tuple(name for name in pipeline.steps if name in found)


def with_inherited(pipeline: Pipeline, own: Mapping[StepName, Reach]) -> Mapping[StepName, Reach]:
    """Return what each step reaches itself or through the values that it is given."""
    found: dict[StepName, Reach] = {}
    for step in pipeline.steps:
        parts = [own[step], *(found[giver] for giver in givers(pipeline, step))]
        found[step] = Reach(
            _joined([part.distributions for part in parts]),
            dict(sorted(_joined([part.modules for part in parts]).items())),
            own[step].unknown,
        )
    return found


def report_unknown(
    unknown: Mapping[str, Span | None], *, near: frozenset[str], report: Report
) -> None:
    """Report modules that no distribution is known for (ENV401), and how to mend it."""
    import difflib

    for module, span in unknown.items():
        notes = []
        close = difflib.get_close_matches(module, sorted(near), n=1, cutoff=0.75)
        if close:
            notes.append(f"a similar name can be imported: `{close[0]}`")
        notes += [
            "install its distribution in the kernel's environment",
            "or name it: `%pip install …` in a tagged cell, or `requirements` in the options",
        ]
        report.add(
            Diagnostic(
                UNKNOWN_DISTRIBUTION,
                f"nothing in the kernel's environment provides the module `{module}`",
                Label(span, "imported here"),
                notes=tuple(notes),
            )
        )


def _joined(parts: list[Mapping[str, Any]]) -> dict[str, Any]:
    joined: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            joined.setdefault(key, value)
    return joined


class _Finder:
    """Finds what one component reaches."""

    def __init__(
        self, component: Component, search: ImportSearch, around: Surroundings, report: Report
    ) -> None:
        self._component = component
        self._search = search
        self._around = around
        self._report = report
        self._distributions: dict[str, Span | None] = {}
        self._unknown: dict[str, Span | None] = {}

    def reach(self) -> Reach:
        imports = self._imports()
        for wanted in imports:
            self._find(wanted, self._span(wanted.module))
        bundled = bundle(
            imports, search=self._search, digests=self._around.digests, memo=self._around.memo
        )
        for outside in bundled.outside:
            span = self._importing(outside.importer, bundled, imports)
            self._find(outside.wanted, span)
        for trouble in bundled.troubles:
            place = f"{Path(trouble.file).name}:{trouble.line}" if trouble.line else trouble.file
            self._trouble(
                f"the local module {place} cannot be taken along: {trouble.text}",
                self._importing(trouble.file, bundled, imports),
            )
        return Reach(self._distributions, bundled.files, self._unknown)

    def _imports(self) -> tuple[SourceImport, ...]:
        """Return the imports of the program, with what the compiler found besides."""
        payload = self._component.program.encode("utf-8", "surrogatepass")
        kind: Any = tuple[SourceImport, ...]
        key = ("source-imports", _FORMAT, digest_bytes(payload))
        try:
            found: tuple[SourceImport, ...] = remembered(
                self._around.memo, key, kind, lambda: source_imports(payload)
            )
        except (SyntaxError, ValueError):
            found = ()
        known = {wanted.module for wanted in found}
        known |= {f"{wanted.module}.{name}" for wanted in found for name in wanted.names}
        return found + tuple(
            SourceImport(wanted.module, 0, (), wanted.optional)
            for wanted in self._component.imports
            if wanted.module not in known
        )

    def _find(self, wanted: SourceImport, span: Span | None) -> None:
        top = wanted.module.partition(".")[0]
        if top in ("", "__main__", "__future__"):
            return
        place = self._search.find(wanted.module)
        if place.standard:
            hidden = self._search.hidden(wanted.module)
            if hidden:
                self._trouble(
                    f"`{Path(hidden).name}` beside the notebook hides the module `{top}` of Python",
                    span,
                    "whether the kernel takes one or the other depends on what it has loaded",
                    "give the file another name",
                )
        elif place.distributions:
            for name in self._around.installed().providers(wanted.module, wanted.names):
                self._distributions.setdefault(name, span)
        elif not place.local and not wanted.optional:
            self._unknown.setdefault(top, span)

    def _span(self, module: str) -> Span | None:
        """Return the place in the notebook where a module is imported."""
        exact = (one.span for one in self._component.imports if one.module == module)
        top = module.partition(".")[0]
        similar = (
            one.span for one in self._component.imports if one.module.partition(".")[0] == top
        )
        return next(exact, next(similar, None))

    def _importing(
        self, file: str, bundled: Bundle, imports: tuple[SourceImport, ...]
    ) -> Span | None:
        """Return the import in the notebook that leads to a local file."""
        names = [name for name, found in bundled.files.items() if str(found.path) == file]
        tops = {name.partition("/")[0].removesuffix(".py") for name in names}
        local = list(self._local_tops(imports))
        reached = [module for module in local if module.partition(".")[0] in tops]
        return self._span((reached or local or [""])[0])

    def _local_tops(self, imports: tuple[SourceImport, ...]) -> Iterator[str]:
        for wanted in imports:
            if self._search.find(wanted.module).local:
                yield wanted.module

    def _trouble(self, message: str, span: Span | None, *notes: str) -> None:
        self._report.add(
            Diagnostic(LOCAL_MODULE, message, Label(span, "imported here"), notes=notes)
        )
