"""Owns the text of values as a notebook shows them: containers over several lines, classes and
functions by their names, the rest as `repr` has it.

It is the text of IPython's `text/plain`, which need not be installed where a step runs, and
takes long to import where it is.
"""

import os
import re
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from .line_breaks import Page

MOST = 1000
"""Items of a container that are shown."""


def pretty(value: Any) -> str:
    """Return the text of a value; raises what its own `__repr__` raises."""
    printer = Printer()
    printer.pretty(value)
    return printer.value()


class Printer(Page):
    """A page to which values are written; what `_repr_pretty_` is given."""

    verbose = False
    max_seq_length = MOST

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[int] = []
        """The ids of the values that are being written: one that is met again is a circle."""

    def pretty(self, value: Any) -> None:
        """Write a value."""
        cycle = id(value) in self.stack
        self.stack.append(id(value))
        try:
            with self.group():
                self._write_value(value, cycle)
        finally:
            self.stack.pop()

    def _write_value(self, value: Any, cycle: bool) -> None:  # noqa: FBT001
        kind: Any = _attribute(value, "__class__") or type(value)
        for base in kind.__mro__:
            known = _KINDS.get(base)
            if known is None:
                place = (_attribute(base, "__module__"), _attribute(base, "__name__"))
                known = _BY_PLACE.get(place)
            if known is not None:
                known(self, value, cycle)
                return
            own = base._repr_pretty_ if "_repr_pretty_" in base.__dict__ else None
            if callable(own):
                own(value, self, cycle)
                return
            says = base is not object and "__repr__" in base.__dict__
            if says and callable(_attribute(base, "__repr__")):
                self.lines(value)
                return
        if _attribute(kind, "__repr__") is not object.__repr__:
            self.lines(value)
            return
        with self.group(1, "<", ">"):
            self.pretty(kind)
            self.text(f" at {id(value):#x}" + (" ..." if cycle else ""))

    def lines(self, value: Any) -> None:
        """Write what `repr` says, indented like the place it stands in."""
        with self.group():
            for at, line in enumerate(repr(value).splitlines()):
                if at:
                    self.break_()
                self.text(line)

    def items(self, items: Iterable[Any]) -> Iterator[Any]:
        """Yield items and write what stands between them; not more than are shown."""
        for at, item in enumerate(items):
            if at:
                self.text(",")
                self.breakable()
            if at >= MOST:
                self.text("...")
                return
            yield item

    def call(self, name: str, *given: Any, **named: Any) -> None:
        """Write a call that would make a value."""
        opening = f"{name}("
        with self.group(), self.group(len(opening), opening, ")"):
            for key, value in self.items([*((None, each) for each in given), *named.items()]):
                if key is None:
                    self.pretty(value)
                    continue
                with self.group(len(key) + 1, f"{key}="):
                    self.pretty(value)


class _Literally:
    def __init__(self, text: str) -> None:
        self._text = text

    def _repr_pretty_(self, page: Printer, _cycle: bool) -> None:  # noqa: FBT001
        page.text(self._text)


_Writer = Callable[[Printer, Any, bool], None]


def _attribute(value: Any, name: str) -> Any:
    try:
        return getattr(value, name, None)
    except Exception:  # noqa: BLE001  # the user's own `__getattr__`
        return None


def _sequence(start: str, end: str) -> _Writer:
    def write(page: Printer, value: Any, cycle: bool) -> None:  # noqa: FBT001
        if cycle:
            page.text(f"{start}...{end}")
            return
        with page.group(len(start), start, end):
            for item in page.items(value):
                page.pretty(item)
            if len(value) == 1 and isinstance(value, tuple):
                page.text(",")

    return write


def _set(start: str, end: str) -> _Writer:
    def write(page: Printer, value: Any, cycle: bool) -> None:  # noqa: FBT001
        if not cycle and len(value) == 0:
            page.text(f"{type(value).__name__}()")
            return
        _sequence(start, end)(page, value if cycle else _in_order(value), cycle)

    return write


def _in_order(members: Any) -> list[Any]:
    """Return the members of a set in an order that does not depend on where they lie."""
    found = list(members)
    if len(found) >= MOST:
        return found
    for key in (None, str):
        with suppress(Exception):  # what cannot be compared, or has no text
            return sorted(found, key=key)
    return found


def _mapping(start: str, end: str) -> _Writer:
    def write(page: Printer, value: Any, cycle: bool) -> None:  # noqa: FBT001
        if cycle:
            page.text("{...}")
            return
        with page.group(len(start), start, end):
            for key in page.items(value.keys()):
                page.pretty(key)
                page.text(": ")
                page.pretty(value[key])

    return write


