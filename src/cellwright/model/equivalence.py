"""Owns what a verification found: each thing that was compared, and how alike it was."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from cellwright.base.canonical import Digest
from cellwright.model.pipeline import StepName
from cellwright.model.run import RunId


class Likeness(Enum):
    """How alike two things are that should be the same."""

    EXACT = "exact"
    """Byte for byte."""
    EQUAL = "equal"
    """The same value, written in other bytes."""
    CLOSE = "close"
    """Numbers that differ by no more than the tolerance that was asked for."""
    UNSTABLE = "unstable"
    """They differ, but the notebook does not agree with itself about them either."""
    UNKNOWN = "unknown"
    """They could not be compared."""
    DIFFERENT = "different"

    @property
    def good(self) -> bool:
        """Tell whether it speaks for the pipeline, or at least not against it."""
        return self is not Likeness.DIFFERENT


class Subject(Enum):
    """What kind of thing was compared."""

    VALUE = "value"
    STATE = "state"
    FILE = "file"
    OUTPUT = "output"
    """What the cells printed to standard output."""
    DISPLAY = "display"
    """What the cells showed: values of last expressions, figures."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One thing that a step makes, in the notebook (or another run) and in the pipeline.

    `path` leads to the first place that differs (`model.coef_[3]`), `expected` and
    `found` are what stands there in the reference and in the pipeline, bounded and on
    one line each. `cell` and `line` are the place in the notebook that made it. `note`
    says what else there is to know, `advice` what to do about it.
    """

    step: StepName
    subject: Subject
    name: str
    likeness: Likeness
    path: str = ""
    expected: str = ""
    found: str = ""
    cell: int | None = None
    line: int | None = None
    note: str = ""
    advice: str = ""


class Reference(Enum):
    """What a pipeline was held against."""

    NOTEBOOK = "notebook"
    """The tagged cells, top to bottom, in one fresh kernel."""
    PIPELINE = "pipeline"
    """The same pipeline, run once more."""


@dataclass(frozen=True, slots=True)
class EquivalenceReport:
    """What came of holding the run of a snapshot against a reference.

    `split` tells that each cell was a step of its own. `tolerance` is relative.
    """

    run: RunId
    snapshot: Digest
    reference: Reference
    split: bool
    tolerance: float
    comparisons: tuple[Comparison, ...]
    created: datetime

    @property
    def equal(self) -> bool:
        """Tell whether nothing differed."""
        return all(each.likeness.good for each in self.comparisons)

    @property
    def first_difference(self) -> Comparison | None:
        """Return the first thing that differed, in the order of the pipeline."""
        return next(self.of(Likeness.DIFFERENT), None)

    def of(self, likeness: Likeness) -> Iterator[Comparison]:
        """Yield what was that much alike, in the order of the pipeline."""
        return (each for each in self.comparisons if each.likeness is likeness)
