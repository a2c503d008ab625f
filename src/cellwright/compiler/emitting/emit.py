"""Owns the text of a component: what a person reads, and what the runtime executes."""

import ast
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cellwright.compiler.reading.parse import ParsedCell
from cellwright.model.pipeline import CellRange, ParameterSlot, Port
from cellwright.model.source import Span

_WIDTH = 88
"""In characters, of the lines that are written here; cells are taken as they are."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A statement of another cell that a program takes along; `parameter` names the
    parameter whose default it assigns."""

    cell: int
    node: ast.stmt
    parameter: str = ""


@dataclass(frozen=True)
class ProgramText:
    """The lines of a program, and what is known of each."""

    text: str
    origins: tuple[Span | None, ...]
    body_line: int
    cells: tuple[CellRange, ...]
    slots: tuple[ParameterSlot, ...]


@dataclass
class _Lines:
    """Lines as they are written, one after the other."""

    lines: list[str] = field(default_factory=list)
    origins: list[Span | None] = field(default_factory=list)

    def add(self, text: str, origin: Span | None = None) -> None:
        self.lines.append(text)
        self.origins.append(origin)


def program_text(
    cells: Sequence[ParsedCell],
    *,
    title: str,
    carried: Sequence[Carried],
    forgotten: Sequence[str],
    loaded: Sequence[str],
    body: Sequence[int],
    inputs: Sequence[Port],
    outputs: Sequence[Port],
) -> ProgramText:
    """Return the program: a docstring, the definitions, then the cells, verbatim.

    `forgotten` are names that carried statements bind, and that mean something else, or
    nothing, where the step begins. `loaded` are modules that libraries have imported by then.
    """
    out = _Lines()
    for line in _docstring(title, inputs, outputs):
        out.add(line)
    for line in _future(cells, carried, body):
        out.add(line)
    slots = _definitions(out, cells, carried)
    if forgotten:
        out.add(f"del {', '.join(forgotten)}")
    for module in loaded:
        out.add(f'__import__("{module}")  # a library has imported it by now')
    body_line = len(out.lines) + 1
    ranges = []
    for index in body:
        parsed = cells[index]
        out.add("")
        out.add(f"# cell {parsed.cell.number}")
        first = len(out.lines) + 1
        for number, line in enumerate(_without_end(parsed.lines), start=1):
            out.add(line, parsed.line_span(number))
        ranges.append(CellRange(parsed.cell.id, parsed.cell.number, first, len(out.lines)))
    return ProgramText(
        "\n".join(out.lines) + "\n", tuple(out.origins), body_line, tuple(ranges), tuple(slots)
    )


def loadings(modules: Iterable[str]) -> list[ast.stmt]:
    """Return statements that import modules, and bind nothing."""
    return ast.parse("".join(f'__import__("{module}")\n' for module in sorted(modules))).body


def _without_end(lines: Sequence[str]) -> Sequence[str]:
    last = len(lines)
    while last > 1 and not lines[last - 1].strip():
        last -= 1
    return lines[:last]


def _docstring(title: str, inputs: Sequence[Port], outputs: Sequence[Port]) -> list[str]:
    lines = [f'"""{_plain(title)}', ""]
    for label, ports in (("Reads", inputs), ("Writes", outputs)):
        names = ", ".join(_described(port) for port in ports) or "nothing"
        lines += textwrap.wrap(
            f"{label}: {_plain(names)}.",
            _WIDTH,
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    return [*lines, '"""', ""]


def _described(port: Port) -> str:
    return f"{port.name} ({port.type_name})" if port.type_name else str(port.name)


def _plain(text: str) -> str:
    """Return text that cannot end a docstring."""
    return text.replace("\\", "\\\\").replace('"', "'")


def _future(
    cells: Sequence[ParsedCell], carried: Sequence[Carried], body: Sequence[int]
) -> list[str]:
    """Return the `from __future__` imports at work; they must come first."""
    names: set[str] = set()
    trees: list[ast.stmt] = [item.node for item in carried]
    for index in body:
        trees += cells[index].tree.body
    for node in trees:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            names |= {alias.name for alias in node.names}
    return [f"from __future__ import {', '.join(sorted(names))}", ""] if names else []


def _definitions(
    out: _Lines, cells: Sequence[ParsedCell], carried: Sequence[Carried]
) -> list[ParameterSlot]:
    slots: list[ParameterSlot] = []
    before: Carried | None = None
    for item in carried:
        if isinstance(item.node, ast.ImportFrom) and item.node.module == "__future__":
            continue
        for _ in range(_blank_lines(before, item)):
            out.add("")
        if item.parameter:
            slots.append(ParameterSlot(item.parameter, len(out.lines) + 1))
        for line, origin in statement_lines(cells[item.cell], item.node):
            out.add(line, origin)
        before = item
    return slots


def _blank_lines(before: Carried | None, item: Carried) -> int:
    """Return how many blank lines stand between two definitions, as PEP 8 has it."""
    if before is None:
        return 0
    big = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    if isinstance(before.node, big) or isinstance(item.node, big):
        return 2
    imports = (ast.Import, ast.ImportFrom)
    alike = isinstance(before.node, imports) == isinstance(item.node, imports)
    return 0 if alike and (before.cell == item.cell or isinstance(item.node, imports)) else 1


def statement_lines(parsed: ParsedCell, node: ast.stmt) -> list[tuple[str, Span]]:
    """Return the lines of a statement, alone: without what shares its first or last line."""
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(item.lineno for item in decorators)])
    last = node.end_lineno or node.lineno
    lines = list(parsed.lines[first - 1 : last])
    encoded = lines[-1].encode("utf-8", "surrogatepass")
    lines[-1] = encoded[: node.end_col_offset].decode("utf-8", "surrogatepass")
    if first == node.lineno and node.col_offset:
        encoded = lines[0].encode("utf-8", "surrogatepass")
        lines[0] = encoded[node.col_offset :].decode("utf-8", "surrogatepass")
    return [(line, parsed.line_span(number)) for number, line in enumerate(lines, start=first)]
