"""Owns what passes between steps besides names: ports of state and files, the files of
the workspace, and why a step may give something else each time."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cellwright.compiler.linking.files import FileFlow, file_flow
from cellwright.compiler.linking.states import CARRIED, StateFlow
from cellwright.compiler.linking.wiring import Wiring
from cellwright.compiler.reading.parse import ParsedCell
from cellwright.compiler.reading.tags import InStep
from cellwright.compiler.walking.sites import Chain, FileUse
from cellwright.compiler.walking.walk import Walk
from cellwright.model.options import StepOptions
from cellwright.model.pipeline import (
    FileInput,
    Port,
    PortKind,
    PortName,
    Reason,
    StepName,
)

_CAUSES = {
    "clock": "reads the clock",
    "network": "uses the network",
    "unique": "makes something that is new each time",
    "unseeded": "draws random numbers that nothing seeds",
    "shell": "runs a command",
    "identity": "depends on the process or the machine",
    "temporary": "uses a temporary place",
}


@dataclass
class World:
    """Per step: ports of state and files with the step that feeds each, files of the
    workspace, and why the step is not the same each time."""

    state: StateFlow
    files: FileFlow
    inputs: dict[StepName, list[tuple[Port, StepName]]] = field(default_factory=dict)
    outputs: dict[StepName, list[Port]] = field(default_factory=dict)
    workspace: dict[StepName, tuple[FileInput, ...]] = field(default_factory=dict)
    named: dict[StepName, tuple[FileInput, ...]] = field(default_factory=dict)
    uncacheable: dict[StepName, str] = field(default_factory=dict)


def find_world(wiring: Wiring, state: StateFlow) -> World:
    """Return what passes between the steps of a wiring besides names."""
    walk = wiring.timeline.walk
    options = step_options(walk.cells)
    files = file_flow(walk, wiring.shared, wiring.definitions, options)
    world = World(state, files)
    for step in wiring.steps:
        world.inputs[step] = []
        world.outputs[step] = []
    _state_ports(world, wiring)
    _file_ports(world, wiring)
    for step in wiring.steps:
        world.inputs[step].sort(key=lambda pair: pair[0].name)
        world.outputs[step].sort(key=lambda port: port.name)
        world.workspace[step] = _workspace_files(walk, files, step, options[step])
        world.named[step] = _named_files(walk, files, step, world.workspace[step])
        world.uncacheable[step] = _uncacheable(wiring, state, step)
    return world


def step_options(cells: Sequence[ParsedCell]) -> dict[StepName, StepOptions]:
    """Return the options of each step."""
    found: dict[StepName, StepOptions] = {}
    for parsed in cells:
        if isinstance(parsed.role.role, InStep):
            found.setdefault(parsed.role.role.step, parsed.role.options)
    return found


def _port(
    cells: Sequence[ParsedCell],
    name: str,
    kind: PortKind,
    chain: Chain,
    text: str,
    *,
    optional: bool,
) -> Port:
    reasons = tuple(Reason(cells[p.cell].span(p.node), text) for p in chain)
    return Port(PortName(name), kind, reasons, optional=optional)


def _state_ports(world: World, wiring: Wiring) -> None:
    cells = wiring.timeline.walk.cells
    for need in world.state.needs:
        if need.state not in CARRIED:
            continue
        if any(port.name == need.state for port, _ in world.inputs[need.step]):
            continue
        port = _port(
            cells, need.state, PortKind.STATE, need.chain, "this depends on it", optional=True
        )
        world.inputs[need.step].append((port, need.producer))
        if not any(port.name == need.state for port in world.outputs[need.producer]):
            world.outputs[need.producer].append(
                _port(
                    cells,
                    need.state,
                    PortKind.STATE,
                    need.cause,
                    f"set or used here, and step `{need.step}` depends on it",
                    optional=True,
                )
            )


def _file_ports(world: World, wiring: Wiring) -> None:
    cells = wiring.timeline.walk.cells
    for need in world.files.needs:
        port = _port(
            cells,
            f"file:{need.pattern}",
            PortKind.FILE,
            need.chain,
            f"`{need.pattern}` is read here",
            optional=True,
        )
        world.inputs[need.step].append((port, need.producer))
    for step, written in world.files.written.items():
        for pattern, use in written.items():
            optional = not use.sure or "*" in pattern or use.use == "removes"
            text = f"`{pattern}` is written here"
            world.outputs[step].append(
                _port(cells, f"file:{pattern}", PortKind.FILE, use.chain, text, optional=optional)
            )


def _workspace_files(
    walk: Walk, files: FileFlow, step: StepName, options: StepOptions
) -> tuple[FileInput, ...]:
    cells = walk.cells
    found: dict[str, FileInput] = {}
    for pattern, use in files.read.get(step, {}).items():
        place = use.chain[0]
        found[pattern] = FileInput(pattern, cells[place.cell].span(place.node))
    first = cells[walk.cells_of[step][0]]
    for pattern in options.files:
        found.setdefault(pattern, FileInput(pattern, first.line_span(1)))
    return tuple(found[pattern] for pattern in sorted(found))


def _named_files(
    walk: Walk, files: FileFlow, step: StepName, known: tuple[FileInput, ...]
) -> tuple[FileInput, ...]:
    """Return what a step gives unknown code that may name files; which do, others know."""
    uses = files.named.get(step, {})
    told = {file.pattern for file in known}
    return tuple(
        FileInput(pattern, walk.cells[place.cell].span(place.node))
        for pattern in sorted(uses.keys() - told)
        for place in uses[pattern].chain[:1]
    )


def _uncacheable(wiring: Wiring, state: StateFlow, step: StepName) -> str:
    walk = wiring.timeline.walk
    cells = walk.cells
    sites = [walk.sites[index] for index in sorted(wiring.shared[step])]
    for site in [*sites, *wiring.steps[step]]:
        for mark, chain in site.effects.marks.items():
            kind, _, what = mark.partition(":")
            if kind in _CAUSES:
                place = chain[0]
                line = cells[place.cell].span(place.node).start.line
                where = f"cell {cells[place.cell].cell.number}, line {line}"
                return f"`{what}` {_CAUSES[kind]} ({where})"
    use = state.unseeded.get(step)
    if use is not None:
        place = use.chain[0]
        line = cells[place.cell].span(place.node).start.line
        where = f"cell {cells[place.cell].cell.number}, line {line}"
        return f"`{use.what}` {_CAUSES['unseeded']} ({where})"
    return ""


def reads_declared(options: StepOptions, use: FileUse) -> bool:
    """Tell whether a step declares files of the kind that a use is about."""
    return bool(options.files if use.use in ("reads", "lists") else options.writes)
