"""Owns the spelling of tags, and the role that the tags of a cell give it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from enum import Enum

from cellwright.compiler.reading.options_reader import (
    Source,
    cell_source,
    cell_start,
    kale_fields,
    merge,
    notebook_source,
)
from cellwright.compiler.reading.step_names import likeness, mended_name, name_trouble, similar_name
from cellwright.diagnostics import catalogue as rules
from cellwright.diagnostics.diagnostic import Diagnostic, Fix, Label, Report, Retag, Safety
from cellwright.model.options import PipelineOptions, StepOptions
from cellwright.model.pipeline import StepKind, StepName
from cellwright.model.source import Cell, CellId, Notebook


class SharedKind(Enum):
    """What a shared cell is there for; the compiler treats both alike."""

    IMPORTS = "imports"
    FUNCTIONS = "functions"


@dataclass(frozen=True, slots=True)
class InStep:
    """Part of a step; `metrics` where the values it assigns are metrics of that step."""

    step: StepName
    kind: StepKind = StepKind.STEP
    metrics: bool = False


@dataclass(frozen=True, slots=True)
class Shared:
    """Definitions of which every step receives the part that it needs."""

    kind: SharedKind


@dataclass(frozen=True, slots=True)
class Parameters:
    """Assignments whose values are chosen when a run starts."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Left out on purpose."""


@dataclass(frozen=True, slots=True)
class Untagged:
    """Exploration: not compiled."""


Role = InStep | Shared | Parameters | Skipped | Untagged


@dataclass(frozen=True, slots=True)
class CellRole:
    """The role of a cell, and what its tags and metadata say about its step.

    `prev` are the steps that its `prev:` tags name, all of which exist (it may name its
    own). `options` are those of the whole step, the same for each of its cells.
    """

    cell: CellId
    number: int
    role: Role
    prev: tuple[StepName, ...] = ()
    options: StepOptions = field(default_factory=StepOptions)


METRICS_STEP = StepName("metrics")
"""The step of a cell that is tagged `metrics` and nothing else."""

_STEP_PREFIXES = {"step": StepKind.STEP, "block": StepKind.STEP, "check": StepKind.CHECK}
_PLAIN: Mapping[str, Role] = {
    "parameters": Parameters(),
    "pipeline-parameters": Parameters(),
    "imports": Shared(SharedKind.IMPORTS),
    "setup": Shared(SharedKind.IMPORTS),
    "functions": Shared(SharedKind.FUNCTIONS),
    "skip": Skipped(),
}
_METRICS = frozenset({"metrics", "pipeline-metrics"})
_KALE_PREFIXES = frozenset({"limit", "image", "cache", "secret", "label", "annotation"})
_PREFIXES = (*_STEP_PREFIXES, "prev")
_WORDS = (*_PLAIN, *_METRICS)


def read_roles(
    notebook: Notebook, report: Report, *, options: PipelineOptions
) -> Mapping[CellId, CellRole]:
    """Return the role of every cell, in notebook order."""
    follows = notebook.kale or options.untagged == "previous"
    roles: dict[CellId, CellRole] = {}
    before: Role = Untagged()
    for cell in notebook.cells:
        role = _role(cell, report)
        if role == Untagged() and follows:
            role = before
        roles[cell.id] = CellRole(cell.id, cell.number, role)
        if not isinstance(role, Skipped):
            before = role
    _check_names(notebook, roles, report)
    _check_exceptions(notebook, roles, report)
    return _with_step_facts(notebook, roles, options, report)


def _role(cell: Cell, report: Report) -> Role:
    claims: dict[str, Role] = {}
    metrics = False
    for tag in cell.tags:
        prefix, colon, name = tag.partition(":")
        if colon and prefix in _STEP_PREFIXES:
            _check_spelling(cell, tag, name, report)
            claims[tag] = InStep(StepName(name), _STEP_PREFIXES[prefix])
        elif tag in _PLAIN:
            claims[tag] = _PLAIN[tag]
        elif tag in _METRICS:
            metrics = True
        elif not (colon and prefix in _KALE_PREFIXES | {"prev", "allow"}):
            _check_misspelt(cell, tag, report)
    role = _only_role(cell, claims, report)
    if not metrics:
        return role or Untagged()
    if role is None:
        return InStep(METRICS_STEP, metrics=True)
    if isinstance(role, InStep):
        return replace(role, metrics=True)
    _conflict(cell, [*claims, "metrics"], report)
    return role


