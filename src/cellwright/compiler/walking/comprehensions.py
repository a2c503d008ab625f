"""Owns comprehensions: a scope of their own, the first iterable evaluated outside it."""

import ast

from cellwright.compiler.walking import expressions, functions, items, library
from cellwright.compiler.walking.heap import ANY_ITEM, ANY_KEY, Kind, Value
from cellwright.compiler.walking.machine import Machine
from cellwright.compiler.walking.paths import Frame

_ROUNDS = 6


def comprehension(m: Machine, node: ast.ListComp | ast.SetComp | ast.DictComp) -> Value:
    """Return the container that a comprehension builds."""
    first = items.iterate(
        m, expressions.evaluate(m, node.generators[0].iter), node.generators[0].iter
    )
    names = {ast.ListComp: "list", ast.SetComp: "set", ast.DictComp: "dict"}
    thing = m.make(node, names[type(node)])
    thing.exact = True
    m.heap.put(thing, ANY_ITEM, frozenset())
    frame = open_frame(m, node)
    m.frames.append(frame)
    for _ in range(_ROUNDS):
        before, growth = m.snapshot(), m.heap.growth
        _clauses(m, node, 0, first)
        if isinstance(node, ast.DictComp):
            m.heap.put(thing, ANY_KEY, expressions.evaluate(m, node.key))
            m.heap.put(thing, ANY_ITEM, expressions.evaluate(m, node.value))
        else:
            m.heap.put(thing, ANY_ITEM, expressions.evaluate(m, node.elt))
        nonempty = surely_iterates(m, node.generators)
        if not (nonempty and _ == 0):
            m.join(before)
        if m.heap.growth == growth:
            break
    m.frames.pop()
    return frozenset((thing.number,))


def generator(m: Machine, node: ast.GeneratorExp) -> Value:
    """Return a generator; its body is walked where it is consumed."""
    first = items.iterate(
        m, expressions.evaluate(m, node.generators[0].iter), node.generators[0].iter
    )
    thing = m.make(node, "generator", Kind.GENERATOR)
    thing.code = m.code(node)
    m.heap.put(thing, "first", first)
    m.heap.bind_closure(thing, functions.closure_here(m))
    return frozenset((thing.number,))


def consume(m: Machine, number: int, place: ast.AST) -> Value:
    """Walk the body of a generator expression once more; return what it yields."""
    thing = m.heap[number]
    assert thing.code is not None
    node = thing.code.node
    assert isinstance(node, ast.GeneratorExp)
    if m.exhausted:
        return library.call_folded(m, thing, frozenset((number,)), node=place)
    outer_cell = m.cell
    frame = Frame(
        thing.code.scope,
        thing.code.cell,
        (*m.context, id(place))[-4:],
        m.frames[0].place if m.frames else m.here(place),
        closure=thing.closure,
    )
    _own_cells(m, frame, node)
    before = m.snapshot()
    m.frames.append(frame)
    m.cell = thing.code.cell
    _clauses(m, node, 0, thing.fields.get("first", frozenset()))
    value = expressions.evaluate(m, node.elt)
    m.cell = outer_cell
    m.frames.pop()
    m.join(before)
    return value


def open_frame(m: Machine, node: ast.AST) -> Frame:
    """Return the frame of a comprehension or class body at work here."""
    frame = Frame(
        m.scope(node),
        m.cell,
        m.context,
        m.frames[0].place if m.frames else m.here(node),
        closure=functions.closure_here(m),
    )
    _own_cells(m, frame, node)
    return frame


def _own_cells(m: Machine, frame: Frame, node: ast.AST) -> None:
    if frame.scope.cells:
        frame.cells = m.make(node, "frame", Kind.FRAME, part="cells")
        for name in sorted(frame.scope.cells):
            m.heap.put(frame.cells, name, frozenset())


def _clauses(m: Machine, node: ast.expr, index: int, given: Value) -> None:
    generators: list[ast.comprehension] = node.generators  # type: ignore[attr-defined]
    for position, clause in enumerate(generators):
        if position > index:
            given = items.iterate(m, expressions.evaluate(m, clause.iter), clause.iter)
        expressions.assign(m, clause.target, given)
        for test in clause.ifs:
            expressions.test(m, test)


def surely_iterates(m: Machine, generators: list[ast.comprehension]) -> bool:
    """Tell whether the text shows that the body of a comprehension runs at least once."""
    return all(items.surely_not_empty(clause.iter) for clause in generators) and not any(
        clause.ifs for clause in generators[:-1]
    )
