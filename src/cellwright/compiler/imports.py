"""Owns which modules and requirements a program asks for."""

import ast
from collections.abc import Iterable, Iterator, Sequence

from cellwright.compiler.emit import Carried
from cellwright.compiler.parse import ParsedCell
from cellwright.model.pipeline import Install, ModuleImport

_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


def module_imports(
    cells: Sequence[ParsedCell], carried: Iterable[Carried], body: Iterable[int]
) -> tuple[ModuleImport, ...]:
    """Return every module that the carried statements and the cells import, once each."""
    found: dict[str, ModuleImport] = {}
    places = [(item.cell, item.node) for item in carried]
    places += [(index, node) for index in body for node in cells[index].tree.body]
    for cell, node in places:
        for module, place, optional in _imports(node, optional=False):
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


def installs_of(
    cells: Sequence[ParsedCell], carried: Iterable[Carried], body: Iterable[int]
) -> tuple[Install, ...]:
    """Return what the cells at work ask to be installed."""
    wanted = {item.cell for item in carried} | set(body)
    return tuple(
        install
        for index, parsed in enumerate(cells)
        for install in parsed.installs
        if index in wanted or not _in_a_step(parsed)
    )


def _in_a_step(parsed: ParsedCell) -> bool:
    return hasattr(parsed.role.role, "step")
