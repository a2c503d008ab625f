"""Owns the notebook's own functions and generators: their bodies are walked per call."""

import ast

from cellwright.compiler.reading.scopes import all_arguments
from cellwright.compiler.walking import caches, expressions, library, settled, statements
from cellwright.compiler.walking.arguments import Arguments
from cellwright.compiler.walking.heap import (
    ANY_ITEM,
    ANY_KEY,
    NOTHING,
    UNBOUND,
    Kind,
    Thing,
    Value,
)
from cellwright.compiler.walking.local_modules import LOCAL
from cellwright.compiler.walking.machine import Machine
from cellwright.compiler.walking.paths import Frame

_MOST_ROUNDS = 4


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
    if m.cell == LOCAL:
        m.local.settle(thing, getattr(node, "name", ""))
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
    """Return what a function returns for these arguments, its own or from its cache."""
    if caches.CACHE in thing.fields:
        before = caches.acts(m)
        found = _walk_call(m, thing, arguments, node)
        return caches.remember(m, thing, found, before, node)
    return _walk_call(m, thing, arguments, node)


def _walk_call(m: Machine, thing: Thing, arguments: Arguments, node: ast.AST) -> Value:
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
    if m.exhausted:
        return library.call_folded(m, thing, arguments.all(), node=node)
    if not m.frames:  # what the cells call themselves is seldom called the same twice
        return _walk_in_frame(m, thing, arguments, node)
    key = ("call", thing.number, arguments, id(node))
    return settled.once(m, key, lambda: _walk_in_frame(m, thing, arguments, node))


def _walk_in_frame(m: Machine, thing: Thing, arguments: Arguments, node: ast.AST) -> Value:
    code = thing.code
    assert code is not None
    frame = Frame(
        code.scope,
        code.cell,
        (*m.context, id(node))[-4:] if not m.calling_back else m.context,
        m.frames[0].place if m.frames else m.here(node),
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
        known = active.entry.get(name, NOTHING)
        m.returns += not value <= known
        active.entry[name] = known | value
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
        m.returns += frame.recursive and frame.returned != known[1]
        if not frame.recursive or known == (frame.entry, frame.returned, m.heap.growth):
            break


def _walk_statements(m: Machine, frame: Frame, node: ast.AST) -> None:
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    statements.execute_block(m, node.body)
    if not m.dead:
        frame.returned |= m.heap.scalar("NoneType", exact=True)
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
        if index < len(arguments.positional):
            bound[name] = arguments.positional[index]
        else:
            default = thing.fields.get(f"={name}", NOTHING)
            bound[name] = known.pop(name, NOTHING) | rest | default
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
