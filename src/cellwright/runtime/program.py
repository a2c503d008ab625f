"""Owns the step's program: its phases, its parameters, and where its lines come from.

Each cell is compiled under a file name of its own (`churn.ipynb, cell 7`) with the line
numbers that it has in the notebook, so that whatever prints a place (a traceback, a
warning, a logger, a profiler) names the place the user knows. As a kernel does, every
statement is compiled by itself, just before it runs: what a `from __future__` import
turns on holds for the statements and cells after it, and a fault that only the compiler
finds stops the cell where it stands.
"""

import __future__

import ast
import linecache
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType

from .manifest import CellSpec, ParameterSpec, StepSpec

_FUTURES = 0
for _name in __future__.all_feature_names:
    _FUTURES |= getattr(__future__, _name).compiler_flag


@dataclass(frozen=True)
class Statement:
    """One top-level statement, ready to be compiled: `shown` if its value is displayed."""

    tree: ast.stmt
    file: str
    line: int
    shown: bool = False


class Program:
    """A program in pieces; `files` gives the cell number of each of its file names."""

    def __init__(self, source: str, spec: StepSpec) -> None:
        self._lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._spec = spec
        self._flags = 0
        self._parameters: dict[int, list[ParameterSpec]] = {}
        for entry in spec.parameters:
            self._parameters.setdefault(entry.line, []).append(entry)
        self.files: dict[str, int] = {}
        self._register()

    def definitions(self) -> Iterator[Statement]:
        """Yield the statements of the first phase, parameters replaced.

        Raises:
            SyntaxError: as the compiler found it; the place is the notebook's.
        """
        head = self._lines[: self._spec.body_line - 1]
        for node in self._parse("\n".join(head), f"<{self._spec.step}>", 0):
            if not _is_text(node):  # what the program says of itself; it would be `__doc__`
                yield self._placed(node)

    def own_definitions(self) -> Iterator[Statement]:
        """Yield the statements of the cells that only define what others carry as source."""
        for cell in self._spec.cells:
            for statement in self.cell(cell):
                match statement.tree:
                    case ast.Import() | ast.ImportFrom():
                        yield statement
                    case (
                        ast.FunctionDef(name=name)
                        | ast.ClassDef(name=name)
                        | (ast.AsyncFunctionDef(name=name))
                    ) if name in self._spec.definitions:
                        yield statement

    def cell(self, cell: CellSpec) -> Iterator[Statement]:
        """Yield the statements of a cell; the value of the last may be one to show."""
        lines = self._lines[cell.first - 1 : cell.last]
        nodes = self._parse("\n".join(lines), self.name(cell.number), cell.first - 1)
        for node in nodes:
            last = node is nodes[-1]
            shown = last and isinstance(node, ast.Expr) and not _silenced(lines)
            yield Statement(node, self.name(cell.number), node.lineno, shown)

    def compile(self, statement: Statement) -> CodeType:
        """Return the code of a statement, of the value's expression where it is shown."""
        tree: ast.AST
        if statement.shown and isinstance(statement.tree, ast.Expr):
            tree, mode = ast.Expression(statement.tree.value), "eval"
        else:
            tree, mode = ast.Module([statement.tree], []), "exec"
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | self._flags
        code: CodeType = compile(tree, statement.file, mode, flags, dont_inherit=True)
        self._flags |= code.co_flags & _FUTURES
        return code

    def name(self, cell: int) -> str:
        """Return the file name under which a cell is compiled."""
        return f"{self._spec.notebook}, cell {cell}"

    def _parse(self, text: str, file: str, before: int) -> list[ast.stmt]:
        """Return the statements of a text that `before` lines of the program precede."""
        tree = compile(text, file, "exec", ast.PyCF_ONLY_AST | self._flags, dont_inherit=True)
        found: list[ast.stmt] = []
        for node in getattr(tree, "body", ()):
            found.append(node)
            for entry in self._parameters.get(node.lineno + before, ()):
                found.extend(_given(node, entry))
        return found

    def _placed(self, node: ast.stmt) -> Statement:
        """Return a statement of the definitions, moved to where it stands in its cell."""
        first = min([node.lineno, *(each.lineno for each in _decorators(node))])
        origins = self._spec.origins
        origin = origins[first - 1] if first <= len(origins) else None
        if origin is None:
            return Statement(node, f"<{self._spec.step}>", first)
        ast.increment_lineno(node, origin[1] - first)
        return Statement(node, self.name(origin[0]), origin[1])

    def _register(self) -> None:
        """Let tracebacks and `inspect.getsource` find the text of every line."""
        whole = f"<{self._spec.step}>"
        texts: dict[str, list[str]] = {whole: [line + "\n" for line in self._lines]}
        for line, origin in zip(self._lines, self._spec.origins, strict=False):
            if origin is not None:
                _put(texts, self.name(origin[0]), origin[1], line)
                self.files[self.name(origin[0])] = origin[0]
        for cell in self._spec.cells:
            self.files[self.name(cell.number)] = cell.number
            for at in range(cell.first, min(cell.last, len(self._lines)) + 1):
                _put(texts, self.name(cell.number), at - cell.first + 1, self._lines[at - 1])
        for file, lines in texts.items():
            linecache.cache[file] = (sum(map(len, lines)), None, lines, file)


