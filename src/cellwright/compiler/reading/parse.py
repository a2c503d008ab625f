"""Owns the way from the source of a cell to a syntax tree with places in what was typed.

The tree is `ast`: exact, and cheap enough to parse sixty cells in some milliseconds.
"""

import ast
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from cellwright.compiler.reading import magic_words, magics
from cellwright.compiler.reading.magic_words import Remark
from cellwright.compiler.reading.magics import Placed, Translation
from cellwright.compiler.reading.tags import CellRole, Skipped, Untagged
from cellwright.diagnostics import catalogue as rules
from cellwright.diagnostics.diagnostic import Diagnostic, Label, Report, Severity
from cellwright.model.pipeline import Install
from cellwright.model.source import Cell, CellId, Notebook, Position, Span

MOST_NESTED = 150
"""Levels of a tree: whoever follows it calls itself some times for each of them."""

_PYTHON_2 = re.compile(
    r"Missing parentheses in call|multiple exception types must|leading zeros in decimal"
    r"|invalid hexadecimal literal.*L"
)
_PYTHON_2_TEXT = re.compile(
    r"^\s*(print\s+[^\s(=]|exec\s+[\"']|raise\s+\w+\s*,)|<>|\bexcept\s+\w+\s*,"
)
_HIDDEN_PROMPT = re.compile(r"(.*\n)?([ \t]*\.{3,}:|.{0,6}In \[\d+\]: )")
"""A prompt that was pasted along; `In [1]: x` is, alas, valid Python."""


@dataclass(frozen=True)
class ParsedCell:
    """A cell as plain Python.

    `cell.source` is what the user typed, `python` the same with notebook syntax
    translated, line for line; `tree` is the tree of `python`, shared between
    compilations and never to be changed. `shell` tells that the Python calls the shell
    of the runtime (`magics.SHELL`).
    """

    cell: Cell
    role: CellRole
    python: str
    tree: ast.Module
    installs: tuple[Install, ...] = ()
    shell: bool = False

    @property
    def verbatim(self) -> bool:
        """Tell whether the Python is what the user typed, to the letter."""
        return self.python == self.cell.source

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines of `python`, without line ends; form feeds and the like end no line."""
        return tuple(self.python.split("\n"))

    @cached_property
    def source_lines(self) -> tuple[str, ...]:
        """The lines of what the user typed, one for each of `lines`."""
        return tuple(self.cell.source.split("\n"))

    def span(self, node: ast.AST) -> Span:
        """Return the place of a node that has one (`lineno`) in what the user typed.

        On a line that was translated, the place is the whole line.
        """
        line, column = node.lineno, node.col_offset  # type: ignore[attr-defined]
        last = getattr(node, "end_lineno", None) or line
        end = getattr(node, "end_col_offset", None)
        return Span(
            self.cell.id,
            self.cell.number,
            self.position(line, column),
            self._mapped(last, column if end is None else end) or self._line_end(last),
        )

    def line_span(self, line: int) -> Span:
        """Return the place of a whole line (from 1), without the white space around it."""
        return Span(self.cell.id, self.cell.number, self._line_start(line), self._line_end(line))

    def position(self, line: int, utf8_column: int) -> Position:
        """Return the place in what the user typed, from a line and a column of the tree."""
        return self._mapped(line, utf8_column) or self._line_start(line)

    def text(self, node: ast.AST) -> str:
        """Return the text of a node in `python`."""
        return ast.get_source_segment(self.python, node) or ""

    def _mapped(self, line: int, utf8_column: int) -> Position | None:
        python, typed = self.lines[line - 1], self.source_lines[line - 1]
        if python.isascii():
            column = utf8_column
        else:
            column = len(
                python.encode("utf-8", "surrogatepass")[:utf8_column].decode("utf-8", "ignore")
            )
        if python is typed or python == typed:
            return Position(line, column)
        if python.strip() and typed.endswith(python.lstrip()):
            return Position(line, max(0, column + len(typed) - len(python)))
        return None

    def _line_start(self, line: int) -> Position:
        typed = self.source_lines[line - 1]
        return Position(line, len(typed) - len(typed.lstrip()) if typed.strip() else 0)

    def _line_end(self, line: int) -> Position:
        return Position(line, len(self.source_lines[line - 1].rstrip()))


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a source text alone tells: the same wherever a cell with that text stands."""

    translation: Translation
    tree: ast.Module | None
    trouble: SyntaxError | None = None


@dataclass
class Memo:
    """Readings by source text, so that an edit of one cell reads one cell; owned by the caller."""

    limit: int = 4096
    _known: dict[str, _Reading] = field(default_factory=dict)

    def reading(self, source: str) -> _Reading:
        """Return the reading of a source text, from memory if it was met before."""
        found = self._known.get(source)
        if found is None:
            found = _read(source)
            if len(self._known) >= self.limit:
                self._known.clear()
            self._known[source] = found
        return found


def parse_cells(
    notebook: Notebook,
    roles: Mapping[CellId, CellRole],
    report: Report,
    *,
    memo: Memo | None = None,
) -> tuple[ParsedCell, ...]:
    """Return every cell that is not skipped, in notebook order.

    A cell that is not Python, or holds a magic that cannot be translated, is reported and
    left out. An untagged one is parsed too, for what others may say about it, but nothing
    is reported there.
    """
    memo = memo or Memo()
    parsed: list[ParsedCell] = []
    for cell in notebook.cells:
        role = roles[cell.id]
        if isinstance(role.role, Skipped):
            continue
        silent = isinstance(role.role, Untagged)
        found = _parse(cell, role, memo, Report() if silent else report)
        if found is not None:
            parsed.append(found)
    return tuple(parsed)


