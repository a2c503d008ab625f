"""Owns the attributes and methods of strings and paths whose text is known."""

import ast

from cellwright.compiler.walking import items, texts
from cellwright.compiler.walking.arguments import Arguments
from cellwright.compiler.walking.heap import Thing, Value
from cellwright.compiler.walking.machine import Machine
from cellwright.compiler.walking.uses import note_file


def path_attribute(m: Machine, thing: Thing, name: str) -> Value | None:
    """Return an attribute of a path whose text is known."""
    if thing.type != texts.PATH or thing.text is None:
        return None
    head, _, tail = thing.text.rpartition("/")
    stem, dot, suffix = tail.rpartition(".")
    match name:
        case "parent":
            return m.heap.scalar(texts.PATH, head or ".")
        case "name":
            return m.heap.scalar("str", tail)
        case "stem":
            return m.heap.scalar("str", stem if dot else tail)
        case "suffix":
            return m.heap.scalar("str", dot + suffix if dot else "")
        case _:
            return None


def scalar_method(
    m: Machine, thing: Thing, name: str, arguments: Arguments, *, node: ast.AST
) -> Value | None:
    """Return what a method of a string or path gives; None if it is not followed."""
    if thing.type == texts.PATH:
        text = thing.text or "*"
        if name == "joinpath":
            for value in arguments.positional:
                text = texts.join_paths(text, texts.text_of(m, value))
            return texts.path(m, node, text)
        if name in ("resolve", "absolute", "expanduser"):
            return frozenset((thing.number,))
        if name in ("with_suffix", "with_name"):
            return texts.path(m, node, text.rpartition("." if "suffix" in name else "/")[0] + "*")
        if name in ("glob", "rglob", "iterdir"):
            wanted = texts.text_of(m, arguments.at("0")) if arguments.positional else "*"
            below = texts.join_paths(text, "**/" + wanted if name == "rglob" else wanted)
            value = m.heap.scalar(texts.PATH, below)
            note_file(m, "reads", value, node=node, what=f"Path.{name}")
            return items.listed(m, value, node)
    if thing.type == "str" and name == "format":
        return texts.string(m, node, texts.formatted(thing.text))
    return None
