"""Owns the use case of running: notebook → pipeline → environments → snapshot → run."""

import platform
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from cellwright.app import findings
from cellwright.app.compilation import Compiled, compile_in
from cellwright.app.documents import Document, run_document
from cellwright.app.executors import ExecutorSetup, chosen_executor
from cellwright.app.history import events_path, stdout_tails
from cellwright.app.resolution import Resolved, Wanted, notebook_interpreter, resolved
from cellwright.app.workspace import Workspace, workspace_for
from cellwright.base.canonical import Digest, digest_of
from cellwright.base.errors import UsageError
from cellwright.diagnostics.diagnostic import Report
from cellwright.execution.executor import Executor
from cellwright.execution.request import CacheUse, Limits, RunRequest, memory_bytes, new_run_id
from cellwright.model.events import Event
from cellwright.model.pipeline import Pipeline, StepName
from cellwright.model.run import Run, Snapshot

Emit = Callable[[Event], None]
Notice = Callable[[str], None]


@dataclass(frozen=True)
class RunOptions:
    """What a user may choose about one run; `assignments` are `NAME=VALUE` texts.

    `payload` is run in place of the notebook's own bytes, as if it stood in its file.
    """

    notebook: Path
    assignments: tuple[str, ...] = ()
    executor: str | None = None
    environment: str = "locked"
    steps: tuple[str, ...] = ()
    use_cache: bool = True
    parallel: int | None = None
    python: str | None = None
    base_image: str = ""
    keep: bool = False
    workspace: Path | None = None
    payload: bytes | None = None


@dataclass(frozen=True)
class RunResult:
    """What came of it; `run` is None where diagnostics refused it."""

    workspace: Workspace
    compiled: Compiled
    run: Run | None

    def document(self) -> Document:
        """Return the run as one JSON document."""
        diagnostics = findings.rows(self.compiled)
        if self.run is None:
            refused: Document = {"run": None, "snapshot": None, "state": "refused", "steps": {}}
            return {**refused, "diagnostics": diagnostics}
        tails = stdout_tails(self.workspace, self.run)
        return run_document(self.run, stdout=tails, diagnostics=diagnostics)


def run_notebook(
    options: RunOptions,
    *,
    emit: Emit,
    cancel: threading.Event,
    notice: Notice,
    found_out: Callable[[Compiled], None],
) -> RunResult:
    """Compile a notebook and run it; what was computed before is taken from the store.

    `found_out` is told of the findings once, when they are complete and before anything
    is run or refused.

    Raises:
        UsageError: an option, parameter or step that does not exist or fit.
        MachineError: the engine, the disk or the network is in the way.
    """
    workspace = workspace_for(options.notebook, options.workspace)
    compiled = compile_in(workspace, options.notebook, options.assignments, payload=options.payload)
    if compiled.pipeline is None or compiled.report.has_errors:
        found_out(compiled)
        return RunResult(workspace, compiled, None)
    pipeline = compiled.pipeline
    steps = _steps(options.steps, pipeline)
    defaults = {parameter.name: parameter.default for parameter in pipeline.parameters}
    parameters = {**defaults, **compiled.parameters}
    report = Report()
    interpreter = notebook_interpreter(
        pipeline, options.python or workspace.settings.python, report
    )
    compiled = replace(compiled, report=Report((*compiled.report, *report)))
    executor = _executor(workspace, options, interpreter.path, notice)
    wanted = Wanted(
        current=options.environment == "current",
        platform="" if executor.name == "process" else image_platform(),
        base_image=options.base_image or workspace.settings.base_image,
    )
    found = resolved(compiled, interpreter, wanted, workspace=workspace.root, emit=emit)
    compiled = found.compiled
    found_out(compiled)
    if compiled.report.has_errors:
        return RunResult(workspace, compiled, None)
    snapshot = _snapshot(workspace, compiled, found, parameters)
    request = RunRequest(
        id=new_run_id(datetime.now(UTC)),
        snapshot=snapshot.id,
        notebook_path=workspace.relative(options.notebook),
        workspace=workspace.root,
        pipeline=pipeline,
        parameters=parameters,
        environments=found.environments,
        files=found.files,
        modules=found.modules,
        steps=steps,
        cache=CacheUse.READ if options.use_cache else CacheUse.REFRESH,
        limits=_limits(workspace),
    )
    return RunResult(
        workspace, compiled, _execute(workspace, request, executor, options, emit, cancel)
    )


def _executor(
    workspace: Workspace, options: RunOptions, interpreter: str, notice: Notice
) -> Executor:
    name = options.executor or workspace.settings.executor
    setup = ExecutorSetup(workspace.folder, options.notebook.absolute().parent, interpreter)
    return chosen_executor(name, options.environment, setup, notice)


def image_platform() -> str:
    """Return the platform that images are made for: Linux on this machine's processor."""
    machine = platform.machine().lower()
    return "linux/arm64" if machine in ("arm64", "aarch64") else "linux/amd64"


def _execute(  # noqa: PLR0913, PLR0917  # the whole scene of a run
    workspace: Workspace,
    request: RunRequest,
    executor: Executor,
    options: RunOptions,
    emit: Emit,
    cancel: threading.Event,
) -> Run:
    from cellwright.execution.events_log import EventLog
    from cellwright.execution.scheduler import Scheduler

    store = workspace.store
    if store.recover():
        executor.reap()
    log = EventLog(events_path(workspace, request.id))

    def both(event: Event) -> None:
        log.append(event)
        emit(event)

    scheduler = Scheduler(
        executor,
        store.objects,
        store.ledger,
        store.cache,
        store.claims,
        folder=workspace.folder / "tmp",
        parallel=options.parallel or workspace.settings.parallel,
        keep=options.keep,
    )
    with store.leases.hold(request.id):
        return scheduler.run(request, both, cancel)


def _steps(wanted: tuple[str, ...], pipeline: Pipeline) -> tuple[StepName, ...]:
    unknown = [name for name in wanted if name not in pipeline.steps]
    if unknown:
        raise UsageError(
            f"no step is called `{unknown[0]}`", hint="there is: " + ", ".join(pipeline.steps)
        )
    return tuple(StepName(name) for name in wanted)


def _limits(workspace: Workspace) -> Limits:
    settings = workspace.settings
    memory = memory_bytes(settings.memory) if settings.memory else None
    return Limits(timeout=settings.timeout, memory=memory)


def _snapshot(
    workspace: Workspace, compiled: Compiled, found: Resolved, parameters: Mapping[str, str]
) -> Snapshot:
    """Record what is about to run: everything by digest, before anything starts."""
    objects = workspace.objects
    path = workspace.relative(Path(compiled.path))
    before = workspace.ledger.latest_snapshot(path)
    content = {
        "notebook": objects.put_bytes(compiled.payload),
        "pipeline": objects.put_bytes(msgspec.json.encode(compiled.pipeline)),
        "environments": {
            step: objects.put_bytes(msgspec.json.encode(environment))
            for step, environment in found.environments.items()
        },
        "files": {file.path: file.digest for files in found.files.values() for file in files},
        "modules": {file.path: file.digest for files in found.modules.values() for file in files},
    }
    parent: Digest | None = before.id if before is not None else None
    identity = digest_of((content, dict(parameters), path))
    if before is not None and before.id == identity:
        return before
    snapshot = Snapshot(
        id=identity,
        parent=parent,
        notebook_path=path,
        parameters=dict(parameters),
        created=datetime.now(UTC),
        **content,  # type: ignore[arg-type]  # the fields of the same names
    )
    objects.sync()
    workspace.ledger.record_snapshot(snapshot)
    return snapshot
