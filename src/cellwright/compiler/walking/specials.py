"""Owns the calls that mean something to the analysis itself: `super()`, `getattr`, code in
strings, paths put together, decorators of the language."""

import ast
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from cellwright.compiler.reading.scopes import ScopeKind, scope_table
from cellwright.compiler.walking import apply, attributes, calls, expressions, items, texts
from cellwright.compiler.walking.effects import effects_data
from cellwright.compiler.walking.heap import ANY_ITEM, ANY_KEY, MEMORY, NOTHING, Kind, Thing, Value
from cellwright.compiler.walking.machine import MISSING, Machine

if TYPE_CHECKING:
    from cellwright.compiler.walking.calls import Arguments

READING_METHODS = frozenset({"get", "copy", "keys", "values", "items", "__contains__", "index"})
_NAMESPACES = frozenset({"globals", "locals", "vars"})


def state_of(path: str) -> str:
    """Return the state of the process that a path of a library belongs to, or ""."""
    data = effects_data()
    while "." in path:
        effect = data.attribute(path)
        if effect is not None:
            for _, state in effect.states:
                return state
        path = path.rpartition(".")[0]
    return ""


# -- forms that are recognised before their arguments are evaluated --------------------


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
        view.out.setdefault(number, m.heap.now)
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
        for inner in ast.walk(tree):
            for name in ("lineno", "end_lineno", "col_offset", "end_col_offset"):
                if hasattr(inner, name):
                    setattr(inner, name, getattr(node, name))
        m.keep.append(tree)
        m.extra.update(scope_table(tree))
        if isinstance(tree, ast.Expression):
            return expressions.evaluate(m, tree.body)
        assert isinstance(tree, ast.Module)
        from cellwright.compiler.walking import statements

        statements.execute_block(m, tree.body)
        return m.heap.scalar("NoneType")
    note_dynamic(m, node)
    return None


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


# -- functions of the standard library that are followed exactly -----------------------


def library_call(m: Machine, path: str, arguments: "Arguments", *, node: ast.AST) -> Value | None:
    """Return what a specially known function gives; None if it is not one."""
    found = _CALLS.get(path)
    return found(m, arguments, node) if found is not None else None


def _getattr(m: Machine, arguments: "Arguments", node: ast.AST) -> Value:
    text = texts.text_of(m, arguments.at("1"))
    owner = arguments.at("0")
    default = arguments.at("2")
    if "*" in text:
        value = NOTHING
        for number in sorted(owner):
            thing = m.heap[number]
            value |= attributes.opaque_part(m, thing) | frozenset((number,))
            for base in thing.bases:
                value |= base
        return value | default
    return attributes.read_attribute(m, owner, text, node=node) | default


def _setattr(m: Machine, arguments: "Arguments", node: ast.AST) -> Value:
    text = texts.text_of(m, arguments.at("1"))
    name = "*" if "*" in text else text
    attributes.store_attribute(m, arguments.at("0"), name, arguments.at("2"), node=node)
    return m.heap.scalar("NoneType")


def _delattr(m: Machine, arguments: "Arguments", node: ast.AST) -> Value:
    m.change(arguments.at("0"), node)
    return m.heap.scalar("NoneType")


def _import_module(m: Machine, arguments: "Arguments", node: ast.AST) -> Value:
    text = texts.text_of(m, arguments.at("0"))
    if "*" in text:
        m.site.effects.marks.setdefault("import:", m.chain(node))
        return frozenset((m.make(node, "module").number,))
    m.site.effects.modules.setdefault(f"import {text}", m.chain(node))
    return m.heap.library(text)


def _zip(m: Machine, arguments: "Arguments", node: ast.AST) -> Value:
    row = m.make(node, "tuple", part="row")
    for index, value in enumerate(arguments.positional):
        m.heap.put(row, f"[{index}]", items.iterate(m, value, node))
    m.heap.put(row, ANY_ITEM, arguments.star)
    return _listed(m, frozenset((row.number,)), node)


