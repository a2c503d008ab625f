"""Owns what a step may be called, and which two names are too alike."""

import re
import unicodedata
from difflib import get_close_matches

LONGEST_NAME = 80
"""In characters: a name becomes part of file names and container names."""

_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
)


def name_trouble(name: str) -> str | None:
    """Return what is wrong with a step's name, as the end of "step name `x` …"; None if nothing."""
    if not name:
        return "is empty"
    if len(name) > LONGEST_NAME:
        return f"has more than {LONGEST_NAME} characters"
    if name.lower() in _RESERVED:
        return "is a reserved word on some systems"
    if name.startswith("-"):
        return "begins with `-`, as an option of a command does"
    if not all(_allowed(character) for character in name):
        return "has characters other than letters, digits, `_` and `-`"
    if unicodedata.normalize("NFC", name) != name:
        return "has letters in a decomposed form"
    return None


def mended_name(name: str) -> str | None:
    """Return the nearest name that is allowed, or None where nothing is left of it."""
    composed = unicodedata.normalize("NFC", name)[:LONGEST_NAME]
    mended = "".join(character if _allowed(character) else "-" for character in composed)
    mended = re.sub(r"-+", "-", mended).strip("-")
    if mended.lower() in _RESERVED:
        mended = f"{mended}-step"
    return mended if mended and name_trouble(mended) is None else None


def likeness(name: str) -> str:
    """Return a key that two names share if people or file systems take them for the same."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def similar_name(name: str, known: list[str]) -> str | None:
    """Return the known name that was probably meant."""
    found = get_close_matches(name, known, n=1, cutoff=0.6)
    return found[0] if found else None


def _allowed(character: str) -> bool:
    return character in "_-" or unicodedata.category(character)[0] in "LNM"
