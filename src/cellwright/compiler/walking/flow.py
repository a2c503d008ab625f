"""Owns the ways through compound statements: which paths there are, where they meet."""

import ast
import builtins
import importlib
from contextlib import nullcontext

from cellwright.compiler.walking import attributes, calls, expressions, items, statements
from cellwright.compiler.walking.effects import effects_data
from cellwright.compiler.walking.heap import ANY_ITEM, NOTHING, Kind, Value
from cellwright.compiler.walking.machine import Loop, Machine, Snapshot

_ROUNDS = 8
_STAR_MODULES = frozenset(
    {
        "math", "cmath", "statistics", "itertools", "functools", "collections", "operator",
        "string", "random", "datetime", "decimal", "fractions", "typing", "dataclasses",
    }
)  # fmt: skip
_VALUE_ERRORS = frozenset({"ValueError", "Exception", "BaseException"})
_NAME_ERRORS = frozenset({"NameError", "Exception", "BaseException", "UnboundLocalError"})


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
    expressions.evaluate(m, node.test)
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


# -- loops -----------------------------------------------------------------------------


def loop_over(m: Machine, node: ast.For | ast.AsyncFor) -> None:
    """Walk a `for` loop until another round adds nothing."""
    value = expressions.evaluate(m, node.iter)
    at_least_once = items.surely_not_empty(node.iter)
    loop = Loop()
    m.loops.append(loop)
    for index in range(_ROUNDS):
        before, growth = m.snapshot(), m.heap.growth
        given = items.iterate(m, value, node.iter)
        expressions.assign(m, node.target, given)
        m.doubts += not at_least_once
        statements.execute_block(m, node.body)
        m.doubts -= not at_least_once
        m.join_all(loop.continues)
        loop.continues.clear()
        if index == 0 and at_least_once and not m.dead:
            if _settled(m, before, growth):
                break
            continue
        m.join(before)
        if _settled(m, before, growth):
            break
    m.loops.pop()
    statements.execute_block(m, node.orelse)
    m.join_all(loop.breaks)


def _settled(m: Machine, before: Snapshot, growth: int) -> bool:
    return m.heap.growth == growth and not _changed(before, m)


def _changed(before: Snapshot, m: Machine) -> bool:
    """Tell whether the walk knows more names or values than before the round."""
    if m.frames and m.frames[-1].names != before.own:
        return True
    return m.names is not before.names and m.names != before.names


def loop_while(m: Machine, node: ast.While) -> None:
    """Walk a `while` loop until another round adds nothing."""
    truth = constant_truth(node.test)
    loop = Loop()
    m.loops.append(loop)
    out: list[Snapshot] = []
    for _ in range(_ROUNDS):
        before, growth = m.snapshot(), m.heap.growth
        expressions.evaluate(m, node.test)
        if truth is not True:
            out.append(m.snapshot())
        if truth is False:
            break
        with m.doubt():
            statements.execute_block(m, node.body)
        m.join_all(loop.continues)
        loop.continues.clear()
        m.join(before)
        if _settled(m, before, growth):
            break
    m.loops.pop()
    m.dead = not out
    if out:
        m.restore(out[0])
        m.join_all(out[1:])
        statements.execute_block(m, node.orelse)
    m.join_all(loop.breaks)


def leave_loop(m: Machine, node: ast.Break) -> None:
    """Walk `break`."""
    if m.loops:
        m.loops[-1].breaks.append(m.snapshot())
    m.dead = True


def next_round(m: Machine, node: ast.Continue) -> None:
    """Walk `continue`."""
    if m.loops:
        m.loops[-1].continues.append(m.snapshot())
    m.dead = True


# -- with ------------------------------------------------------------------------------


def use_context(m: Machine, node: ast.With | ast.AsyncWith) -> None:
    """Walk a `with`: enter, body, exit; a manager that may swallow an error gives a path
    from anywhere in the body to its end."""
    managers: list[Value] = []
    for item in node.items:
        manager = expressions.evaluate(m, item.context_expr)
        managers.append(manager)
        entered = _enter(m, manager, item.context_expr)
        if item.optional_vars is not None:
            expressions.assign(m, item.optional_vars, entered)
    swallows = any(_may_swallow(m, manager) for manager in managers)
    if swallows:
        met = _watched(m, node.body)
        m.join(met)
    else:
        statements.execute_block(m, node.body)
    was_dead, m.dead = m.dead, False
    for manager, item in zip(reversed(managers), reversed(node.items), strict=True):
        _exit(m, manager, item.context_expr)
    m.dead = was_dead


