"""Owns one resolution at work: what each step needs, what to lock, and the lock of all."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from enum import Enum
from functools import cache
from pathlib import Path
from typing import NamedTuple

from cellwright.diagnostics.diagnostic import Report
from cellwright.environment.distributions import Installed, read_installed
from cellwright.environment.files import FileDigests, LocalFile
from cellwright.environment.interpreter import Interpreter, fingerprint
from cellwright.environment.lock import Locked, LockRequest, Resolver, Say, UnsatisfiableError
from cellwright.environment.memo import Memo, keep, recall
from cellwright.environment.planning import (
    Asked,
    Kernel,
    Standing,
    Wish,
    asked_by,
    foreign_files,
    report_moved,
    report_unsatisfiable,
)
from cellwright.environment.reach import (
    Reach,
    Surroundings,
    givers,
    reaches,
    report_unknown,
    with_inherited,
)
from cellwright.model.pipeline import Pipeline, Requirement, StepName
from cellwright.model.source import Span

_FORMAT = 1


class Pinning(Enum):
    """How strictly a lock keeps to the versions that the notebook's kernel has."""

    EXACT = "exact"
    PREFERRED = "preferred"
    """Another version is taken, and reported, where an index lacks the kernel's."""


class Needed(NamedTuple):
    """What one step needs, all told."""

    reach: Reach
    asked: Mapping[Asked, Requirement]
    wish: Wish

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names by which the step's part is cut out of the lock of all."""
        return tuple(sorted({*self.wish.roots, *(one.name for one in self.asked)}))

    @property
    def origins(self) -> dict[str, Span | None]:
        """Return where each distribution was asked for."""
        found = dict(self.reach.distributions)
        for one, requirement in self.asked.items():
            found.setdefault(one.name, requirement.origin)
        return found


