"""Owns what the text of a cell says about its part: definitions, settings, views, work."""

import ast
import builtins
import re
from collections.abc import Iterable, Iterator
from enum import Enum

from cellwright.compiler.reading.parse import ParsedCell


class Shape(Enum):
    """What all statements of a cell have in common; `WORK` where they have nothing."""

    EMPTY = "empty"
    IMPORTS = "imports"
    """Imports, and settings of what they import."""
    DEFINITIONS = "definitions"
    """Functions and classes, with the imports and constants beside them."""
    LITERALS = "literals"
    """Names for literals."""
    ASSERTS = "asserts"
    VIEWS = "views"
    """Expressions that only show something."""
    DRAFT = "draft"
    """Work that ends in a view."""
    WORK = "work"


_IMPORTS = (ast.Import, ast.ImportFrom)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_SETTERS = ("set", "use", "seed", "filter", "simplefilter", "register", "rc", "basicConfig")
_LOOKS = re.compile(
    r"columns|describe|dtypes|head|index|info|isna|isnull|keys|nunique|sample|shape|size|tail"
    r"|unique|value_counts"
)
"""What one asks of data to get to know it, and does not print as a result."""
_RESULTS = frozenset({"evaluate", "main", "run", "score", "summary", "test"})
_SHOWING = frozenset({"display"})


def shape_of(parsed: ParsedCell, modules: frozenset[str]) -> Shape:
    """Return the shape of a cell; `modules` are the names that imports bind anywhere."""
    body = [node for node in parsed.tree.body if not _is_idle(node)]
    if not body:
        return Shape.IMPORTS if parsed.installs else Shape.EMPTY
    kinds = {_kind(node, modules) for node in body}
    if kinds == {"literal"}:
        return Shape.LITERALS
    if kinds == {"assert"}:
        return Shape.ASSERTS
    if "definition" in kinds and kinds <= {"definition", "import", "literal", "setting"}:
        return Shape.DEFINITIONS
    if kinds <= {"import", "literal", "setting"}:
        return Shape.IMPORTS
    if kinds == {"view"}:
        return Shape.VIEWS
    return Shape.DRAFT if _kind(body[-1], modules) == "view" else Shape.WORK


def imported_names(cells: Iterable[ParsedCell]) -> frozenset[str]:
    """Return the names that imports bind in any of the cells."""
    return frozenset(
        (alias.asname or alias.name).partition(".")[0]
        for parsed in cells
        for node in ast.walk(parsed.tree)
        if isinstance(node, _IMPORTS)
        for alias in node.names
    )


def called_names(parsed: ParsedCell) -> frozenset[str]:
    """Return the last words of all that a cell calls: `read_csv`, `fit`, …"""
    return frozenset(map(_last_word, _called(parsed)))


def library_calls(parsed: ParsedCell, modules: frozenset[str]) -> frozenset[str]:
    """Return the last words of those calls that begin with an imported name."""
    return frozenset(_last_word(each) for each in _called(parsed) if _root(each) in modules)


def _called(parsed: ParsedCell) -> Iterator[ast.expr]:
    for node in ast.walk(parsed.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            yield node.func


def _last_word(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else _root(function)


def _is_idle(node: ast.stmt) -> bool:
    """Tell whether a statement does nothing: `pass`, or a text that nobody shows."""
    return isinstance(node, ast.Pass) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )


def _kind(node: ast.stmt, modules: frozenset[str]) -> str:
    match node:
        case ast.Import() | ast.ImportFrom():
            return "import"
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return "definition"
        case ast.Assert():
            return "assert"
        case ast.Assign(targets=[ast.Name()], value=value):
            return _value_kind(value)
        case ast.AnnAssign(target=ast.Name(), value=ast.expr() as value):
            return _value_kind(value)
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript() as target]):
            return "setting" if _root(target) in modules else "work"
        case ast.Try(body=body) if all(isinstance(each, _IMPORTS) for each in body):
            return "import"
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name) as function)):
            if _root(function) in modules and name.startswith(_SETTERS):
                return "setting"
            return "view" if _is_view(node.value) else "work"
        case ast.Expr(value=value):
            return "view" if _is_view(value) else "work"
        case _:
            return "work"


def _value_kind(value: ast.expr) -> str:
    if isinstance(value, ast.Lambda):
        return "definition"
    try:
        ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return "work"
    return "literal"


def _root(node: ast.expr) -> str:
    """Return the name that a chain of attributes and items starts from."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_view(value: ast.expr) -> bool:
    """Tell whether an expression is there to be looked at while the work goes on.

    What calls a function of the notebook, or prints anything but the make-up of data, may
    be what the work is for.
    """
    match value:
        case ast.Call(func=ast.Name(id="print"), args=args):
            return bool(args) and all(_looks(each) for each in args)
        case ast.Call(func=ast.Attribute(attr=name)) if name in _RESULTS:
            return False
    calls = [node for node in ast.walk(value) if isinstance(node, ast.Call)]
    binds = any(isinstance(node, ast.NamedExpr | ast.Await) for node in ast.walk(value))
    return not binds and all(_is_harmless(call.func) for call in calls)


def _is_harmless(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id in _SHOWING or (
            function.id != "print" and hasattr(builtins, function.id)
        )
    return isinstance(function, ast.Attribute)


def _looks(value: ast.expr) -> bool:
    match value:
        case ast.Constant():
            return True
        case ast.Attribute(attr=name) | ast.Call(func=ast.Attribute(attr=name)):
            return _LOOKS.fullmatch(name) is not None
        case ast.Call(func=ast.Name(id="len" | "type")):
            return True
        case ast.Subscript(value=inner):
            return _looks(inner)
        case _:
            return False
