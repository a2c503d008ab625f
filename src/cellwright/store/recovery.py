"""Owns what is put right after a process died: runs without owner, leftovers on disk."""

import os
import re
import shutil
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from cellwright.model.pipeline import StepName
from cellwright.model.run import Failure, Run, RunId, State, StepRecord, StepRun
from cellwright.store.lease import RunLeases
from cellwright.store.ledger import Ledger

_RUN = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}")
"""Names the folder of a run; others beside it (`….kept`, locks) are not ours to remove."""

_GRACE = 24 * 3600.0
"""Seconds that a leftover file is kept: its writer may be another living process."""


def close_dead_runs(ledger: Ledger, leases: RunLeases) -> tuple[RunId, ...]:
    """Record as cancelled every run whose process is gone; return those, oldest first.

    What its finished steps made is kept, and answers the next run.
    """
    return tuple(run for run in ledger.unfinished() if _close(run, ledger, leases))


def remove_leftovers(root: Path, living: frozenset[RunId]) -> None:
    """Remove attempt folders of runs that have ended, and objects half written long ago."""
    for folder in _entries(root / "tmp"):
        if _RUN.fullmatch(folder.name) and folder.name not in living:
            shutil.rmtree(folder, ignore_errors=True)
    for path in _entries(root / "objects" / "incoming"):
        try:
            if time.time() - path.stat().st_mtime > _GRACE:
                path.unlink()
        except OSError:
            continue  # somebody else's, or gone: the next start looks again


def _close(run: RunId, ledger: Ledger, leases: RunLeases) -> bool:
    with leases.seize(run) as dead:
        if not dead:
            return False
        left = ledger.run(run)
        if left.state is not State.RUNNING:
            return False  # it ended between our two looks
        lost = [StepRecord(step) for step in _lost(left).values()]
        ledger.finish_run(run, State.CANCELLED, datetime.now(UTC), lost)
        return True


def _lost(run: Run) -> Mapping[StepName, StepRun]:
    failure = Failure("interrupted", "the process that executed the run ended")
    return {
        name: StepRun(name, State.CANCELLED, failure=failure)
        for name, step in run.steps.items()
        if step.state is State.WAITING
    }


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if os.path.isdir(folder) else []
