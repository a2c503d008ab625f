"""Owns how the core types become rows of the ledger, and rows become them again."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from cellwright.base.canonical import Digest, digest_of
from cellwright.model.pipeline import PortName, StepName
from cellwright.model.run import Artifact, Failure, Run, RunId, Snapshot, Sought, State, StepRun
from cellwright.store.database import Row

Parts = tuple[tuple[str, str, str], ...]


def dump(value: object) -> str:
    """Return plain JSON as text, the same for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def when(moment: datetime) -> str:
    """Return a moment as text that sorts by time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def artifact_id(artifact: Artifact) -> str:
    """Return what tells two artifacts apart, also where their bytes are the same."""
    return digest_of(artifact)


def artifact_row(artifact: Artifact) -> Row:
    """Return the row of an artifact."""
    return {
        "id": artifact_id(artifact),
        "digest": artifact.digest,
        "size": artifact.size,
        "serializer": artifact.serializer,
        "members": dump(list(artifact.members)),
        "type_names": dump(dict(artifact.type_names)),
        "fidelity": artifact.fidelity,
        "meta": dump(dict(artifact.meta)),
        "preview": dump(dict(artifact.preview)),
    }


def artifact_from(row: Any) -> Artifact:
    """Return the artifact that a row describes."""
    return Artifact(
        digest=Digest(row.digest),
        size=row.size,
        serializer=row.serializer,
        members=tuple(json.loads(row.members)),
        type_names=json.loads(row.type_names),
        fidelity=row.fidelity,
        meta=json.loads(row.meta),
        preview=json.loads(row.preview),
    )


def snapshot_row(snapshot: Snapshot) -> Row:
    """Return the row of a snapshot."""
    return {
        "id": snapshot.id,
        "parent": snapshot.parent,
        "notebook": snapshot.notebook,
        "notebook_path": snapshot.notebook_path,
        "pipeline": snapshot.pipeline,
        "environments": dump(dict(snapshot.environments)),
        "parameters": dump(dict(snapshot.parameters)),
        "files": dump(dict(snapshot.files)),
        "modules": dump(dict(snapshot.modules)),
        "created": when(snapshot.created),
    }


def snapshot_from(row: Any) -> Snapshot:
    """Return the snapshot that a row describes."""
    return Snapshot(
        id=Digest(row.id),
        parent=row.parent,
        notebook=Digest(row.notebook),
        notebook_path=row.notebook_path,
        pipeline=Digest(row.pipeline),
        environments=json.loads(row.environments),
        parameters=json.loads(row.parameters),
        files=json.loads(row.files),
        modules=json.loads(row.modules),
        created=datetime.fromisoformat(row.created),
    )


def run_row(run: Run) -> Row:
    """Return the row of a run; its steps are named, in order."""
    return {
        "id": run.id,
        "snapshot": run.snapshot,
        "notebook_path": run.notebook_path,
        "parameters": dump(dict(run.parameters)),
        "executor": run.executor,
        "state": run.state.value,
        "started": when(run.started),
        "finished": None if run.finished is None else when(run.finished),
        "steps": dump(list(run.steps)),
    }


def run_from(row: Any, latest: Mapping[StepName, StepRun]) -> Run:
    """Return the run that a row describes; a step that has no step run yet is waiting."""
    return Run(
        id=RunId(row.id),
        snapshot=Digest(row.snapshot),
        notebook_path=row.notebook_path,
        parameters=json.loads(row.parameters),
        executor=row.executor,
        state=State(row.state),
        started=datetime.fromisoformat(row.started),
        finished=_moment(row.finished),
        steps={
            step: latest.get(step) or StepRun(step, State.WAITING)
            for step in map(StepName, json.loads(row.steps))
        },
    )


def step_row(step: StepRun, *, run: int) -> Row:
    """Return the row of a step run; its ports are rows of their own."""
    return {
        "run": run,
        "step": step.step,
        "attempt": step.attempt,
        "state": step.state.value,
        "cache_key": step.cache_key,
        "absent": dump(list(step.absent)),
        "metrics": dump(dict(step.metrics)),
        "seconds": step.seconds,
        "peak_memory": step.peak_memory,
        "started": None if step.started is None else when(step.started),
        "environment": step.environment,
        "log": step.log,
        "stdout": step.stdout,
        "displays": step.displays,
        "failure": None if step.failure is None else dump(asdict(step.failure)),
        "source_run": step.source_run,
        "sought": dump([[each.kind, each.path, each.cell, each.line] for each in step.sought]),
        "left_behind": dump(list(step.left)),
    }


def step_from(
    row: Any,
    *,
    inputs: Mapping[PortName, Digest],
    outputs: Mapping[PortName, Digest],
) -> StepRun:
    """Return the step run that a row and its ports describe."""
    return StepRun(
        step=StepName(row.step),
        state=State(row.state),
        attempt=row.attempt,
        cache_key=row.cache_key,
        inputs=inputs,
        outputs=outputs,
        absent=tuple(json.loads(row.absent)),
        metrics=json.loads(row.metrics),
        seconds=row.seconds,
        peak_memory=row.peak_memory,
        started=_moment(row.started),
        environment=row.environment,
        log=row.log,
        stdout=row.stdout,
        displays=row.displays,
        failure=None if row.failure is None else Failure(**json.loads(row.failure)),
        source_run=row.source_run,
        sought=tuple(Sought(*each) for each in json.loads(row.sought or "[]")),
        left=tuple(json.loads(row.left_behind or "[]")),
    )


def parts_from(text: str) -> Parts:
    """Return the parts of a cache key as they were recorded."""
    return tuple((kind, name, value) for kind, name, value in json.loads(text))


def port_rows(
    number: int, artifacts: Mapping[PortName, Artifact], *, output: bool
) -> Iterable[Row]:
    """Return the rows that tie a step run to the artifacts at its ports."""
    return (
        {
            "step_run": number,
            "output": output,
            "port": port,
            "artifact": artifact_id(artifact),
        }
        for port, artifact in artifacts.items()
    )