def _enumerate(m: Machine, arguments: "Arguments", node: ast.AST) -> Value:
    row = m.make(node, "tuple", part="row")
    m.heap.put(row, "[0]", m.heap.scalar("int"))
    m.heap.put(row, "[1]", items.iterate(m, arguments.at("0"), node))
    return _listed(m, frozenset((row.number,)), node)


def _listed(m: Machine, value: Value, node: ast.AST) -> Value:
    thing = m.make(node, "list", part="listed")
    m.heap.put(thing, ANY_ITEM, value)
    return frozenset((thing.number,))


def _dict(m: Machine, arguments: "Arguments", node: ast.AST) -> Value:
    thing = m.make(node, "dict", part="dict()")
    m.heap.put(thing, ANY_ITEM, NOTHING)
    for value in arguments.positional:
        keys = items.iterate(m, value, node)
        if "dict" in m.heap.types(value):
            m.heap.put(thing, ANY_ITEM, items.read_item(m, value, None, node))
        else:
            m.heap.put(thing, ANY_ITEM, items.iterate(m, keys, node))
            keys = items.iterate(m, keys, node)
        m.heap.put(thing, ANY_KEY, keys)
    m.heap.put(thing, ANY_ITEM, arguments.star)
    for name, value in arguments.keywords:
        m.heap.put(thing, f"[{name!r}]", value)
    return frozenset((thing.number,))


def _vars(m: Machine, arguments: "Arguments", node: ast.AST) -> Value:
    return arguments.at("0")


def _print(m: Machine, arguments: "Arguments", node: ast.AST) -> Value:
    calls.touch(m, arguments.all(), ("__str__", "__repr__"), node)
    for value in arguments.positional:
        for number in m.heap.reach(value):
            calls.touch(m, frozenset((number,)), ("__repr__", "__str__"), node)
    target = arguments.keyword("file")
    if target:
        m.change(target, node)
    return m.heap.scalar("NoneType")


def _join(m: Machine, arguments: "Arguments", node: ast.AST) -> Value:
    text = ""
    for value in (*arguments.positional, *((arguments.star,) if arguments.star else ())):
        text = texts.join_paths(text, texts.text_of(m, value)) if text else texts.text_of(m, value)
    return texts.string(m, node, text)


def _path(m: Machine, arguments: "Arguments", node: ast.AST) -> Value:
    if not arguments.positional and not arguments.star:
        return texts.path(m, node, ".")
    value = _join(m, arguments, node)
    return texts.path(m, node, texts.text_of(m, value))


def _as_text(m: Machine, arguments: "Arguments", node: ast.AST) -> Value:
    calls.touch(m, arguments.at("0"), ("__str__", "__repr__", "__fspath__"), node)
    return texts.string(m, node, texts.text_of(m, arguments.at("0")))


def _marked(name: str) -> Callable[[Machine, "Arguments", ast.AST], Value]:
    def mark(m: Machine, arguments: "Arguments", node: ast.AST) -> Value:
        for number in arguments.at("0"):
            if m.heap[number].kind is Kind.FUNCTION:
                m.heap.put(m.heap[number], name, NOTHING)
        return arguments.at("0")

    return mark


def _identity(m: Machine, arguments: "Arguments", node: ast.AST) -> Value:
    m.sees_identity = True
    m.site.effects.marks.setdefault("identity:builtins.id", m.chain(node))
    return m.heap.scalar("int")


def _nothing(m: Machine, arguments: "Arguments", node: ast.AST) -> Value:
    return m.heap.library("cellwright.identity")


def _deepcopy(m: Machine, arguments: "Arguments", node: ast.AST) -> Value:
    calls.touch(m, arguments.at("0"), ("__deepcopy__", "__reduce__", "__getstate__"), node)
    return frozenset(_copied(m, number, node, {}) for number in arguments.at("0"))


