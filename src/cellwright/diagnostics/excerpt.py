"""Owns the drawing of a piece of source under a finding: the line, the marks below it."""

import unicodedata
from dataclasses import dataclass

_TAB = 4
_WIDEST = 96  # columns of source; longer lines are cut around what is marked
_BEFORE = 24  # columns kept before the mark of a cut line
_CUT = "…"


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A line as it is shown, and the columns of the display that are marked."""

    text: str
    start: int
    width: int


def draw(line: str, start: int, end: int) -> Excerpt:
    """Return a line made fit for a terminal, with the marked code points in columns.

    Tabs become spaces, wide characters count double, and what a terminal would obey
    instead of showing it is spelled out.
    """
    shown, columns = _expanded(line)
    first = columns[min(start, len(line))]
    last = columns[min(max(end, start), len(line))]
    width = max(1, last - first)
    if columns[-1] <= _WIDEST:
        return Excerpt("".join(shown).rstrip(), first, width)
    return _cut(shown, first, width)


def visible(text: str) -> str:
    """Return a text on one line, without characters that steer a terminal or cannot be written."""
    return "".join(_shown(character) for character in text)


def width_of(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(_width(character) for character in text)


def _expanded(line: str) -> tuple[list[str], list[int]]:
    """Return what is shown for each code point, and the column at which each one starts."""
    shown: list[str] = []
    columns = [0]
    for character in line:
        room = _TAB - columns[-1] % _TAB
        piece = " " * room if character == "\t" else _shown(character)
        shown.append(piece)
        columns.append(columns[-1] + width_of(piece))
    return shown, columns


def _cut(shown: list[str], first: int, width: int) -> Excerpt:
    begin = max(0, first - _BEFORE)
    kept: list[str] = []
    column, start = 0, 0
    for piece in shown:
        wide = width_of(piece)
        if column < begin:
            start = column + wide
        elif column + wide <= begin + _WIDEST:
            kept.append(piece)
        else:
            kept.append(_CUT)
            break
        column += wide
    lead = _CUT if begin else ""
    text = lead + "".join(kept).rstrip()
    moved = first - start + len(lead) if begin else first
    return Excerpt(text, moved, min(width, max(1, width_of(text) - moved)))


def _shown(character: str) -> str:
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii", "replace")


def _width(character: str) -> int:
    if character.isascii():
        return 1
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
