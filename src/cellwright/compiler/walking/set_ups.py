"""Owns calls that set up a library of which nothing is known: `jax.config.update(…)`.

A call whose value nobody takes, and that is given nothing of the notebook's, is made for its
effect alone. Where that is not on the world outside, it is inside of the library, and who
uses the library later, uses it as it was set up.
"""

import ast
import sys

from cellwright.compiler.walking import uses
from cellwright.compiler.walking.arguments import Arguments
from cellwright.compiler.walking.machine import Machine

_TELLING = (
    "show", "print", "display", "get", "list", "info", "version", "is_", "has_", "describe",
    "plot", "draw", "help", "summary", "demo", "check", "assert", "test", "view",
)  # fmt: skip
"""What the names of functions begin with that only tell something."""


def may_set_up(m: Machine, path: str, arguments: Arguments, node: ast.AST) -> None:
    """Note that an unknown function may set up its library."""
    root, _, name = path.partition(".")
    if node is not m.discarded or not name or root in sys.stdlib_module_names:
        return
    if root == "builtins" or path.rpartition(".")[2].lower().startswith(_TELLING):
        return
    own = {id(part) for part in ast.walk(node)}
    for number in m.heap.mutable(arguments.all()):
        place = m.heap[number].place
        if place is None or id(place.node) not in own:
            return  # it is given what the notebook has: it may be there to work on that
    m.set_up.add(root)
    uses.note_state(m, "changes-state", _state(root), node=node, what=path)


def rely(m: Machine, path: str, node: ast.AST) -> None:
    """Note that a library which may have been set up is used."""
    root = path.partition(".")[0]
    if root in m.set_up:
        uses.note_state(m, "uses", _state(root), node=node, what=path)


def _state(root: str) -> str:
    return f"set-up of {root}"
