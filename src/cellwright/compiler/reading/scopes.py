"""Owns which name belongs to which scope, for every binding construct of the language.

A table of scopes for one piece of code, as CPython's symbol table has it, plus what
that does not tell: which names a comprehension's `:=` binds outside, and private names
mangled. Module-level names are those that no scope here claims.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
ComprehensionNode = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
ScopeNode = FunctionNode | ComprehensionNode | ast.ClassDef


class ScopeKind(Enum):
    """What opened a scope."""

    FUNCTION = "function"
    COMPREHENSION = "comprehension"
    CLASS = "class"


@dataclass(slots=True)
class Scope:
    """The names of one function, class body or comprehension.

    `cells` are own names that an inner scope uses, `free` names of an outer function,
    `late` the module-level names that this code, or code inside it, looks up when it
    runs, `bound_late` those that it binds (`global`, and `:=` of module level).
    """

    kind: ScopeKind
    node: ScopeNode
    parent: "Scope | None"
    private: str = ""
    bound: set[str] = field(default_factory=set)
    used: dict[str, ast.AST] = field(default_factory=dict)
    globals: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)
    cells: set[str] = field(default_factory=set)
    free: set[str] = field(default_factory=set)
    late: dict[str, ast.AST] = field(default_factory=dict)
    bound_late: set[str] = field(default_factory=set)
    is_generator: bool = False
    inner: list["Scope"] = field(default_factory=list)

    def owns(self, name: str) -> bool:
        """Tell whether a name is one of this scope's own."""
        return name in self.bound and name not in self.globals and name not in self.nonlocals


ScopeTable = dict[ast.AST, Scope]


def mangled(name: str, private: str) -> str:
    """Return what a name written inside class `private` is called at run time."""
    if private and name.startswith("__") and not name.endswith("__") and "." not in name:
        stripped = private.lstrip("_")
        return f"_{stripped}{name}" if stripped else name
    return name


def scope_table(tree: ast.AST) -> ScopeTable:
    """Return the scope of every function, class and comprehension in a tree."""
    table: ScopeTable = {}
    _Builder(table).visit(tree)
    for scope in table.values():
        if scope.parent is None:
            _resolve(scope, [])
    return table


def bound_names(target: ast.AST) -> Iterator[str]:
    """Yield the names that an assignment target, pattern or import alias binds."""
    for node in ast.walk(target):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name
            case ast.MatchMapping(rest=str(name)):
                yield name
            case _:
                pass


def alias_name(alias: ast.alias) -> str:
    """Return the name that `import …` or `from … import …` binds."""
    return alias.asname or alias.name.split(".")[0]


def _resolve(scope: Scope, functions: list[Scope]) -> None:
    """Give every used name its home: here, an enclosing function, or the module."""
    outer = functions if scope.kind is ScopeKind.CLASS else [*functions, scope]
    for inner in scope.inner:
        _resolve(inner, outer)
        for name, node in inner.late.items():
            scope.late.setdefault(name, node)
        scope.bound_late |= inner.bound_late
    for name, node in scope.used.items():
        if scope.owns(name) and name not in scope.globals:
            if scope.kind is ScopeKind.CLASS:
                scope.late.setdefault(name, node)
            continue
        home = None if name in scope.globals else _home(name, functions)
        if home is None:
            scope.late.setdefault(name, node)
        else:
            home.cells.add(name)
            scope.free.add(name)
    for name in scope.nonlocals:
        home = _home(name, functions)
        if home is not None:
            home.cells.add(name)
            scope.free.add(name)
    scope.bound_late |= scope.bound & scope.globals


def _home(name: str, functions: list[Scope]) -> Scope | None:
    return next((scope for scope in reversed(functions) if scope.owns(name)), None)


