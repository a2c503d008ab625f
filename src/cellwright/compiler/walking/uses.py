"""Owns the notes of files and of the process's state that a call uses."""

import ast
import posixpath
from collections.abc import Iterable

from cellwright.compiler.walking import databases, texts
from cellwright.compiler.walking.arguments import Arguments
from cellwright.compiler.walking.effects import Effect, effects_data
from cellwright.compiler.walking.heap import NOTHING, Kind, Thing, Value
from cellwright.compiler.walking.machine import Machine
from cellwright.compiler.walking.sites import FileUse, StateUse

GENERATORS = frozenset({"random", "numpy.random", "torch"})
"""Global random generators."""
HOME = "numpy.random"
"""The module that behaves like its global generator, and may be given in its place."""
_MODES = {"opens": ("1", "r"), "maps": ("2", "r+")}
"""Where the mode of what opens a file or maps it is given, and what it is by default."""
_READ_ONLY = frozenset({"r", "c", "None"})
"""Modes of a map that leave the file as it is."""
WEB = ("http://", "https://", "ftp://", "s3://", "gs://", "hf://", "az://")
"""What the addresses begin with that are no paths of this machine."""


def note_state(m: Machine, use: str, state: str, *, node: ast.AST, what: str) -> None:
    """Note that state of the process is used, set or changed."""
    if use != "uses":
        m.unclean()
    if use in ("seeds", "changes-state") and state in GENERATORS:
        m.seeded.add(state)
    m.site.effects.states.append(
        StateUse(use, f"state:{state}", m.chain(node), what, m.doubts == 0)
    )


def note_states(m: Machine, effect: Effect, given: Value, node: ast.AST, path: str) -> None:
    """Note the state that an effect says a call uses."""
    for use, state in effect.states:
        if state.startswith("inside:"):
            inside = m.heap.reach(given)
            m.change(_flagged(m, inside, "generator"), node)  # who holds one, draws from it
            if not _flagged(m, inside, "random"):
                if _flagged(m, inside, "stirs"):
                    note_draws(m, node, path)
                continue
        note_state(m, use, state.removeprefix("inside:"), node=node, what=path)


def is_global(thing: Thing) -> bool:
    """Tell whether what is drawn from an object is drawn from the global generator of numpy."""
    return thing.kind is Kind.LIBRARY and (thing.type == HOME or thing.type.endswith("._rand"))


def _flagged(m: Machine, numbers: Iterable[int], flag: str) -> Value:
    return frozenset(n for n in numbers if effects_data().flag(m.heap[n].type, flag))


def note_draws(m: Machine, node: ast.AST, path: str) -> None:
    """Note that a call of which nothing is known may draw from a generator that is seeded."""
    for state in sorted(m.seeded):
        m.site.effects.states.append(
            StateUse("draws", f"state:{state}", m.chain(node), path, sure=False)
        )


def note_files(
    m: Machine,
    effect: Effect,
    receiver: Value,
    arguments: Arguments,
    node: ast.AST,
    path: str,
) -> None:
    """Note the files that an effect says a call reads and writes."""
    for use, where in effect.files:
        at, _, default = where.partition("=")
        at, _, folder = at.partition("@")
        value = receiver if at == "self" else _file_argument(arguments, at.removesuffix("*"))
        if not value and default:
            value = m.heap.scalar("str", default)
        if at.endswith("*"):
            value = _family(m, value)
        if folder:
            value = _inside(m, arguments.keyword(folder) or NOTHING, value)
        if use in databases.WORDS:
            verb, value = databases.in_file(m, use, value, arguments)
        else:
            verb = _mode_use(m, use, at, arguments)
        note_file(m, verb, value, node=node, what=path)


def opened_in_memory(m: Machine, effect: Effect, arguments: Arguments) -> Effect:
    """Return the effect of a call, of another type where it opens a database in memory."""
    where = next((where for use, where in effect.files if use in databases.WORDS), None)
    if where is None:
        return effect
    return databases.of_memory(m, effect, _file_argument(arguments, where), arguments)


