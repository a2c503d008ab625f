"""Owns the names in formulas: `"y ~ np.log(x)"` is evaluated where it is given to a call.

Columns come first there, then the variables of who calls, then the library's own functions. So
every name in the text counts as read. Where a column is meant, that costs a port at most, and
none if nothing is bound to the name; the other way round, a step would miss `np`, or take the
library's `scale` for the notebook's without a word.

Of a text that is not known as a whole (`f"y ~ {terms}"`), the rest is most often the name of a
column. What it can need from the notebook without being a column is code: functions, classes
and modules. Source is taken along for them, where any value would be a port, and would have to
wait for whatever made it. So those are read which some text of the notebook uses as code, as
the rest is put together of texts; all, where nothing is known of the formula; and any name at
all where no data are given, as then there are no columns.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from keyword import iskeyword

from cellwright.compiler.reading.scopes import ScopeKind
from cellwright.compiler.walking import attributes, calls, items
from cellwright.compiler.walking.arguments import Arguments
from cellwright.compiler.walking.effects import UNKNOWN, Effect, effects_data
from cellwright.compiler.walking.heap import ANY_ATTRIBUTE, NOTHING, UNBOUND, Kind, Thing, Value
from cellwright.compiler.walking.machine import Machine

ASKING = "~"
"""What a notebook with formulas has in its text, unless it makes them up otherwise."""
_MAKER = "from_formula"
"""How libraries call the function that makes of a formula what a class makes of arrays."""
_KEYWORDS = ("formula", "formulas", "formula_like")
_SCOPES = ("eval_env", "context")
"""Keywords that tell whose variables are meant, if not those of who calls."""
_DEPTH = 3
"""How deep in lists, dictionaries and objects of unknown libraries formulas are looked for."""

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`")
_NAME = re.compile(r"(?<![\w.])[^\W\d]\w*\b(?!\s*=(?!=))")
_CALL = re.compile(r"(?<![\w.])([^\W\d]\w*(?:\.[^\W\d]\w*)*)\s*\(")
_CODE = re.compile(r"(?<![\w.])([^\W\d]\w*)\s*(?:\(|\.[^\W\d])")
_HOLE = re.compile(r"(?:^|[~+\-:/(,=\[{|.])\*(?!\*)|(?<!\*)\*(?:$|[~+:/),\]}|(])")
"""A star where an operand is missing; on blanks left out."""
_TEXTS = frozenset({"str", "scalar"})
_MADE_OF_CODE = frozenset({Kind.FUNCTION, Kind.CLASS, Kind.LIBRARY})


def effect_of(path: str) -> Effect | None:
    """Return what a function of a library does; `Model.from_formula` does what `Model` does."""
    owner, _, name = path.rpartition(".")
    made = effects_data().find(owner) if name == _MAKER else None
    return effects_data().find(path) if made is None else replace(made, formulas=("0",))


def read_names(
    m: Machine, effect: Effect, receiver: Value, arguments: Arguments, *, node: ast.AST, path: str
) -> Value:
    """Note the reads of names in formulas that a call is given; return what they may mean."""
    if effect.result != "unknown" and not effect.formulas:
        return NOTHING
    at = _positions(effect, path)
    formulas, others = _apart(arguments, at)
    known: set[str] = set()
    if ASKING in m.words:
        known = {text for text in _known(m, others | receiver) if "~" in text and "~/" not in text}
    known |= set(_given(m, formulas))
    if not known:
        return NOTHING
    anywhere = any(arguments.keyword(name) is not None for name in _SCOPES)
    named: dict[str, Value] = {}
    m.guards += 1  # a name that nothing is bound to is a column's, or the library's own
    for text in sorted(known):
        for name in _names(m, text, alone=not others):
            if name not in named:
                named[name] = _meaning(m, name, node, anywhere=anywhere)
    found = frozenset[int]().union(*named.values())
    within = Arguments(every=arguments.all() | found)
    for text in sorted(known):
        for chain in dict.fromkeys(_CALL.findall(_bare(text))):
            _call(m, named, chain.split("."), within, node)
    m.guards -= 1
    return found


def inherited(m: Machine, thing: Thing, name: str, arguments: Arguments, node: ast.AST) -> None:
    """Note what `Model.from_formula` reads where a class of the notebook has it from a library."""
    if name != _MAKER or thing.kind is not Kind.CLASS:
        return
    if not attributes.class_member(m, (frozenset((thing.number,)),), name)[0]:
        named = read_names(m, UNKNOWN, NOTHING, arguments, node=node, path=name)
        m.heap.hold(thing, named)


def keep(m: Machine, value: Value, named: Value) -> None:
    """Let what a formula made hold what its names mean: it is evaluated again for new data."""
    for thing in (m.heap[number] for number in sorted(value) if named):
        inside = items.all_items(thing) if thing.type in items.CONTAINERS else NOTHING
        for each in (thing, *(m.heap[number] for number in sorted(inside))):
            if each.kind is Kind.PLAIN:
                m.heap.hold(each, named)


def names_in_code(node: ast.AST) -> list[str]:
    """Return the names in texts of a function that may be formulas."""
    known = (text for text in _constants([node]) if "~" in text)
    return sorted({name for text in known for name in _NAME.findall(_bare(text))})


def used_as_code(trees: Iterable[ast.AST]) -> frozenset[str]:
    """Return the names that texts of the notebook call, or read an attribute of."""
    return frozenset(name for text in _constants(trees) for name in _CODE.findall(text))


def _constants(trees: Iterable[ast.AST]) -> Iterator[str]:
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


# -- where the formulas are ------------------------------------------------------------


def _positions(effect: Effect, path: str) -> tuple[str, ...]:
    if effect.formulas:
        return effect.formulas
    return ("0",) if path.rpartition(".")[2] == _MAKER else ()


def _apart(arguments: Arguments, at: tuple[str, ...]) -> tuple[Value, Value]:
    """Return what is given as a formula, and what else is given."""
    formulas, others = NOTHING, arguments.star
    if not arguments.positional and at:
        formulas |= arguments.star
    for index, value in enumerate(arguments.positional):
        if str(index) in at:
            formulas |= value
        else:
            others |= value
    for name, value in arguments.keywords:
        if name.endswith(_KEYWORDS):
            formulas |= value
        elif name not in _SCOPES:
            others |= value
    return formulas, others


def _given(m: Machine, value: Value, depth: int = _DEPTH) -> Iterator[str]:
    """Yield the texts of what is given as a formula; `*` for one that is not known."""
    for thing in (m.heap[number] for number in value):
        if thing.kind is Kind.SCALAR and thing.type in _TEXTS:
            yield thing.text if thing.text is not None else "*"
        elif thing.kind is Kind.PLAIN and thing.type in items.CONTAINERS:
            yield from _given(m, items.all_items(thing), depth - 1) if depth else ()
        elif thing.kind is Kind.PLAIN and (not thing.type or thing.type == "json.value"):
            held = [text for text in _known(m, frozenset((thing.number,))) if "~" in text]
            yield from held or ("*",)


def _known(m: Machine, value: Value) -> set[str]:
    """Return the texts that are given, or held by what is given."""
    found: set[str] = set()
    seen: set[int] = set()
    level = set(value)
    for _ in range(_DEPTH + 1):
        seen |= level
        things = [m.heap[number] for number in level]
        found |= {
            thing.text
            for thing in things
            if thing.kind is Kind.SCALAR and thing.text is not None and thing.type in _TEXTS
        }
        level = set().union(*(_held(thing) for thing in things if thing.kind is Kind.PLAIN)) - seen
    return found


def _held(thing: Thing) -> Value:
    if thing.type in items.CONTAINERS:
        return items.all_items(thing)
    return NOTHING if thing.type else thing.fields.get(ANY_ATTRIBUTE, NOTHING)


# -- what is in them -------------------------------------------------------------------


def _bare(text: str) -> str:
    """Return a formula without the texts inside of it."""
    return _QUOTED.sub("''", text)


def _names(m: Machine, text: str, *, alone: bool) -> list[str]:
    """Return the names that a formula may look up; `alone`: there are no data beside it."""
    bare = _bare(text)
    names = {name for name in _NAME.findall(bare) if not iskeyword(name)}
    if text == "*" or _HOLE.search("".join(bare.split())):
        for name, variable in m.names.items():
            code = any(m.heap[number].kind in _MADE_OF_CODE for number in variable.value)
            if alone or (code and (text == "*" or name in m.used_in_texts)):
                names.add(name)
    return sorted(names)


def _meaning(m: Machine, name: str, node: ast.AST, *, anywhere: bool) -> Value:
    """Return what a name of a formula may refer to: a local variable, else a global one.

    Functions within functions, comprehensions among them, may see the variables of those
    around them or not, as the version of Python has it.
    """
    local = NOTHING
    for frame in reversed(m.frames):
        local |= frame.names.get(name, NOTHING)
        if frame.scope.kind is ScopeKind.FUNCTION and not anywhere:
            break
    found = m.load(name, node) | local
    if m.frames and (anywhere or not local or UNBOUND in local):
        found |= m.load_global(name, node)
    return found - {UNBOUND}


def _call(
    m: Machine, named: dict[str, Value], chain: list[str], within: Arguments, node: ast.AST
) -> None:
    """Walk a call in a formula: `scale(…)`, `np.random.normal(…)`."""
    owner = named.get(chain[0], NOTHING)
    if not owner:
        return
    for part in chain[1:-1]:
        owner = attributes.read_attribute(m, owner, part, node=node)
    with m.maybe():
        if len(chain) == 1:
            calls.call(m, owner, within, node=node)
        else:
            calls.call_method(m, owner, chain[-1], within, node=node)
