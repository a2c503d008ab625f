"""Owns the use case of suggesting tags: a proposal for each cell, and setting them."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cellwright.app.compilation import Compiled, read_notebook, write_notebook
from cellwright.app.documents import Document

if TYPE_CHECKING:
    from cellwright.compiler.suggesting.suggest import Suggestion


@dataclass(frozen=True)
class Suggested:
    """A suggestion for a notebook file; `compiled` is the notebook with it."""

    suggestion: "Suggestion"
    compiled: Compiled
    applied: bool = False

    @property
    def steps(self) -> tuple[str, ...]:
        """Return the names of the steps that the notebook then has, in pipeline order."""
        pipeline = self.compiled.pipeline
        return () if pipeline is None else tuple(pipeline.steps)

    @property
    def changes(self) -> int:
        """Return how many cells get a tag."""
        fix = self.suggestion.fix
        return 0 if fix is None or self.compiled.pipeline is None else len(fix.changes)

    def document(self) -> Document:
        """Return the suggestion as JSON."""
        from cellwright.app import findings

        return {
            "notebook": self.compiled.path,
            "steps": list(self.steps),
            "changes": self.changes,
            "applied": self.applied,
            "cells": [
                {
                    "cell": each.number,
                    "id": each.cell,
                    "first_line": each.first_line,
                    "tag": each.tag or None,
                    "tagged": each.kept,
                    "why": each.why,
                }
                for each in self.suggestion.proposals
            ],
            "diagnostics": findings.rows(self.compiled),
        }


def suggest(path: Path) -> Suggested:
    """Return what tags would make a pipeline of a notebook, which is left as it is.

    Raises:
        UsageError: the notebook cannot be read.
    """
    from cellwright.compiler.suggesting.suggest import suggest_tags

    found = suggest_tags(read_notebook(path), path=str(path))
    made = found.compilation
    return Suggested(
        found, Compiled(str(path), found.payload, made.notebook, made.pipeline, made.report)
    )


def apply(suggested: Suggested) -> Suggested:
    """Set the suggested tags; nothing else of the notebook is touched.

    Raises:
        StoreError: the file cannot be written.
    """
    if not suggested.changes:
        return suggested
    write_notebook(Path(suggested.compiled.path), suggested.suggestion.payload)
    return Suggested(suggested.suggestion, suggested.compiled, applied=True)
