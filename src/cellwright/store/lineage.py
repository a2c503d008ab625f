"""Owns where artifacts come from and where they went: queries over the ports of step runs."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, select

from cellwright.base.canonical import PREFIX, Digest
from cellwright.base.errors import UsageError
from cellwright.model.pipeline import PortName, StepName
from cellwright.model.run import Artifact, RunId
from cellwright.store import rows
from cellwright.store.database import Database
from cellwright.store.schema import artifacts, runs, step_run_artifacts, step_runs


@dataclass(frozen=True, slots=True)
class StepArtifacts:
    """What the last attempt at a step read and wrote, by port."""

    inputs: dict[PortName, Artifact] = field(default_factory=dict)
    outputs: dict[PortName, Artifact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Use:
    """An artifact at a port of a step run."""

    run: RunId
    step: StepName
    attempt: int
    port: PortName
    digest: Digest


class Lineage:
    """Answers from the ledger; every method raises StoreError where the database fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def artifact(self, digest: str) -> Artifact:
        """Return an artifact by its digest, or by a start of it that is unique.

        The same bytes may be several artifacts (`1` under two names): the one that was
        written first is returned.

        Raises:
            UsageError: there is none, or there are several.
        """
        wanted = digest if digest.startswith(PREFIX) else PREFIX + digest
        query = select(artifacts).where(artifacts.c.digest.startswith(wanted, autoescape=True))
        with self._database.read() as connection:
            found = connection.execute(query.limit(50)).all()
        digests = sorted({row.digest for row in found})
        if not found or wanted == PREFIX:
            raise UsageError(f"there is no artifact `{digest}`")
        if len(digests) > 1:
            raise UsageError(
                f"`{digest}` may be any of {len(digests)} artifacts", hint="give more of the digest"
            )
        return rows.artifact_from(found[0])

    def artifacts(self, run: RunId) -> Mapping[StepName, StepArtifacts]:
        """Return what the last attempt at each step of a run read and wrote."""
        others = [column for column in artifacts.c if column.name != "digest"]
        query = _ports().add_columns(*others).where(runs.c.id == run)
        attempts: dict[StepName, int] = {}
        result: dict[StepName, StepArtifacts] = defaultdict(StepArtifacts)
        with self._database.read() as connection:
            for row in connection.execute(query):
                step = StepName(row.step)
                if row.attempt > attempts.get(step, 0):
                    attempts[step] = row.attempt
                    result[step] = StepArtifacts()
                side = result[step].outputs if row.output else result[step].inputs
                side[PortName(row.port)] = rows.artifact_from(row)
        return dict(result)

    def made_by(self, digest: Digest) -> tuple[Use, ...]:
        """Return the step runs that wrote an artifact, the first one first."""
        return self._uses(digest, output=True)

    def used_by(self, digest: Digest) -> tuple[Use, ...]:
        """Return the step runs that read an artifact, the first one first."""
        return self._uses(digest, output=False)

    def ancestors(self, digest: Digest) -> tuple[Use, ...]:
        """Return the outputs that an artifact was made from, nearest first.

        Each artifact appears once, at the step run that was the first to make it.
        """
        seen, waiting, found = {digest}, [digest], list[Use]()
        with self._database.read() as connection:
            while waiting:
                here = waiting.pop(0)
                maker = connection.execute(_executed(here, output=True).limit(1)).one_or_none()
                if maker is None:
                    continue
                if here != digest:
                    found.append(_use(maker))
                for row in connection.execute(_across(maker.step_run, output=False)):
                    if row.digest not in seen:
                        seen.add(row.digest)
                        waiting.append(row.digest)
        return tuple(found)

    def descendants(self, digest: Digest) -> tuple[Use, ...]:
        """Return the outputs of the step runs that read an artifact, and so on."""
        seen, waiting, found = {digest}, [digest], list[Use]()
        with self._database.read() as connection:
            while waiting:
                readers = connection.execute(_executed(waiting.pop(0), output=False)).all()
                for reader in dict.fromkeys(row.step_run for row in readers):
                    for row in connection.execute(_across(reader, output=True)):
                        if row.digest not in seen:
                            seen.add(row.digest)
                            waiting.append(row.digest)
                            found.append(_use(row))
        return tuple(found)

    def _uses(self, digest: Digest, *, output: bool) -> tuple[Use, ...]:
        query = _ports().where(
            artifacts.c.digest == digest, step_run_artifacts.c.output.is_(output)
        )
        with self._database.read() as connection:
            return tuple(_use(row) for row in connection.execute(query))


def _ports() -> Select[Any]:
    """Return all ports of all step runs with their artifacts, oldest first."""
    link = step_run_artifacts
    return (
        select(
            runs.c.id.label("run_id"),
            step_runs.c.step,
            step_runs.c.attempt,
            link.c.step_run,
            link.c.output,
            link.c.port,
            artifacts.c.digest,
        )
        .join(step_runs, step_runs.c.number == link.c.step_run)
        .join(runs, runs.c.number == step_runs.c.run)
        .join(artifacts, artifacts.c.id == link.c.artifact)
        .order_by(link.c.step_run, link.c.port)
    )


def _executed(digest: Digest, *, output: bool) -> Select[Any]:
    """Return the ports with an artifact, of step runs that no cache answered."""
    return _ports().where(
        artifacts.c.digest == digest,
        step_run_artifacts.c.output.is_(output),
        step_runs.c.source_run.is_(None),
    )


def _across(step_run: int, *, output: bool) -> Select[Any]:
    """Return the ports on one side of a step run."""
    link = step_run_artifacts
    return _ports().where(link.c.step_run == step_run, link.c.output.is_(output))


def _use(row: Any) -> Use:
    return Use(
        RunId(row.run_id), StepName(row.step), row.attempt, PortName(row.port), Digest(row.digest)
    )
