"""Owns the equivalence reports: which run of which snapshot was held against what."""

from typing import Any

import msgspec
from sqlalchemy import Select, insert, select

from cellwright.base.canonical import Digest
from cellwright.model.equivalence import EquivalenceReport
from cellwright.model.run import RunId
from cellwright.store import rows
from cellwright.store.database import Database
from cellwright.store.schema import equivalences, runs


class Equivalences:
    """Reports in the ledger; every method raises StoreError where the database fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, report: EquivalenceReport) -> None:
        """Record what a verification of a run found; the run must be there."""
        number = select(runs.c.number).where(runs.c.id == report.run).scalar_subquery()
        row = {
            "run": number,
            "snapshot": report.snapshot,
            "equal": report.equal,
            "report": msgspec.json.encode(report).decode(),
            "created": rows.when(report.created),
        }
        with self._database.write() as connection:
            connection.execute(insert(equivalences).values(row))

    def of_run(self, run: RunId) -> tuple[EquivalenceReport, ...]:
        """Return the reports on a run, oldest first."""
        query = (
            select(equivalences.c.report)
            .join(runs, runs.c.number == equivalences.c.run)
            .where(runs.c.id == run)
            .order_by(equivalences.c.number)
        )
        return self._reports(query)

    def of_snapshot(self, snapshot: Digest) -> tuple[EquivalenceReport, ...]:
        """Return the reports on all runs of a snapshot, oldest first."""
        query = (
            select(equivalences.c.report)
            .where(equivalences.c.snapshot == snapshot)
            .order_by(equivalences.c.number)
        )
        return self._reports(query)

    def _reports(self, query: Select[Any]) -> tuple[EquivalenceReport, ...]:
        with self._database.read() as connection:
            found = connection.scalars(query).all()
        return tuple(msgspec.json.decode(text, type=EquivalenceReport) for text in found)
