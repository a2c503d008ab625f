"""Owns the environments of a pipeline: one call from components to locks, modules and files.

With nothing changed the answer comes from the memo: some milliseconds, no network, no
subprocess.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from cellwright.diagnostics.diagnostic import Report
from cellwright.environment.files import LocalFile
from cellwright.environment.inputs import step_files
from cellwright.environment.interpreter import Interpreter
from cellwright.environment.job import Job, Pinning
from cellwright.environment.lock import Resolver, Say, cut, lock_text
from cellwright.environment.memo import Memo
from cellwright.environment.wheels import Wheelhouse
from cellwright.model.pipeline import Environment, Pin, Pipeline, Requirement, StepName


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
    job = Job(pipeline, notebook_folder.absolute(), interpreter, memo)
    environments: dict[StepName, Environment] = {}
    if not job.report.has_errors:
        request = job.request(executor_platform, pinning)
        choose = partial(_uv, job.folder) if resolver is None else lambda: resolver
        locked = job.locked(request, resolver=choose, say=say)
        if locked is not None and wheelhouse is not None and not request.platform:
            locked = wheelhouse.build_sources(locked, interpreter=interpreter, say=say)
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
    return _resolution(job, environments, workspace)


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
    job = Job(pipeline, notebook_folder.absolute(), interpreter, memo)
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
    return _resolution(job, environments, workspace)


def _resolution(
    job: Job, environments: Mapping[StepName, Environment], workspace: Path | None
) -> Resolution:
    expansions = {
        step: step_files(
            component,
            folder=job.folder,
            workspace=workspace or job.folder,
            digests=job.digests,
            report=job.report,
        )
        for step, component in job.pipeline.steps.items()
    }
    modules = {step: job.modules(step) for step in job.pipeline.steps}
    job.digests.save()
    return Resolution(
        environments={} if job.report.has_errors else environments,
        modules=modules,
        files={step: expansion.found for step, expansion in expansions.items()},
        absent={step: expansion.absent for step, expansion in expansions.items()},
        requirements={step: job.requirements(step) for step in job.pipeline.steps},
        report=job.report,
    )


def _uv(folder: Path) -> Resolver:
    """Return the resolver for work in a folder; made only when something must be resolved."""
    from cellwright.environment.index_config import read_index_config
    from cellwright.environment.uv_resolver import UvResolver

    return UvResolver(read_index_config(os.environ, folder=folder), os.environ)