class _Builder(ast.NodeVisitor):
    """Walks a tree once and fills the table."""

    def __init__(self, table: ScopeTable) -> None:
        self._table = table
        self._scope: Scope | None = None

    # -- names ---------------------------------------------------------------------

    def _bind(self, name: str) -> None:
        if self._scope is not None:
            self._scope.bound.add(mangled(name, self._scope.private))

    def _use(self, name: str, node: ast.AST) -> None:
        if self._scope is not None:
            self._scope.used.setdefault(mangled(name, self._scope.private), node)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._use(node.id, node)
        else:
            self._bind(node.id)

    def visit_Global(self, node: ast.Global) -> None:
        if self._scope is not None:
            self._scope.globals.update(mangled(name, self._scope.private) for name in node.names)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        if self._scope is not None:
            self._scope.nonlocals.update(mangled(name, self._scope.private) for name in node.names)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        scope = self._scope
        name = node.target.id
        while scope is not None and scope.kind is ScopeKind.COMPREHENSION:
            # `:=` binds where the outermost comprehension stands
            outside = scope.parent
            if outside is None:
                scope.bound_late.add(name)
                scope.globals.add(name)
            elif outside.kind is not ScopeKind.COMPREHENSION and name in outside.globals:
                scope.globals.add(name)
            else:
                scope.nonlocals.add(name)
            scope = outside
        if scope is not None:
            scope.bound.add(mangled(name, scope.private))

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self._use(node.target.id, node.target)
        self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self._bind(node.name)
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._bind(alias_name(alias))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name != "*":
                self._bind(alias_name(alias))

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        if node.name:
            self._bind(node.name)
        self.generic_visit(node)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        if node.name:
            self._bind(node.name)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        if node.rest:
            self._bind(node.rest)
        self.generic_visit(node)

    # -- scopes --------------------------------------------------------------------

    def _open(self, kind: ScopeKind, node: ScopeNode) -> Scope:
        parent = self._scope
        private = parent.private if parent is not None else ""
        scope = Scope(kind, node, parent, private)
        if parent is not None:
            parent.inner.append(scope)
        self._table[node] = scope
        return scope

    def _inside(self, scope: Scope, nodes: Iterable[ast.AST]) -> None:
        outer, self._scope = self._scope, scope
        for node in nodes:
            self.visit(node)
        self._scope = outer

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._arguments_outside(node.args)
        scope = self._open(ScopeKind.FUNCTION, node)
        scope.bound.update(parameter_names(node.args))
        self._inside(scope, [node.body])

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._bind(node.name)
        for decorator in node.decorator_list:
            self.visit(decorator)
        self._arguments_outside(node.args)
        if node.returns is not None:
            self.visit(node.returns)
        scope = self._open(ScopeKind.FUNCTION, node)
        private = scope.private
        scope.bound.update(mangled(name, private) for name in parameter_names(node.args))
        scope.bound.update(_type_parameters(node))
        self._inside(scope, node.body)

    def _arguments_outside(self, args: ast.arguments) -> None:
        for default in [*args.defaults, *(item for item in args.kw_defaults if item)]:
            self.visit(default)
        for arg in all_arguments(args):
            if arg.annotation is not None:
                self.visit(arg.annotation)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._bind(node.name)
        for outside in [*node.decorator_list, *node.bases, *node.keywords]:
            self.visit(outside)
        scope = self._open(ScopeKind.CLASS, node)
        scope.private = node.name
        scope.bound.update(_type_parameters(node))
        self._inside(scope, node.body)

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self._comprehension(node, [node.elt])

    def visit_SetComp(self, node: ast.SetComp) -> None:
        self._comprehension(node, [node.elt])

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self._comprehension(node, [node.elt])

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._comprehension(node, [node.key, node.value])

    def _comprehension(self, node: ComprehensionNode, parts: list[ast.expr]) -> None:
        first, *others = node.generators
        self.visit(first.iter)  # evaluated where the comprehension stands
        scope = self._open(ScopeKind.COMPREHENSION, node)
        inside: list[ast.AST] = [first.target, *first.ifs]
        for clause in others:
            inside += [clause.target, clause.iter, *clause.ifs]
        self._inside(scope, [*inside, *parts])

    def visit_Yield(self, node: ast.Yield) -> None:
        self._yields()
        self.generic_visit(node)

    def visit_YieldFrom(self, node: ast.YieldFrom) -> None:
        self._yields()
        self.generic_visit(node)

    def _yields(self) -> None:
        if self._scope is not None:
            self._scope.is_generator = True


def all_arguments(args: ast.arguments) -> list[ast.arg]:
    """Return every parameter, in the order in which it is written."""
    found = [*args.posonlyargs, *args.args]
    if args.vararg is not None:
        found.append(args.vararg)
    found += args.kwonlyargs
    if args.kwarg is not None:
        found.append(args.kwarg)
    return found


def parameter_names(args: ast.arguments) -> list[str]:
    """Return the names of every parameter."""
    return [arg.arg for arg in all_arguments(args)]


def _type_parameters(node: ast.AST) -> list[str]:
    parameters = getattr(node, "type_params", [])  # Python 3.12
    return [parameter.name for parameter in parameters]
