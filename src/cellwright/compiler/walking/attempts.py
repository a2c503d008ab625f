"""Owns `try`: a handler starts from anywhere in the body."""

import ast
import builtins
from contextlib import nullcontext

from cellwright.compiler.walking import expressions, statements
from cellwright.compiler.walking.machine import Machine
from cellwright.compiler.walking.paths import Snapshot

_VALUE_ERRORS = frozenset({"ValueError", "Exception", "BaseException"})

_NAME_ERRORS = frozenset({"NameError", "Exception", "BaseException", "UnboundLocalError"})


def walk_watched(m: Machine, body: list[ast.stmt]) -> Snapshot:
    """Walk statements; return what holds if one of them breaks off anywhere."""
    before = m.snapshot()
    watcher = (len(m.frames), dict(before.names), dict(before.own))
    m.watchers.append(watcher)
    statements.execute_block(m, body)
    m.watchers.pop()
    return Snapshot(watcher[1], watcher[2])


def attempt(m: Machine, node: ast.Try) -> None:
    """Walk a `try`: a handler starts from anywhere in the body."""
    guards = any(_catches_name_error(handler) for handler in node.handlers)
    m.guards += guards
    fails = _surely_fails(node)
    broken = m.snapshot() if fails else walk_watched(m, node.body)
    m.dead = m.dead or fails
    m.guards -= guards
    if not m.dead:
        statements.execute_block(m, node.orelse)
    ends: list[Snapshot] = [] if m.dead else [m.snapshot()]
    met = [broken]
    if node.handlers and not _surely_passes(node.body):
        for handler in node.handlers:
            m.restore(broken)
            with nullcontext() if fails else m.doubt():
                met.append(_watched_handler(m, handler))
            if not m.dead:
                ends.append(m.snapshot())
    if not node.finalbody:
        m.go_on(ends)
        return
    if not ends:  # the statement is left by an error or a jump, through `finally`
        m.restore(broken)
        m.join_all(met[1:])
        statements.execute_block(m, node.finalbody)
        m.dead = True
        return
    m.go_on(ends)
    statements.execute_block(m, node.finalbody)


def _watched_handler(m: Machine, handler: ast.ExceptHandler) -> Snapshot:
    if handler.type is not None:
        expressions.evaluate(m, handler.type)
    before = m.snapshot()
    watcher = (len(m.frames), dict(before.names), dict(before.own))
    m.watchers.append(watcher)
    if handler.name:
        error = m.make(handler, "exception")
        m.store(handler.name, frozenset((error.number,)), handler)
    statements.execute_block(m, handler.body)
    if handler.name:
        dead, m.dead = m.dead, False
        m.delete(handler.name, handler)
        m.dead = dead
    m.watchers.pop()
    return Snapshot(watcher[1], watcher[2])


def _catches_name_error(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    return any(
        isinstance(node, ast.Name) and node.id in _NAME_ERRORS for node in ast.walk(handler.type)
    )


def _surely_passes(body: list[ast.stmt]) -> bool:
    """Tell whether the text shows that no statement of a block can fail."""
    return all(isinstance(item, ast.Pass) or _is_literal_assignment(item) for item in body)


def _surely_fails(node: ast.Try) -> bool:
    """Tell whether the text shows that the first statement fails, and is caught."""
    first, handlers = node.body[0], node.handlers
    return (
        isinstance(first, ast.Expr | ast.Assign)
        and literal_call(first.value) == "fails"
        and len(handlers) == 1
        and (
            handlers[0].type is None
            or (isinstance(handlers[0].type, ast.Name) and handlers[0].type.id in _VALUE_ERRORS)
        )
    )


def _is_literal_assignment(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Assign) or not all(
        isinstance(target, ast.Name) for target in node.targets
    ):
        return False
    if isinstance(node.value, ast.Constant):
        return True
    return literal_call(node.value) == "passes"


def literal_call(node: ast.expr) -> str:
    """Return what `int("x")`, `float("3.5")` come to: passes, fails, or "" (not known)."""
    match node:
        case ast.Call(
            func=ast.Name(id=("int" | "float") as name),
            args=[ast.Constant(value=str(text))],
            keywords=[],
        ):
            try:
                getattr(builtins, name)(text)
            except ValueError:
                return "fails"
            return "passes"
        case _:
            return ""
