"""Owns which modules and requirements a program asks for."""

import ast
from collections.abc import Iterable, Iterator, Sequence

from cellwright.compiler.emitting.emit import Carried
from cellwright.compiler.reading.parse import ParsedCell
from cellwright.compiler.walking.walk import Walk
from cellwright.model.pipeline import Install, ModuleImport

Found = tuple[str, ast.AST, bool]
_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


class ImportScan:
    """The imports of trees met before; the trees are kept, so their ids stay theirs."""

    def __init__(self, limit: int = 8192) -> None:
        self._limit = limit
        self._known: dict[int, tuple[ast.AST, tuple[Found, ...]]] = {}

    def of(self, node: ast.AST) -> tuple[Found, ...]:
        """Return the imports in a statement: module, place, whether it may be missing."""
        found = self._known.get(id(node))
        if found is None:
            if len(self._known) >= self._limit:
                self._known.clear()
            found = self._known[id(node)] = (node, tuple(_imports(node, optional=False)))
        return found[1]


def module_imports(
    cells: Sequence[ParsedCell], carried: Iterable[Carried], body: Iterable[int], scan: ImportScan
) -> tuple[ModuleImport, ...]:
    """Return every module that the carried statements and the cells import, once each."""
    found: dict[str, ModuleImport] = {}
    places: list[tuple[int, ast.AST]] = [(item.cell, item.node) for item in carried]
    places += [(index, cells[index].tree) for index in body]
    for cell, node in places:
        for module, place, optional in scan.of(node):
            old = found.get(module)
            if old is None or (old.optional and not optional):
                found[module] = ModuleImport(module, cells[cell].span(place), optional)
    return tuple(found[module] for module in sorted(found))


def _imports(node: ast.AST, *, optional: bool) -> Iterator[tuple[str, ast.AST, bool]]:
    match node:
        case ast.Import(names=aliases):
            for alias in aliases:
                yield alias.name, node, optional
            return
        case ast.ImportFrom(module=str(module), level=0):
            if module != "__future__":
                yield module, node, optional
            return
        case ast.Try(body=body, handlers=handlers) if _expects_absence(handlers):
            for inner in body:
                yield from _imports(inner, optional=True)
            for other in (*handlers, *node.orelse, *node.finalbody):
                yield from _imports(other, optional=True)
            return
        case ast.Call(
            func=ast.Attribute(attr="import_module"), args=[ast.Constant(value=str(name))]
        ):
            yield name, node, optional
        case _:
            pass
    for child in ast.iter_child_nodes(node):
        yield from _imports(child, optional=optional)


def _expects_absence(handlers: Sequence[ast.ExceptHandler]) -> bool:
    for handler in handlers:
        if handler.type is None:
            return True
        for node in ast.walk(handler.type):
            if isinstance(node, ast.Name) and node.id in _IMPORT_ERRORS:
                return True
    return False


def installs_of(walk: Walk, carried: Iterable[Carried], body: Iterable[int]) -> tuple[Install, ...]:
    """Return what the cells at work ask to be installed."""
    wanted = {item.cell for item in carried} | set(body)
    return tuple(
        install
        for index in walk.installing
        for install in walk.cells[index].installs
        if index in wanted or not _in_a_step(walk.cells[index])
    )


def _in_a_step(parsed: ParsedCell) -> bool:
    return hasattr(parsed.role.role, "step")
