"""Owns loops: a body is walked until another round adds nothing."""

import ast

from cellwright.compiler.walking import branches, expressions, items, statements
from cellwright.compiler.walking.machine import Machine
from cellwright.compiler.walking.paths import Loop, Snapshot

_ROUNDS = 8


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
    truth = branches.constant_truth(node.test)
    loop = Loop()
    m.loops.append(loop)
    out: list[Snapshot] = []
    for _ in range(_ROUNDS):
        before, growth = m.snapshot(), m.heap.growth
        expressions.test(m, node.test)
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
