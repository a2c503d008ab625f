"""Owns the history: snapshots, runs, and the step runs with the artifacts at their ports."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, update

from cellwright.base.canonical import Digest
from cellwright.base.errors import UsageError
from cellwright.model.pipeline import PortName, StepName
from cellwright.model.run import Run, RunId, Snapshot, State, StepRecord, StepRun
from cellwright.store import rows
from cellwright.store.database import Database, insert_missing, upsert
from cellwright.store.schema import artifacts, cache, runs, snapshots, step_run_artifacts, step_runs

_Ports = Mapping[int, tuple[Mapping[PortName, Digest], Mapping[PortName, Digest]]]


class Ledger:
    """What happened, in one database. Rows name only objects that are there already.

    Every method raises StoreError where the database fails.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def record_snapshot(self, snapshot: Snapshot) -> None:
        """Record a version of the work; the same one twice is recorded once."""
        with self._database.write() as connection:
            insert_missing(connection, snapshots, [rows.snapshot_row(snapshot)])

    def snapshot(self, snapshot: Digest) -> Snapshot | None:
        """Return the snapshot of that id."""
        return self._snapshot(select(snapshots).where(snapshots.c.id == snapshot))

    def latest_snapshot(self, notebook_path: str) -> Snapshot | None:
        """Return the last snapshot that was recorded of a notebook."""
        query = select(snapshots).where(snapshots.c.notebook_path == notebook_path)
        return self._snapshot(query.order_by(snapshots.c.number.desc()).limit(1))

    def start_run(self, run: Run) -> None:
        """Record that a run begins; the keys of its steps are the steps to come, in order."""
        with self._database.write() as connection:
            connection.execute(insert(runs), rows.run_row(run))

    def record_steps(self, run: RunId, records: Sequence[StepRecord]) -> None:
        """Record attempts at steps, their lineage and cache entries, in one transaction.

        The objects they name must be durable by now.
        """
        with self._database.write() as connection:
            _record(connection, run, records)

    def finish_run(
        self, run: RunId, state: State, finished: datetime, records: Sequence[StepRecord] = ()
    ) -> None:
        """Record how a run ended, and the last attempts at its steps with it."""
        ended = {"state": state.value, "finished": rows.when(finished)}
        with self._database.write() as connection:
            _record(connection, run, records)
            connection.execute(update(runs).where(runs.c.id == run).values(ended))

    def run(self, run: RunId) -> Run:
        """Return a run as far as it has come.

        Raises:
            UsageError: there is none of that id.
        """
        found = self._runs(select(runs).where(runs.c.id == run))
        if not found:
            raise UsageError(f"there is no run {run}", hint="`cellwright runs` lists them")
        return found[0]

    def runs(self, *, limit: int = 50, before: RunId | None = None) -> tuple[Run, ...]:
        """Return runs, the newest first; `before` gives those that began before that run."""
        query = select(runs).order_by(runs.c.number.desc()).limit(limit)
        if before is not None:
            number = select(runs.c.number).where(runs.c.id == before).scalar_subquery()
            query = query.where(runs.c.number < number)
        return self._runs(query)

    def unfinished(self) -> tuple[RunId, ...]:
        """Return the runs that began and did not end, oldest first."""
        query = select(runs.c.id).where(runs.c.state == State.RUNNING.value)
        with self._database.read() as connection:
            return tuple(map(RunId, connection.scalars(query.order_by(runs.c.number))))

    def resolve(self, text: str) -> RunId:
        """Return the run that a person means: `last`, an id, or the start or end of one.

        Raises:
            UsageError: none is meant, or several are.
        """
        last = select(runs.c.id).order_by(runs.c.number.desc())
        with self._database.read() as connection:
            if text == "last":
                found = connection.scalars(last.limit(1)).all()
            else:
                matches = runs.c.id.startswith(text, autoescape=True) | runs.c.id.endswith(
                    text, autoescape=True
                )
                found = connection.scalars(last.where(matches).limit(5)).all()
        if len(found) == 1 or text in found:
            return RunId(text if text in found else found[0])
        if not text or not found:
            raise UsageError(f"there is no run `{text}`", hint="`cellwright runs` lists them")
        raise UsageError(f"`{text}` may be any of {', '.join(found)}", hint="give more of the id")

    def _snapshot(self, query: Select[Any]) -> Snapshot | None:
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else rows.snapshot_from(row)

    def _runs(self, query: Select[Any]) -> tuple[Run, ...]:
        with self._database.read() as connection:
            found = connection.execute(query).all()
            latest = _latest_steps(connection, [row.number for row in found])
        return tuple(rows.run_from(row, latest[row.number]) for row in found)


