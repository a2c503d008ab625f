"""Reads pages of the specification: a heading is a notebook, its fences are the cells, and
comments in them say what must come of it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from support.notebooks import CodeCell, MarkdownNotebook, markdown_notebooks


class Kind(Enum):
    """What a comment can say; `notation.md` of the specification explains each."""

    READS = "reads"
    BINDS = "binds"
    INPUTS = "inputs"
    OUTPUTS = "outputs"
    CARRIES = "carries"
    AFTER = "after"
    METRICS = "metrics"
    INSTALLS = "installs"
    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"
    PRINTS = "prints"
    SHOWS = "shows"
    RAISES = "raises"
    STOPS = "stops"


TEXTS = {Kind.PRINTS, Kind.SHOWS, Kind.RAISES, Kind.STOPS}
"""Expectations that are the rest of the line, whatever it holds."""

FINDINGS = {Kind.ERROR, Kind.WARNING, Kind.HINT}

_OURS = "cellwright"  # `# cellwright: allow[…]` is the notebook's own
_COMMENT = re.compile(r"(?:^|(?<=\s))#\s*([a-z]+):(?:\s+|$)")


class SpecError(Exception):
    """A page says something that has no meaning."""


@dataclass(frozen=True)
class Expectation:
    """What one comment says of its cell (from 0), at a line (from 1) of the cell.

    A comment on a line of its own speaks of the nearest line of code above it.
    """

    kind: Kind
    cell: int
    line: int
    text: str

    @property
    def names(self) -> tuple[str, ...]:
        """Return the words between the commas; `nothing` is none of them."""
        words = tuple(word.strip() for word in self.text.split(","))
        return () if words == ("nothing",) else words


@dataclass(frozen=True)
class SpecNotebook:
    """A notebook of a page, without the comments that say what is expected of it.

    `files` lie beside it, by path; `metadata` is the notebook's own; `parameters` are the
    literals that the pipeline runs with, where they are not the defaults. `not_yet` says
    why the notebook does not come out as the page says, if it does not.
    """

    title: str
    line: int
    cells: tuple[CodeCell, ...]
    expectations: tuple[Expectation, ...]
    files: Mapping[str, str]
    metadata: Mapping[str, Any]
    parameters: Mapping[str, str]
    not_yet: str = ""

    def expected(self, *kinds: Kind) -> Sequence[Expectation]:
        """Return the expectations of some kinds, in the order of the page."""
        return [each for each in self.expectations if each.kind in kinds]


def spec_notebooks(text: str) -> Sequence[SpecNotebook]:
    """Return the notebooks of a page that have Python cells.

    Raises:
        SpecError: a comment looks like an expectation and is none, or a fence has a word
            that means nothing.
    """
    return [_notebook(found) for found in markdown_notebooks(text) if found.cells]


def _notebook(found: MarkdownNotebook) -> SpecNotebook:
    cells = []
    expectations: list[Expectation] = []
    for index, cell in enumerate(found.cells):
        source, said = _taken_out(cell.source, index)
        cells.append(replace(cell, source=source))
        expectations += said
    files = {}
    for word, text in found.named.items():
        if word.startswith("file:"):
            files[word.removeprefix("file:")] = text + "\n"
        elif word not in ("metadata", "parameters"):
            raise SpecError(f"`{word}` after the language of a fence means nothing")
    return SpecNotebook(
        title=found.title,
        line=found.line,
        cells=tuple(cells),
        expectations=tuple(expectations),
        files=files,
        metadata=json.loads(found.named.get("metadata", "{}")),
        parameters=json.loads(found.named.get("parameters", "{}")),
        not_yet=found.not_yet,
    )


def _taken_out(source: str, cell: int) -> tuple[str, list[Expectation]]:
    """Return a cell without the comments that expect something, and what they expect."""
    lines = source.split("\n")
    found = []
    about = 1
    for number, line in enumerate(lines, start=1):
        first = next((m.start() for m in _COMMENT.finditer(line) if m[1] != _OURS), len(line))
        code = line[:first].rstrip()
        if code:
            about = number
        for word, text in _said(line[first:]):
            try:
                kind = Kind(word)
            except ValueError:
                raise SpecError(f"`# {word}:` is no expectation") from None
            found.append(Expectation(kind, cell, about, text))
        if first < len(line):
            lines[number - 1] = code
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join(lines), found


def _said(comment: str) -> Iterator[tuple[str, str]]:
    """Yield word and text of each expectation in a comment; some take the whole rest."""
    while match := _COMMENT.match(comment):
        word, rest = match[1], comment[match.end() :]
        if word in {kind.value for kind in TEXTS}:
            yield word, rest.rstrip()
            return
        following = _COMMENT.search(rest)
        end = following.start() if following else len(rest)
        yield word, rest[:end].strip()
        comment = rest[end:]
