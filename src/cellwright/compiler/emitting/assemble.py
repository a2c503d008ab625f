"""Owns the last pass: from the wiring to components, ports, edges and parameters."""

import ast
from collections.abc import Sequence

from cellwright.compiler.emitting import emit
from cellwright.compiler.emitting.fingerprint import Dumps, fingerprint
from cellwright.compiler.emitting.imports import ImportScan, installs_of, module_imports
from cellwright.compiler.linking.wiring import Need, Wiring
from cellwright.compiler.linking.world import World
from cellwright.compiler.reading import parameters
from cellwright.compiler.reading.parse import ParsedCell
from cellwright.compiler.reading.tags import InStep
from cellwright.compiler.walking.heap import UNBOUND, Kind
from cellwright.compiler.walking.sites import Chain, Site
from cellwright.model.options import PipelineOptions
from cellwright.model.pipeline import (
    Component,
    Edge,
    Parameter,
    Pipeline,
    Port,
    PortKind,
    PortName,
    Reason,
    StepName,
)
from cellwright.model.source import Notebook

_CODE = {Kind.FUNCTION: "function", Kind.GENERATOR: "generator"}


def reasons(cells: Sequence[ParsedCell], chain: Chain, texts: Sequence[str]) -> tuple[Reason, ...]:
    """Return a chain of places as reasons; the texts say what happens at each."""
    found = []
    for index, place in enumerate(chain):
        text = texts[min(index, len(texts) - 1)]
        found.append(Reason(cells[place.cell].span(place.node), text))
    return tuple(found)


def assemble(
    notebook: Notebook,
    wiring: Wiring,
    world: World,
    *,
    options: PipelineOptions,
    edges: Sequence[Edge],
    order: Sequence[StepName],
    dumps: Dumps,
    scan: ImportScan,
) -> Pipeline:
    """Return the pipeline: one component per step, in the order given."""
    cells = wiring.timeline.walk.cells
    declared = parameters.declared(cells)
    steps = {
        step: _component(notebook, wiring, world, step, declared, dumps, scan) for step in order
    }
    name = _file_name(notebook).removesuffix(".ipynb")
    return Pipeline(
        name=name,
        steps=steps,
        edges=tuple(edges),
        parameters=tuple(
            Parameter(item.name, item.type_name, item.default, cells[item.cell].span(item.node))
            for item in declared
        ),
        kernel=notebook.kernel,
        options=options,
    )


def input_port(wiring: Wiring, step: StepName, need: Need) -> Port:
    """Return the port that feeds a need."""
    walk = wiring.timeline.walk
    variable = walk.sites[need.site].before[need.name]
    text = f"`{need.name}` is read here"
    if need.guarded and need.late:
        text = f"code that is read here may use `{need.name}`"
    return Port(
        PortName(need.name),
        PortKind.VALUE,
        reasons(walk.cells, need.chain, [text, f"`{need.name}` is read in what that calls"]),
        type_name=_type_name(wiring, variable.value),
        optional=UNBOUND in variable.value,
    )


def output_port(wiring: Wiring, step: StepName, name: str) -> Port:
    """Return the port through which a step publishes a name."""
    walk = wiring.timeline.walk
    chain, reader = wiring.outputs[step][name]
    site = wiring.steps[step][-1]
    variable = site.after[name]
    places = reasons(
        walk.cells,
        chain,
        [f"`{name}` is bound or changed here, and step `{reader}` reads it", "in what that calls"],
    )
    return Port(
        PortName(name),
        PortKind.VALUE,
        places,
        type_name=_type_name(wiring, variable.value),
        optional=UNBOUND in variable.value,
    )


def _type_name(wiring: Wiring, value: frozenset[int]) -> str | None:
    """Return the type of all that a name may refer to; None unless it is known for sure."""
    things = [wiring.timeline.heap[number] for number in value if number != UNBOUND]
    names = {_CODE.get(thing.kind) or (thing.type if thing.exact else "") for thing in things}
    return next(iter(names)) or None if len(names) == 1 else None


def _file_name(notebook: Notebook) -> str:
    return notebook.path.replace("\\", "/").rpartition("/")[2]


def _ports(wiring: Wiring, world: World, step: StepName) -> tuple[list[Port], list[Port]]:
    """Return the inputs and the outputs of a step: values first, then state and files."""
    inputs = [input_port(wiring, step, need) for need in first_needs(wiring, step)]
    inputs += [port for port, _ in world.inputs.get(step, ())]
    outputs = [output_port(wiring, step, name) for name in sorted(wiring.outputs[step])]
    outputs += world.outputs.get(step, ())
    return inputs, outputs


