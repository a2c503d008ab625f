"""Owns what the runtime is told about a component: one `StepSpec`, whoever runs it."""

from collections.abc import Mapping, Sequence

from cellwright.model.pipeline import Component, PortKind
from cellwright.runtime.manifest import (
    ArtifactSpec,
    CellSpec,
    ParameterSpec,
    PortSpec,
    StepSpec,
)


def step_spec(  # noqa: PLR0913  # all that a component does not know of itself, by name
    component: Component,
    parameters: Mapping[str, str],
    *,
    run: str,
    nonce: str,
    notebook: str,
    inputs: Sequence[ArtifactSpec] = (),
    absent: Sequence[str] = (),
    cwd: str = "work",
) -> StepSpec:
    """Return the specification of one attempt at a component.

    `parameters` has the literal of every parameter of the pipeline by its name, and
    `absent` the inputs that no step bound.
    """
    outputs = {port.name for port in component.outputs}
    return StepSpec(
        run=run,
        step=component.step,
        nonce=nonce,
        notebook=notebook,
        body_line=component.body_line,
        cells=[CellSpec(cell.cell, cell.number, cell.first, cell.last) for cell in component.cells],
        origins=[
            None if span is None else [span.number, span.start.line] for span in component.origins
        ],
        parameters=[
            ParameterSpec(slot.name, slot.line, parameters[slot.name])
            for slot in component.parameter_slots
        ],
        inputs=list(inputs),
        outputs=[PortSpec(port.name, port.kind.value, port.optional) for port in component.outputs],
        metrics=list(component.metrics),
        definitions=list(component.definitions),
        absent=list(absent),
        unchanged=[
            port.name
            for port in component.inputs
            if port.kind is PortKind.VALUE
            and port.name not in outputs
            and port.name not in component.changes
        ],
        secrets=list(component.options.secrets),
        cwd=cwd,
    )
