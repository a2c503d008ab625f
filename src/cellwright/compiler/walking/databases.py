"""Owns which file a database is in, by what it is opened with: a path, a URI, an address."""

from dataclasses import replace
from urllib.parse import parse_qs

from cellwright.compiler.walking import texts
from cellwright.compiler.walking.arguments import Arguments
from cellwright.compiler.walking.effects import Effect, effects_data
from cellwright.compiler.walking.heap import NOTHING, Value
from cellwright.compiler.walking.machine import Machine

WORDS = {"database": "appends", "database-later": "later"}
"""What the words of the effects data mean for the file."""
_SCHEMES = ("sqlite", "duckdb")
"""What the addresses of databases begin with that are files."""


def in_file(m: Machine, use: str, value: Value, arguments: Arguments) -> tuple[str, Value]:
    """Return how the file of a database is used, and the files that it may be; none where it
    is in memory, or where no file is meant."""
    known = texts.known_texts(m, value) if value else {"*"}
    uri = use == "database" and arguments.keyword("uri") is not None
    found = NOTHING
    modes = set()
    for text in sorted(known):
        path, mode = _address(text) if use == "database-later" else _path(text, uri=uri)
        modes.add(mode)
        if path is None:
            found |= m.heap.scalar("str", None)
        elif path:
            found |= m.heap.scalar("str", path)
    return ("reads" if modes == {"ro"} else WORDS[use]), found


def of_memory(m: Machine, effect: Effect, value: Value, arguments: Arguments) -> Effect:
    """Return the effect of opening a database, of another type if it is surely in memory."""
    use = next((use for use, _ in effect.files if use in WORDS), None)
    kind = f"{effect.type_name}.memory"
    if use is None or not effects_data().knows_type(kind) or not value:
        return effect
    known = texts.known_texts(m, value)
    if (
        any(text.startswith(_SCHEMES) for text in known)
        and not in_file(m, use, value, arguments)[1]
    ):
        return replace(effect, type_name=kind, exact=False)
    return effect


def _path(text: str, *, uri: bool) -> tuple[str | None, str]:
    """Return the path that a database is opened by, "" for memory, and its mode."""
    if text == "*":
        return None, ""
    if uri and text.startswith("file:"):
        path, _, query = text.removeprefix("file:").partition("?")
        mode = parse_qs(query).get("mode", [""])[0]
        path = path.removeprefix("//localhost").removeprefix("//") if "//" in path[:2] else path
        return ("" if mode == "memory" or path == ":memory:" else path), mode
    return ("" if text == ":memory:" else text), ""


def _address(text: str) -> tuple[str | None, str]:
    """Return the path in an address (`sqlite:///shop.db`), "" where it is no file's, None where
    the text does not tell."""
    if text == "*":
        return None, ""
    scheme, _, rest = text.partition("://")
    if scheme.partition("+")[0] not in _SCHEMES or not rest.startswith("/"):
        return "", ""
    path, _, query = rest[1:].partition("?")
    return (
        _path(f"{path}?{query}", uri=True) if path.startswith("file:") else _path(path, uri=False)
    )