class Job:
    """One resolution: what the steps need, found once."""

    def __init__(
        self, pipeline: Pipeline, folder: Path, interpreter: Interpreter, memo: Memo
    ) -> None:
        @cache
        def installed() -> Installed:
            return read_installed(interpreter, memo=memo)

        self.pipeline = pipeline
        self.folder = folder
        self.report = Report()
        self.interpreter = interpreter
        self.digests = FileDigests(memo)
        self.kernel = Kernel(installed(), interpreter.markers, fingerprint(interpreter), memo)
        around = Surroundings(folder, interpreter, installed, self.digests, memo)
        own = reaches(pipeline, around, self.report)
        self.needed = self._needed(own)

    def request(self, platform: str, pinning: Pinning) -> LockRequest:
        """Return what is to be locked: the needs of all steps together."""
        wish = self._whole()
        asked = {one for needed in self.needed.values() for one in needed.asked}
        moved = {one.name for one in asked if one.standing is Standing.OTHER}
        pins = {name: version for name, version in wish.pins.items() if name not in moved}
        if any(one.standing is not Standing.MET for one in asked):
            # What is new may need anything that is installed, at the version installed.
            installed = self.kernel.installed.distributions.values()
            pins = {one.name: one.version for one in installed if one.name not in moved} | pins
        spelled = set(wish.roots) - moved
        spelled |= {
            one.text for one in asked if one.standing is not Standing.MET or one.name in moved
        }
        spelled |= {
            f"{one.name}[{','.join(one.extras)}]"
            for one in asked
            if one.extras and one.standing is Standing.MET
        }
        own = platform in ("", self.interpreter.platform) and (
            not platform or self.interpreter.libc.startswith("glibc")
        )
        exact = pinning is Pinning.EXACT
        return LockRequest(
            requirements=tuple(sorted(spelled)),
            pins=pins if exact else {},
            preferred={} if exact else pins,
            python=self.interpreter.path,
            version=self.interpreter.version,
            folder=self.folder,
            platform="" if own else platform,
            overrides=frozenset(wish.conflicts) - moved,
            excluded=frozenset(wish.bundled),
        )

    def locked(
        self, request: LockRequest, *, resolver: Callable[[], Resolver], say: Say
    ) -> Locked | None:
        """Return the lock of all steps, from the memo where nothing changed; None: reported."""
        key = (
            *("lock", _FORMAT, self.interpreter.full_version, request.platform),
            *(self.interpreter.platform, self.interpreter.libc, request.requirements),
            *(dict(request.pins), dict(request.preferred)),
            *(request.overrides, request.excluded),
        )
        locked = recall(self.kernel.memo, key, Locked)
        if locked is None:
            try:
                locked = self._resolved(request, resolver(), say)
            except UnsatisfiableError as error:
                origins = self._origins()
                report_unsatisfiable(error, origins=origins, report=self.report)
                return None
            keep(self.kernel.memo, key, locked)
        asked = {one.name for needed in self.needed.values() for one in needed.asked}
        report_moved(
            {name: pin.version for name, pin in locked.pins.items() if name not in asked},
            self._whole().pins,
            report=self.report,
        )
        return locked

    def requirements(self, step: StepName) -> tuple[Requirement, ...]:
        """Return what a step asks for by name, and where."""
        needed = self.needed[step]
        texts = {one.name: requirement for one, requirement in needed.asked.items()}
        for name in needed.wish.roots:
            texts.setdefault(name, Requirement(name, needed.origins.get(name)))
        return tuple(texts[name] for name in sorted(texts))

    def modules(self, step: StepName) -> Mapping[str, LocalFile]:
        """Return the local modules of a step, and the files of distributions no index has."""
        needed = self.needed[step]
        found = dict(needed.reach.modules)
        for name in needed.wish.bundled:
            distribution = self.kernel.installed.distributions[name]
            found = {**foreign_files(distribution, self.digests), **found}
        return dict(sorted(found.items()))

    def _needed(self, own: Mapping[StepName, Reach]) -> dict[StepName, Needed]:
        asked = {
            step: asked_by(self.pipeline, component, self.kernel, self.report)
            for step, component in self.pipeline.steps.items()
        }
        absent = {
            one: requirement
            for found in asked.values()
            for one, requirement in found.items()
            if one.standing is Standing.ABSENT
        }
        found: dict[StepName, Needed] = {}
        for step, reach in with_inherited(self.pipeline, own).items():
            mine = dict(asked[step])
            for giver in givers(self.pipeline, step):
                mine |= found[giver].asked
            if reach.unknown and absent:
                # Not installed here, so no metadata tells: one of these must provide it.
                mine |= absent
            elif reach.unknown:
                near = frozenset(self.kernel.installed.owners) | self._local_names()
                report_unknown(reach.unknown, near=near, report=self.report)
            names = {*reach.distributions, *(one.name for one in mine)}
            found[step] = Needed(reach, mine, self.kernel.wish(names, extras=_extras(mine)))
        return found

    def _whole(self) -> Wish:
        asked = [one for needed in self.needed.values() for one in needed.asked]
        names = {name for needed in self.needed.values() for name in needed.origins}
        return self.kernel.wish(names, extras=_extras(asked))

    def _resolved(self, request: LockRequest, resolver: Resolver, say: Say) -> Locked:
        try:
            return resolver.resolve(request, say)
        except UnsatisfiableError:
            changed = [
                one
                for needed in self.needed.values()
                for one in needed.asked
                if one.standing is not Standing.MET
            ]
            if not changed:
                raise
        # The notebook itself installs something: as pip would there, move what must move.
        relaxed = replace(
            request,
            pins={},
            preferred={**request.preferred, **request.pins},
            overrides=frozenset[str](),
        )
        return resolver.resolve(relaxed, say)

    def _origins(self) -> dict[str, Span | None]:
        found: dict[str, Span | None] = {}
        for needed in self.needed.values():
            for name, span in needed.origins.items():
                if found.get(name) is None:
                    found[name] = span
        return found

    def _local_names(self) -> frozenset[str]:
        try:
            names = os.listdir(self.folder)
        except OSError:
            return frozenset()
        return frozenset(name.removesuffix(".py") for name in names if name.endswith(".py"))


def _extras(asked: Iterable[Asked]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for one in asked:
        if one.extras:
            found[one.name] = tuple(sorted({*found.get(one.name, ()), *one.extras}))
    return found
