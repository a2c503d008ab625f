"""Owns what happens in other people's code: modules, their functions, objects of their
types, by the effects data; and what is assumed where the data say nothing."""

import ast
from dataclasses import replace

from cellwright.compiler.walking import (
    apply,
    attributes,
    caches,
    callbacks,
    calls,
    escapes,
    formulas,
    items,
    known_functions,
    modules,
    named_files,
    results,
    set_ups,
    specials,
    strings,
    uses,
)
from cellwright.compiler.walking.arguments import Arguments, given
from cellwright.compiler.walking.effects import UNKNOWN, Effect, effects_data
from cellwright.compiler.walking.heap import ANY_ATTRIBUTE, NOTHING, Kind, Thing, Value
from cellwright.compiler.walking.machine import Machine

TRANSPARENT_BASES = frozenset(
    {
        "builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol",
        "builtins.Exception", "builtins.ValueError", "builtins.RuntimeError",
        "builtins.KeyError", "builtins.TypeError", "builtins.BaseException",
    }
)  # fmt: skip
"""Bases that add nothing which could surprise."""
_PURE = Effect("scalar")
BOUND = "bound method"
"""The field of what may be data or a method, the data do not tell which."""
TYPE_FACTORIES = frozenset({"enum.Enum", "enum.IntEnum", "enum.Flag", "enum.StrEnum"})
_IN_PLACE = {
    "__setitem__": Effect("none", changes=("self",), stores="stores", calls_back=False),
    "__delitem__": Effect("none", changes=("self",), calls_back=False),
    **{
        f"__i{name}__": Effect("self", changes=("self",), stores="stores-items", calls_back=False)
        for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor")
    },
}
"""What operators do that are called by the names of their methods, whatever the type."""
_READING_METHODS = frozenset({"get", "copy", "keys", "values", "items", "__contains__", "index"})


# -- modules ---------------------------------------------------------------------------


def read_member(m: Machine, thing: Thing, name: str, *, node: ast.AST) -> Value:
    """Return what `module.name` is."""
    path = f"{thing.type}.{name}"
    m.site.effects.modules.setdefault(path, m.chain(node))
    set_ups.rely(m, path, node)
    if thing.type in m.local.loaded:
        return modules.member(m, thing, name, node) or m.heap.library(path)
    effect = effects_data().attribute(path)
    if effect is None:
        # What is unknown has unknown parts, without end where a loop goes down into them.
        again = thing.type.split(".")[1:].count(name) > 1  # `numpy.random.random` is a function
        return frozenset((thing.number,)) if again else m.heap.library(path)
    for use, state in effect.states:
        uses.note_state(m, use, state, node=node, what=path)
    if effect.result == "scalar":
        return m.heap.scalar(effect.type_name or "scalar")
    return m.heap.library(effect.type_name if effect.result == "path" else path)


def item_of_member(
    m: Machine, thing: Thing, index: Value, *, key: str | None, node: ast.AST
) -> Value:
    """Return what `module.name[...]` is: a generic type, an option, a new array."""
    if thing.type == "cellwright.namespace":
        return specials.namespace_item(m, key, node)
    state = _state_of(thing.type)
    if state:
        uses.note_state(m, "uses", state, node=node, what=thing.type)
        return m.heap.scalar()
    if thing.type.startswith("numpy."):
        return frozenset((m.make(node, "numpy.ndarray").number,))
    held = m.make(node, "")
    m.heap.hold(held, index)
    return frozenset((held.number, thing.number))


def change_member(m: Machine, path: str, *, node: ast.AST, what: str) -> None:
    """Note a change of what is found in a module: known state, or a library's own."""
    if m.definition is not None and m.definition.sets_up:
        m.repeated[path] = m.definition
        return
    m.unclean()
    state = _state_of(path)
    if state:
        uses.note_state(m, "changes-state", state, node=node, what=f"{path}: {what}")
    else:
        m.site.effects.patches.setdefault(path, m.chain(node))


def patch(m: Machine, thing: Thing, name: str, value: Value, *, node: ast.AST) -> None:
    """Note `module.name = …`; what stood there before undoes an earlier change."""
    path = f"{thing.type}.{name}"
    own = {path, f"{thing.type}.__{name}__"}
    if value and m.doubts == 0 and m.heap.types(value) <= own:
        if m.site.effects.patches.pop(path, None) is not None:
            return
        if path in m.repeated and m.repeated[path].site == m.site.index:
            m.repeated.pop(path).sets_up = frozenset()
            return
    change_member(m, path, node=node, what="assignment")
    escapes.let_go(m, value, node)


def _state_of(path: str) -> str:
    """Return the state of the process that a path of a library belongs to, or ""."""
    return next((state for _, state in effects_data().states_of(path)), "")


