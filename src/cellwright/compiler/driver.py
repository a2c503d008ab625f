"""Owns the order of the passes: from the bytes of a notebook to a compilation."""

from dataclasses import dataclass

from cellwright.diagnostics.diagnostic import Report
from cellwright.model.pipeline import Pipeline
from cellwright.model.source import Notebook


@dataclass(frozen=True)
class Compilation:
    """A pipeline, or None where errors stand in its way; and what there is to say.

    `notebook` is None only where the bytes could not be read as one.
    """

    pipeline: Pipeline | None
    report: Report
    notebook: Notebook | None