def _only_role(cell: Cell, claims: Mapping[str, Role], report: Report) -> Role | None:
    """Return the one role that was claimed; both kinds of shared cell count as one."""
    distinct = {Shared if isinstance(role, Shared) else role for role in claims.values()}
    if len(distinct) > 1:
        _conflict(cell, list(claims), report)
    return next(iter(claims.values()), None)


def _conflict(cell: Cell, tags: Sequence[str], report: Report) -> None:
    spelled = " and ".join(f"`{tag}`" for tag in tags)
    report.add(
        Diagnostic(
            rules.CONFLICTING_ROLES,
            f"cell {cell.number} is tagged {spelled}",
            Label(cell_start(cell), "a cell has one role"),
            fixes=tuple(
                _retag(
                    cell, f"keep only the tag `{kept}`", {tag: "" for tag in tags if tag != kept}
                )
                for kept in tags
            ),
        )
    )


def _check_spelling(cell: Cell, tag: str, name: str, report: Report) -> None:
    trouble = name_trouble(name)
    if trouble is None:
        return
    mended = mended_name(name)
    prefix = tag.partition(":")[0]
    fixes = (
        ()
        if mended is None
        else (_retag(cell, f"call the step `{mended}`", {tag: f"{prefix}:{mended}"}),)
    )
    report.add(
        Diagnostic(
            rules.INVALID_STEP_NAME,
            f"step name `{_shown(name)}` {trouble}",
            Label(cell_start(cell), f"named by the tag `{_shown(tag)}`"),
            notes=("a name has letters, digits, `_` and `-`",),
            fixes=fixes,
        )
    )


def _check_misspelt(cell: Cell, tag: str, report: Report) -> None:
    prefix, colon, name = tag.partition(":")
    if colon:
        close = get_close_matches(prefix.strip().lower(), _PREFIXES, n=1, cutoff=0.75)
        meant = f"{close[0]}:{name.strip()}" if close else None
    else:
        close = get_close_matches(tag.strip().lower(), _WORDS, n=1, cutoff=0.85)
        meant = close[0] if close else None
    if meant is None:
        return
    report.add(
        Diagnostic(
            rules.UNKNOWN_TAG,
            f"tag `{_shown(tag)}` is not one of ours, and looks like `{_shown(meant)}`",
            Label(cell_start(cell), "left alone"),
            fixes=(_retag(cell, f"write it `{_shown(meant)}`", {tag: meant}),),
        )
    )


def _check_names(notebook: Notebook, roles: Mapping[CellId, CellRole], report: Report) -> None:
    first: dict[str, tuple[Cell, InStep]] = {}
    told: set[str] = set()
    for cell in notebook.cells:
        role = roles[cell.id].role
        if not isinstance(role, InStep):
            continue
        other, known = first.setdefault(likeness(role.step), (cell, role))
        if role.step in told:
            continue
        if known.step != role.step:
            told.add(role.step)
            _alike(cell, role.step, other, known.step, report)
        elif known.kind is not role.kind:
            told.add(role.step)
            _two_kinds(cell, role.step, other, report)
    if not first:
        report.add(
            Diagnostic(
                rules.NO_STEPS,
                "no cell of the notebook is tagged as a step",
                Label(None),
                notes=("give each cell of a step the tag `step:NAME`, such as `step:load`",),
            )
        )


def _alike(cell: Cell, name: str, other: Cell, known: str, report: Report) -> None:
    kept = [f"{tag.partition(':')[0]}:{known}" for tag in cell.tags if tag.endswith(f":{name}")]
    renamed = {tag: kept[0] for tag in cell.tags if tag.endswith(f":{name}") and kept}
    report.add(
        Diagnostic(
            rules.SIMILAR_STEP_NAMES,
            f"steps `{name}` and `{known}` have names that look the same",
            Label(cell_start(cell), f"`{name}` here"),
            secondary=(Label(cell_start(other), f"`{known}` here"),),
            notes=("file systems and people take them for one name",),
            fixes=(_retag(cell, f"call the step `{known}` here too", renamed),),
        )
    )


def _two_kinds(cell: Cell, name: str, other: Cell, report: Report) -> None:
    report.add(
        Diagnostic(
            rules.CONFLICTING_ROLES,
            f"`{name}` is a step and a check",
            Label(cell_start(cell), "named with another kind of tag here"),
            secondary=(Label(cell_start(other), "first named here"),),
        )
    )