def call_member(m: Machine, path: str, arguments: Arguments, *, node: ast.AST) -> Value:
    """Return what calling something found in a module gives."""
    special = known_functions.library_call(m, path, arguments, node=node)
    if special is not None:
        return special
    set_ups.rely(m, path, node)
    if path == "os.chdir":
        uses.enter_folder(m, arguments.at("0") or arguments.at("path"))
    owner = path.rpartition(".")[0]
    state = _state_of(owner)
    if state:
        use = "uses" if path.rpartition(".")[2] in _READING_METHODS else "changes-state"
        if use == "changes-state":
            m.unclean()
        uses.note_state(m, use, state, node=node, what=path)
        return m.heap.scalar()
    effect = formulas.effect_of(path) or set_ups.registration(path)
    named = effects_data().names(path)
    if effect is None or not named or not uses.all_placed(effect, arguments):
        named_files.note(m, arguments.all(), node=node, what=path)
    if effect is not None and "shell" in effect.marks:
        named_files.note_command(m, arguments.all(), node=node, what=path)
    if effect is None:
        _may_seed(m, path, node)
        set_ups.may_set_up(m, path, arguments, node)
        return apply.apply_effect(m, UNKNOWN, NOTHING, arguments, node=node, path=path)
    return apply.apply_effect(m, effect, NOTHING, arguments, node=node, path=path)


def _may_seed(m: Machine, path: str, node: ast.AST) -> None:
    """Note that an unknown function whose name says so seeds the global generators."""
    if "seed" in path.rpartition(".")[2].lower():
        for state in ("random", "numpy.random"):
            uses.note_state(m, "changes-state", state, node=node, what=path)


# -- objects ---------------------------------------------------------------------------


def scalar_attribute(m: Machine, thing: Thing, name: str) -> Value:
    """Return an attribute of an immutable: immutable as well."""
    return strings.path_attribute(m, thing, name) or m.heap.scalar()


def typed_attribute(m: Machine, thing: Thing, name: str, *, node: ast.AST) -> Value:
    """Return an attribute of an object whose type the data describe."""
    data = effects_data()
    itself = frozenset((thing.number,))
    stored = thing.fields.get(name, NOTHING)
    effect = data.method(thing.type, "." + name)
    if effect is not None:
        return stored | results.result_of(m, effect, itself, given(), node=node, part=name)
    effect = data.method(thing.type, ".*")
    if effect is None or data.names_method(thing.type, name):
        return stored | {_bound_method(m, thing, name, node).number}
    # A name that ends with `_` is data: so scikit-learn spells what a fit has found.
    found = results.result_of(m, effect, itself, given(), node=node, part=name)
    called = None if name.endswith("_") else data.method(thing.type, name)
    if called is not None and (called.changes or called.result == "unknown"):
        method = frozenset((_bound_method(m, thing, name, node).number,))
        for number in found - itself:
            m.heap.put(m.heap[number], BOUND, method)
    return stored | found


def _bound_method(m: Machine, thing: Thing, name: str, node: ast.AST) -> Thing:
    method = m.make(node, "method", Kind.METHOD, part=(name, thing.number))
    method.text = name
    m.heap.put(method, "self", frozenset((thing.number,)))
    return method


def typed_item(m: Machine, thing: Thing, word: str, *, node: ast.AST) -> Value:
    """Return an item of an object whose type the data describe."""
    data = effects_data()
    effect = data.method(thing.type, word) or data.method(thing.type, "[*]")
    if effect is None:
        if word == "[each]":
            m.change_things([thing.number], node)
        return attributes.opaque_part(m, thing) | m.heap.scalar()
    if effect.result == "view":
        effect = replace(effect, calls_back=False)  # it is handed out as it lies there
    itself = frozenset((thing.number,))
    return apply.apply_effect(m, effect, itself, given(), node=node, path=thing.type)


def call_typed_method(
    m: Machine, thing: Thing, name: str, arguments: Arguments, *, node: ast.AST
) -> Value:
    """Return what a method of an object gives."""
    itself = frozenset((thing.number,))
    if thing.kind is Kind.SCALAR:
        special = strings.scalar_method(m, thing, name, arguments, node=node)
        if special is not None:
            return special
    if thing.kind is Kind.FUNCTION:
        known = caches.ask(m, thing, name, node)
        if known is not None:
            return known
    if thing.kind in (Kind.FUNCTION, Kind.METHOD):
        return call_unknown(m, itself, arguments, node=node)
    if thing.kind is Kind.GENERATOR:
        return items.run_generator(m, thing, node)
    data = effects_data()
    if name in ("eval", "query") and (not thing.type or data.flag(thing.type, "queried")):
        specials.read_marked_names(m, arguments.at("0"), node, sure=bool(thing.type))
    effect = _IN_PLACE.get(name) or data.method(thing.type or "object", name)
    stored = thing.fields.get(name, NOTHING)
    if effect is None and thing.kind is Kind.SCALAR:
        callbacks.call_back(m, _PURE, NOTHING, arguments.all(), node)
        return m.heap.scalar()
    placed = effect is not None and uses.all_placed(effect, arguments)
    if not (placed and data.names_method(thing.type, name)):
        like_a_file = effect is not None
        named_files.note(m, arguments.all(), node=node, what=name, like_a_file=like_a_file)
    if effect is None:
        effect = UNKNOWN
    found = apply.apply_effect(m, effect, itself, arguments, node=node, path=f"{thing.type}.{name}")
    return found | (calls.call(m, stored, arguments, node=node) if stored else NOTHING)


