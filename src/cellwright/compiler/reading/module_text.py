"""Owns the text of a local module, made ready for the walk.

A module is walked as the body of one function: its variables are then those of an outer
function to all that is defined in it, and `global` means what `nonlocal` means.
"""

import ast
from dataclasses import dataclass

from cellwright.compiler.reading.scopes import Scope, ScopeTable, scope_table
from cellwright.model.source import ModuleText


@dataclass(frozen=True, slots=True)
class ModuleTree:
    """A local module as a function: its body, the scopes in it, and its own scope.

    `late` are the variables that its functions bind by `global`.
    """

    body: tuple[ast.stmt, ...]
    table: ScopeTable
    scope: Scope
    late: frozenset[str]
    package: bool


def read_module(source: ModuleText) -> ModuleTree | None:
    """Return a module's text as a tree; None where it is not Python, or nested too deeply."""
    try:
        tree = ast.parse(source.text)
        globals_as_nonlocals = _Globals()
        body = [globals_as_nonlocals.visit(node) for node in tree.body if not _is_main(node)]
        names = sorted(globals_as_nonlocals.names)
        function = ast.parse("def module(): pass").body[0]
        assert isinstance(function, ast.FunctionDef)
        function.body = [*map(_bound, names), *body]
        table = scope_table(function)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    scope = table[function]
    scope.cells = set(scope.bound)
    return ModuleTree(
        tuple(function.body), table, scope, globals_as_nonlocals.names, source.package
    )


class _Globals(ast.NodeTransformer):
    """Turns `global` into `nonlocal`, and remembers the names."""

    def __init__(self) -> None:
        self.names: frozenset[str] = frozenset()
        self._depth = 0

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._inside(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._inside(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._inside(node)

    def _inside(self, node: ast.AST) -> ast.AST:
        self._depth += 1
        found = self.generic_visit(node)
        self._depth -= 1
        return found

    def visit_Global(self, node: ast.Global) -> ast.AST:
        self.names |= set(node.names)
        found = ast.Nonlocal(names=node.names) if self._depth else ast.Pass()
        return ast.copy_location(found, node)


def _bound(name: str) -> ast.stmt:
    """Return a statement that makes a name one of the module's own and does nothing."""
    node = ast.AnnAssign(
        target=ast.Name(id=name, ctx=ast.Store()),
        annotation=ast.Constant(value=None),
        value=None,
        simple=1,
    )
    return ast.fix_missing_locations(node)


def _is_main(node: ast.stmt) -> bool:
    """Tell whether a statement is for a module that is run as a program."""
    match node:
        case ast.If(
            test=ast.Compare(
                left=ast.Name(id="__name__"),
                ops=[ast.Eq()],
                comparators=[ast.Constant(value="__main__")],
            ),
            orelse=[],
        ):
            return True
        case _:
            return False
