"""Owns what a notebook compiles into: components, ports, edges, parameters."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NewType

from cellwright.base.canonical import Digest
from cellwright.model.options import PipelineOptions, StepOptions
from cellwright.model.source import CellId, Span

StepName = NewType("StepName", str)
PortName = NewType("PortName", str)
"""A variable's name; `state:NAME` or `file:PATH` for the other two kinds of port."""


class PortKind(Enum):
    """What travels through a port."""

    VALUE = "value"
    """The object that a module-level name refers to."""
    STATE = "state"
    """State of the process: a global random generator, options of a library, …"""
    FILE = "file"
    """A file or folder, by its path relative to the notebook."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One link in the chain of places that made a port necessary."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Port:
    """A typed slot for one artifact.

    `reasons` is never empty: its first link is the port's origin. `optional` is true
    where the name may be unbound when the step ends (an output) or starts (an input).
    """

    name: PortName
    kind: PortKind
    reasons: tuple[Reason, ...]
    type_name: str | None = None
    optional: bool = False

    @property
    def origin(self) -> Span:
        """Return the place that made the port necessary."""
        return self.reasons[0].span


@dataclass(frozen=True, slots=True)
class Edge:
    """The output `port` of `producer` feeds the input of the same name of `consumer`.

    `port` is None for an edge that only orders (`prev:` tags, a check before what it
    guards).
    """

    producer: StepName
    consumer: StepName
    port: PortName | None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value chosen when a run starts.

    `default` is a Python literal (`ast.literal_eval` gives the value); `type_name` is
    one of bool, int, float, complex, str, bytes, NoneType, list, tuple, dict, set.
    """

    name: str
    type_name: str
    default: str
    origin: Span


@dataclass(frozen=True, slots=True)
class ParameterSlot:
    """The program line whose top-level assignment gives a parameter its default."""

    name: str
    line: int


@dataclass(frozen=True, slots=True)
class CellRange:
    """The program lines (from 1, inclusive) that are one cell, verbatim."""

    cell: CellId
    number: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ModuleImport:
    """A module that a component imports, as the text spells it (`sklearn.svm`).

    `optional` is true where the import stands under `try`/`except ImportError`.
    """

    module: str
    span: Span
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Install:
    """A requirement asked for by a `%pip install` or `!pip install` line."""

    requirement: str
    span: Span


@dataclass(frozen=True, slots=True)
class FileInput:
    """A file of the workspace that a step reads and no step writes.

    `pattern` is a path relative to the notebook (or absolute), possibly with `*`, `?`
    and `**`.
    """

    pattern: str
    span: Span


class StepKind(Enum):
    """What a component is for."""

    STEP = "step"
    CHECK = "check"


@dataclass(frozen=True, slots=True)
class Component:
    """A program with declared inputs and outputs, runnable outside the notebook.

    The program's lines before `body_line` are definitions (imports, functions, classes,
    parameters): they run before the inputs are loaded, the cells after it. `origins`
    has one entry per line of `program`: the span it was compiled from, or None where
    the compiler wrote the line. `definitions` are the static functions and classes in
    it, which pickles may name (`__main__.Name`) instead of carrying them by value.
    `fingerprint` covers the program without comments and layout, and the ports; it does
    not move when cells move. `uncacheable` says why a step may give other results each
    time (network, clock, unseeded randomness), "" where nothing tells so. `changes` are
    the inputs whose objects the step may change in place, whoever reads them later.
    `named_files` are texts that the step gives to code of which nothing is known: where
    one names a file of the workspace, the step is given that file too.
    """

    step: StepName
    kind: StepKind
    program: str
    origins: tuple[Span | None, ...]
    body_line: int
    cells: tuple[CellRange, ...]
    fingerprint: Digest
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    parameters: tuple[str, ...]
    parameter_slots: tuple[ParameterSlot, ...]
    metrics: tuple[str, ...]
    definitions: tuple[str, ...]
    imports: tuple[ModuleImport, ...]
    installs: tuple[Install, ...]
    files: tuple[FileInput, ...]
    options: StepOptions
    uncacheable: str = ""
    changes: tuple[str, ...] = ()
    named_files: tuple[FileInput, ...] = ()


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Steps in a topological order, the component of each, and the edges between them.

    Edges and steps are in a defined order: steps topologically with notebook order
    among the free, edges by producer, consumer, port.
    """

    name: str
    steps: Mapping[StepName, Component]
    edges: tuple[Edge, ...]
    parameters: tuple[Parameter, ...]
    kernel: str = ""
    options: PipelineOptions = field(default_factory=PipelineOptions)

    def predecessors(self, step: StepName) -> tuple[StepName, ...]:
        """Return the steps that must end before this one starts, in pipeline order."""
        before = {edge.producer for edge in self.edges if edge.consumer == step}
        return tuple(name for name in self.steps if name in before)

    def producer(self, step: StepName, port: PortName) -> StepName:
        """Return the step whose output feeds an input of a step; there is exactly one."""
        return next(
            edge.producer for edge in self.edges if edge.consumer == step and edge.port == port
        )


@dataclass(frozen=True, slots=True)
class Requirement:
    """A distribution wanted, in the spelling of packaging.requirements; and where it comes from."""

    text: str
    origin: Span | None


@dataclass(frozen=True, slots=True)
class Pin:
    """A distribution at one version, with the hashes (`sha256:…`) of the files allowed."""

    distribution: str
    version: str
    hashes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Environment:
    """Everything a component runs on, pinned: equal digests mean equal images.

    `lock` is the hash-locked requirements text that pip and uv install from; it names no
    index. `interpreter` is set only for an environment that is the user's own current
    one; then `lock` describes what it holds instead of what to install.
    """

    python: str
    lock: str
    base_image: str
    platform: str
    system_packages: tuple[str, ...] = ()
    interpreter: str = ""
