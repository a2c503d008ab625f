"""Owns the rules about objects whose end is seen: what `__del__` does where the last name of
an object goes, registries of a class that hold its objects only while they live."""

import ast
from collections.abc import Iterator

from cellwright.compiler.linking.wiring import Wiring
from cellwright.compiler.walking.heap import NOTHING, Heap, Kind, Thing, Value
from cellwright.compiler.walking.sites import MISSING, Chain, Site
from cellwright.diagnostics import catalogue as rules
from cellwright.diagnostics.diagnostic import Diagnostic, Label, Report

_TELLING = frozenset(
    {"hasattr", "getattr", "isinstance", "issubclass", "callable", "len", "super", "type", "bool"}
)
"""Builtins that only tell something."""


def check_ends(wiring: Wiring, report: Report) -> None:
    """Report objects of one step whose end another step would bring about, or notice."""
    walk = wiring.timeline.walk
    classes = [thing for thing in walk.heap.things if thing.kind is Kind.CLASS]
    ending = any("__del__" in klass.fields for klass in classes)
    counting = any(_weak(walk.heap, klass) for klass in classes)
    seen: set[tuple[Chain, str]] = set()
    for site in walk.sites:
        if site.step is None:
            continue
        findings = list(_endings(walk.heap, walk.sites, site)) if ending else []
        findings += _registries(wiring, site) if counting else []
        for chain, message in findings:
            if chain and (chain, message) not in seen:
                seen.add((chain, message))
                span = walk.cells[chain[0].cell].span(chain[0].node)
                notes = ("each step has objects of its own: join the steps",)
                report.add(
                    Diagnostic(rules.UNSERIALIZABLE_OUTPUT, message, Label(span), notes=notes)
                )


def _endings(heap: Heap, sites: tuple[Site, ...], site: Site) -> Iterator[tuple[Chain, str]]:
    """Yield where a step may let go of the last of an object that an earlier step made."""
    let_go = [
        (name, chain, site.before.get(name, MISSING).value) for name, chain in site.written.items()
    ]
    let_go += [
        ("", chain, frozenset(heap[number].out))
        for number, chain in site.changed.items()
        if heap[number].kind is Kind.PLAIN
    ]
    for name, chain, value in let_go:
        for number in sorted(heap.reach(value)):
            thing = heap[number]
            made = sites[thing.born].step
            if thing.kind is not Kind.INSTANCE or made in (None, site.step):
                continue
            method = _ending(heap, thing)
            if method:
                what = f"`{name}`" if name else "an object"
                message = (
                    f"step `{site.step}` may let go of {what}, which step `{made}` made, and "
                    f"`{method}` runs where that happens"
                )
                yield chain, message


def _ending(heap: Heap, thing: Thing) -> str:
    """Return the `__del__` of an object that acts on more than the object, or ""."""
    for klass in _classes(heap, thing.bases):
        for number in klass.fields.get("__del__", NOTHING):
            if _acts(heap, klass, heap[number], {number}):
                return f"{klass.text}.__del__"
    return ""


def _classes(heap: Heap, bases: tuple[Value, ...]) -> Iterator[Thing]:
    todo, seen = [number for base in bases for number in sorted(base)], set[int]()
    while todo:
        thing = heap[todo.pop(0)]
        if thing.kind is Kind.CLASS and thing.number not in seen:
            seen.add(thing.number)
            yield thing
            todo += [number for base in thing.bases for number in sorted(base)]


def _acts(heap: Heap, klass: Thing, method: Thing, seen: set[int]) -> bool:
    """Tell whether a method calls, or stores in, what is found by a name of the module."""
    code = method.code
    if code is None:
        return False
    late = set(code.scope.late) - _TELLING
    for node in ast.walk(code.node):
        root, path = _root(node)
        if root in late:
            return True
        if isinstance(node, ast.Call) and len(path) == 1 and root not in _TELLING:
            for number in klass.fields.get(path[0], NOTHING) - seen:
                seen.add(number)
                if _acts(heap, klass, heap[number], seen):
                    return True
    return bool(code.scope.bound_late)


def _root(node: ast.AST) -> tuple[str, list[str]]:
    """Return the name that leads to what is called or stored, and the way from there."""
    match node:
        case ast.Call(func=target):
            pass
        case ast.Attribute(ctx=ast.Store() | ast.Del()):
            target = node
        case ast.Subscript(ctx=ast.Store() | ast.Del(), value=target):
            pass
        case _:
            return "", []
    path: list[str] = []
    while isinstance(target, ast.Attribute | ast.Subscript):
        path.append(target.attr if isinstance(target, ast.Attribute) else "")
        target = target.value
    return (target.id if isinstance(target, ast.Name) else ""), path[::-1]


def _registries(wiring: Wiring, site: Site) -> Iterator[tuple[Chain, str]]:
    """Yield classes that leave a step with a registry of the objects that live there."""
    walk = wiring.timeline.walk
    assert site.step is not None
    changed = {number for each in wiring.steps[site.step] for number in each.changed}
    for name, (chain, reader) in sorted(wiring.outputs[site.step].items()):
        value = site.after.get(name, MISSING).value
        for number in sorted(walk.heap.reach(value)):
            klass = walk.heap[number]
            if klass.kind is not Kind.CLASS or _weak(walk.heap, klass).isdisjoint(changed):
                continue
            message = (
                f"`{name}` cannot travel from step `{site.step}` to `{reader}`: the class "
                f"`{klass.text}` keeps count of its objects while they live"
            )
            yield chain, message
            break


def _weak(heap: Heap, klass: Thing) -> set[int]:
    """Return the members of a class that hold objects only while they live."""
    members = NOTHING.union(*klass.fields.values())
    return {number for number in members if heap[number].type.startswith("weakref.")}
