"""Owns what sets up a library: `jax.config.update(…)`, `tqdm.pandas()`, `ox.settings.log = True`.

Who uses a library later, uses it as it was set up. What sets it up the same each time that
it runs, whatever went before, is run again in the steps that use the library: a constant
that is assigned to a member of it, a call of which the data say so and that is given
constants.

Of other calls it is taken for granted that they set up a library of which nothing is known
if nobody takes their value, and they are given nothing of the notebook's: they are made for
their effect alone. Where that is not on the world outside, it is inside of the library.
"""

import ast
import sys

from cellwright.compiler.walking import uses
from cellwright.compiler.walking.arguments import Arguments
from cellwright.compiler.walking.effects import Effect, effects_data, parse_effect
from cellwright.compiler.walking.heap import Kind, Value
from cellwright.compiler.walking.local_modules import BUILTINS
from cellwright.compiler.walking.machine import Machine

EVERYTHING = "*"
"""What is set up where any library, and Python itself, heeds it."""
STATE = "set-up of "
"""What the name of the state begins with, before that of the library."""
_TELLING = (
    "show", "print", "display", "get", "list", "info", "version", "is_", "has_", "describe",
    "plot", "draw", "help", "summary", "demo", "check", "assert", "test", "view",
)  # fmt: skip
"""What the names of functions begin with that only tell something."""
_ABSTRACT = frozenset({"collections.abc", "numbers", "typing", "os", "io", "importlib.abc"})
"""Modules whose classes have others registered as what they are, though they do not derive."""
_KNOWN_ELSEWHERE = frozenset(sys.stdlib_module_names) | {"builtins", "cellwright"}
"""Modules of which the data say what assigning to their members does."""


def repeatable(m: Machine, node: ast.stmt) -> frozenset[str]:
    """Return the libraries that a statement sets up, the same each time that it runs."""
    match node:
        case ast.Expr(value=ast.Call(func=called, args=given, keywords=keywords)):
            effect = effects_data().find(_path(m, called))
            parts = (*given, *(each.value for each in keywords))
            constant = all(_is_constant(m, part) for part in parts)
            if effect is None or effect.once or not constant:
                return frozenset()
            return frozenset(effect.installs)
        case ast.Assign(targets=[ast.Attribute() as target], value=value):
            path = _path(m, target)
            root = path.partition(".")[0]
            kept = path and not effects_data().states_of(path) and root not in _KNOWN_ELSEWHERE
            return frozenset((root,) if kept and _is_constant(m, value, alone=True) else ())
        case _:
            return frozenset()


def _path(m: Machine, node: ast.expr) -> str:
    """Return the path of what the text finds in a library, "" where it is something else."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if isinstance(node, ast.Call):
        return ".".join((_path_given(m, node), *reversed(names))) if names else ""
    if not isinstance(node, ast.Name):
        return ""
    if node.id not in m.names:
        return f"builtins.{node.id}" if node.id in BUILTINS and not names else ""
    variable = m.names[node.id]
    things = [m.heap[number] for number in variable.value]
    if variable.definition is None:
        return ""  # no import that a later step could have as well
    if len(things) != 1 or things[0].kind is not Kind.LIBRARY or things[0].type in m.local.loaded:
        return ""
    return ".".join((things[0].type, *reversed(names)))


def _path_given(m: Machine, node: ast.Call) -> str:
    """Return the path of the part of a library that a call gives: `logging.getLogger("x")`."""
    effect = effects_data().find(_path(m, node.func))
    parts = (*node.args, *(each.value for each in node.keywords))
    if effect is None or effect.result != "path":
        return ""
    return effect.type_name if all(_is_constant(m, each) for each in parts) else ""


def _is_constant(m: Machine, node: ast.expr | None, *, alone: bool = False) -> bool:
    """Tell whether the text of a value says all of it; `alone`: and it cannot be changed."""
    match node:
        case ast.Attribute() | ast.Name():
            return bool(_path(m, node))
        case ast.Constant():
            return True
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant()):
            return True
        case ast.Tuple(elts=parts):
            return all(_is_constant(m, part, alone=alone) for part in parts)
        case ast.List(elts=parts) | ast.Set(elts=parts):
            return not alone and all(_is_constant(m, part) for part in parts)
        case ast.Dict(keys=keys, values=values):
            return not alone and all(_is_constant(m, part) for part in (*keys, *values))
        case _:
            return False


def note_set_up(m: Machine, effect: Effect, node: ast.AST, path: str) -> None:
    """Note that a call sets up libraries, where the statement is not one to be run again."""
    if m.definition is not None and m.definition.sets_up:
        return
    for root in effect.installs:
        m.set_up.add(root)
        uses.note_state(m, "changes-state", _state(root), node=node, what=path)


def registration(path: str) -> Effect | None:
    """Return what `Sequence.register(Class)` does: `isinstance` heeds it from then on."""
    owner, _, name = path.rpartition(".")
    module, _, klass = owner.rpartition(".")
    abstract = name == "register" and klass[:1].isupper() and module in _ABSTRACT
    return parse_effect(f"arg:0 nocall installs:{EVERYTHING}") if abstract else None


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
    root = path.partition(".")[0] if EVERYTHING not in m.set_up else EVERYTHING
    if root in m.set_up:
        uses.note_state(m, "uses", _state(root), node=node, what=path)


def rely_by_type(m: Machine, value: Value, node: ast.AST) -> None:
    """Note that an object of a library which may have been set up is used."""
    if m.set_up:
        for kind in sorted(m.heap.types(value)):
            if "." in kind:
                rely(m, kind, node)


def _state(root: str) -> str:
    return f"{STATE}{root}"
