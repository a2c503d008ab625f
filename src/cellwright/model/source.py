"""Owns the notebook as the compiler sees it: code cells, and places in them."""

from dataclasses import dataclass
from typing import NewType

CellId = NewType("CellId", str)
"""The id of notebook format 4.5+, stable under edits; `cell-N` where a file has none."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A point in a cell: `line` counts from 1, `column` from 0, in code points."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch of one cell's source; it never crosses cells.

    `number` is the cell's number, carried along so that a span can be shown alone.
    """

    cell: CellId
    number: int
    start: Position
    end: Position


@dataclass(frozen=True, slots=True)
class Cell:
    """One code cell. `number` is what the reader counts: 1 is the top cell of any kind.

    `heading` is the text of the nearest Markdown heading above, `options` the raw
    `metadata.cellwright` object as canonical JSON text ("" where there is none).
    """

    id: CellId
    number: int
    source: str
    tags: tuple[str, ...] = ()
    heading: str = ""
    options: str = ""


@dataclass(frozen=True, slots=True)
class ModuleText:
    """The source of a module beside the notebook; `package` tells an `__init__` file."""

    text: str
    package: bool = False


@dataclass(frozen=True, slots=True)
class Notebook:
    """The code cells of a notebook, top to bottom. `path` is for messages only.

    `kernel` is the kernelspec's name, `kale` tells that the notebook carries Kale's
    metadata, `options` is the raw notebook-level `metadata.cellwright` as JSON text.
    """

    path: str
    cells: tuple[Cell, ...]
    kernel: str = ""
    kale: bool = False
    options: str = ""

    def cell(self, cell_id: CellId) -> Cell:
        """Return the cell of that id; it must be one of ours."""
        return next(cell for cell in self.cells if cell.id == cell_id)