def awaits(tree: ast.AST) -> bool:
    """Tell whether a statement, or a part of it, awaits: functions that it defines apart."""
    waiting: list[ast.AST | None] = [tree]
    while waiting:
        match waiting.pop():
            case None:
                continue
            case ast.Await() | ast.AsyncFor() | ast.AsyncWith() | ast.comprehension(is_async=1):
                return True
            case ast.FunctionDef() | ast.AsyncFunctionDef() as function:
                waiting += [*function.decorator_list, function.args, function.returns]
            case ast.Lambda() as function:
                waiting.append(function.args)
            case ast.GeneratorExp() as generator:
                waiting.append(generator.generators[0].iter)
            case part:
                waiting += ast.iter_child_nodes(part)
    return False


def _is_text(node: ast.stmt) -> bool:
    match node:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
        case _:
            return False


def _put(texts: dict[str, list[str]], file: str, line: int, text: str) -> None:
    lines = texts.setdefault(file, [])
    lines.extend("\n" for _ in range(line - len(lines)))
    lines[line - 1] = text + "\n"


def _decorators(node: ast.stmt) -> list[ast.expr]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return node.decorator_list
    return []


def _given(node: ast.stmt, entry: ParameterSpec) -> list[ast.stmt]:
    """Give a parameter its value: in the assignment if it is plain, else in one after it."""
    value = ast.parse(entry.literal.strip(), mode="eval").body
    ast.literal_eval(value)
    for part in ast.walk(value):
        ast.copy_location(part, node)
    match node:
        case ast.Assign(targets=[ast.Name(id=entry.name)]):
            node.value = value
            return []
        case ast.AnnAssign(target=ast.Name(id=entry.name)):
            node.value = value
            return []
        case _:
            pass
    target = ast.copy_location(ast.Name(entry.name, ast.Store()), node)
    return [ast.copy_location(ast.Assign([target], value, lineno=node.lineno), node)]


def _silenced(lines: list[str]) -> bool:
    """Tell whether the text ends in a semicolon, comments apart: its value is not shown."""
    if not any(";" in line for line in lines):
        return False
    import io
    import tokenize

    ignored = {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.ENDMARKER,
        tokenize.INDENT,
        tokenize.DEDENT,
    }
    last = ""
    try:
        for token in tokenize.generate_tokens(io.StringIO("\n".join(lines) + "\n").readline):
            if token.type not in ignored:
                last = token.string
    except (tokenize.TokenError, SyntaxError):
        return False
    return last == ";"
