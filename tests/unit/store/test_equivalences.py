"""Equivalence reports in the ledger: kept with their run, found by run and by snapshot."""

import datetime as dt
import sqlite3

import pytest

from cellwright.base.canonical import digest_of
from cellwright.model.equivalence import (
    Comparison,
    EquivalenceReport,
    Likeness,
    Reference,
    Subject,
)
from cellwright.model.pipeline import StepName
from cellwright.model.run import Run, RunId, State
from cellwright.store.opening import open_store

NOW = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / ".cellwright") as opened:
        for name in ("one", "two"):
            opened.ledger.start_run(
                Run(
                    id=RunId(name),
                    snapshot=digest_of("snapshot"),
                    notebook_path="n.ipynb",
                    parameters={},
                    executor="process",
                    state=State.RUNNING,
                    started=NOW,
                    steps={},
                )
            )
        yield opened


def a_report(run, likeness=Likeness.EXACT):
    found = Comparison(
        StepName("load"), Subject.VALUE, "x", likeness, "x[0]", "'é\x1b'", "2", 3, 4, "why"
    )
    return EquivalenceReport(
        run=RunId(run),
        snapshot=digest_of("snapshot"),
        reference=Reference.NOTEBOOK,
        split=True,
        tolerance=0.5,
        comparisons=(found,),
        created=NOW,
    )


def test_a_report_comes_back_as_it_was(store):
    report = a_report("one", Likeness.DIFFERENT)

    store.equivalences.record(report)

    assert store.equivalences.of_run(RunId("one")) == (report,)
    assert store.equivalences.of_run(RunId("two")) == ()


def test_the_reports_of_a_snapshot_are_those_of_all_its_runs(store):
    reports = (a_report("two"), a_report("one"))
    for report in reports:
        store.equivalences.record(report)

    assert store.equivalences.of_snapshot(digest_of("snapshot")) == reports


def test_a_ledger_without_reports_is_brought_up_to_date(tmp_path):
    root = tmp_path / ".cellwright"
    open_store(root).close()
    with sqlite3.connect(root / "ledger.sqlite") as connection:
        connection.execute("DROP TABLE equivalences")
        for name in ("sought", "left_behind"):
            connection.execute(f"ALTER TABLE step_runs DROP COLUMN {name}")
        connection.execute("UPDATE alembic_version SET version_num = '0001'")

    with open_store(root) as store:
        assert store.equivalences.of_run(RunId("one")) == ()