def _check_exceptions(notebook: Notebook, roles: Mapping[CellId, CellRole], report: Report) -> None:
    for cell in notebook.cells:
        compiled = not isinstance(roles[cell.id].role, Skipped | Untagged)
        if compiled and "raises-exception" in cell.tags:
            report.add(
                Diagnostic(
                    rules.RAISES_EXCEPTION,
                    f"cell {cell.number} is tagged `raises-exception`",
                    Label(cell_start(cell), "what it binds depends on where it fails"),
                    notes=("catch the exception in the cell, and drop the tag",),
                )
            )


def _with_step_facts(
    notebook: Notebook,
    roles: Mapping[CellId, CellRole],
    options: PipelineOptions,
    report: Report,
) -> Mapping[CellId, CellRole]:
    """Add to each cell of a step its predecessors and the options of the whole step."""
    steps = list(dict.fromkeys(r.role.step for r in roles.values() if isinstance(r.role, InStep)))
    sources = {step: [notebook_source(notebook, step)] for step in steps}
    prev: dict[CellId, tuple[StepName, ...]] = {}
    for cell in notebook.cells:
        role = roles[cell.id].role
        if isinstance(role, InStep):
            sources[role.step] += [cell_source(cell, report), *_kale_sources(cell, report)]
            prev[cell.id] = _predecessors(cell, steps, report)
            if role.step in prev[cell.id]:
                message = f"step `{_shown(role.step)}` waits for itself"
                report.add(Diagnostic(rules.DEPENDENCY_CYCLE, message, Label(cell_start(cell))))
        elif cell.options and isinstance(role, Shared | Parameters):
            message = f"cell {cell.number} has options of a step, and is part of none"
            report.add(Diagnostic(rules.INVALID_OPTION, message, Label(cell_start(cell))))
    merged = {step: merge(step, sources[step], report) for step in steps}
    for name in options.steps:
        if name not in merged:
            message = f"the notebook has options for step `{_shown(name)}`, which no cell names"
            report.add(Diagnostic(rules.INVALID_OPTION, message, Label(None)))
    return {
        cell_id: replace(found, prev=prev[cell_id], options=merged[found.role.step])
        if isinstance(found.role, InStep)
        else found
        for cell_id, found in roles.items()
    }


def _kale_sources(cell: Cell, report: Report) -> Sequence[Source]:
    found: list[Source] = []
    for tag in cell.tags:
        prefix, colon, _ = tag.partition(":")
        if not colon or prefix not in _KALE_PREFIXES:
            continue
        fields = kale_fields(tag)
        if fields is not None:
            found.append(Source(fields, cell_start(cell)))
        else:
            report.add(
                Diagnostic(
                    rules.IGNORED_TAG,
                    f"tag `{_shown(tag)}` has no effect here",
                    Label(cell_start(cell)),
                )
            )
    return found


def _predecessors(cell: Cell, steps: Sequence[StepName], report: Report) -> tuple[StepName, ...]:
    names = [tag.removeprefix("prev:") for tag in cell.tags if tag.startswith("prev:")]
    for name in names:
        if name not in steps:
            meant = similar_name(name, list(steps))
            report.add(
                Diagnostic(
                    rules.UNKNOWN_PREDECESSOR,
                    f"tag `prev:{_shown(name)}` names a step that does not exist",
                    Label(cell_start(cell)),
                    notes=(f"`{meant}` has a similar name",) if meant else (),
                    fixes=(
                        (_retag(cell, f"name `{meant}`", {f"prev:{name}": f"prev:{meant}"}),)
                        if meant
                        else ()
                    ),
                )
            )
    return tuple(StepName(name) for name in names if name in steps)


def _retag(cell: Cell, title: str, changed: Mapping[str, str]) -> Fix:
    """Return the fix that replaces some tags of a cell; "" takes a tag away."""
    tags = tuple(filter(None, (changed.get(tag, tag) for tag in cell.tags)))
    return Fix(title, Safety.ASK, (Retag(cell.id, cell.number, tags),))


def _shown(text: str) -> str:
    """Return a name for a message: on one line, and not too long."""
    visible = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    return visible if len(visible) <= 60 else f"{visible[:59]}…"
