"""Owns the audit: every method of samples, every function of modules, called and judged."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cellwright.compiler.walking.effects import UNKNOWN, effects_data
from effects import arguments
from effects.judging import faults, judged_attribute
from effects.libraries import members
from effects.observing import observe
from effects.samples import SAMPLES

_SECONDS = 5
_LEFT_OUT = frozenset(
    [
        "to_clipboard",
        "show",
        "close",
        "detach",
        "tofile",
        "to_gbq",
        "to_sql",
        "fetch",
        "close",
        "detach",
        "join",
        "show_in_browser",
        "pause",
        "waitforbuttonpress",
        "ginput",
    ]
)


@dataclass
class Audit:
    """What was called, and what the data do not say of it."""

    seen: int = 0
    audited: int = 0
    faults: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    """Names that no sample arguments suit."""


@contextmanager
def _in_time() -> Iterator[None]:
    def late(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(_SECONDS)
    try:
        yield
    except TimeoutError:
        pass
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def audit_type(type_name: str) -> Audit:
    """Call every public method of the samples of a type, and read every attribute."""
    audit = Audit()
    for number, make in enumerate(SAMPLES[type_name]):
        audit_sample(audit, type_name, make, f"{type_name}#{number}")
    return audit


def audit_sample(audit: Audit, type_name: str, make: Callable[[], Any], label: str) -> None:
    """Call every public method of a sample, and read every attribute."""
    sample = make()
    for name in dir(type(sample)) if isinstance(sample, type) else dir(sample):
        if name.startswith("_") or name in _LEFT_OUT:
            continue
        audit.seen += 1
        try:
            member = getattr(make(), name)
        except Exception:  # noqa: BLE001  # an attribute that this sample does not have
            continue
        if callable(member) and not hasattr(type(member), "_is_accessor"):
            _audit_method(audit, type_name, make, name, label)
        else:
            _audit_attribute(audit, type_name, make, name, label)


def _audit_attribute(
    audit: Audit, type_name: str, make: Callable[[], Any], name: str, label: str
) -> None:
    owner = make()
    with _in_time():
        seen = observe(lambda: getattr(owner, name), owner)
        if seen is None:
            return
        audit.audited += 1
        audit.faults += [
            f"{label}.{name}: {each}" for each in judged_attribute(type_name, name, seen)
        ]


def _audit_method(
    audit: Audit, type_name: str, make: Callable[[], Any], name: str, label: str
) -> None:
    effect = effects_data().method(type_name, name) or UNKNOWN
    found: dict[str, None] = {}
    worked = False
    with _in_time():
        for positional, keywords in arguments.calls(getattr(make(), name), receiver=make):
            owner = make()
            seen = observe(getattr(owner, name), owner, positional, keywords)
            if seen is not None:
                worked = True
                for each in faults(effect, seen, receiver_type=type_name):
                    found.setdefault(f"{label}.{name}(): {each}")
    audit.audited += worked
    if not worked:
        audit.silent.append(f"{label}.{name}")
    audit.faults += found


def audit_module(name: str, *, left_out: frozenset[str] = frozenset()) -> Audit:
    """Call every public function and class of a module that the data speak of."""
    audit = Audit()
    for path, function in members(name):
        effect = effects_data().find(path)
        if effect is None or effect.result == "unknown" or path in left_out:
            continue
        audit.seen += 1
        found: dict[str, None] = {}
        worked = False
        with _in_time():
            for positional, keywords in arguments.calls(function):
                seen = observe(function, None, positional, keywords)
                if seen is not None:
                    worked = True
                    for each in faults(effect, seen):
                        found.setdefault(f"{path}(): {each}")
        audit.audited += worked
        if not worked:
            audit.silent.append(path)
        audit.faults += found
    return audit