def _made_by_call(given: Callable[[Any], tuple[Any, ...]]) -> _Writer:
    def write(page: Printer, value: Any, cycle: bool) -> None:  # noqa: FBT001
        name = value.__class__.__name__
        if cycle:
            page.call(name, _Literally("..."))
            return
        page.call(name, *given(value))

    return write


def _deque(page: Printer, value: Any, cycle: bool) -> None:  # noqa: FBT001
    name = value.__class__.__name__
    if cycle:
        page.call(name, _Literally("..."))
    elif value.maxlen is None:
        page.call(name, list(value))
    else:
        page.call(name, list(value), maxlen=value.maxlen)


def _namespace(page: Printer, value: Any, cycle: bool) -> None:  # noqa: FBT001
    if cycle:
        page.call("namespace", _Literally("..."))
    else:
        page.call("namespace", **vars(value))


def _class(page: Printer, value: Any, _cycle: bool) -> None:  # noqa: FBT001
    says = next(each for each in type(value).__mro__ if "__repr__" in vars(each))
    if says is not type:
        page.lines(value)
        return
    name = _attribute(value, "__qualname__")
    name = name if isinstance(name, str) else value.__name__
    page.text(_in_module(_attribute(value, "__module__"), name))


def _function(page: Printer, value: Any, _cycle: bool) -> None:  # noqa: FBT001
    import inspect

    name = _in_module(value.__module__, _attribute(value, "__qualname__") or value.__name__)
    options: dict[str, Any] = {}
    if sys.version_info >= (3, 14):
        import annotationlib

        options["annotation_format"] = annotationlib.Format.FORWARDREF
    with suppress(ValueError):  # where Python does not know what it takes
        name += str(inspect.signature(value, **options))
    page.text(f"<function {name}>")


def _error(page: Printer, value: Any, _cycle: bool) -> None:  # noqa: FBT001
    kind = value.__class__
    page.call(_in_module(kind.__module__, kind.__qualname__), *getattr(value, "args", ()))


def _in_module(module: Any, name: str) -> str:
    return f"{module}.{name}" if module and module != "builtins" else name


def _pattern(page: Printer, value: Any, _cycle: bool) -> None:  # noqa: FBT001
    said = "r" + repr(value.pattern).replace("\\\\", "\\")
    flags = "|".join(f"re.{name}" for name in _FLAGS if value.flags & getattr(re, name))
    page.call("re.compile", *map(_Literally, [said, flags] if value.flags else [said]))


def _super(page: Printer, value: Any, _cycle: bool) -> None:  # noqa: FBT001
    with page.group(8, "<super: ", ">"):
        page.pretty(value.__thisclass__)
        page.text(",")
        page.breakable()
        page.pretty(value.__self__)


def _plain(page: Printer, value: Any, _cycle: bool) -> None:  # noqa: FBT001
    page.lines(value)


_FLAGS = ("IGNORECASE", "LOCALE", "MULTILINE", "DOTALL", "UNICODE", "VERBOSE", "DEBUG")

_KINDS: dict[Any, _Writer] = {
    **dict.fromkeys((int, float, str, bytes, range, slice, types.MethodType), _plain),
    tuple: _sequence("(", ")"),
    list: _sequence("[", "]"),
    dict: _mapping("{", "}"),
    set: _set("{", "}"),
    frozenset: _set("frozenset({", "})"),
    super: _super,
    type: _class,
    re.Pattern: _pattern,
    types.FunctionType: _function,
    types.BuiltinFunctionType: _function,
    types.SimpleNamespace: _namespace,
    types.MappingProxyType: _mapping("mappingproxy({", "})"),
    type(os.environ): _mapping("environ{", "}"),
    BaseException: _error,
}

_BY_PLACE: dict[tuple[Any, Any], _Writer] = {
    ("collections", "defaultdict"): _made_by_call(lambda it: (it.default_factory, dict(it))),
    ("collections", "OrderedDict"): _made_by_call(lambda it: (list(it.items()),) if it else ()),
    ("collections", "Counter"): _made_by_call(lambda it: (dict(it.most_common()),) if it else ()),
    ("collections", "deque"): _deque,
    ("collections", "UserList"): _made_by_call(lambda it: (it.data,)),
    ("datetime", "datetime"): _plain,
    ("datetime", "timedelta"): _plain,
}
"""Kinds of values by where they are found: their modules need not be imported."""
