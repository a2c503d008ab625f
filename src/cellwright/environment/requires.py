"""Owns what installed distributions need of each other, as their metadata tells.

*Hard* needs are those that installers follow. *Soft* needs are optional dependencies
that change what a distribution computes just by being there, or that its functions
import when they are called: see `docs/decisions/0012-optional-dependencies.md`.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from cellwright.environment.distributions import (
    Distribution,
    Installed,
    normalize,
    recorded_paths,
)

if TYPE_CHECKING:
    from packaging.requirements import Requirement as Parsed

# Code that only a distribution's own developers run, and needs only of it: users do not.
_OWN_TESTS = re.compile(
    r"(^|/)(_?tests?\b|_?test_|_?testing|_?testutils|conftest|_tester|benchmarks?/)"
)
_TEST_EXTRA = re.compile(r"extra == [\"']tests?(ing)?[\"']")
# What a type checker alone sees is never imported when the code runs.
_TYPING_BLOCK = re.compile(
    rb"^([ \t]*)if (?:\w+\.)?TYPE_CHECKING:.*\n(?:(?:\1[ \t]+\S.*|[ \t]*)\n)*", re.MULTILINE
)


class Closure(msgspec.Struct, frozen=True):
    """What a set of distributions reaches among those installed.

    `pins` are names and versions; `missing` are needs that are not installed (the
    notebook runs without them); `conflicts` are names whose installed version is not
    one that some other distribution in the closure asks for.
    """

    pins: dict[str, str]
    missing: tuple[str, ...]
    conflicts: tuple[str, ...]


class Needs:
    """The needs between the distributions of one environment, read as they are asked for."""

    def __init__(self, installed: Installed, markers: Mapping[str, str]) -> None:
        self._installed = installed
        self._markers = dict(markers)
        self._parsed: dict[str, tuple[Parsed, ...]] = {}

    def closure(self, roots: Iterable[str], *, extras: Mapping[str, Iterable[str]]) -> Closure:
        """Return what roots (normalized names) reach by hard needs.

        `extras` are those asked for, per root. Names that are not installed are missing.
        """
        pins: dict[str, str] = {}
        missing: set[str] = set()
        conflicts: set[str] = set()
        seen: set[tuple[str, str]] = set()
        waiting = [(root, extra) for root in roots for extra in ("", *extras.get(root, ()))]
        while waiting:
            name, extra = waiting.pop()
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            distribution = self._installed.distributions.get(name)
            if distribution is None:
                missing.add(name)
                continue
            pins[name] = distribution.version
            for need in self._active(name, extra):
                target = normalize(need.name)
                waiting += [(target, ""), *((target, normalize(asked)) for asked in need.extras)]
                known = self._installed.distributions.get(target)
                if known and not need.specifier.contains(known.version, prereleases=True):
                    conflicts.add(target)
        return Closure(dict(sorted(pins.items())), tuple(sorted(missing)), tuple(sorted(conflicts)))

    def soft(self, name: str) -> tuple[str, ...]:
        """Return the installed optional dependencies that a distribution's code imports.

        Evidence is asked for twice: the metadata declares the distribution under some
        extra, and a module that is not a test imports it by name.
        """
        declared = {
            normalize(need.name)
            for need in self._requirements(name)
            if "extra" in (marker := str(need.marker)) and not _TEST_EXTRA.search(marker)
        }
        hard = {normalize(need.name) for need in self._active(name, "")}
        candidates = (declared - hard - {name}) & set(self._installed.distributions)
        modules = {
            module: candidate
            for candidate in sorted(candidates)
            for module in self._modules.get(candidate, ())
        }
        if not modules:
            return ()
        return tuple(sorted(_imported(self._installed.distributions[name], modules)))

    @cached_property
    def _modules(self) -> Mapping[str, tuple[str, ...]]:
        """Return the top-level modules by which each distribution is imported."""
        found: dict[str, list[str]] = {}
        for module, owners in self._installed.owners.items():
            for owner in owners:
                found.setdefault(owner, []).append(module)
        return {name: tuple(sorted(modules)) for name, modules in found.items()}

    def _active(self, name: str, extra: str) -> Iterator["Parsed"]:
        """Yield the needs that hold on this interpreter, with an extra or without."""
        environment = {**self._markers, "extra": extra}
        for need in self._requirements(name):
            if need.marker is None:
                if not extra:
                    yield need
            elif need.marker.evaluate(environment):
                yield need

    def _requirements(self, name: str) -> tuple["Parsed", ...]:
        from packaging.requirements import InvalidRequirement, Requirement

        if name not in self._parsed:
            found = []
            for line in _declared(self._installed.distributions[name]):
                try:
                    found.append(Requirement(line))
                except InvalidRequirement:
                    continue  # Old metadata; pip has installed it all the same.
            self._parsed[name] = tuple(found)
        return self._parsed[name]


def _declared(distribution: Distribution) -> Iterator[str]:
    """Yield the requirements of a distribution's metadata, as text."""
    base = os.path.join(distribution.folder, distribution.info)
    if distribution.info.endswith(".egg-info"):
        yield from _egg_requirements(os.path.join(base, "requires.txt"))
        return
    for line in _read(os.path.join(base, "METADATA")).splitlines():
        if not line:
            return  # The description begins.
        if line.startswith("Requires-Dist:"):
            yield line.partition(":")[2].strip()


def _egg_requirements(path: str) -> Iterator[str]:
    section = ""
    for line in _read(path).splitlines():
        if line.startswith("["):
            section = line.strip("[] ")
        elif line.strip():
            extra, _, marker = section.partition(":")
            wanted = [f'extra == "{extra}"'] if extra else []
            wanted += [f"({marker})"] if marker else []
            yield f"{line.strip()} ; {' and '.join(wanted)}" if wanted else line.strip()


def _imported(distribution: Distribution, modules: Mapping[str, str]) -> set[str]:
    """Return the distributions (values of `modules`) that a distribution's code imports."""
    names = b"|".join(re.escape(module).encode() for module in modules)
    # An import statement, or a call such as import_optional_dependency("numexpr").
    pattern = re.compile(
        rb"^[ \t]*(?:from|import)[ \t]+(" + names + rb")\b"
        rb"|import\w*\([ \t\r\n]*[\"'](" + names + rb")\b",
        re.MULTILINE,
    )
    found: set[str] = set()
    for path in recorded_paths(distribution):
        if not path.endswith(".py") or _OWN_TESTS.search(path):
            continue
        try:
            with open(os.path.join(distribution.folder, path), "rb") as handle:
                code = handle.read()
        except OSError:
            continue
        if b"TYPE_CHECKING" in code:
            code = _TYPING_BLOCK.sub(b"", code)
        found.update(modules[(first or second).decode()] for first, second in pattern.findall(code))
        if len(found) == len(set(modules.values())):
            break
    return found


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            return handle.read()
    except OSError:
        return ""