def _parse(cell: Cell, role: CellRole, memo: Memo, report: Report) -> ParsedCell | None:
    reading = memo.reading(cell.source)
    translation = reading.translation
    place = ParsedCell(cell, role, translation.python, reading.tree or ast.Module([], []))
    for placed in translation.remarks:
        if isinstance(placed.what, Remark):
            remark = placed.what
            label = Label(place.line_span(placed.line))
            report.add(Diagnostic(remark.rule, remark.message, label, notes=remark.notes))
    if reading.trouble is not None:
        _report_trouble(place, reading.trouble, report)
    if reading.tree is None or _is_broken(translation.remarks):
        return None
    installs = tuple(
        Install(placed.what, place.line_span(placed.line))
        for placed in translation.requirements
        if isinstance(placed.what, str)
    )
    shell = not place.verbatim and magics.SHELL in translation.python
    return ParsedCell(cell, role, translation.python, reading.tree, installs, shell)


def _read(source: str) -> _Reading:
    tree, trouble = _python_tree(source)
    plain = not (_HIDDEN_PROMPT.match(source) or magics.may_hold_blanks(source))
    if trouble is None and plain:
        return _checked(Translation(source), tree, None)
    translation = Translation(source)
    if magics.may_hold_magics(source):
        translation = magics.translate(source)
        tree, trouble = _python_tree(translation.python)
    if trouble is not None and not _is_broken(translation.remarks):
        automatic = _automatic_magic(source)
        if automatic is not None:
            translation = automatic
            tree, trouble = _python_tree(translation.python)
    if _is_broken(translation.remarks):
        return _Reading(translation, None)  # what was left out may be why it is no Python
    if tree is not None:
        translation = _with_lost_bindings(translation, tree)
    return _checked(translation, tree, trouble)


def _checked(
    translation: Translation, tree: ast.Module | None, trouble: SyntaxError | None
) -> _Reading:
    """Return a reading, or why its tree is too deep for what follows it."""
    if tree is not None and len(translation.python) > MOST_NESTED:
        level: list[ast.AST] = [tree]
        for _ in range(MOST_NESTED):
            level = [child for node in level for child in ast.iter_child_nodes(node)]
            if not level:
                return _Reading(translation, tree)
        line = next((node.lineno for node in level if hasattr(node, "lineno")), 1)
        remark = Remark(
            rules.TOO_DEEP,
            f"code is nested more than {MOST_NESTED} levels deep",
            ("give parts of it names of their own",),
        )
        placed = (*translation.remarks, Placed(line, remark))
        return _Reading(replace(translation, remarks=placed), None)
    return _Reading(translation, tree, trouble)


def _python_tree(source: str) -> tuple[ast.Module | None, SyntaxError | None]:
    """Return the tree of a text, or Python's own objection to it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the user's `"\\d"` is no business of ours
            tree = ast.parse(source)
            # names the rest of what Python refuses: `return` outside a function, …
            compile(tree, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except SyntaxError as error:
        return None, error
    except UnicodeEncodeError as error:
        line = source.count("\n", 0, error.start) + 1
        column = error.start - source.rfind("\n", 0, error.start)
        said = (
            f"half a character (a lone surrogate): write it as `\\u{ord(source[error.start]):04x}`"
        )
        return None, SyntaxError(said, ("", line, column, None))
    except ValueError:
        line = source.count("\n", 0, source.find("\0")) + 1
        return None, SyntaxError("a null character", ("", line, 1, None))
    except (RecursionError, MemoryError):
        return None, SyntaxError("nested too deeply", ("", 1, 1, None))
    return tree, None


def _automatic_magic(source: str) -> Translation | None:
    """Return the translation of a cell such as `pip install x`: one line, a magic without `%`."""
    line = source.strip()
    word = line.partition(" ")[0]
    if "\n" in line or not magic_words.is_known(word):
        return None
    start = source.index(line)
    return magics.translate(f"{source[:start]}%{source[start:]}")


def _with_lost_bindings(translation: Translation, tree: ast.Module) -> Translation:
    """Refuse `%time x = …` in a function: the kernel runs it elsewhere, and `x` is lost."""
    if not translation.timed:
        return translation
    lost = {
        statement.lineno
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for statement in ast.walk(function)
        if isinstance(statement, ast.stmt) and not isinstance(statement, ast.Expr)
    }
    remark = Remark(
        rules.UNTRANSLATABLE_MAGIC,
        "a magic binds nothing inside a function",
        ("leave the magic out",),
    )
    placed = tuple(Placed(line, remark) for line in translation.timed if line in lost)
    return replace(translation, remarks=translation.remarks + placed)


def _is_broken(remarks: Sequence[Placed]) -> bool:
    return any(
        isinstance(placed.what, Remark) and placed.what.rule.severity is Severity.ERROR
        for placed in remarks
    )


def _report_trouble(place: ParsedCell, trouble: SyntaxError, report: Report) -> None:
    count = len(place.source_lines)
    line = min(max(trouble.lineno or 1, 1), count)
    typed = place.source_lines[line - 1]
    column = min(max((trouble.offset or 1) - 1, 0), len(typed))
    end = column
    if trouble.end_lineno == line and trouble.end_offset:
        end = min(max(trouble.end_offset - 1, column), len(typed))
    span = place.line_span(line)
    if place.lines[line - 1] == typed:
        span = Span(span.cell, span.number, Position(line, column), Position(line, end))
    said = trouble.msg or "invalid syntax"
    old = _PYTHON_2.search(said) or any(_PYTHON_2_TEXT.search(each) for each in [typed])
    report.add(
        Diagnostic(
            rules.SYNTAX_ERROR,
            f"cell {place.cell.number} is not valid Python: {said[:1].lower()}{said[1:]}",
            Label(span),
            notes=("this is Python 2; Cellwright reads Python 3",) if old else (),
        )
    )
