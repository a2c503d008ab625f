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
WORDS = "words"
"""The use of a word of a command: likewise, but what commands write is guessed elsewhere."""
LIKE_A_FILE = re.compile(r"[^/]\.[A-Za-z]\w{0,7}$|^[^\s\\$:;]*[^\s/\\$:;]/[^\s/\\$:;]")
"""Finds what is hardly meant as anything but a path: a suffix, or a folder before a name."""
_LONGEST_NAME = 255
_BETWEEN = re.compile(r"[\s\"'`=;|&<>(){}$,]+")
"""Stands between the words of a command."""
_LISTING = re.compile(
    r"(?:^|[\n;|&(`])[ \t]*(?:ls|dir|tree|du|find|stat|wc|cat|head|tail|md5sum|file)"
    r"(?:[ \t]+(?:-\S+|\.|\./|\*|\./\*))*[ \t]*(?=$|[\n;|&)`>])"
)
"""Finds a command that is about all there is in the folder where it runs."""
_TEXTS = ("str", texts.PATH)


def note(m: Machine, given: Value, *, node: ast.AST, what: str, like_a_file: bool = False) -> None:
    """Note the texts given to a call of which little is known: it may open what they name.

    `like_a_file` leaves out those that are probably meant as something else: of a known
    object it is unlikely that its methods open files.
    """
    for text in sorted(_texts_within(m, given)):
        if not like_a_file or LIKE_A_FILE.search(text):
            _note_text(m, NAMES, text, node=node, what=what)


def _note_text(m: Machine, use: str, text: str, *, node: ast.AST, what: str) -> None:
    if text.strip("./*") and ("*" not in text or LIKE_A_FILE.search(text)):
        path = uses.from_start(m, text)
        named = m.site.effects.named
        if path is not None and path not in named and not path.lower().startswith(uses.WEB):
            named[path] = FileUse(use, path, m.chain(node), what, sure=False)


def _texts_within(m: Machine, given: Value) -> set[str]:
    """Return the known texts among what is given, and in containers given."""
    found: set[str] = set()
    things = [m.heap[number] for number in given]
    inside = (items.all_items(thing) for thing in things if thing.type in items.CONTAINERS)
    things += [m.heap[number] for value in list(inside) for number in value]
    for thing in things:
        text = thing.text if thing.kind is Kind.SCALAR and thing.type in _TEXTS else None
        if text and len(text) <= _LONGEST_NAME and "\n" not in text and "\0" not in text:
            found.add(text)
    return found


def note_command(m: Machine, given: Value, *, node: ast.AST, what: str) -> None:
    """Note the words of a command of the shell, and that it may list the folder it runs in."""
    found = _texts_within(m, given)
    if isinstance(node, ast.Call):  # of a long text the heap knows only that it is one
        parts = [part for arg in node.args for part in ast.walk(arg)]
        constants = [part.value for part in parts if isinstance(part, ast.Constant)]
        found |= {value for value in constants if isinstance(value, str)}
    for text in sorted(found):
        for word in sorted(_words(text)):
            _note_text(m, WORDS, word, node=node, what=what)
        if _LISTING.search(text):
            m.site.effects.files.append(FileUse("lists", None, m.chain(node), text, sure=False))


def _words(command: str) -> set[str]:
    """Return the words of a command, as far as they may be paths."""
    return set(_BETWEEN.split(command))
