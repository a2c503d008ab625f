"""Owns what is known of other people's code: the effects data, and how it is looked up.

`effects/*.toml` has one table per module (`["numpy.random"]`) and per type
(`["type:list"]`); `like` names a type that knows the rest, or modules whose names it has.
A key is one or several names with blanks between, `*` for every other function or method,
`^` for every other class, a leading dot for attributes. The value is a line of words:

    new[:TYPE]      something new that shares nothing with what was given; here and below
                    it behaves like TYPE, and with `!` after it, it is of no other type
    scalar[:TYPE]   something immutable
    self, arg:N     the receiver, an argument, itself
    item            something that is in the receiver (or the first argument)
    items[:TYPE]    a new container of what is in it
    pairs           a new list of (key, item)
    shows:WHAT      a view of a dictionary, on its `keys`, `values` or `items`
    path:P          what is found at that path of a library
    holds[:TYPE]    something new that refers to the arguments (and the receiver)
    flat[:TYPE]     something new with what is inside the containers given
    among[:TYPE]    something new with the very items of the containers given
    pick[:TYPE]     … or one of these items itself
    view[:TYPE]     something new on the same memory
    over[:TYPE]     as `flat`, and on the memory of the arrays and tables given
    within          … and of those in the containers given
    unknown         nothing is known: may change all, may return any of it
    changes:N       changes that argument (a number, a keyword, or `self`)
    deep            … and whatever it reaches
    inner           … and the estimators and objects of the notebook that it reaches
                    (with `view`: these are what it may give, too)
    inplace         changes the receiver if `inplace=True`, returns something new if not
    uncopied:N      if `copy=False`, changes that argument, and lies on its memory
    uncopied:TYPE   the result has TYPE if `copy=False`
    stores          the receiver refers to the arguments from now on
    stores-items    … to what is in them
    calls:A,B       calls these methods of the notebook's objects within its arguments
    nocall          calls no function that it is given
    formula:N       evaluates that argument, a text, among the variables of who calls
    reads:N writes:N appends:N opens:N maps:N lists:N makes:N removes:N database:N
                    a file (`makes`: a folder), by its path; `opens` and `maps` by their mode;
                    `database`: none if it is in memory, which is then another type, `T.memory`;
                    `database-later`: by its address, when a connection to it is made;
                    `N*`: files whose names begin so; `N=PATH`: that path where the argument
                    is not given; `N@K`: within the folder that keyword K gives
    seeds:S draws:S sets:S changes-state:S uses:S
                    state of the process
    when:K=TYPE     the result has TYPE if keyword K is given
    unless:K[=TYPE] … not if keyword K is given and not None; the result then has TYPE
    installs:A,B    sets up these libraries for good, the same each time that it is called
                    (`*`: any library, and Python itself); `once`: it cannot be done again
    unpickles       may make objects of any class of the notebook
    clock network unique exit input escape
                    what it depends on, or does to the process
"""

import tomllib
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib.resources import files

_RESULTS = frozenset(
    [
        "new",
        "scalar",
        "self",
        "arg",
        "item",
        "items",
        "pairs",
        "shows",
        "holds",
        "flat",
        "among",
        "pick",
        "over",
        "view",
        "path",
        "unknown",
        "none",
    ]
)
_FILES = frozenset(
    [
        *("reads", "writes", "appends", "opens", "maps", "lists", "makes", "removes"),
        *("database", "database-later"),
    ]
)
_STATES = frozenset(["seeds", "draws", "sets", "uses", "changes-state"])
_MARKS = frozenset(
    [
        "clock",
        "network",
        "unique",
        "exit",
        "input",
        "escape",
        "identity",
        "shell",
        "temporary",
        "argv",
        "widget",
        "unseeded",
        "unpickles",
    ]
)
_WORDS = frozenset(
    [
        "result",
        "files",
        "states",
        "marks",
        "changes",
        "deep",
        "inner",
        "inplace",
        "stores",
        "stores-items",
        "calls",
        "nocall",
        "within",
        "uncopied",
        "formula",
        "installs",
        "once",
        "unless",
        "when",
    ]
)


@dataclass(frozen=True, slots=True)
class Effect:
    """What a call does; the words are explained above."""

    result: str = "new"
    type_name: str = ""
    exact: bool = False
    """The result is of that type, not only like it (if the receiver is of its type)."""
    position: int = 0
    changes: tuple[str, ...] = ()
    deep: bool = False
    inner: bool = False
    inplace: bool = False
    within: bool = False
    uncopied: str = ""
    stores: str = ""
    calls: tuple[str, ...] = ()
    calls_back: bool = True
    formulas: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    states: tuple[tuple[str, str], ...] = ()
    installs: tuple[str, ...] = ()
    once: bool = False
    unless: tuple[tuple[str, str], ...] = ()
    when: tuple[tuple[str, str], ...] = ()
    marks: tuple[str, ...] = ()
    """In the order of the file: the first is told as the reason why a step is not cached."""


UNKNOWN = Effect(result="unknown")

_PARTICULAR = (
    "_",
    "set_",
    "use_",
    "enable",
    "disable",
    "register",
    "unregister",
    "config",
    "reset",
)
"""What the names begin with that the data do not speak of where they speak of all others:
what is private, and what sets up the library."""


