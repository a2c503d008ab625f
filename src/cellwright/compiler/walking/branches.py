"""Owns choices: `if`, `match`, and the tests that the text decides."""

import ast

from cellwright.compiler.walking import expressions, statements
from cellwright.compiler.walking.heap import ANY_ITEM, Value
from cellwright.compiler.walking.machine import Machine
from cellwright.compiler.walking.paths import Snapshot


def constant_truth(node: ast.expr) -> bool | None:
    """Return whether a test always or never holds; None if that depends."""
    match node:
        case ast.Constant(value=value):
            return bool(value)
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            truth = constant_truth(inner)
            return None if truth is None else not truth
        case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
            return False
        case ast.Compare(
            left=ast.Name(id="__name__"),
            ops=[ast.Eq()],
            comparators=[ast.Constant(value="__main__")],
        ):
            return True
        case _:
            return None


def choose(m: Machine, node: ast.If) -> None:
    """Walk both branches of an `if`, or the only one that can be taken."""
    truth = constant_truth(node.test)
    expressions.test(m, node.test)
    if truth is not None:
        statements.execute_block(m, node.body if truth else node.orelse)
        return
    before = m.snapshot()
    with m.doubt():
        statements.execute_block(m, node.body)
        taken = None if m.dead else m.snapshot()
        m.restore(before)
        statements.execute_block(m, node.orelse)
    if taken is not None:
        m.join(taken)


def match_cases(m: Machine, node: ast.Match) -> None:
    """Walk a `match`: every case from the same start; captures bind."""
    subject = expressions.evaluate(m, node.subject)
    ends: list[Snapshot] = []
    complete = False
    for case in node.cases:
        before = m.snapshot()
        _capture(m, case.pattern, subject)
        if case.guard is not None:
            expressions.evaluate(m, case.guard)
        missed = m.snapshot()
        with m.doubt():
            statements.execute_block(m, case.body)
        if not m.dead:
            ends.append(m.snapshot())
        irrefutable = case.guard is None and _irrefutable(case.pattern)
        complete = complete or irrefutable
        m.restore(before)
        if not irrefutable:
            m.join(missed)  # a failed guard or pattern may have bound its captures
    if complete:
        m.go_on(ends)
    else:
        m.join_all(ends)


def _irrefutable(pattern: ast.pattern) -> bool:
    return isinstance(pattern, ast.MatchAs) and (
        pattern.pattern is None or _irrefutable(pattern.pattern)
    )


def _capture(m: Machine, pattern: ast.pattern, subject: Value) -> None:
    inside = m.heap.reach(subject)
    value = frozenset(inside) | subject | m.heap.scalar()
    for node in ast.walk(pattern):
        match node:
            case ast.MatchAs(name=str(name)):
                whole = node is pattern or isinstance(pattern, ast.MatchOr)
                m.store(name, subject if whole else value, node)
            case ast.MatchStar(name=str(name)):
                rest = m.make(node, "list")
                m.heap.put(rest, ANY_ITEM, value)
                m.store(name, frozenset((rest.number,)), node)
            case ast.MatchMapping(rest=str(name)):
                rest = m.make(node, "dict")
                m.heap.put(rest, ANY_ITEM, value)
                m.store(name, frozenset((rest.number,)), node)
            case ast.MatchValue(value=expression):
                expressions.evaluate(m, expression)
            case ast.MatchClass(cls=klass):
                expressions.evaluate(m, klass)
            case _:
                pass
