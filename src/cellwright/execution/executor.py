"""Owns the protocols between the scheduler and whatever runs a component."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cellwright.base.canonical import Digest
from cellwright.model.pipeline import Environment, StepName

Say = Callable[[str], None]
"""Takes one line of progress; called from any thread."""


@dataclass(frozen=True, slots=True)
class StepRequest:
    """What an executor needs to run one attempt.

    `attempt` is the attempt folder (see `runtime.manifest`), laid out and complete.
    `mounts` are files or folders to be seen read-only: path inside the attempt folder
    (such as `inputs/ab12…`, `work/data/churn.csv`), or an absolute path → the file on
    this machine. Limits are None where there is none; `memory` is in bytes, `timeout`
    in seconds. `secrets` are names of this process's environment variables.
    """

    run: str
    step: StepName
    nonce: str
    attempt: Path
    environment: Environment
    mounts: Mapping[str, Path]
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    network: bool = False
    cpus: float | None = None
    memory: int | None = None
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended, as the machine tells it; the manifest decides success.

    `exit_code` is negative for a signal. `reason` is "" or one of out-of-memory,
    timeout, cancelled, removed, engine-lost.
    """

    exit_code: int
    reason: str = ""
    detail: str = ""


class Process(Protocol):
    """One attempt that was started."""

    def wait(self, seconds: float | None = None) -> Outcome | None:
        """Return how it ended, or None when it still runs after so many seconds."""

    def stop(self) -> None:
        """Interrupt, then terminate, then kill, each with a deadline; idempotent.

        Returns when nothing of the attempt is left running.
        """

    def release(self) -> None:
        """Let go of what the attempt held (a container), after its records are safe."""


class Executor(Protocol):
    """Runs components somewhere."""

    name: str

    def available(self) -> str | None:
        """Return None when it can be used here, else why it cannot; within a second."""

    def identity(self, environment: Environment) -> Digest:
        """Return what stands for an environment in a cache key: cheap, builds nothing."""

    def prepare(self, environment: Environment, say: Say) -> bool:
        """Make the environment ready to run in; False when it was ready already.

        Idempotent, safe to call from several threads and processes.

        Raises:
            MachineError: it cannot be made; the message carries the tool's last words.
        """

    def start(self, request: StepRequest) -> Process:
        """Start an attempt in a prepared environment.

        Raises:
            MachineError: it cannot be started; nothing is left behind.
        """

    def reap(self) -> tuple[str, ...]:
        """Remove what dead runs of this workspace left; return what was removed."""