def _copied(m: Machine, number: int, node: ast.AST, done: dict[int, int]) -> int:
    """Return a copy of a thing and of all that it reaches, of the same types."""
    thing = m.heap[number]
    if thing.kind not in (Kind.PLAIN, Kind.INSTANCE):
        return number
    if number not in done:
        copy = m.make(node, thing.type, thing.kind, part=("copy", number))
        done[number] = copy.number
        copy.bases, copy.open, copy.text = thing.bases, thing.open, thing.text
        copy.out.update({n: m.heap.now for base in thing.bases for n in base})
        for name, value in tuple(thing.fields.items()):
            if name != MEMORY:
                inner = frozenset(_copied(m, each, node, done) for each in value)
                m.heap.put(copy, name, inner)
    return done[number]


def _next(m: Machine, arguments: "Arguments", node: ast.AST) -> Value:
    value = arguments.at("0")
    m.change(value, node)
    return items.iterate(m, value, node) | arguments.at("1")


_CALLS: dict[str, Callable[[Machine, "Arguments", ast.AST], Value]] = {
    "builtins.getattr": _getattr,
    "builtins.setattr": _setattr,
    "builtins.delattr": _delattr,
    "builtins.vars": _vars,
    "builtins.__import__": _import_module,
    "importlib.import_module": _import_module,
    "builtins.zip": _zip,
    "builtins.enumerate": _enumerate,
    "builtins.dict": _dict,
    "builtins.print": _print,
    "builtins.next": _next,
    "copy.deepcopy": _deepcopy,
    "builtins.str": _as_text,
    "builtins.id": _identity,
    "os.fspath": _as_text,
    "os.path.join": _join,
    "posixpath.join": _join,
    "pathlib.Path": _path,
    "pathlib.PurePath": _path,
    "pathlib.PosixPath": _path,
    "builtins.property": _marked("property"),
    "functools.cached_property": _marked("cached"),
    "builtins.staticmethod": _marked("static"),
    "builtins.classmethod": _marked("class"),
    "functools.wraps": _nothing,
}


# -- strings and paths -----------------------------------------------------------------


def path_attribute(m: Machine, thing: Thing, name: str) -> Value | None:
    """Return an attribute of a path whose text is known."""
    if thing.type != texts.PATH or thing.text is None:
        return None
    head, _, tail = thing.text.rpartition("/")
    stem, dot, suffix = tail.rpartition(".")
    match name:
        case "parent":
            return m.heap.scalar(texts.PATH, head or ".")
        case "name":
            return m.heap.scalar("str", tail)
        case "stem":
            return m.heap.scalar("str", stem if dot else tail)
        case "suffix":
            return m.heap.scalar("str", dot + suffix if dot else "")
        case _:
            return None


def scalar_method(
    m: Machine, thing: Thing, name: str, arguments: "Arguments", *, node: ast.AST
) -> Value | None:
    """Return what a method of a string or path gives; None if it is not followed."""
    if thing.type == texts.PATH:
        text = thing.text or "*"
        if name == "joinpath":
            for value in arguments.positional:
                text = texts.join_paths(text, texts.text_of(m, value))
            return texts.path(m, node, text)
        if name in ("resolve", "absolute", "expanduser"):
            return frozenset((thing.number,))
        if name in ("with_suffix", "with_name"):
            return texts.path(m, node, text.rpartition("." if "suffix" in name else "/")[0] + "*")
        if name in ("glob", "rglob", "iterdir"):
            wanted = texts.text_of(m, arguments.at("0")) if arguments.positional else "*"
            below = texts.join_paths(text, "**/" + wanted if name == "rglob" else wanted)
            value = m.heap.scalar(texts.PATH, below)
            apply.note_file(m, "reads", value, node=node, what=f"Path.{name}")
            return _listed(m, value, node)
    if thing.type == "str" and name == "format":
        return texts.string(m, node, texts.formatted(thing.text))
    return None
