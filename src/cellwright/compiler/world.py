"""Owns what passes between steps besides names: state of the process, and files."""

from dataclasses import dataclass, field

from cellwright.compiler.link import Wiring
from cellwright.model.pipeline import FileInput, Port, StepName


@dataclass
class World:
    """Per step: ports of state and files with the step that feeds each, files of the
    workspace, and why the step is not the same each time."""

    inputs: dict[StepName, list[tuple[Port, StepName]]] = field(default_factory=dict)
    outputs: dict[StepName, list[Port]] = field(default_factory=dict)
    files: dict[StepName, tuple[FileInput, ...]] = field(default_factory=dict)
    uncacheable: dict[StepName, str] = field(default_factory=dict)


def find_world(wiring: Wiring) -> World:
    """Return what passes between the steps of a wiring besides names."""
    return World()
