"""Owns what becomes of `{expression}` and `$name` in the text of a command.

The notebook's rules: `{{` is a brace and `$$name` is `$name`; inside an odd number of
single quotes a `$` is itself; and if one expression cannot be evaluated, the whole text
goes out as it was typed.
"""

import ast
import re
import warnings
from collections.abc import Iterator
from string import Formatter

_DOLLAR = re.compile(r"\$(\$?[\w.]+)")
_CONVERSIONS = frozenset("rsa")


def arguments(text: str) -> str:
    """Return Python arguments that give a command: the text, and what yields its parts.

    Without anything to fill in it is one literal. Otherwise a second argument, a lambda,
    returns the parts; it reads the names in the open, where the analysis sees them.
    """
    try:
        parts = [part for part in _parts(text) if part != (True, "")]
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return repr(text)
    if all(is_text for is_text, _ in parts):
        return repr("".join(part for _, part in parts))
    spelled = ", ".join(repr(part) if is_text else part for is_text, part in parts)
    return f"{text!r}, lambda: [{spelled}]"


def has_fields(text: str) -> bool:
    """Tell whether something may be filled in."""
    return arguments(text).startswith(f"{text!r}, lambda")


def expression(text: str) -> str:
    """Return a Python expression for a text; what is to be filled in must be bound."""
    try:
        parts = [part for part in _parts(text) if part != (True, "")]
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return repr(text)
    return (
        " + ".join(repr(part) if is_text else f"'{{}}'.format({part})" for is_text, part in parts)
        or "''"
    )


def _parts(text: str) -> Iterator[tuple[bool, str]]:
    """Yield literal texts (true) and expressions (false), in order.

    Raises:
        ValueError: the braces do not match, or ask for a conversion that there is not.
        SyntaxError: something in them is not an expression.
    """
    for literal, field, spec, conversion in Formatter().parse(text):
        yield from _dollars(literal)
        if field is not None:
            expression = _expression(f"{field}:{spec}" if spec else field)
            if conversion is not None:
                if conversion not in _CONVERSIONS:
                    raise ValueError(conversion)
                expression = f"'{{!{conversion}}}'.format({expression})"
            yield False, expression


def _dollars(literal: str) -> Iterator[tuple[bool, str]]:
    done = 0
    for found in _DOLLAR.finditer(literal):
        if literal.count("'", found.end()) % 2:
            continue
        yield True, literal[done : found.start()]
        name = found[1]
        yield (True, name) if name.startswith("$") else (False, _expression(name))
        done = found.end()
    yield True, literal[done:]


def _expression(text: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text.lstrip(" \t"), mode="eval")
        compile(tree, "<field>", "eval")
    return ast.unparse(tree)
