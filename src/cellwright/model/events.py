"""Owns the one typed stream of what happens in a run: it feeds the command line, the
server and the widgets, and is stored as it came."""

from typing import Literal

import msgspec

Phase = Literal["lock", "build", "environment", "reference"]
"""Long work besides the steps: an environment is locked, an image built, a virtual
environment made; the notebook runs by itself, for a pipeline to be compared with."""


class PlanMade(msgspec.Struct, frozen=True, tag="plan"):
    """The run is about to start: `steps` in pipeline order.

    `cached` are those that earlier runs answer. Of those that are `undecided` the inputs
    are not known yet: they are answered too if their inputs turn out as before. The
    others will be executed.
    """

    run: str
    snapshot: str
    steps: tuple[str, ...]
    executor: str
    cached: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()


class PhaseStarted(msgspec.Struct, frozen=True, tag="phase"):
    """Long work besides the steps begins."""

    phase: Phase
    subject: str
    steps: tuple[str, ...] = ()


class PhaseProgress(msgspec.Struct, frozen=True, tag="progress"):
    """One line of what that work says."""

    phase: Phase
    subject: str
    text: str


class PhaseFinished(msgspec.Struct, frozen=True, tag="phase-end"):
    """That work ended well; `reused` tells that there was nothing to do."""

    phase: Phase
    subject: str
    seconds: float
    reused: bool = False


class StepStarted(msgspec.Struct, frozen=True, tag="step"):
    """A step begins to run; `log` is the file that its text grows in, while it runs."""

    step: str
    attempt: int
    log: str


class StepFinished(msgspec.Struct, frozen=True, tag="step-end"):
    """A step reached a final state; `message` says why where it is not a good one."""

    step: str
    state: str
    seconds: float
    metrics: dict[str, float] = {}
    message: str = ""


class RunFinished(msgspec.Struct, frozen=True, tag="run-end"):
    """Nothing of the run is left running."""

    run: str
    state: str
    seconds: float


Event = (
    PlanMade
    | PhaseStarted
    | PhaseProgress
    | PhaseFinished
    | StepStarted
    | StepFinished
    | RunFinished
)
