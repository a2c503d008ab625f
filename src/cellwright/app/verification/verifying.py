"""Owns the use case of verifying: reference and pipeline run, and are held together."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cellwright.app.compilation import Compiled, compile_in, read_notebook
from cellwright.app.resolution import notebook_interpreter
from cellwright.app.running import Emit, Notice, RunOptions, RunResult, run_notebook
from cellwright.app.verification.judging import judged, may_be_chance
from cellwright.app.verification.kernel import CellFailure
from cellwright.app.verification.nondeterminism import likely_source
from cellwright.app.verification.pairs import Pair
from cellwright.app.verification.reference import ReferenceRun, Scene, reference_run
from cellwright.app.verification.shown import compare_cells, compare_shown
from cellwright.app.verification.splitting import split_cells
from cellwright.app.verification.values import (
    compare_outputs,
    outputs_of_reference,
    outputs_of_run,
)
from cellwright.app.workspace import Workspace, workspace_for
from cellwright.diagnostics.diagnostic import Report
from cellwright.model.equivalence import Comparison, EquivalenceReport, Likeness, Reference
from cellwright.model.events import PhaseFinished, PhaseProgress, PhaseStarted
from cellwright.model.pipeline import Pipeline
from cellwright.model.run import Run, State


@dataclass(frozen=True)
class VerifyOptions:
    """What a user may choose about a verification; `tolerance` is relative.

    `split` makes every cell a step of its own, `twice` holds a second run of the
    pipeline against the first.
    """

    run: RunOptions
    split: bool = False
    twice: bool = False
    tolerance: float = 0.0


@dataclass(frozen=True)
class Verification:
    """What came of it.

    `run` is None where diagnostics refused the notebook, or where it fails by itself,
    as `failure` says. `reports` are empty where the run did not come to its end.
    """

    workspace: Workspace
    compiled: Compiled
    run: Run | None = None
    failure: CellFailure | None = None
    reports: tuple[EquivalenceReport, ...] = ()


@dataclass(frozen=True)
class Scope:
    """How a verification tells of itself, and how it is stopped."""

    emit: Emit
    notice: Notice
    found_out: Callable[[Compiled], None]
    cancel: threading.Event


def verify_notebook(options: VerifyOptions, scope: Scope) -> Verification:
    """Run a notebook's cells in one kernel, and as a pipeline; compare all that both made.

    The report is recorded with the run.

    Raises:
        UsageError: an option or parameter that does not exist or fit.
        MachineError: the engine, the disk, the network or the kernel is in the way.
    """
    payload = read_notebook(options.run.notebook)
    if options.split:
        payload = split_cells(payload, keep_parameters=bool(options.run.assignments))
    chosen = replace(options.run, payload=payload, use_cache=False)
    workspace = workspace_for(chosen.notebook, chosen.workspace)
    compiled = compile_in(workspace, chosen.notebook, chosen.assignments, payload=payload)
    if compiled.pipeline is None or compiled.notebook is None or compiled.report.has_errors:
        scope.found_out(compiled)
        return Verification(workspace, compiled)
    scene = _scene(compiled, compiled.pipeline, chosen, workspace)
    with _reference(scene, scope, "the notebook in one kernel") as reference:
        if reference.failure is not None:
            scope.found_out(compiled)
            return Verification(workspace, compiled, failure=reference.failure)
        result = _pipeline_run(chosen, scope)
        run = result.run
        if run is None or run.state is not State.SUCCEEDED:
            return Verification(workspace, result.compiled, run)
        reports = [_against_notebook(options, scene, reference, result, run, scope)]
        if options.twice:
            repeated = _pipeline_run(chosen, replace(scope, found_out=lambda _: None)).run
            if repeated is None or repeated.state is not State.SUCCEEDED:
                return Verification(workspace, result.compiled, repeated, reports=tuple(reports))
            reports.append(_against_itself(options, scene.pipeline, reference, result, repeated))
    for report in reports:
        workspace.store.equivalences.record(report)
    return Verification(workspace, result.compiled, run, reports=tuple(reports))


def _scene(
    compiled: Compiled, pipeline: Pipeline, chosen: RunOptions, workspace: Workspace
) -> Scene:
    if compiled.notebook is None:
        raise AssertionError("a notebook that compiles has been read")
    interpreter = notebook_interpreter(
        pipeline, chosen.python or workspace.settings.python, Report()
    )
    defaults = {parameter.name: parameter.default for parameter in pipeline.parameters}
    return Scene(
        notebook_path=chosen.notebook,
        notebook=compiled.notebook,
        pipeline=pipeline,
        interpreter=interpreter.path,
        parameters={**defaults, **compiled.parameters},
        chosen=compiled.parameters,
        workspace=workspace.root,
    )


@contextmanager
def _reference(scene: Scene, scope: Scope, subject: str) -> Iterator[ReferenceRun]:
    begun = time.monotonic()

    def say(text: str) -> None:
        scope.emit(PhaseProgress("reference", subject, text))

    scope.emit(PhaseStarted("reference", subject))
    with reference_run(scene, say=say, cancel=scope.cancel) as reference:
        scope.emit(PhaseFinished("reference", subject, time.monotonic() - begun))
        yield reference


def _pipeline_run(chosen: RunOptions, scope: Scope) -> RunResult:
    return run_notebook(
        chosen,
        emit=scope.emit,
        cancel=scope.cancel,
        notice=scope.notice,
        found_out=scope.found_out,
    )


def _against_notebook(  # noqa: PLR0913, PLR0917  # both sides of the comparison
    options: VerifyOptions,
    scene: Scene,
    reference: ReferenceRun,
    result: RunResult,
    run: Run,
    scope: Scope,
) -> EquivalenceReport:
    workspace, pipeline = result.workspace, scene.pipeline
    expected = outputs_of_reference(reference)
    pairs = (
        *compare_outputs(pipeline, expected, outputs_of_run(workspace, run), reference=reference),
        *compare_shown(workspace, pipeline, reference.outputs, run),
    )
    again: list[tuple[Pair, ...]] = []
    comparisons = judged(pipeline, pairs, again=again, tolerance=options.tolerance)
    while may_be_chance(pipeline, comparisons, len(again)):
        # What the notebook does not agree with itself about, no pipeline can be equal to.
        with _reference(scene, scope, "the notebook once more, as something differs") as other:
            again.append(
                (
                    *compare_outputs(
                        pipeline, expected, outputs_of_reference(other), reference=reference
                    ),
                    *compare_cells(pipeline, reference.outputs, other.outputs),
                )
            )
        comparisons = judged(pipeline, pairs, again=again, tolerance=options.tolerance)
    return EquivalenceReport(
        run=run.id,
        snapshot=run.snapshot,
        reference=Reference.NOTEBOOK,
        split=options.split,
        tolerance=options.tolerance,
        comparisons=comparisons,
        created=datetime.now(UTC),
    )


def _against_itself(
    options: VerifyOptions,
    pipeline: Pipeline,
    reference: ReferenceRun,
    first: RunResult,
    second: Run,
) -> EquivalenceReport:
    if first.run is None:
        raise AssertionError("there is a first run to hold the second against")
    one, other = (outputs_of_run(first.workspace, run) for run in (first.run, second))
    pairs = compare_outputs(pipeline, one, other, reference=reference)
    comparisons = judged(pipeline, pairs, again=(), tolerance=options.tolerance)
    return EquivalenceReport(
        run=first.run.id,
        snapshot=first.run.snapshot,
        reference=Reference.PIPELINE,
        split=options.split,
        tolerance=options.tolerance,
        comparisons=tuple(_explained(pipeline, each) for each in comparisons),
        created=datetime.now(UTC),
    )


def _explained(pipeline: Pipeline, comparison: Comparison) -> Comparison:
    """Return a difference between two runs of a step with the likely reason for it."""
    if comparison.likeness is not Likeness.DIFFERENT:
        return comparison
    source = likely_source(pipeline.steps[comparison.step])
    place = "" if source.cell is None else f" (cell {source.cell}:{source.line})"
    return replace(comparison, note=f"likely: {source.reason}{place}", advice=source.advice)
