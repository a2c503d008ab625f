"""Owns `operator.attrgetter` and `methodcaller`: walked as the lambda that does the same."""

import ast
import keyword

from cellwright.compiler.walking import functions, specials, texts
from cellwright.compiler.walking.arguments import Arguments
from cellwright.compiler.walking.heap import NOTHING, Value
from cellwright.compiler.walking.machine import Machine


def attribute_getter(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    """Return what `attrgetter("a", "b.c")` gives: `lambda own: (own.a, own.b.c)`."""
    names = [texts.text_of(m, value) for value in arguments.positional]
    if arguments.star or not names or not all(map(_is_path, names)):
        return _unknown(m, arguments, node)
    found = [f"own.{name}" for name in names]
    return _made(m, f"lambda own: {found[0] if len(found) == 1 else _tuple(found)}", node)


def method_caller(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    """Return what `methodcaller("go", x)` gives: `lambda own, given0=x: own.go(given0)`."""
    name = texts.text_of(m, arguments.at("0"))
    if arguments.star or not _is_path(name) or "." in name:
        return _unknown(m, arguments, node)
    rest = arguments.positional[1:]
    given = {f"given{at}": value for at, value in enumerate(rest)}
    parts = [*given, *(f"{word}=named_{word}" for word, _ in arguments.keywords)]
    given |= {f"named_{word}": value for word, value in arguments.keywords}
    head = ", ".join(("own", *(f"{each}=None" for each in given)))
    made = _made(m, f"lambda {head}: own.{name}({', '.join(parts)})", node)
    for number in made:
        for each, value in given.items():
            m.heap.put(m.heap[number], f"={each}", value)
    return made


def _tuple(parts: list[str]) -> str:
    """Return the text of a tuple."""
    return f"({', '.join(parts)})"


def _is_path(text: str) -> bool:
    parts = text.split(".")
    return all(part.isidentifier() and not keyword.iskeyword(part) for part in parts)


def _made(m: Machine, text: str, node: ast.AST) -> Value:
    key = (id(node), text)
    if key not in m.getters:
        tree = ast.parse(text, mode="eval")
        specials.take_in(m, tree, node)
        m.getters[key] = tree.body
    made = m.getters[key]
    assert isinstance(made, ast.Lambda)
    return functions.make_function(m, made)


def _unknown(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    """Return something of which is not known what calling it does."""
    thing = m.make(node, "", part="getter")
    m.heap.hold(thing, arguments.all() or NOTHING)
    return frozenset((thing.number,))
