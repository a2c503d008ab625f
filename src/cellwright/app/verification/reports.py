"""Owns how a recorded equivalence report is told: as JSON, and in a few words."""

from typing import Any

import msgspec

from cellwright.model.equivalence import EquivalenceReport, Likeness, Reference

Document = dict[str, Any]


def report_document(report: EquivalenceReport) -> Document:
    """Return a report as JSON, with the counts of each likeness."""
    counts: dict[str, int] = {}
    for each in report.comparisons:
        counts[each.likeness.value] = counts.get(each.likeness.value, 0) + 1
    return {"equal": report.equal, "counts": counts, **msgspec.to_builtins(report)}


def summary(report: EquivalenceReport) -> str:
    """Return a report in one line without an end."""
    against = "the notebook"
    if report.reference is Reference.PIPELINE:
        against = "a second run of the pipeline"
    cut = ", each cell a step" if report.split else ""
    if report.equal:
        return f"equal to {against} in {len(report.comparisons)} things{cut}"
    differing = sum(1 for _ in report.of(Likeness.DIFFERENT))
    return f"different from {against} in {differing} of {len(report.comparisons)} things{cut}"
