"""Owns what a piece of Python source imports, and where it looks: facts of its text alone."""

import ast
import os
from collections.abc import Iterator

import msgspec

_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


class SourceImport(msgspec.Struct, frozen=True):
    """A module that source imports, as a dotted name; relative ones begin with dots.

    `names` are what a `from` import takes out of it: submodules, perhaps. `optional` is
    true where the source goes on without it.
    """

    module: str
    line: int
    names: tuple[str, ...] = ()
    optional: bool = False


def source_imports(source: str | bytes) -> tuple[SourceImport, ...]:
    """Return the imports anywhere in Python source, in order, also those inside functions.

    What only a type checker sees is left out.

    Raises:
        SyntaxError: it is not Python; `lineno` tells where.
        ValueError: it has null bytes.
    """
    found: list[SourceImport] = []
    _walk(ast.parse(source).body, found, optional=False)
    return tuple(found)


def search_edits(source: str, folder: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the folders that source puts before, and after, the rest of `sys.path`.

    Only paths that the text spells out count; relative ones are relative to `folder`.
    """
    first: list[str] = []
    last: list[str] = []
    if "sys.path" not in source:
        return (), ()
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return (), ()
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=target, attr=method), args=args) if (
                _is_search_path(target)
            ):
                if method == "insert" and len(args) == 2:
                    first[:0] = _folders([args[1]], folder)
                elif method == "append" and args:
                    last += _folders(args, folder)
                elif method == "extend" and args and isinstance(args[0], ast.List | ast.Tuple):
                    last += _folders(args[0].elts, folder)
            case ast.AugAssign(target=ast.Attribute() as target, value=ast.List(elts=items)):
                if _is_search_path(target):
                    last += _folders(items, folder)
            case _:
                pass
    return tuple(first), tuple(last)


def _walk(statements: list[ast.stmt], found: list[SourceImport], *, optional: bool) -> None:
    for statement in statements:
        match statement:
            case ast.Import(names=names):
                found += [
                    SourceImport(alias.name, statement.lineno, (), optional) for alias in names
                ]
            case ast.ImportFrom(module=module, names=names, level=level):
                name = "." * level + (module or "")
                taken = tuple(alias.name for alias in names if alias.name != "*")
                found.append(SourceImport(name, statement.lineno, taken, optional))
            case ast.If(test=test) if _is_type_checking(test):
                _walk(statement.orelse, found, optional=optional)
            case ast.Try(handlers=handlers):
                guarded = optional or any(_catches_import_errors(one) for one in handlers)
                _walk(statement.body, found, optional=guarded)
                for handler in handlers:
                    _walk(handler.body, found, optional=guarded)
                _walk([*statement.orelse, *statement.finalbody], found, optional=optional)
            case _:
                found += _dynamic(statement)
                for block in _blocks(statement):
                    _walk(block, found, optional=optional)


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(statement, name, None)
        if isinstance(block, list):
            yield block
    if isinstance(statement, ast.Match):
        for case in statement.cases:
            yield case.body


def _dynamic(statement: ast.stmt) -> Iterator[SourceImport]:
    """Yield the imports that a call spells: `import_module("x")`, `__import__("x")`."""
    for node in _expressions(statement):
        match node:
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__")
                | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ) if not name.startswith("."):
                yield SourceImport(name, node.lineno, (), optional=True)
            case _:
                pass


def _expressions(statement: ast.stmt) -> Iterator[ast.AST]:
    """Yield the nodes of a statement's own expressions, not those of statements within it."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [
            child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt)
        ]


def _is_type_checking(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def _catches_import_errors(handler: ast.ExceptHandler) -> bool:
    caught = handler.type
    kinds = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(
        kind is None or (isinstance(kind, ast.Name) and kind.id in _IMPORT_ERRORS) for kind in kinds
    )


def _is_search_path(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr == "path"
        and isinstance(node.value, ast.Name)
        and node.value.id == "sys"
    )


def _folders(items: list[ast.expr], base: str) -> list[str]:
    found = [_path(item, base) for item in items]
    return [os.path.normpath(os.path.join(base, path)) for path in found if path is not None]


def _path(node: ast.expr, base: str) -> str | None:
    """Return the path that an expression spells out, None where it takes running it."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Attribute(value=ast.Name(id="os"), attr="pardir"):
            return os.pardir
        case ast.Attribute(value=inner, attr="parent"):
            path = _path(inner, base)
            return (
                None
                if path is None
                else os.path.dirname(os.path.normpath(os.path.join(base, path)))
            )
        case ast.BinOp(left=left, op=ast.Div() | ast.Add() as operator, right=right):
            parts = (_path(left, base), _path(right, base))
            if parts[0] is None or parts[1] is None:
                return None
            return ("/" if isinstance(operator, ast.Div) else "").join((parts[0], parts[1]))
        case ast.Call(func=function, args=args):
            return _called(function, args, base)
        case _:
            return None


def _called(function: ast.expr, args: list[ast.expr], base: str) -> str | None:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name in ("getcwd", "cwd") and not args:
        return base
    if name in ("resolve", "absolute", "as_posix", "expanduser") and not args:
        return _path(function.value, base) if isinstance(function, ast.Attribute) else None
    parts = [_path(arg, base) for arg in args]
    known = [part for part in parts if part is not None]
    if not known or len(known) != len(parts):
        return None
    match name:
        case "Path" | "str" | "join" | "abspath" | "realpath" | "normpath" | "fspath":
            return os.path.join(*known)
        case "expanduser":
            return os.path.expanduser(known[0])
        case "dirname":
            return os.path.dirname(os.path.normpath(os.path.join(base, known[0])))
        case _:
            return None
