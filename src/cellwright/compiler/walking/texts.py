"""Owns what is known of strings and paths: their text, with `*` where it is not known."""

import ast
import posixpath

from cellwright.compiler.walking.heap import Kind, Value
from cellwright.compiler.walking.machine import Machine

LONGEST = 400
_MOST_TEXTS = 12
PATH = "pathlib.Path"


def text_of(m: Machine, value: Value) -> str:
    """Return the text of a string or path; `*` where several or none are known."""
    texts = known_texts(m, value)
    return next(iter(texts)) if len(texts) == 1 else "*"


def known_texts(m: Machine, value: Value) -> set[str]:
    """Return the texts that a value may be; `*` stands for one that is not known."""
    return {
        text if m.heap[number].kind is Kind.SCALAR and (text := m.heap[number].text) else "*"
        for number in value
    } or {"*"}


def string(m: Machine, node: ast.AST, text: str, *, exact: bool = True) -> Value:
    """Return a string made at a node; of many different ones, only that they are strings."""
    return _made(m, node, text, "str", exact=exact)


def path(m: Machine, node: ast.AST, text: str) -> Value:
    """Return a path made at a node."""
    return _made(m, node, text, PATH, exact=False)


def _made(m: Machine, node: ast.AST, text: str, type_name: str, *, exact: bool) -> Value:
    seen = m.texts_at.setdefault((id(node), m.context), set())
    seen.add(text)
    while "**" in text:
        text = text.replace("**", "*")
    if len(seen) > _MOST_TEXTS or len(text) >= LONGEST or text == "*":
        return m.heap.scalar(type_name, exact=exact)
    return m.heap.scalar(type_name, text, exact=exact)


def combined(m: Machine, node: ast.BinOp, left: Value, right: Value) -> Value | None:
    """Return the text of `a + b`, `a % b` or `path / part`; None if it is none of these."""
    left_types, right_types = m.heap.types(left), m.heap.types(right)
    if isinstance(node.op, ast.Div) and PATH in (left_types | right_types):
        return path(m, node, join_paths(text_of(m, left), text_of(m, right)))
    if left_types != {"str"}:
        return None
    exact = all(m.heap[number].exact for number in left | right)
    if isinstance(node.op, ast.Mod):
        return string(m, node, _filled(text_of(m, left)), exact=exact)
    if isinstance(node.op, ast.Add) and right_types == {"str"}:
        return string(m, node, text_of(m, left) + text_of(m, right), exact=exact)
    return m.heap.scalar("str", exact=exact) if isinstance(node.op, ast.Mult) else None


def _filled(template: str) -> str:
    """Return a `%` template with a star for each hole."""
    parts = template.split("%")
    filled = parts[0]
    for part in parts[1:]:
        body = part.lstrip("0123456789.-+ #")
        filled += "*" + body[1:] if body else "%"
    return filled


def join_paths(first: str, second: str) -> str:
    """Return one path below another, as `os.path.join` does."""
    return posixpath.join(first, second)


def formatted(template: str | None) -> str:
    """Return a `str.format` template with a star for each hole."""
    if template is None:
        return "*"
    filled, depth = "", 0
    for letter in template:
        if letter == "{":
            filled += "" if depth else "*"
            depth += 1
        elif letter == "}":
            depth = max(0, depth - 1)
        elif not depth:
            filled += letter
    return filled
