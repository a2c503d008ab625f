"""Owns the calls that mean something to the analysis itself: `super()`, `globals()`, code
in strings, names in the text of a table's query."""

import ast
import re

from cellwright.compiler.reading.scopes import ScopeKind, scope_table
from cellwright.compiler.walking import expressions, statements, texts
from cellwright.compiler.walking.heap import NOTHING, Kind, Value
from cellwright.compiler.walking.machine import Machine
from cellwright.compiler.walking.sites import MISSING


def special_form(m: Machine, node: ast.Call) -> Value | None:
    """Return what `super()`, `globals()[…]` and the like give; None for any other call."""
    if not isinstance(node.func, ast.Name) or m.names.get(node.func.id, MISSING) != MISSING:
        return None
    match node.func.id:
        case "super":
            return _super(m)
        case "globals" | "locals" | "vars" if not node.args:
            if node.func.id != "globals" and _in_function(m):
                return NOTHING
            return m.heap.library("cellwright.namespace")
        case "eval" | "exec" if node.args:
            return _run_text(m, node)
        case _:
            return None


def _in_function(m: Machine) -> bool:
    return any(frame.scope.kind is ScopeKind.FUNCTION for frame in m.frames)


def _super(m: Machine) -> Value:
    """Return the instance seen as its bases: the first argument of the method at work."""
    for frame in reversed(m.frames):
        if frame.scope.kind is ScopeKind.FUNCTION:
            args = frame.scope.node.args  # type: ignore[union-attr]
            names = [arg.arg for arg in (*args.posonlyargs, *args.args)]
            owner = frame.names.get(names[0], NOTHING) if names else NOTHING
            if names and not owner and frame.cells is not None:
                owner = frame.cells.fields.get(names[0], NOTHING)
            return _as_bases(m, owner, frame.scope.private)
    return NOTHING


def _as_bases(m: Machine, owner: Value, private: str) -> Value:
    found = NOTHING
    for number in sorted(owner):
        thing = m.heap[number]
        classes = thing.bases if thing.kind is Kind.INSTANCE else (frozenset((number,)),)
        view = m.heap.make(
            ("super", number, private), kind=Kind.INSTANCE, type_name="super", place=thing.place
        )
        view.bases = _after(m, classes, private)
        view.fields = thing.fields
        m.heap.link(view, (number,))
        view.open = thing.open
        m.heap.put(view, "super of", frozenset((number,)))
        found |= {view.number}
    return found


def _after(m: Machine, classes: tuple[Value, ...], name: str) -> tuple[Value, ...]:
    """Return the bases of the class of that name."""
    todo = [number for base in classes for number in sorted(base)]
    while todo:
        thing = m.heap[todo.pop(0)]
        if thing.kind is Kind.CLASS:
            if thing.text == name:
                return thing.bases
            todo += [number for base in thing.bases for number in sorted(base)]
    return ()


def _run_text(m: Machine, node: ast.Call) -> Value | None:
    """Walk the literal code of `eval` or `exec`; note that other code cannot be seen."""
    first = node.args[0]
    if isinstance(first, ast.Constant) and isinstance(first.value, str) and len(node.args) == 1:
        mode = "eval" if node.func.id == "eval" else "exec"  # type: ignore[attr-defined]
        try:
            tree = ast.parse(first.value.strip(), mode=mode)
        except (SyntaxError, ValueError):
            return NOTHING
        take_in(m, tree, node)
        if isinstance(tree, ast.Expression):
            return expressions.evaluate(m, tree.body)
        assert isinstance(tree, ast.Module)
        statements.execute_block(m, tree.body)
        return m.heap.scalar("NoneType")
    if len(node.args) < 2 or not _is_own_namespace(m, node.args[1]):
        note_dynamic(m, node)
    return None


def _is_own_namespace(m: Machine, node: ast.expr) -> bool:
    """Tell whether code in a string has a dictionary for its variables, not the notebook's."""
    match node:
        case ast.Dict(keys=keys):
            return None not in keys
        case ast.Name(id=name) if name in m.names:
            places = [m.heap[number].place for number in m.names[name].value]
            made = [place.node for place in places if place is not None]
            shown = all(isinstance(each, ast.Dict) and None not in each.keys for each in made)
            return bool(made) and len(made) == len(places) and shown
        case _:
            return False


def take_in(m: Machine, tree: ast.AST, node: ast.AST) -> None:
    """Let a tree be walked that stands in no cell, as if it stood where a node does."""
    for inner in ast.walk(tree):
        for name in ("lineno", "end_lineno", "col_offset", "end_col_offset"):
            if hasattr(inner, name):
                setattr(inner, name, getattr(node, name))
    m.keep.append(tree)
    m.extra.update(scope_table(tree))


def note_dynamic(m: Machine, node: ast.AST) -> None:
    """Note that names are read or bound which the text does not show."""
    m.site.effects.marks.setdefault("dynamic:", m.chain(node))


def namespace_item(m: Machine, key: str | None, node: ast.AST) -> Value:
    """Return what `globals()[key]` is."""
    name = _name_in(key)
    if name is None:
        note_dynamic(m, node)
        return NOTHING
    return m.load_global(name, node)


def _name_in(key: str | None) -> str | None:
    if key is None:
        return None
    value = ast.literal_eval(key)
    return value if isinstance(value, str) else None


def store_in_namespace(m: Machine, key: str | None, value: Value, node: ast.AST) -> None:
    """Note `globals()[key] = value`."""
    name = _name_in(key)
    if name is None:
        note_dynamic(m, node)
    else:
        m.store_global(name, value, node)


def read_marked_names(m: Machine, text: Value, node: ast.AST, *, sure: bool) -> None:
    """Note the reads of `@name` in the text of a table's `query` or `eval`."""
    for known in sorted(texts.known_texts(m, text)):
        names = re.findall(r"@([^\W\d]\w*)", known)
        if known == "*" and sure:  # any name may be meant
            names = sorted(m.names)
        for name in names:
            m.load(name, node)
