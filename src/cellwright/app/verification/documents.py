"""Owns the JSON of a verification."""

from typing import Any

import msgspec

from cellwright.app import findings
from cellwright.app.verification.reports import report_document
from cellwright.app.verification.verifying import Verification
from cellwright.model.run import State

Document = dict[str, Any]


def verification_document(found: Verification) -> Document:
    """Return a verification as one JSON document; `verdict` is its shortest form."""
    return {
        "verdict": verdict(found),
        "run": None if found.run is None else found.run.id,
        "snapshot": None if found.run is None else found.run.snapshot,
        "failure": None if found.failure is None else msgspec.to_builtins(found.failure),
        "failed_steps": failed_steps(found),
        "reports": [report_document(report) for report in found.reports],
        "diagnostics": findings.rows(found.compiled),
    }


def verdict(found: Verification) -> str:
    """Return equal, different, refused, notebook-fails, pipeline-fails or cancelled."""
    if found.failure is not None:
        return "notebook-fails"
    if found.run is None:
        return "refused"
    if found.run.state is State.CANCELLED:
        return "cancelled"
    if found.run.state is not State.SUCCEEDED:
        return "pipeline-fails"
    return "equal" if all(report.equal for report in found.reports) else "different"


def failed_steps(found: Verification) -> list[Document]:
    """Return the steps that failed in the pipeline, though the notebook ran."""
    if found.run is None:
        return []
    return [
        {"step": name, **msgspec.to_builtins(step.failure)}
        for name, step in found.run.steps.items()
        if step.failure is not None
    ]