@dataclass(frozen=True)
class EffectsData:
    """All tables; `find` and `method` look things up in them."""

    modules: dict[str, dict[str, Effect]] = field(default_factory=dict)
    types: dict[str, dict[str, Effect]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    flags: dict[str, frozenset[str]] = field(default_factory=dict)

    def find(self, path: str) -> Effect | None:
        """Return what a function or class of a library does; None where nothing is known."""
        module, _, name = path.rpartition(".")
        exact = self._named(module, name)
        if exact is not None:
            return exact
        if name.startswith(_PARTICULAR):
            return None
        default = "^" if name[:1].isupper() else "*"
        while module:
            table = self.modules.get(module, {})
            if default in table:
                return table[default]
            module = module.rpartition(".")[0]
        return None

    def names(self, path: str) -> bool:
        """Tell whether the data describe a function or class by its own name."""
        module, _, name = path.rpartition(".")
        return name in self.modules.get(module, {})

    def attribute(self, path: str) -> Effect | None:
        """Return what reading an attribute of a module gives, where that is known."""
        module, _, name = path.rpartition(".")
        return self._named(module, "." + name)

    def _named(self, module: str, key: str) -> Effect | None:
        """Return what the data say by its own name of something in a module, or in those
        whose names the module has."""
        for each in (module, *self.aliases.get(module, "").split()):
            effect = self.modules.get(each, {}).get(key)
            if effect is not None:
                return effect
        return None

    def states_of(self, path: str) -> tuple[tuple[str, str], ...]:
        """Return the state of the process that a path belongs to, with how it is used."""
        while "." in path:
            effect = self.attribute(path)
            if effect is not None and effect.states:
                return effect.states
            path = path.rpartition(".")[0]
        return ()

    def method(self, type_name: str, name: str) -> Effect | None:
        """Return what a method (or `.attribute`) of a type does."""
        seen = type_name
        while seen:
            table = self.types.get(seen)
            if table is None:
                return None
            found = table.get(name)
            if found is None and not name.startswith((".", "[")):
                found = table.get("*")
            if found is not None:
                return found
            seen = self.aliases.get("type:" + seen, "")
        return None

    def names_method(self, type_name: str, name: str) -> bool:
        """Tell whether the data describe a method of a type by its own name."""
        seen = type_name
        while seen:
            if name in self.types.get(seen, {}):
                return True
            seen = self.aliases.get("type:" + seen, "")
        return False

    def knows_root(self, root: str) -> bool:
        """Tell whether there is a table for a top-level module or anything in it."""
        return root in self._roots

    @cached_property
    def _roots(self) -> frozenset[str]:
        """Return the first parts of dotted names, one part or more."""
        parts = (key.split(".") for key in self.modules)
        return frozenset(".".join(each[:end]) for each in parts for end in range(1, len(each) + 1))

    def knows_type(self, type_name: str) -> bool:
        """Tell whether the data describe a type."""
        return type_name in self.types

    def flag(self, type_name: str, flag: str) -> bool:
        """Tell whether a type, or one that it derives from, has a flag."""
        seen = type_name
        while seen:
            if flag in self.flags.get(seen, frozenset()):
                return True
            seen = self.aliases.get("type:" + seen, "")
        return False


@lru_cache(maxsize=1)
def effects_data() -> EffectsData:
    """Return the effects data; it is part of the program and never changes."""
    data = EffectsData()
    folder = files("cellwright.compiler") / "effects"
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".toml"):
            _add(data, tomllib.loads(entry.read_text(encoding="utf-8")), entry.name)
    return data


def _add(data: EffectsData, tables: dict[str, object], source: str) -> None:
    for heading, table in tables.items():
        if not isinstance(table, dict):
            raise TypeError(f"{source}: `{heading}` is not a table")
        is_type = heading.startswith("type:")
        name = heading.removeprefix("type:")
        target = (data.types if is_type else data.modules).setdefault(name, {})
        for key, words in table.items():
            if key == "like":
                data.aliases[heading] = words
            elif key == "flags":
                data.flags[name] = frozenset(words.split())
            else:
                effect = parse_effect(words)
                for each in key.split():
                    target[each] = effect


@lru_cache(maxsize=4096)
def parse_effect(words: str) -> Effect:
    """Return the effect that a line of words describes.

    Raises:
        ValueError: a word is not one of the language.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for word in words.split():
        name, _, detail = word.partition(":")
        group = next(
            (
                label
                for label, names in (
                    ("result", _RESULTS),
                    ("files", _FILES),
                    ("states", _STATES),
                    ("marks", _MARKS),
                )
                if name in names
            ),
            name,
        )
        found.setdefault(group, []).append((name, detail))
    return _effect(found, words)


def _effect(found: dict[str, list[tuple[str, str]]], words: str) -> Effect:
    if not found.keys() <= _WORDS:
        raise ValueError(f"unknown word in effect `{words}`")
    result, detail = (found.get("result") or [("new", "")])[0]
    return Effect(
        result=result,
        type_name="" if result == "arg" else detail.removesuffix("!"),
        exact=detail.endswith("!"),
        position=int(detail) if result == "arg" else 0,
        changes=tuple(item for _, item in found.get("changes", [])),
        deep="deep" in found,
        inner="inner" in found,
        inplace="inplace" in found,
        within="within" in found,
        uncopied=next((item for _, item in found.get("uncopied", [])), ""),
        stores=next((word for word in ("stores", "stores-items") if word in found), ""),
        calls=tuple(name for _, names in found.get("calls", []) for name in names.split(",")),
        calls_back="nocall" not in found and "installs" not in found,
        formulas=tuple(item for _, item in found.get("formula", [])),
        files=tuple(found.get("files", [])),
        states=tuple(found.get("states", [])),
        once="once" in found,
        installs=tuple(root for _, roots in found.get("installs", []) for root in roots.split(",")),
        unless=_pairs(found.get("unless", [])),
        when=_pairs(found.get("when", [])),
        marks=tuple(name for name, _ in found.get("marks", [])),
    )


def _pairs(words: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return `K=TYPE` details, taken apart."""
    return tuple((key, kind) for _, item in words for key, _, kind in (item.partition("="),))
