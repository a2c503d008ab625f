"""Owns the texts that are given to calls of which little is known: each may name a file.

Whether there is such a file the text does not tell; who knows the folder does.
"""

import ast
import re

from cellwright.compiler.walking import items, texts, uses
from cellwright.compiler.walking.heap import Kind, Value
from cellwright.compiler.walking.machine import Machine
from cellwright.compiler.walking.sites import FileUse

NAMES = "names"
"""The use of a text by unknown code: it may read a file of that name, and write it."""
LIKE_A_FILE = re.compile(r"[^/]\.[A-Za-z]\w{0,7}$|.[/\\].")
"""Finds what is hardly meant as anything but a path: a suffix, or a folder before a name."""
_LONGEST_NAME = 255
_TEXTS = ("str", texts.PATH)


def note(m: Machine, given: Value, *, node: ast.AST, what: str, like_a_file: bool = False) -> None:
    """Note the texts given to a call of which little is known: it may open what they name.

    `like_a_file` leaves out those that are probably meant as something else: of a known
    object it is unlikely that its methods open files.
    """
    for text in sorted(_texts_within(m, given)):
        plain = "*" not in text and not like_a_file
        if text.strip("./*") and (plain or LIKE_A_FILE.search(text)):
            path = uses.from_start(m, text)
            if path is not None and not path.lower().startswith(uses.WEB):
                use = FileUse(NAMES, path, m.chain(node), what, sure=False)
                m.site.effects.named.setdefault(path, use)


def _texts_within(m: Machine, given: Value) -> set[str]:
    """Return the known texts among what is given, and in containers given."""
    found: set[str] = set()
    for number in given:
        thing = m.heap[number]
        inside = items.all_items(thing) if thing.type in items.CONTAINERS else ()
        for each in (thing, *(m.heap[item] for item in inside)):
            text = each.text if each.kind is Kind.SCALAR and each.type in _TEXTS else None
            if text and len(text) <= _LONGEST_NAME and "\n" not in text and "\0" not in text:
                found.add(text)
    return found
