"""Owns calls of what the notebook defines: functions, classes, methods, generators."""

import ast
from dataclasses import dataclass, replace

from cellwright.compiler.reading.scopes import all_arguments
from cellwright.compiler.walking import (
    attributes,
    expressions,
    items,
    library,
    specials,
    statements,
)
from cellwright.compiler.walking.effects import effects_data
from cellwright.compiler.walking.heap import (
    ANY_ITEM,
    ANY_KEY,
    NOTHING,
    UNBOUND,
    Kind,
    Place,
    Thing,
    Value,
)
from cellwright.compiler.walking.machine import DEPTH, Frame, Machine

_MOST_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a call gives: by position, by keyword, and from `*x` and `**x`."""

    positional: tuple[Value, ...] = ()
    keywords: tuple[tuple[str, Value], ...] = ()
    star: Value = NOTHING
    every: Value = NOTHING
    """What any parameter may be: a call that we do not see."""

    def all(self) -> Value:
        """Return everything that is given."""
        found = self.star | self.every
        for value in self.positional:
            found |= value
        for _, value in self.keywords:
            found |= value
        return found

    def keyword(self, name: str) -> Value | None:
        """Return the value of a keyword argument."""
        return next((value for key, value in self.keywords if key == name), None)

    def at(self, where: str) -> Value:
        """Return the argument at a position or keyword."""
        if not where.isdigit():
            return self.keyword(where) or NOTHING
        index = int(where)
        return self.positional[index] if index < len(self.positional) else self.star


def given(*values: Value) -> Arguments:
    """Return arguments by position."""
    return Arguments(tuple(values))


def evaluate_call(m: Machine, node: ast.Call) -> Value:
    """Return what a call gives, noting what it does."""
    special = specials.special_form(m, node)
    if special is not None:
        return special
    if isinstance(node.func, ast.Attribute):
        owner = expressions.evaluate(m, node.func.value)
        arguments = _arguments(m, node)
        return call_method(m, owner, node.func.attr, arguments, node=node)
    callee = expressions.evaluate(m, node.func)
    return call(m, callee, _arguments(m, node), node=node)


def _arguments(m: Machine, node: ast.Call) -> Arguments:
    positional: list[Value] = []
    star = NOTHING
    for item in node.args:
        if isinstance(item, ast.Starred):
            star |= items.iterate(m, expressions.evaluate(m, item.value), item)
        elif star:
            star |= expressions.evaluate(m, item)
        else:
            positional.append(expressions.evaluate(m, item))
    keywords: list[tuple[str, Value]] = []
    for keyword in node.keywords:
        value = expressions.evaluate(m, keyword.value)
        if keyword.arg is None:
            star |= items.read_item(m, value, None, node)
        else:
            keywords.append((keyword.arg, value))
    return Arguments(tuple(positional), tuple(keywords), star)


def call_method(
    m: Machine, owner: Value, name: str, arguments: Arguments, *, node: ast.AST
) -> Value:
    """Return what `owner.name(...)` gives."""
    found, others = NOTHING, NOTHING
    for number in sorted(owner):
        thing = m.heap[number]
        if thing.kind is Kind.UNBOUND:
            continue
        if thing.kind in (Kind.LIBRARY, Kind.CLASS):
            others |= attributes.read_attribute(m, frozenset((number,)), name, node=node)
        elif thing.kind is Kind.INSTANCE:
            members, complete = attributes.class_member(m, thing.bases, name)
            if members or name in thing.fields:
                others |= attributes.read_attribute(m, frozenset((number,)), name, node=node)
            elif thing.open or not complete:
                found |= library.call_inherited(m, thing, name, arguments, node=node)
            else:
                others |= attributes.read_attribute(m, frozenset((number,)), name, node=node)
        elif name in thing.fields and thing.kind is not Kind.PLAIN:
            others |= thing.fields[name]
        else:
            found |= library.call_typed_method(m, thing, name, arguments, node=node)
    return found | (call(m, others, arguments, node=node) if others else NOTHING)


def call(m: Machine, callee: Value, arguments: Arguments, *, node: ast.AST) -> Value:
    """Return what calling a value gives, whatever it is."""
    targets = [n for n in sorted(callee) if m.heap[n].kind is not Kind.UNBOUND]
    if not targets:
        return library.call_unknown(m, NOTHING, arguments, node=node)
    if len(targets) == 1:
        return _call_one(m, m.heap[targets[0]], arguments, node)
    found, before, after = NOTHING, m.snapshot(), []
    for number in targets:
        m.restore(before)
        found |= _call_one(m, m.heap[number], arguments, node)
        if not m.dead:
            after.append(m.snapshot())
    if after:
        m.restore(after[0])
        m.join_all(after[1:])
    return found


def _call_one(m: Machine, thing: Thing, arguments: Arguments, node: ast.AST) -> Value:
    match thing.kind:
        case Kind.FUNCTION:
            return call_function(m, thing, arguments, node)
        case Kind.CLASS:
            return instantiate(m, thing, arguments, node)
        case Kind.METHOD:
            return _call_bound(m, thing, arguments, node)
        case Kind.LIBRARY:
            return library.call_member(m, thing.type, arguments, node=node)
        case Kind.INSTANCE:
            members, complete = attributes.class_member(m, thing.bases, "__call__")
            itself = frozenset((thing.number,))
            if members:
                more = replace(arguments, positional=(itself, *arguments.positional))
                return call(m, members, more, node=node)
            if thing.open or not complete:
                return library.call_inherited(m, thing, "__call__", arguments, node=node)
            return NOTHING
        case Kind.SCALAR:
            return m.heap.scalar()
        case Kind.PLAIN if "__call__" in effects_data().types.get(thing.type, {}):
            return library.call_typed_method(m, thing, "__call__", arguments, node=node)
        case _:
            return library.call_unknown(m, frozenset((thing.number,)), arguments, node=node)


def _call_bound(m: Machine, thing: Thing, arguments: Arguments, node: ast.AST) -> Value:
    owner = thing.fields.get("self", NOTHING)
    function = thing.fields.get("function", NOTHING)
    if not function:
        return call_method(m, owner, thing.text or "", arguments, node=node)
    more = replace(arguments, positional=(owner, *arguments.positional))
    return call(m, function, more, node=node)


# -- functions -------------------------------------------------------------------------


def closure_here(m: Machine) -> tuple[int, ...]:
    """Return the frames whose variables an inner function sees here."""
    if not m.frames:
        return ()
    frame = m.frames[-1]
    own = (frame.cells.number,) if frame.cells is not None else ()
    return own + frame.closure


def make_function(m: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Value:
    """Return the function that a `def` or `lambda` makes; defaults are evaluated."""
    thing = m.make(node, "function", Kind.FUNCTION)
    thing.code = m.code(node)
    m.heap.bind_closure(thing, closure_here(m))
    args = node.args
    positional = [*args.posonlyargs, *args.args]
    for arg, default in zip(reversed(positional), reversed(args.defaults), strict=False):
        m.heap.put(thing, f"={arg.arg}", expressions.evaluate(m, default))
    for arg, item in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        if item is not None:
            m.heap.put(thing, f"={arg.arg}", expressions.evaluate(m, item))
    if not isinstance(node, ast.Lambda):
        for arg in all_arguments(args):
            if arg.annotation is not None:
                expressions.evaluate(m, arg.annotation)
        if node.returns is not None:
            expressions.evaluate(m, node.returns)
    return frozenset((thing.number,))


def call_function(m: Machine, thing: Thing, arguments: Arguments, node: ast.AST) -> Value:
    """Walk the body of a function with these arguments; return what it returns."""
    code = thing.code
    assert code is not None
    function = code.node
    assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    if code.scope.is_generator or isinstance(function, ast.AsyncFunctionDef):
        return _suspended(m, thing, arguments, node)
    return _enter(m, thing, arguments, node)


def _enter(m: Machine, thing: Thing, arguments: Arguments, node: ast.AST) -> Value:
    code = thing.code
    assert code is not None
    active = next((frame for frame in m.frames if frame.scope is code.scope), None)
    if active is not None:
        return _again(m, active, thing, arguments)
    if len(m.frames) >= DEPTH or m.steps_left <= 0:
        return library.call_folded(m, thing, arguments.all(), node=node)
    frame = Frame(
        code.scope,
        code.cell,
        (*m.context, id(node))[-4:],
        m.frames[0].place if m.frames else Place(m.cell, node),
        closure=thing.closure,
    )
    outer = (m.cell, m.loops, m.dead)
    m.cell, m.loops, m.dead = code.cell, [], False
    m.frames.append(frame)
    _bind_cells(m, frame, thing)
    frame.entry = _parameters(m, thing, arguments)
    _walk_body(m, frame, code.node)
    m.frames.pop()
    m.cell, m.loops, m.dead = outer
    return frame.returned - {UNBOUND}


def _again(m: Machine, active: Frame, thing: Thing, arguments: Arguments) -> Value:
    """Join a recursive call into the one that is being walked; that one goes round again."""
    active.recursive = True
    for name, value in _parameters(m, thing, arguments).items():
        active.entry[name] = active.entry.get(name, NOTHING) | value
    return active.returned - {UNBOUND}


def _walk_body(m: Machine, frame: Frame, node: ast.AST) -> None:
    for _ in range(_MOST_ROUNDS):
        known = (dict(frame.entry), frame.returned, m.heap.growth)
        frame.names, frame.exits = {}, []
        for name, value in frame.entry.items():
            m.store(name, value, node)
        if isinstance(node, ast.Lambda):
            frame.returned |= expressions.evaluate(m, node.body)
        else:
            _walk_statements(m, frame, node)
        if not frame.recursive or known == (frame.entry, frame.returned, m.heap.growth):
            break


def _walk_statements(m: Machine, frame: Frame, node: ast.AST) -> None:
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    statements.execute_block(m, node.body)
    if not m.dead:
        frame.returned |= m.heap.scalar("NoneType")
    exits = frame.exits
    if m.dead and exits:
        m.restore(exits[0])
        exits = exits[1:]
    m.join_all(exits)
    m.dead = False


def _bind_cells(m: Machine, frame: Frame, thing: Thing) -> None:
    if frame.scope.cells:
        key_node = frame.scope.node
        frame.cells = m.make(key_node, "frame", Kind.FRAME, part=("call", thing.number))
        for name in sorted(frame.scope.cells):
            m.heap.put(frame.cells, name, NOTHING)


def _parameters(m: Machine, thing: Thing, arguments: Arguments) -> dict[str, Value]:
    """Return what each parameter is bound to."""
    code = thing.code
    assert code is not None
    args = code.node.args  # type: ignore[attr-defined]
    names = [arg.arg for arg in (*args.posonlyargs, *args.args)]
    known = dict(arguments.keywords)
    rest = arguments.star | arguments.every
    bound: dict[str, Value] = {}
    for index, name in enumerate(names):
        value = known.pop(name, NOTHING) | rest
        if index < len(arguments.positional):
            value |= arguments.positional[index]
        else:
            value |= thing.fields.get(f"={name}", NOTHING)
        bound[name] = value
    for arg in args.kwonlyargs:
        default = thing.fields.get(f"={arg.arg}", NOTHING)
        bound[arg.arg] = known.pop(arg.arg, NOTHING) | rest | default
    if args.vararg is not None:
        bound[args.vararg.arg] = _rest_tuple(m, code.node, arguments, len(names))
    if args.kwarg is not None:
        mapping = m.make(code.node, "dict", part="**kwargs")
        m.heap.put(mapping, ANY_KEY, m.heap.scalar("str"))
        m.heap.put(mapping, ANY_ITEM, rest)
        for name, value in known.items():
            m.heap.put(mapping, f"[{name!r}]", value)
        bound[args.kwarg.arg] = frozenset((mapping.number,))
    return bound


def _rest_tuple(m: Machine, node: ast.AST, arguments: Arguments, named: int) -> Value:
    rest = m.make(node, "tuple", part="*args")
    m.heap.put(rest, ANY_ITEM, arguments.star | arguments.every)
    for index, value in enumerate(arguments.positional[named:]):
        m.heap.put(rest, f"[{index}]", value)
    return frozenset((rest.number,))


def _suspended(m: Machine, thing: Thing, arguments: Arguments, node: ast.AST) -> Value:
    generator = m.make(node, "generator", Kind.GENERATOR, part=thing.number)
    m.heap.put(generator, "function", frozenset((thing.number,)))
    for index, value in enumerate(arguments.positional):
        m.heap.put(generator, f"#{index}", value)
    for name, value in arguments.keywords:
        m.heap.put(generator, f"#{name}", value)
    m.heap.put(generator, "#*", arguments.star | arguments.every)
    return frozenset((generator.number,))


def resume(m: Machine, generator: Thing, node: ast.AST) -> Value:
    """Walk the body of a generator function or coroutine; return what comes out of it."""
    positional: list[Value] = []
    while f"#{len(positional)}" in generator.fields:
        positional.append(generator.fields[f"#{len(positional)}"])
    arguments = Arguments(
        tuple(positional),
        tuple(
            (name[1:], value)
            for name, value in generator.fields.items()
            if name.startswith("#") and not name[1:].isdigit() and name != "#*"
        ),
        generator.fields.get("#*", NOTHING),
    )
    found = NOTHING
    for number in sorted(generator.fields.get("function", NOTHING)):
        with m.maybe():
            found |= _enter(m, m.heap[number], arguments, node)
    return found


# -- classes ---------------------------------------------------------------------------


def instantiate(m: Machine, thing: Thing, arguments: Arguments, node: ast.AST) -> Value:
    """Return a new instance of a class of the notebook; `__init__` is walked."""
    klass = frozenset((thing.number,))
    for base in library.library_bases(m, thing):
        if base in library.TYPE_FACTORIES:  # an Enum is asked for a member
            return klass | m.heap.scalar()
    instance = m.make(node, "instance", Kind.INSTANCE, part=thing.number)
    instance.bases = (klass,)
    instance.out.setdefault(thing.number, m.heap.now)
    itself = frozenset((instance.number,))
    creator, _ = attributes.class_member(m, (klass,), "__new__")
    found = itself
    if creator:
        more = replace(arguments, positional=(klass, *arguments.positional))
        found |= call(m, creator, more, node=node)
    starter, complete = attributes.class_member(m, (klass,), "__init__")
    if starter:
        more = replace(arguments, positional=(itself, *arguments.positional))
        call(m, starter, more, node=node)
    if not complete or "record" in thing.fields or not (starter or creator):
        instance.open = instance.open or not complete or "record" in thing.fields
        m.heap.hold(instance, arguments.all())
    for name in ("__post_init__",):
        members, _ = attributes.class_member(m, (klass,), name)
        if members:
            call(m, members, given(itself), node=node)
    return found


def touch(m: Machine, value: Value, names: tuple[str, ...], node: ast.AST) -> None:
    """Walk methods of the notebook's own objects that a builtin may call on a value."""
    for number in sorted(value):
        thing = m.heap[number]
        if thing.kind is not Kind.INSTANCE:
            continue
        for name in names:
            members, _ = attributes.class_member(m, thing.bases, name)
            if members:
                with m.maybe():
                    call(m, members, given(frozenset((number,))), node=node)
