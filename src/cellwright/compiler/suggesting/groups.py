"""Owns the cut of the work into steps: by headings, else by what the cells do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from cellwright.compiler.reading.tags import CellRole, InStep
from cellwright.compiler.suggesting.facts import CellFacts, NotebookFacts
from cellwright.compiler.suggesting.naming import activity, free_name, heading_name
from cellwright.compiler.suggesting.roles import CellPart, Part
from cellwright.model.pipeline import StepKind
from cellwright.model.source import Cell, CellId, Notebook


@dataclass(frozen=True, slots=True)
class Group:
    """Cells that are to be one step; `fixed` where its name is that of a tagged step."""

    name: str
    cells: tuple[int, ...]
    why: str
    fixed: bool = False


def cut(
    notebook: Notebook,
    roles: Mapping[CellId, CellRole],
    parts: Mapping[int, CellPart],
    facts: NotebookFacts,
) -> tuple[Group, ...]:
    """Return the steps of all cells that are work, in notebook order."""
    work = [cell for cell in notebook.cells if parts[cell.number].part is Part.WORK]
    taken = {str(each.role.step) for each in roles.values() if isinstance(each.role, InStep)}
    headed = len({cell.heading for cell in notebook.cells if cell.heading}) > 1
    if headed:
        groups = _by_headings(notebook, work, facts)
    else:
        groups = _by_activities([facts.cells[cell.number] for cell in work])
    named: list[Group] = []
    for group in groups:
        tagged = _tagged_step(notebook, roles, group) if headed else None
        name = tagged or free_name(group.name, taken)
        taken.add(name)
        named.append(replace(group, name=name, fixed=tagged is not None))
    return tuple(named)


def _by_headings(notebook: Notebook, work: Sequence[Cell], facts: NotebookFacts) -> list[Group]:
    """Group the cells of a section; the cells before the first heading are one too."""
    groups: list[Group] = []
    sections = _sections(notebook)
    last = -1
    for cell in work:
        section = sections[cell.number]
        if groups and section == last:
            groups[-1] = replace(groups[-1], cells=(*groups[-1].cells, cell.number))
            continue
        last = section
        name = heading_name(cell.heading) or activity(facts.cells[cell.number]) or "prepare"
        why = f"under “{cell.heading}”" if cell.heading else "before the first heading"
        groups.append(Group(name, (cell.number,), why))
    return groups


def _sections(notebook: Notebook) -> dict[int, int]:
    """Return a number for each cell that grows where the heading above changes."""
    found: dict[int, int] = {}
    section, heading = 0, ""
    for cell in notebook.cells:
        if cell.heading != heading:
            section, heading = section + 1, cell.heading
        found[cell.number] = section
    return found


def _by_activities(work: Sequence[CellFacts]) -> list[Group]:
    """Group neighbours that do the same kind of thing, or change what their neighbour made."""
    groups: list[Group] = []
    for own in work:
        found = activity(own)
        if groups and _belongs(own, found, groups[-1]):
            groups[-1] = replace(groups[-1], cells=(*groups[-1].cells, own.number))
            continue
        name = found or "prepare"
        why = f"what it calls is typical of “{name}”" if found else "work without a usual name"
        groups.append(Group(name, (own.number,), why))
    return groups


def _belongs(own: CellFacts, found: str | None, group: Group) -> bool:
    if found == group.name:
        return True
    if found is not None:
        return False
    return group.name != "load" or bool(own.changes & set(group.cells))


def _tagged_step(notebook: Notebook, roles: Mapping[CellId, CellRole], group: Group) -> str | None:
    """Return the one step that tagged cells in the same section name, if it is one."""
    sections = _sections(notebook)
    mine = {sections[number] for number in group.cells}
    names = {
        each.role.step
        for each in roles.values()
        if isinstance(each.role, InStep)
        and each.role.kind is StepKind.STEP
        and sections[each.number] in mine
    }
    return names.pop() if len(names) == 1 else None


def joined(groups: Sequence[Group], number: int) -> tuple[Group, ...]:
    """Return the groups with one more cell: in the group before it, else in the first."""
    before = [index for index, group in enumerate(groups) if group.cells[0] < number]
    if not groups:
        return (Group("prepare", (number,), "work without a usual name"),)
    place = before[-1] if before else 0
    chosen = groups[place]
    grown = replace(chosen, cells=tuple(sorted((*chosen.cells, number))))
    return (*groups[:place], grown, *groups[place + 1 :])


def merged(
    groups: Sequence[Group], wanted: Iterable[int], *, code: str
) -> tuple[Group, ...] | None:
    """Return the groups with those that hold any of the cells, and all between, made one.

    Where that is one group, the one before it joins (or the one after the first). None
    where there is nothing to join, or two tagged steps would have to be one. `code` is
    that of the rule which they break apart.
    """
    numbers = set(wanted)
    places = [index for index, group in enumerate(groups) if numbers & set(group.cells)]
    if not places:
        return None
    first, last = places[0], places[-1]
    if first == last:
        first, last = (first - 1, last) if first else (first, last + 1)
    inside = groups[first : last + 1]
    fixed = {group.name for group in inside if group.fixed}
    if last >= len(groups) or len(fixed) > 1:
        return None
    whole = Group(
        name=fixed.pop() if fixed else inside[0].name,
        cells=tuple(sorted(number for group in inside for number in group.cells)),
        why=f"kept in one step, as apart they break {code}",
        fixed=any(group.fixed for group in inside),
    )
    return (*groups[:first], whole, *groups[last + 1 :])
