"""Owns what a finding is: a rule, a place, evidence, and perhaps a fix."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

import msgspec

from cellwright.model.source import CellId, Span


class Severity(Enum):
    """What a finding means for the promise.

    An error: the pipeline would not run or would compute something else. A warning: it
    may. A hint: it will compute the same, but could be clearer or cheaper.
    """

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of finding; `name` completes the sentence "allow …"."""

    code: str
    name: str
    severity: Severity
    summary: str


@dataclass(frozen=True, slots=True)
class Label:
    """A place, and what there is to say about it. No span: the notebook as a whole."""

    span: Span | None
    text: str = ""


class Safety(Enum):
    """Whether a fix keeps the meaning of the notebook, or is our guess."""

    SAFE = "safe"
    ASK = "ask"


class Edit(msgspec.Struct, frozen=True, tag="edit"):
    """Replace the text at a span."""

    span: Span
    text: str


class Retag(msgspec.Struct, frozen=True, tag="retag"):
    """Give a cell these tags instead of its own."""

    cell: CellId
    number: int
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fix:
    """A change of the notebook that mends a finding."""

    title: str
    safety: Safety
    changes: tuple[Edit | Retag, ...]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `primary` alone must make sense: an editor may show nothing else."""

    rule: Rule
    message: str
    primary: Label
    secondary: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    fixes: tuple[Fix, ...] = ()


class Report:
    """The findings of one compilation, in notebook order whatever the order of discovery."""

    def __init__(self, diagnostics: Iterable[Diagnostic] = ()) -> None:
        self._found: dict[Diagnostic, None] = dict.fromkeys(diagnostics)

    def add(self, diagnostic: Diagnostic) -> None:
        """Add a finding; one that is there already is not added twice."""
        self._found.setdefault(diagnostic)

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(sorted(self._found, key=_order))

    def __len__(self) -> int:
        return len(self._found)

    @property
    def has_errors(self) -> bool:
        """Tell whether something stops the compilation."""
        return any(found.rule.severity is Severity.ERROR for found in self._found)


def _order(found: Diagnostic) -> tuple[int, int, int, str, str]:
    span = found.primary.span
    if span is None:
        return (0, 0, 0, found.rule.code, found.message)
    return (span.number, span.start.line, span.start.column, found.rule.code, found.message)