def all_placed(effect: Effect, arguments: Arguments) -> bool:
    """Tell whether each path that an effect speaks of is among the arguments."""
    return all(
        at == "self" or default or _file_argument(arguments, at.partition("@")[0].removesuffix("*"))
        for _, where in effect.files
        for at, _, default in (where.partition("="),)
    )


def _file_argument(arguments: Arguments, where: str) -> Value:
    """Return the argument that is a path: `0`, or `0|path_or_buf` by either spelling."""
    for each in where.split("|"):
        value = arguments.at(each)
        if value:
            return value
    return NOTHING


def _family(m: Machine, value: Value) -> Value:
    """Return the names of a database, which adds suffixes of its own to the one it is given."""
    found = NOTHING
    for text in sorted(texts.known_texts(m, value) if value else ()):
        found |= m.heap.scalar("str", None if text == "*" else f"{text}*")
    return found


def _inside(m: Machine, folder: Value, value: Value) -> Value:
    """Return paths that start from a folder which is given as well; None is that of the work."""
    found = NOTHING
    for number in sorted(folder):
        if m.heap[number].type == "NoneType":
            found |= value
            continue
        for head in texts.known_texts(m, frozenset((number,))):
            for text in sorted(texts.known_texts(m, value) if value else ()):
                whole = None if head == "*" else texts.join_paths(head, text)
                found |= m.heap.scalar("str", whole)
    return found if folder else value


def _mode_use(m: Machine, use: str, where: str, arguments: Arguments) -> str:
    if use == "writes" and _adds(m, arguments):
        return "appends"
    mapped = arguments.keyword("mmap_mode")
    if use == "reads" and mapped and not texts.known_texts(m, mapped) <= _READ_ONLY:
        return "appends"
    if use not in _MODES:
        return use
    mode_at, mode = ("0", "r") if where == "self" else _MODES[use]
    value = arguments.keyword("mode") or arguments.at(mode_at)
    modes = texts.known_texts(m, value) if value else {mode}
    heads = {mode.partition(":")[0].partition("|")[0] for mode in modes}  # `r:xz` of tarfile
    if any(set("+a*") & set(head) for head in heads):
        return "appends"
    writes = {head for head in heads if "w" in head or "x" in head}
    if writes and writes != heads:
        return "appends"  # it may need what was there
    return "writes" if writes else "reads"


def _adds(m: Machine, arguments: Arguments) -> bool:
    """Tell whether a call that writes a file may add to what is there."""
    mode, append = arguments.keyword("mode"), arguments.keyword("append")
    adds = mode is not None and any(
        text == "*" or "a" in text for text in texts.known_texts(m, mode)
    )
    return adds or (append is not None and texts.known_texts(m, append) != {"False"})


def enter_folder(m: Machine, value: Value) -> None:
    """Note that paths are from now on those of another folder, if the text tells which."""
    known = texts.known_texts(m, value) if value else {"*"}
    text = next(iter(known)) if len(known) == 1 and m.doubts == 0 else "*"
    m.folder = None if m.folder is None or "*" in text else posixpath.join(m.folder, text)


def from_start(m: Machine, text: str | None) -> str | None:
    """Return a path as seen from the folder where the notebook started."""
    if text is None or text.startswith(("/", "~")) or text.lower().startswith(WEB):
        return text
    return None if m.folder is None else posixpath.join(m.folder, text)


def note_file(m: Machine, use: str, value: Value, *, node: ast.AST, what: str) -> None:
    """Note that the files which a value names are read or written."""
    for number in sorted(value):
        thing = m.heap[number]
        if thing.kind is Kind.PLAIN and effects_data().flag(thing.type, "handle"):
            continue
        if thing.kind is Kind.SCALAR and thing.type in ("NoneType", "int", "bool", "bytes"):
            continue
        text = from_start(m, thing.text if thing.kind is Kind.SCALAR else None)
        if text is not None and text.lower().startswith(WEB):
            m.site.effects.marks.setdefault(f"network:{what}", m.chain(node))
            continue
        m.unclean()
        sure = m.doubts == 0 and use != "later"
        m.site.effects.files.append(FileUse(use, text, m.chain(node), what, sure))
