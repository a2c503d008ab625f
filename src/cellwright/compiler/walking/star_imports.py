"""Owns `from module import *`: followed where every installation exports the same."""

import ast
import importlib

from cellwright.compiler.walking import modules
from cellwright.compiler.walking.heap import NOTHING
from cellwright.compiler.walking.machine import Machine

_STAR_MODULES = frozenset(
    {
        "math", "cmath", "statistics", "itertools", "functools", "collections", "operator",
        "string", "random", "datetime", "decimal", "fractions", "typing", "dataclasses",
    }
)  # fmt: skip


def star_import(m: Machine, module: str, node: ast.ImportFrom) -> None:
    """Bind what a standard module exports; of another one, note that it is not known."""
    owner = m.heap[next(iter(m.heap.library(module)))]
    local = module in m.local.loaded
    names = modules.exported(m, owner) if local else exported_names(module)
    if not names and not local:
        m.site.effects.marks.setdefault(f"star:{module}", m.chain(node))
        return
    for name in names:
        known = modules.member(m, owner, name, node) if local else NOTHING
        value = known or m.heap.library(f"{owner.type}.{name}")
        if m.frame is not None and m.frame.module:
            assert m.frame.cells is not None
            m.heap.put(m.frame.cells, name, value)
        else:
            m.store_global(name, value, node)


def exported_names(module: str) -> list[str]:
    """Return what `from module import *` binds, for the standard modules where that is
    the same in every installation; nothing for any other module."""
    if module not in _STAR_MODULES:
        return []
    found = importlib.import_module(module)
    names = getattr(found, "__all__", None)
    return sorted(names if names is not None else (n for n in vars(found) if n[0] != "_"))
