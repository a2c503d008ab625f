"""Owns the environments of a pipeline: one call from components to locks, modules and files.

With nothing changed the answer comes from the memo: some milliseconds, no network, no
subprocess. All steps are locked together, so that a distribution has one version in the
whole pipeline, as it has in the notebook.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from pathlib import Path
from typing import NamedTuple

from cellwright.diagnostics.diagnostic import Report
from cellwright.environment.distributions import Installed, read_installed
from cellwright.environment.files import FileDigests, LocalFile
from cellwright.environment.index_config import read_index_config
from cellwright.environment.inputs import step_files
from cellwright.environment.interpreter import Interpreter, fingerprint
from cellwright.environment.lock import (
    Locked,
    LockRequest,
    Resolver,
    Say,
    UnsatisfiableError,
    UvResolver,
    cut,
    lock_text,
)
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
    reaches,
    report_unknown,
    with_inherited,
)
from cellwright.environment.wheels import Wheelhouse
from cellwright.model.pipeline import Environment, Pin, Pipeline, Requirement, StepName
from cellwright.model.source import Span

_FORMAT = 1


class Pinning(Enum):
    """How strictly a lock keeps to the versions that the notebook's kernel has."""

    EXACT = "exact"
    PREFERRED = "preferred"
    """Another version is taken, and reported, where an index lacks the kernel's."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What the steps of a pipeline need. `environments` is empty where errors are reported.

    `modules` and `files` map paths relative to the step's working folder to files of
    this machine (a file outside the notebook's folder has the path by which the program
    names it). `absent` are files that a step asks for and that are not there.
    `requirements` say, per step, what was asked for and where.
    """

    environments: Mapping[StepName, Environment]
    modules: Mapping[StepName, Mapping[str, LocalFile]]
    files: Mapping[StepName, Mapping[str, LocalFile]]
    absent: Mapping[StepName, tuple[str, ...]]
    requirements: Mapping[StepName, tuple[Requirement, ...]]
    report: Report = field(default_factory=Report)


class _Needed(NamedTuple):
    """What one step needs, all told."""

    reach: Reach
    asked: Mapping[Asked, Requirement]
    wish: Wish

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted({*self.wish.roots, *(one.name for one in self.asked)}))

    @property
    def origins(self) -> dict[str, Span | None]:
        found = dict(self.reach.distributions)
        for one, requirement in self.asked.items():
            found.setdefault(one.name, requirement.origin)
        return found


def resolve(  # noqa: PLR0913  # the one entry: all but the pipeline by keyword
    pipeline: Pipeline,
    *,
    notebook_folder: Path,
    interpreter: Interpreter,
    base_image_for: Callable[[StepName], str],
    executor_platform: str,
    memo: Memo,
    say: Say,
    workspace: Path | None = None,
    resolver: Resolver | None = None,
    wheelhouse: Wheelhouse | None = None,
    pinning: Pinning = Pinning.EXACT,
) -> Resolution:
    """Return locked environments, modules and files for every step.

    `executor_platform` is such as `linux/amd64` for images, "" for this machine.
    `workspace` is the folder that the work may read from (the notebook's, where there is
    none). With a `wheelhouse`, distributions that have no wheel are built into it, and
    the lock allows what was built. Mistakes of the notebook are in the report.

    Raises:
        MachineError: an index does not answer, or a file cannot be read.
    """
    job = _Job(pipeline, notebook_folder.absolute(), interpreter, memo)
    request = job.request(executor_platform, pinning)
    environments: dict[StepName, Environment] = {}
    if not job.report.has_errors:
        chosen = resolver or _default_resolver(job.folder)
        locked = job.locked(request, resolver=chosen, wheelhouse=wheelhouse, say=say)
        if locked is not None:
            environments = {
                step: Environment(
                    python=interpreter.version,
                    lock=cut(locked, needed.names),
                    base_image=base_image_for(step),
                    platform=executor_platform or interpreter.platform,
                    system_packages=tuple(sorted(pipeline.options.system_packages)),
                )
                for step, needed in job.needed.items()
            }
    return job.result(environments, workspace)


def current(
    pipeline: Pipeline,
    *,
    notebook_folder: Path,
    interpreter: Interpreter,
    memo: Memo,
    workspace: Path | None = None,
) -> Resolution:
    """Return environments that are the interpreter's own, as it is: nothing is locked.

    The lock text of a step lists what is installed of what it reaches, without hashes.

    Raises:
        MachineError: a file cannot be read.
    """
    job = _Job(pipeline, notebook_folder.absolute(), interpreter, memo)
    environments: dict[StepName, Environment] = {}
    if not job.report.has_errors:
        for step, needed in job.needed.items():
            distributions = job.kernel.installed.distributions
            foreign = {name: distributions[name].version for name in needed.wish.bundled}
            pins = {**needed.wish.pins, **foreign}
            environments[step] = Environment(
                python=interpreter.version,
                lock=lock_text(Pin(name, version, ()) for name, version in pins.items()),
                base_image="",
                platform=interpreter.platform,
                interpreter=interpreter.path,
            )
    return job.result(environments, workspace)