def _enter(m: Machine, manager: Value, node: ast.expr) -> Value:
    found = NOTHING
    for number in sorted(manager):
        thing = m.heap[number]
        itself = frozenset((number,))
        if thing.kind is Kind.INSTANCE:
            complete = True
            for name in ("__enter__", "__aenter__"):
                members, complete = attributes.class_member(m, thing.bases, name)
                if members:
                    found |= calls.call(m, members, calls.given(itself), node=node)
            if not complete:
                found |= itself
        elif thing.kind is Kind.GENERATOR:
            found |= items.run_generator(m, thing, node)
        elif thing.kind is Kind.PLAIN and effects_data().method(thing.type, "__enter__"):
            found |= calls.call_method(m, itself, "__enter__", calls.given(), node=node)
        elif thing.kind is Kind.PLAIN:
            found |= attributes.opaque_part(m, thing)
            m.change_things([number], node)
        else:
            found |= itself | m.heap.scalar()
    return found


def _exit(m: Machine, manager: Value, node: ast.expr) -> None:
    for number in sorted(manager):
        thing = m.heap[number]
        if thing.kind is Kind.INSTANCE:
            for name in ("__exit__", "__aexit__"):
                members, _ = attributes.class_member(m, thing.bases, name)
                if members:
                    arguments = calls.given(
                        frozenset((number,)), *(m.heap.scalar() for _ in range(3))
                    )
                    calls.call(m, members, arguments, node=node)


def _may_swallow(m: Machine, manager: Value) -> bool:
    for number in manager:
        thing = m.heap[number]
        if thing.kind is Kind.INSTANCE:
            members, complete = attributes.class_member(m, thing.bases, "__exit__")
            if not complete or any(_returns_something(m, member) for member in members):
                return True
        elif thing.kind is Kind.PLAIN:
            data = effects_data()
            if not data.knows_type(thing.type) or data.flag(thing.type, "swallows"):
                return True
    return False


def _returns_something(m: Machine, number: int) -> bool:
    code = m.heap[number].code
    if code is None:
        return True
    return any(
        isinstance(node, ast.Return)
        and node.value is not None
        and not (isinstance(node.value, ast.Constant) and not node.value.value)
        for node in ast.walk(code.node)
    )


# -- try -------------------------------------------------------------------------------


def _watched(m: Machine, body: list[ast.stmt]) -> Snapshot:
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
    broken = m.snapshot() if fails else _watched(m, node.body)
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
        _go_on(m, ends)
        return
    if not ends:  # the statement is left by an error or a jump, through `finally`
        m.restore(broken)
        m.join_all(met[1:])
        statements.execute_block(m, node.finalbody)
        m.dead = True
        return
    _go_on(m, ends)
    statements.execute_block(m, node.finalbody)


def _go_on(m: Machine, ends: list[Snapshot]) -> None:
    m.dead = not ends
    if ends:
        m.restore(ends[0])
        m.join_all(ends[1:])


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


# -- match -----------------------------------------------------------------------------


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
        _go_on(m, ends)
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


# -- star imports ----------------------------------------------------------------------


def star_import(m: Machine, module: str, node: ast.ImportFrom) -> None:
    """Bind what a standard module exports; of another one, note that it is not known."""
    names = exported_names(module)
    if not names:
        m.site.effects.marks.setdefault(f"star:{module}", m.chain(node))
        return
    owner = m.heap[next(iter(m.heap.library(module)))]
    for name in names:
        value = m.heap.library(f"{owner.type}.{name}")
        m.store_global(name, value, node)


def exported_names(module: str) -> list[str]:
    """Return what `from module import *` binds, for the standard modules where that is
    the same in every installation; nothing for any other module."""
    if module not in _STAR_MODULES:
        return []
    found = importlib.import_module(module)
    names = getattr(found, "__all__", None)
    return sorted(names if names is not None else (n for n in vars(found) if n[0] != "_"))
