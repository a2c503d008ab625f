"""Owns locks: what is wanted of a resolver, what it answers, and the text of a lock.

All steps are locked by one resolution, so that a distribution has one version in the
whole pipeline, as it has in the notebook; the lock of a step is cut out of it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cellwright.base.errors import ResolveError
from cellwright.environment.distributions import normalize
from cellwright.model.pipeline import Pin

Say = Callable[[str], None]
"""Takes one line of progress."""


class UnsatisfiableError(ResolveError):
    """The requirements exclude each other, or an index lacks a version that is wanted.

    `names` are the distributions that the resolver's explanation speaks of.
    """

    def __init__(self, message: str, *, names: frozenset[str], hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.names = names


@dataclass(frozen=True, slots=True)
class LockRequest:
    """What is wanted, on which Python.

    `requirements` are in the spelling of packaging.requirements; `pins` are versions that
    must be kept where the distribution is needed; `overrides` are those of them that hold
    against the needs of other distributions too; `preferred` are kept where they can be.
    `excluded` are left out with all that only they need. `python` is the path of an
    interpreter and `version` its version; `platform` is such as `linux/amd64`, "" for
    that of the interpreter. Relative paths and uv's project settings are of `folder`.
    """

    requirements: tuple[str, ...]
    pins: Mapping[str, str]
    python: str
    version: str
    folder: Path
    platform: str = ""
    preferred: Mapping[str, str] = field(default_factory=dict)
    overrides: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Locked:
    """Pins by normalized name, and which of them each needs.

    `sources` are those for which there is no wheel that fits, only a source archive.
    """

    pins: dict[str, Pin]
    needs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sources: tuple[str, ...] = ()


class Resolver(Protocol):
    """Turns what is wanted into pins."""

    def resolve(self, request: LockRequest, say: Say) -> Locked:
        """Return pins for all requirements and all that they need.

        Raises:
            UnsatisfiableError: there is no solution; the message explains why.
            MachineError: an index does not answer.
        """


def cut(locked: Locked, roots: Iterable[str]) -> str:
    """Return the lock of what some roots (normalized names) reach.

    Hash-locked requirements, sorted, without comments and addresses: equal pins give
    equal text.
    """
    reached: set[str] = set()
    waiting = [name for name in roots if name in locked.pins]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += locked.needs.get(name, ())
    return lock_text(locked.pins[name] for name in reached)


def lock_text(pins: Iterable[Pin]) -> str:
    """Return pins as the text that pip and uv install from."""
    lines = []
    for pin in sorted(pins, key=lambda pin: pin.distribution):
        hashes = [f"--hash={value}" for value in sorted(pin.hashes)]
        lines.append(" \\\n    ".join([f"{pin.distribution}=={pin.version}", *hashes]))
    return "".join(f"{line}\n" for line in lines)


def read_lock(text: str) -> tuple[Pin, ...]:
    """Return the pins of a lock's text; lines that are none are left out."""
    pins = []
    for line in text.replace("\\\n", " ").splitlines():
        spelled, *options = line.split() or [""]
        name, found, version = spelled.partition("==")
        if found:
            hashes = (option.removeprefix("--hash=") for option in options)
            pins.append(Pin(normalize(name), version, tuple(hashes)))
    return tuple(pins)