def call_inherited(
    m: Machine, thing: Thing, name: str, arguments: Arguments, *, node: ast.AST
) -> Value:
    """Return what a method gives that a class of the notebook has from a library."""
    itself = frozenset((thing.number,))
    data = effects_data()
    for base in library_bases(m, thing):
        effect = data.find(base)
        if effect is not None and effect.type_name and data.knows_type(effect.type_name):
            known = data.method(effect.type_name, name)
            if known is not None:
                run = replace(known, calls=(*known.calls, *_halves(name)))
                return apply.apply_effect(m, run, itself, arguments, node=node, path=base)
    named_files.note(m, arguments.all(), node=node, what=name)
    return apply.apply_effect(m, UNKNOWN, itself, arguments, node=node, path=name)


def _halves(name: str) -> tuple[str, ...]:
    """Return the methods that a method such as `fit_transform` is made of."""
    return (name, *name.split("_", 1)) if "_" in name else (name,)


def library_bases(m: Machine, thing: Thing) -> list[str]:
    """Return the library classes that a class or instance of the notebook derives from."""
    found: list[str] = []
    seen: set[int] = set()
    todo = [number for base in thing.bases for number in sorted(base)]
    while todo:
        number = todo.pop(0)
        if number in seen:
            continue
        seen.add(number)
        base = m.heap[number]
        if base.kind is Kind.LIBRARY:
            found.append(base.type)
        todo += [item for inner in base.bases for item in sorted(inner)]
    return found


def decorate(m: Machine, decorator: Thing, value: Value, *, node: ast.AST) -> Value:
    """Return what a library's decorator makes of a function or class.

    The usual ones hand on what they wrap; the data name those that do not.
    """
    path = decorator.type
    special = known_functions.library_call(m, path, given(value), node=node)
    if special is not None and path != "functools.wraps":
        return special
    effect = effects_data().modules.get(path.rpartition(".")[0], {}).get(path.rpartition(".")[2])
    if effect is not None and effect.result not in ("new", "unknown"):
        return apply.apply_effect(m, effect, NOTHING, given(value), node=node, path=path)
    return value


def call_unknown(m: Machine, receiver: Value, arguments: Arguments, *, node: ast.AST) -> Value:
    """Return what a call gives of which nothing is known."""
    named_files.note(m, arguments.all(), node=node, what="a call")
    return apply.apply_effect(m, UNKNOWN, receiver, arguments, node=node, path="")


def call_folded(m: Machine, thing: Thing, given: Value, *, node: ast.AST) -> Value:
    """Return what a call of the notebook's own function gives, without walking it.

    Used where walking would not end: everything that its text may touch is taken to be
    read and changed, and so is what the text of the functions may that it may call.
    """
    touched = given
    todo, seen = [thing.number], {thing.number}
    while todo:
        called = m.heap[todo.pop()]
        assert called.code is not None
        found, scope = frozenset(called.out), called.code.scope
        for name in sorted(scope.late):
            found |= m.load_global(name, node)
        m.guards += 1
        for name in formulas.names_in_code(called.code.node):
            found |= m.load_global(name, node)
        m.guards -= 1
        for name in sorted(scope.bound_late):
            with m.maybe():
                m.store_global(name, frozenset((m.make(node, "", part=name).number,)), node)
        touched |= found
        more = m.heap.reach(found | given)
        callees = {number for number in more if m.heap[number].kind is Kind.FUNCTION} - seen
        todo += sorted(callees)
        seen |= callees
    m.change(touched, node, deep=True)
    result = m.make(node, "", part="folded")
    m.heap.hold(result, touched)
    return frozenset((result.number,)) | m.heap.scalar()


def flattened(m: Machine, value: Value, depth: int = 1, *, rows: bool = True) -> Value:
    """Return what is inside containers, so many levels down, as a table holds it.

    `rows` tells that dictionaries are rows or columns; else each is an object like others.
    """
    data = effects_data()
    found: set[int] = set()
    opened: set[int] = set()
    level = value
    for left in range(depth, -1, -1):
        inside: set[int] = set()
        for number in level:
            thing = m.heap[number]
            if thing.kind in (Kind.SCALAR, Kind.UNBOUND, Kind.LIBRARY):
                continue
            opens = left and (rows or thing.type != "dict")
            if thing.kind is Kind.PLAIN and opens and thing.type in items.CONTAINERS:
                if number not in opened:
                    opened.add(number)
                    inside |= items.all_items(thing)
            elif data.flag(thing.type, "array") or data.flag(thing.type, "frame"):
                found |= thing.fields.get(ANY_ATTRIBUTE, NOTHING)
            else:
                found.add(number)
        level = frozenset(inside)
    return frozenset(found)