def _record(connection: Connection, run: RunId, records: Sequence[StepRecord]) -> None:
    if not records:
        return
    number = connection.execute(select(runs.c.number).where(runs.c.id == run)).scalar_one()
    step_rows = [rows.step_row(record.step_run, run=number) for record in records]
    inserted = insert(step_runs).returning(step_runs.c.number, sort_by_parameter_order=True)
    numbers = connection.scalars(inserted, step_rows).all()
    held = {
        rows.artifact_id(artifact): artifact
        for record in records
        for artifact in (*record.inputs.values(), *record.outputs.values())
    }
    insert_missing(connection, artifacts, [rows.artifact_row(item) for item in held.values()])
    ports = [
        row
        for step_run, record in zip(numbers, records, strict=True)
        for row in (
            *rows.port_rows(step_run, record.inputs, output=False),
            *rows.port_rows(step_run, record.outputs, output=True),
        )
    ]
    if ports:
        connection.execute(insert(step_run_artifacts), ports)
    answers = [
        {"key": record.step_run.cache_key, "step_run": step_run, "parts": rows.dump(record.parts)}
        for step_run, record in zip(numbers, records, strict=True)
        if record.answers
    ]
    upsert(connection, cache, answers)


def _latest_steps(
    connection: Connection, numbers: Collection[int]
) -> Mapping[int, Mapping[StepName, StepRun]]:
    """Return the last attempt at each step of these runs, by the run's number."""
    latest: dict[int, dict[StepName, StepRun]] = defaultdict(dict)
    newest = (
        select(step_runs.c.run, step_runs.c.step, func.max(step_runs.c.attempt).label("attempt"))
        .where(step_runs.c.run.in_(numbers))
        .group_by(step_runs.c.run, step_runs.c.step)
        .subquery()
    )
    same = (
        (step_runs.c.run == newest.c.run)
        & (step_runs.c.step == newest.c.step)
        & (step_runs.c.attempt == newest.c.attempt)
    )
    found = connection.execute(select(step_runs).join(newest, same)).all()
    ports = _port_digests(connection, [row.number for row in found])
    for row in found:
        inputs, outputs = ports.get(row.number, ({}, {}))
        step = rows.step_from(row, inputs=inputs, outputs=outputs)
        latest[row.run][step.step] = step
    return latest


def _port_digests(connection: Connection, numbers: Sequence[int]) -> _Ports:
    ports: dict[int, tuple[dict[PortName, Digest], dict[PortName, Digest]]] = {}
    link = step_run_artifacts
    query = (
        select(link.c.step_run, link.c.output, link.c.port, artifacts.c.digest)
        .join(artifacts, artifacts.c.id == link.c.artifact)
        .order_by(link.c.port)
    )
    for start in range(0, len(numbers), 500):  # SQLite bounds the number of variables
        some = query.where(link.c.step_run.in_(numbers[start : start + 500]))
        for row in connection.execute(some):
            pair = ports.setdefault(row.step_run, ({}, {}))
            pair[1 if row.output else 0][PortName(row.port)] = Digest(row.digest)
    return ports
