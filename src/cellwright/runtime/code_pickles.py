"""Owns how functions and classes of the notebook are written where a name does not do."""

import sys
import types
from collections.abc import Iterator
from typing import Any

from . import rebuild
from .faults import OutputError

Reduction = tuple[Any, ...]

_CODE_FIELDS = (
    "co_argcount",
    "co_posonlyargcount",
    "co_kwonlyargcount",
    "co_nlocals",
    "co_stacksize",
    "co_flags",
    "co_firstlineno",
    "co_code",
    "co_consts",
    "co_names",
    "co_varnames",
    "co_freevars",
    "co_cellvars",
    "co_filename",
    "co_name",
    "co_qualname",
    "co_linetable",
    "co_exceptiontable",
)

_FUNCTION_FIELDS = (
    "__defaults__",
    "__kwdefaults__",
    "__annotations__",
    "__doc__",
    "__module__",
    "__qualname__",
    "__type_params__",
)

_MADE_WITH_THE_CLASS = frozenset(
    {"__dict__", "__weakref__", "__abstractmethods__", "_abc_impl", "__slotnames__"}
)

_MADE_WITH_THE_ENUM = frozenset(
    {
        "_member_names_",
        "_member_map_",
        "_value2member_map_",
        "_hashable_values_",
        "_unhashable_values_",
        "_unhashable_values_map_",
        "_member_type_",
        "_value_repr_",
        "_use_args_",
        "_new_member_",
        "__new_member__",
        "__new__",
        "_flag_mask_",
        "_singles_mask_",
        "_all_bits_",
        "_boundary_",
        "_inverted_",
    }
)

_MEMBER_FIELDS = frozenset({"_value_", "_name_", "__objclass__", "_sort_order_"})


class Namespace:
    """Stands for the globals of a function: the reader's `__main__`, or a module's."""

    def __init__(self, module: str | None) -> None:
        self.module = module

    def reduction(self) -> Reduction:
        """Return how the reader finds the namespace."""
        if self.module is None:
            return rebuild.main_namespace, ()
        return rebuild.module_namespace, (self.module,)


def function(thing: types.FunctionType, owned: set[int]) -> Reduction:
    """Return how a function is made again; its cells are noted as `owned` by functions."""
    cells = thing.__closure__ or ()
    owned.update(map(id, cells))
    state: dict[str, Any] = {
        "cells": [(cell, content) for cell in cells for content in _content(cell)],
        "dict": dict(vars(thing)),
    }
    for name in _FUNCTION_FIELDS:
        if hasattr(thing, name):
            state[name] = getattr(thing, name)
    made_of = (thing.__code__, _namespace(thing), thing.__name__, thing.__closure__)
    return rebuild.function, made_of, state, None, None, rebuild.set_function


def cell(thing: types.CellType, owned: set[int]) -> Reduction:
    """Return how a cell is made; a function that owns it fills it, too."""
    if id(thing) in owned:
        return rebuild.cell, ()
    return rebuild.cell, (), tuple(_content(thing)), None, None, rebuild.set_cell


def code(thing: types.CodeType) -> Reduction:
    """Return how a code object is made, with its source where that is known."""
    import linecache

    fields = {name: getattr(thing, name) for name in _CODE_FIELDS if hasattr(thing, name)}
    first = thing.co_firstlineno
    last = max([first, *(line for _, _, line in thing.co_lines() if line)])
    source: list[str] = []
    if thing.co_filename in linecache.cache:
        source = linecache.getlines(thing.co_filename)[first - 1 : last]
    return rebuild.code, (list(sys.version_info[:2]), fields, (first, source))


def class_(thing: type) -> Reduction:
    """Return how a class is made: an empty one first, since what is in it may refer to it."""
    meta = type(thing)
    namespace = {
        name: value
        for name, value in vars(thing).items()
        if name not in _MADE_WITH_THE_CLASS and not isinstance(value, types.MemberDescriptorType)
    }
    fixed = {"__qualname__": thing.__qualname__}
    for name in ("__module__", "__slots__", "__orig_bases__"):
        if name in namespace:
            fixed[name] = namespace.pop(name)
    state: dict[str, Any] = {"namespace": namespace}
    if hasattr(thing, "_abc_impl"):
        state["abstract"] = _registered(thing)
    if "enum" in sys.modules and issubclass(meta, sys.modules["enum"].EnumMeta):
        return _enum(thing, fixed, state)
    made_of = (meta, thing.__name__, thing.__bases__, fixed)
    return rebuild.plain_class, made_of, state, None, None, rebuild.set_class


def known_type(thing: type) -> tuple[str, str] | None:
    """Return where the standard library keeps a builtin type that has no name of its own."""
    for name, value in vars(types).items():
        if value is thing:
            return "types", name
    return None


def _enum(thing: Any, fixed: dict[str, Any], state: dict[str, Any]) -> Reduction:
    namespace = state["namespace"]
    own_new = namespace.get("__new_member__") is not None
    if own_new and thing._member_type_ is not object:
        raise OutputError(
            f"the enumeration `{thing.__qualname__}` has a `__new__` of its own",
            culprit=thing,
            hint="define it in a cell tagged `functions`, so that each step has its source",
        )
    members = {name: member._value_ for name, member in thing.__members__.items()}
    state["namespace"] = {
        name: value
        for name, value in namespace.items()
        if name not in _MADE_WITH_THE_ENUM and name not in members
    }
    state["members"] = {
        name: attributes
        for name, member in thing.__members__.items()
        if (attributes := {k: v for k, v in vars(member).items() if k not in _MEMBER_FIELDS})
    }
    if getattr(thing, "_boundary_", None) is not None:
        fixed["boundary"] = thing._boundary_
    made_of = (type(thing), thing.__name__, thing.__bases__, members, fixed)
    return rebuild.enum_class, made_of, state, None, None, rebuild.set_enum


def _registered(thing: type) -> list[type]:
    """Return the classes that were registered with an abstract one, in a defined order."""
    import _abc  # type: ignore[import-not-found,unused-ignore]

    found = [each() for each in _abc._get_dump(thing)[0]]
    alive = [each for each in found if each is not None]
    return sorted(alive, key=lambda each: (each.__module__, each.__qualname__))


def _namespace(thing: types.FunctionType) -> Any:
    namespace = thing.__globals__
    if namespace is rebuild.main_namespace():
        return Namespace(None)
    name = namespace.get("__name__")
    module = sys.modules.get(name) if isinstance(name, str) else None
    if module is not None and module.__dict__ is namespace:
        return Namespace(name)
    return namespace


def _content(thing: types.CellType) -> Iterator[Any]:
    try:
        yield thing.cell_contents
    except ValueError:
        return
