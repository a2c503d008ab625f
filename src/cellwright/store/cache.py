"""Owns the answers: which step run's outputs stand for a cache key, if they are all there."""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import select

from cellwright.base.canonical import Digest
from cellwright.model.pipeline import PortName
from cellwright.model.run import Artifact, RunId, StepRecord
from cellwright.store import rows
from cellwright.store.database import Database
from cellwright.store.objects import ObjectStore
from cellwright.store.schema import artifacts, cache, runs, step_run_artifacts, step_runs


class StepCache:
    """Finds earlier step runs by cache key."""

    def __init__(self, database: Database, objects: ObjectStore) -> None:
        self._database = database
        self._objects = objects

    def find(self, key: Digest) -> StepRecord | None:
        """Return the step run that answers a key; its `source_run` is the run that made it.

        None when there is none, or when an object it needs is missing or damaged: then
        the step is simply executed again.
        """
        query = (
            select(step_runs, runs.c.id.label("run_id"), cache.c.parts)
            .join(cache, cache.c.step_run == step_runs.c.number)
            .join(runs, runs.c.number == step_runs.c.run)
            .where(cache.c.key == key)
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
            if row is None:
                return None
            link = step_run_artifacts
            held = connection.execute(
                select(link.c.output, link.c.port, artifacts)
                .join(artifacts, artifacts.c.id == link.c.artifact)
                .where(link.c.step_run == row.number)
                .order_by(link.c.port)
            ).all()
        known: dict[str, Artifact] = {}  # ports that share an artifact share the object
        inputs: dict[PortName, Artifact] = {}
        outputs: dict[PortName, Artifact] = {}
        for item in held:
            artifact = known.setdefault(item.id, rows.artifact_from(item))
            (outputs if item.output else inputs)[PortName(item.port)] = artifact
        texts = (row.log, row.stdout, row.displays)
        needed = {artifact.digest for artifact in outputs.values()}
        if not self._objects.intact(needed.union(filter(None, texts))):
            return None
        made = rows.step_from(row, inputs=_digests(inputs), outputs=_digests(outputs))
        return StepRecord(
            step_run=replace(made, source_run=RunId(row.run_id)),
            inputs=inputs,
            outputs=outputs,
            parts=rows.parts_from(row.parts),
        )

    def parts(self, key: Digest) -> rows.Parts | None:
        """Return what an answered key was made of, as (kind, name, value)."""
        with self._database.read() as connection:
            text = connection.scalar(select(cache.c.parts).where(cache.c.key == key))
        return None if text is None else rows.parts_from(text)


def _digests(ports: Mapping[PortName, Artifact]) -> Mapping[PortName, Digest]:
    return {port: artifact.digest for port, artifact in ports.items()}
