"""Owns what happened: artifacts, snapshots, runs and the attempts at their steps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import NewType

from cellwright.base.canonical import Digest
from cellwright.model.pipeline import PortName, StepName

RunId = NewType("RunId", str)
"""`YYYYMMDD-HHMMSS-xxxx`: sorts by time, reads well, is unique in a workspace."""

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]


class State(Enum):
    """Where a run, or a step in it, stands; the last five are final."""

    WAITING = "waiting"
    RUNNING = "running"
    CACHED = "cached"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"

    @property
    def good(self) -> bool:
        """Tell whether what depends on it may go on."""
        return self in (State.CACHED, State.SUCCEEDED)


@dataclass(frozen=True, slots=True)
class Artifact:
    """A stored, immutable value, or several that share state (a bundle).

    `members` are the ports whose values the object holds; `size` is in bytes. `meta` is
    what the serializer needs to read it back, `preview` what may be shown of it: both
    plain JSON, made when the value was written.
    """

    digest: Digest
    size: int
    serializer: str
    members: tuple[PortName, ...]
    type_names: Mapping[PortName, str] = field(default_factory=dict)
    fidelity: str = "exact"
    meta: Mapping[str, object] = field(default_factory=dict)
    preview: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A version of the work, written before a run starts: everything by digest."""

    id: Digest
    parent: Digest | None
    notebook: Digest
    notebook_path: str
    pipeline: Digest
    environments: Mapping[StepName, Digest]
    parameters: Mapping[str, str]
    files: Mapping[str, Digest]
    modules: Mapping[str, Digest]
    created: datetime


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a step run failed: what a person reads, and the place in the notebook."""

    kind: str
    """exception, exit, killed, out-of-memory, timeout, output, metric, input, machine,
    interrupted"""
    message: str
    cell: int | None = None
    line: int | None = None
    traceback: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Sought:
    """Something that a step looked for and did not find, as the notebook names it.

    `kind` is `file`, `folder` (all that is in it), `glob`, `glob-all` (with hidden names),
    or `read` for a file that was there.
    """

    kind: str
    path: str
    cell: int
    line: int


@dataclass(frozen=True, slots=True)
class StepRun:
    """One attempt at one step of a run.

    `inputs` and `outputs` map each port to the digest of the artifact that holds it
    (ports that share state share a digest). `parameters` are literals. `log` and
    `displays` are objects: the text the step printed, and its nbformat outputs. `sought`
    is what it looked for in the workspace, `left` the files that it wrote or removed and that
    no port hands on; a path that ends with a slash stands for some in that folder.
    """

    step: StepName
    state: State
    attempt: int = 1
    cache_key: Digest | None = None
    inputs: Mapping[PortName, Digest] = field(default_factory=dict)
    outputs: Mapping[PortName, Digest] = field(default_factory=dict)
    absent: tuple[PortName, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    peak_memory: int = 0
    started: datetime | None = None
    environment: Digest | None = None
    log: Digest | None = None
    stdout: Digest | None = None
    displays: Digest | None = None
    failure: Failure | None = None
    source_run: RunId | None = None
    """The run that made the outputs, where the step was answered from the cache."""
    sought: tuple[Sought, ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepRecord:
    """A step run with the artifacts behind its ports, and what its cache key is made of.

    `parts` are (kind, name, value); `answers` tells that the outputs may answer the same
    key later.
    """

    step_run: StepRun
    inputs: Mapping[PortName, Artifact] = field(default_factory=dict)
    outputs: Mapping[PortName, Artifact] = field(default_factory=dict)
    parts: tuple[tuple[str, str, str], ...] = ()
    answers: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """A snapshot executed with given parameter values (Python literals, by name)."""

    id: RunId
    snapshot: Digest
    notebook_path: str
    parameters: Mapping[str, str]
    executor: str
    state: State
    started: datetime
    finished: datetime | None = None
    steps: Mapping[StepName, StepRun] = field(default_factory=dict)