class _Job:
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
        spelled = {f"{name}=={pins[name]}" if name in pins else name for name in wish.roots}
        spelled |= {
            f"{one.name}[{','.join(one.extras)}]=={pins[one.name]}"
            for one in asked
            if one.extras and one.standing is Standing.MET and one.name in pins
        }
        spelled = {one for one in spelled if one.partition("==")[0] not in moved}
        spelled |= {one.text for one in asked if one.standing is not Standing.MET}
        own = platform in ("", self.interpreter.platform) and (
            not platform or self.interpreter.libc.startswith("glibc")
        )
        exact = pinning is Pinning.EXACT
        return LockRequest(
            requirements=tuple(sorted(spelled if exact else _names_only(spelled, pins))),
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
        self,
        request: LockRequest,
        *,
        resolver: Resolver,
        wheelhouse: Wheelhouse | None,
        say: Say,
    ) -> Locked | None:
        """Return the lock of all steps, from the memo where nothing changed; None: reported."""
        key = (
            *("lock", _FORMAT, self.interpreter.full_version, request.platform),
            *(self.interpreter.platform, self.interpreter.libc, request.requirements),
            *(dict(request.pins), dict(request.preferred)),
            *(request.overrides, request.excluded, wheelhouse is not None),
        )
        locked = recall(self.kernel.memo, key, Locked)
        if locked is None:
            try:
                locked = self._resolved(request, resolver, say)
            except UnsatisfiableError as error:
                report_unsatisfiable(
                    str(error),
                    hint=error.hint,
                    spoken=error.names,
                    origins=self._origins(),
                    report=self.report,
                )
                return None
            if wheelhouse is not None and not request.platform and locked.sources:
                locked = wheelhouse.build_sources(locked, python=request.python, say=say)
            keep(self.kernel.memo, key, locked)
        asked = {one.name for needed in self.needed.values() for one in needed.asked}
        report_moved(
            {name: pin.version for name, pin in locked.pins.items() if name not in asked},
            self._whole().pins,
            reasons="an index lacks the kernel's version, or what is asked for excludes it",
            report=self.report,
        )
        return locked

    def result(
        self, environments: Mapping[StepName, Environment], workspace: Path | None
    ) -> Resolution:
        """Return the resolution, with the files that the steps read."""
        expansions = {
            step: step_files(
                component,
                folder=self.folder,
                workspace=workspace or self.folder,
                digests=self.digests,
                report=self.report,
            )
            for step, component in self.pipeline.steps.items()
        }
        modules = {step: self._with_foreign(needed) for step, needed in self.needed.items()}
        self.digests.save()
        return Resolution(
            environments={} if self.report.has_errors else environments,
            modules=modules,
            files={step: expansion.found for step, expansion in expansions.items()},
            absent={step: expansion.absent for step, expansion in expansions.items()},
            requirements={step: self._requirements(one) for step, one in self.needed.items()},
            report=self.report,
        )

    def _needed(self, own: Mapping[StepName, Reach]) -> dict[StepName, _Needed]:
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
        found = {}
        for step, reach in with_inherited(self.pipeline, own).items():
            mine = dict(asked[step])
            if reach.unknown and absent:
                # Not installed here, so no metadata tells: one of these must provide it.
                mine |= absent
            else:
                near = frozenset(self.kernel.installed.owners) | self._local_names()
                report_unknown(reach.unknown, near=near, report=self.report)
            extras = {one.name: one.extras for one in mine}
            names = {*reach.distributions, *(one.name for one in mine)}
            found[step] = _Needed(reach, mine, self.kernel.wish(names, extras=extras))
        return found

    def _whole(self) -> Wish:
        extras: dict[str, tuple[str, ...]] = {}
        for needed in self.needed.values():
            for one in needed.asked:
                extras[one.name] = tuple({*extras.get(one.name, ()), *one.extras})
        names = {name for needed in self.needed.values() for name in needed.origins}
        return self.kernel.wish(names, extras=extras)

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
        preferred = {**request.preferred, **request.pins}
        names = tuple(sorted(_names_only(request.requirements, preferred)))
        return resolver.resolve(
            LockRequest(
                requirements=names,
                pins={},
                preferred=preferred,
                python=request.python,
                version=request.version,
                folder=request.folder,
                platform=request.platform,
                excluded=request.excluded,
            ),
            say,
        )

    def _origins(self) -> dict[str, Span | None]:
        found: dict[str, Span | None] = {}
        for needed in self.needed.values():
            for name, span in needed.origins.items():
                if found.get(name) is None:
                    found[name] = span
        return found

    def _requirements(self, needed: _Needed) -> tuple[Requirement, ...]:
        texts = {one.name: requirement for one, requirement in needed.asked.items()}
        for name in needed.wish.roots:
            texts.setdefault(name, Requirement(name, needed.origins.get(name)))
        return tuple(texts[name] for name in sorted(texts))

    def _with_foreign(self, needed: _Needed) -> Mapping[str, LocalFile]:
        found = dict(needed.reach.modules)
        for name in needed.wish.bundled:
            distribution = self.kernel.installed.distributions[name]
            found = {**foreign_files(distribution, self.digests), **found}
        return dict(sorted(found.items()))

    def _local_names(self) -> frozenset[str]:
        try:
            names = os.listdir(self.folder)
        except OSError:
            return frozenset()
        return frozenset(name.removesuffix(".py") for name in names if name.endswith(".py"))


def _names_only(requirements: "set[str] | tuple[str, ...]", pins: Mapping[str, str]) -> set[str]:
    """Return requirements without the kernel's versions: those are preferred, not demanded."""
    ours = {f"=={version}" for version in pins.values()}
    return {
        text.partition("==")[0] if f"=={text.partition('==')[2]}" in ours else text
        for text in requirements
    }


def _default_resolver(folder: Path) -> Resolver:
    return UvResolver(read_index_config(os.environ, folder=folder), os.environ)