def _component(
    notebook: Notebook,
    wiring: Wiring,
    world: World,
    step: StepName,
    declared: Sequence[parameters.Declared],
    dumps: Dumps,
    scan: ImportScan,
) -> Component:
    cells = wiring.timeline.walk.cells
    inputs, outputs = _ports(wiring, world, step)
    carried = carried_statements(wiring, step, declared)
    forgotten = forgotten_names(wiring, step, inputs)
    body = wiring.timeline.walk.cells_of[step]
    first = cells[body[0]]
    role = first.role.role
    assert isinstance(role, InStep)
    text = emit.program_text(
        cells,
        title=f"Step `{step}` of {_file_name(notebook)}.",
        carried=carried,
        forgotten=forgotten,
        loaded=sorted(wiring.loaded[step]),
        body=body,
        inputs=inputs,
        outputs=outputs,
    )
    trees = [item.node for item in carried] + emit.loadings(wiring.loaded[step])
    metrics = metric_names([cells[index] for index in body], kale=notebook.kale)
    return Component(
        step=step,
        kind=role.kind,
        program=text.text,
        origins=text.origins,
        body_line=text.body_line,
        cells=text.cells,
        fingerprint=fingerprint(
            dumps,
            carried=trees,
            forgotten=forgotten,
            body=[cells[index] for index in body],
            inputs=inputs,
            outputs=outputs,
            metrics=metrics,
            options=first.role.options,
        ),
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        parameters=tuple(sorted({slot.name for slot in text.slots})),
        parameter_slots=text.slots,
        metrics=metrics,
        definitions=definition_names(wiring, step),
        imports=module_imports(cells, carried, body, scan),
        installs=installs_of(wiring.timeline.walk, carried, body),
        files=world.workspace.get(step, ()),
        named_files=world.named.get(step, ()),
        options=first.role.options,
        uncacheable=world.uncacheable.get(step, ""),
        changes=changed_inputs(wiring, step),
    )


def changed_inputs(wiring: Wiring, step: StepName) -> tuple[str, ...]:
    """Return the inputs whose objects a step may change in place."""
    names: set[str] = set()
    timeline = wiring.timeline
    for need in wiring.inputs(step):
        for site in wiring.steps[step]:
            variable = timeline.site(need.site).before.get(need.name)
            if variable is None:
                continue
            reach = timeline.heap.reach(variable.value, until=site.index)
            if reach & site.changed.keys():
                names.add(need.name)
    return tuple(sorted(names))


def first_needs(wiring: Wiring, step: StepName) -> list[Need]:
    """Return one need per input port: the first that is a read, if any is."""
    chosen: dict[str, Need] = {}
    for need in wiring.inputs(step):
        old = chosen.get(need.name)
        if old is None or (old.guarded and not need.guarded):
            chosen[need.name] = need
    return [chosen[name] for name in sorted(chosen)]


def carried_statements(
    wiring: Wiring, step: StepName, declared: Sequence[parameters.Declared]
) -> list[emit.Carried]:
    """Return the statements that a program takes along, in notebook order."""
    walk = wiring.timeline.walk
    by_node = {(item.cell, id(item.node)): item.name for item in declared}
    found: list[tuple[int, int, emit.Carried]] = []
    for index in wiring.shared[step]:
        cell, node = walk.sites[index].body[0]
        name = by_node.get((cell, id(node)), "")
        found.append((index, node.lineno, emit.Carried(cell, node, name)))
    for number in wiring.definitions[step]:
        definition = walk.definitions[number]
        item = emit.Carried(definition.cell, definition.node)
        found.append((definition.site, definition.cell * 100_000 + definition.node.lineno, item))
    return [item for _, _, item in sorted(found, key=lambda entry: entry[:2])]


def forgotten_names(wiring: Wiring, step: StepName, inputs: Sequence[Port]) -> list[str]:
    """Return the names that carried statements bind, but that may be unbound in the step."""
    timeline = wiring.timeline
    bound = {name for index in wiring.shared[step] for name in timeline.site(index).written}
    for number in wiring.definitions[step]:
        bound.update(timeline.walk.definitions[number].names)
    wanted = {str(port.name) for port in inputs if port.optional}
    first = wiring.steps[step][0]
    used = first.reads.keys() | first.missing.keys() | wiring.outputs[step].keys()
    for name in bound & used:
        variable = first.before.get(name)
        if variable is not None and variable.value == {UNBOUND}:
            wanted.add(name)
    return sorted(bound & wanted)


def definition_names(wiring: Wiring, step: StepName) -> tuple[str, ...]:
    """Return the functions and classes that pickles may name instead of carrying them."""
    timeline = wiring.timeline
    names: set[str] = set()
    for definition in timeline.walk.definitions:
        site = timeline.site(definition.site)
        here = (
            site.index in wiring.shared[step]
            if site.step is None
            else definition.number in wiring.definitions[step]
            or (site.step == step and definition.number in timeline.static)
        )
        if here and not isinstance(definition.node, ast.Import | ast.ImportFrom):
            names |= {name for name in definition.names if _once(wiring, name, site)}
    return tuple(sorted(names))


def _once(wiring: Wiring, name: str, site: Site) -> bool:
    return len(wiring.timeline.events[name]) == 1


def metric_names(cells: Sequence[ParsedCell], *, kale: bool) -> tuple[str, ...]:
    """Return the names that the metrics cells of a step assign (or, with Kale, print)."""
    names: dict[str, None] = {}
    for parsed in cells:
        role = parsed.role.role
        if not (isinstance(role, InStep) and role.metrics):
            continue
        for node in parsed.tree.body:
            for name in _assigned(node) + (_printed(node) if kale else []):
                names[name] = None
    return tuple(names)


def _assigned(node: ast.stmt) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign | ast.AugAssign):
        targets = [node.target]
    found: list[str] = []
    for target in targets:
        parts = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
        found += [part.id for part in parts if isinstance(part, ast.Name)]
    return found


def _printed(node: ast.stmt) -> list[str]:
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"), args=args)):
            return [arg.id for arg in args if isinstance(arg, ast.Name)]
        case _:
            return []
