"""Owns the functions that our pickles call to build values again.

Their names stand in stored artifacts: they may be added to, never renamed or changed in
what their arguments mean.
"""

import sys
import types
from typing import Any


def main_namespace() -> dict[str, Any]:
    """Return the namespace in which the reader's cells run."""
    return sys.modules["__main__"].__dict__


def module_namespace(name: str) -> dict[str, Any]:
    """Return the namespace of a library's module."""
    return module(name).__dict__


def module(name: str) -> types.ModuleType:
    """Return a module by name, imported if need be."""
    import importlib

    return importlib.import_module(name)


def attribute(name: str, path: str) -> Any:
    """Return what stands under a dotted path in a module."""
    found: Any = module(name)
    for part in path.split("."):
        found = getattr(found, part)
    return found


def code(version: list[int], fields: dict[str, Any], source: tuple[int, list[str]]) -> Any:
    """Return a code object from its fields, of the same minor version of Python only."""
    if list(sys.version_info[:2]) != version:
        wrote = ".".join(map(str, version))
        raise TypeError(f"the function was written by Python {wrote}: its code runs only there")
    made = (lambda: None).__code__.replace(**fields)
    _remember_source(made.co_filename, *source)
    return made


def _remember_source(file: str, first: int, lines: list[str]) -> None:
    """Let tracebacks and `inspect.getsource` find text that this program does not have."""
    import linecache

    entry = linecache.cache.get(file)
    known = list(entry[2]) if entry is not None and len(entry) == 4 else []
    known.extend("\n" for _ in range(first - 1 + len(lines) - len(known)))
    for at, line in enumerate(lines, first - 1):
        if not known[at].strip():
            known[at] = line
    linecache.cache[file] = (sum(map(len, known)), None, known, file)


def function(code: Any, namespace: dict[str, Any], name: str, closure: Any) -> Any:
    """Return a function that `set_function` completes."""
    namespace.setdefault("__builtins__", __builtins__)
    return types.FunctionType(code, namespace, name, None, closure)


def set_function(made: Any, state: dict[str, Any]) -> None:
    """Complete a function: cells, defaults, attributes."""
    for cell, content in state.pop("cells"):
        cell.cell_contents = content
    made.__dict__.update(state.pop("dict"))
    for name, value in state.items():
        setattr(made, name, value)


def cell() -> Any:
    """Return an empty cell of a closure."""
    return types.CellType()


def set_cell(made: Any, content: tuple[Any, ...]) -> None:
    """Fill a cell."""
    if content:
        made.cell_contents = content[0]


def plain_class(meta: type, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> type:
    """Return a class that `set_class` completes.

    Hooks by which a class of the notebook takes note of its subclasses do not run again:
    what they noted travels with the class that noted it. Hooks of libraries run, since
    the library has seen nothing of the class in this process.
    """
    library = next(each for each in meta.__mro__ if each.__module__ != "__main__")
    if library.__name__ == "_TypedDictMeta":
        library = type  # its own way in takes no `dict` as a base, which it has in the end
    quiet = [
        base
        for each in bases
        for base in each.__mro__
        if base.__module__ == "__main__" and "__init_subclass__" in vars(base)
    ]
    hooks = [(base, vars(base)["__init_subclass__"]) for base in dict.fromkeys(quiet)]
    try:
        for base, _ in hooks:
            type.__setattr__(base, "__init_subclass__", _passing_on(base))
        made: type = library.__new__(meta, name, bases, namespace)
        if library is meta and meta is not type:
            meta.__init__(made, name, bases, namespace)  # type: ignore[misc]
        return made
    finally:
        for base, hook in hooks:
            type.__setattr__(base, "__init_subclass__", hook)


def _passing_on(base: Any) -> Any:
    def hook(cls: Any, /, **options: Any) -> None:
        super(base, cls).__init_subclass__(**options)

    return classmethod(hook)


def set_class(made: type, state: dict[str, Any]) -> None:
    """Complete a class: what its body bound, and what was added later."""
    for name, value in state["namespace"].items():
        type.__setattr__(made, name, value)
    if "abstract" in state:
        import abc

        abc.update_abstractmethods(made)
        for subclass in state["abstract"]:
            made.register(subclass)  # type: ignore[attr-defined]


def enum_class(
    meta: Any, name: str, bases: tuple[type, ...], members: dict[str, Any], fixed: dict[str, Any]
) -> type:
    """Return an enumeration with its members; `set_class` adds the rest."""
    namespace = meta.__prepare__(name, bases)
    options = {"boundary": fixed.pop("boundary")} if "boundary" in fixed else {}
    for key, value in {**fixed, **members}.items():
        namespace[key] = value
    made: type = meta.__new__(meta, name, bases, namespace, **options)
    return made


def set_enum(made: Any, state: dict[str, Any]) -> None:
    """Complete an enumeration: methods, and attributes of its members."""
    set_class(made, state)
    for name, attributes in state["members"].items():
        made[name].__dict__.update(attributes)


def mapping_proxy(mapping: Any) -> Any:
    """Return a read-only view of a mapping."""
    return types.MappingProxyType(mapping)


def weak_keys(pairs: list[tuple[Any, Any]]) -> Any:
    """Return a mapping that does not keep its keys alive."""
    import weakref

    return weakref.WeakKeyDictionary(dict(pairs))


def weak_values(pairs: list[tuple[Any, Any]]) -> Any:
    """Return a mapping that does not keep its values alive."""
    import weakref

    return weakref.WeakValueDictionary(dict(pairs))


def weak_set(members: list[Any]) -> Any:
    """Return a set that does not keep its members alive."""
    import weakref

    return weakref.WeakSet(members)


def cached_property(function: Any, name: str | None, doc: Any) -> Any:
    """Return a cached property, which has a lock in older versions of Python."""
    import functools

    made: Any = functools.cached_property(function)
    made.attrname = name
    made.__doc__ = doc
    return made


def cached(function: Any, size: int | None, typed: Any) -> Any:
    """Return a function with an empty cache."""
    import functools

    return functools.lru_cache(size, typed)(function)


def set_attributes(made: Any, attributes: dict[str, Any]) -> None:
    """Complete an object that has attributes only."""
    made.__dict__.update(attributes)


def made_in_c(kind: type) -> Any:
    """Return the first of the classes that a class derives from that no statement made."""
    return next(each for each in kind.__mro__ if not each.__flags__ & 0x200)


def new(kind: type, *given: Any) -> Any:
    """Return an object without running a `__new__` of the notebook."""
    return made_in_c(kind).__new__(kind, *given)


def error(kind: type, args: tuple[Any, ...]) -> Any:
    """Return an exception without running an `__init__` of the notebook."""
    made = kind.__new__(kind, *args)
    made_in_c(kind).__init__(made, *args)
    made.args = args
    return made


def set_error(made: Any, state: tuple[dict[str, Any], Any, Any, bool]) -> None:
    """Complete an exception: attributes, and the exceptions that it came from."""
    attributes, cause, context, suppress = state
    made.__dict__.update(attributes)
    made.__cause__, made.__context__ = cause, context
    made.__suppress_context__ = suppress


def type_variable(name: str, bounds: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Return a type variable."""
    import typing

    return typing.TypeVar(name, *bounds, **options)


def dtype(spelled: str) -> Any:
    """Return a type of elements; of the usual ones numpy has one object each."""
    import numpy as np

    return np.dtype(spelled)


def flat(array: Any, index: int) -> Any:
    """Return the iterator over an array's elements, as far as it had come."""
    from itertools import islice

    iterator = array.flat
    for _ in islice(iterator, index):
        pass
    return iterator


def array(
    buffer: Any, dtype: Any, shape: tuple[int, ...], strides: tuple[int, ...], writeable: Any
) -> Any:
    """Return an array with its own memory, laid out as the one that was written.

    `buffer` has the elements without gaps, axes from the widest stride to the narrowest.
    """
    import numpy as np

    dtype = np.dtype(dtype)
    made = _laid_out(np, dtype, shape, strides)
    order = axes(shape, strides)
    packed = tuple(shape[axis] if strides[axis] else min(shape[axis], 1) for axis in order)
    blank = unnamed(dtype)
    source = np.frombuffer(buffer, np.uint8).view(blank).reshape(packed)
    if made.size:
        first = (*(slice(0, 1) if step == 0 else slice(None) for step in strides), ...)
        made.view(blank)[first].transpose(order)[...] = source
    if not writeable:
        made.flags.writeable = False
    return made


def array_over(
    buffer: Any, dtype: Any, shape: tuple[int, ...], strides: tuple[int, ...], writeable: Any
) -> Any:
    """Return what `array` returns, over the buffer itself where it is laid out so already."""
    import numpy as np

    dtype = np.dtype(dtype)
    flat = np.frombuffer(buffer, np.uint8).view(dtype)
    for made in (_shaped(flat, shape), _shaped(flat, shape[::-1], turned=True)):
        if made is not None and made.strides == strides:
            made.flags.writeable = bool(writeable)
            return made
    return array(buffer, dtype, shape, strides, writeable)


def _shaped(flat: Any, shape: tuple[int, ...], *, turned: bool = False) -> Any:
    try:
        made = flat.reshape(shape)
    except ValueError:  # elements along an axis of stride 0 are written once
        return None
    return made.T if turned else made


def memory_over(buffer: Any) -> Any:
    """Return what `memory` returns, over the buffer itself."""
    import numpy as np

    return np.frombuffer(buffer, np.uint8)


def axes(shape: tuple[int, ...], strides: tuple[int, ...]) -> list[int]:
    """Return the axes of an array from the widest stride to the narrowest."""
    return sorted(range(len(shape)), key=lambda axis: (-abs(strides[axis]), axis))


def unnamed(dtype: Any) -> Any:
    """Return the type under which all bytes of an element are copied, those between its
    fields, too: what stood in memory there before must not get into a file."""
    import numpy as np

    return np.dtype((np.void, dtype.itemsize)) if dtype.names else dtype


def _laid_out(numpy: Any, dtype: Any, shape: tuple[int, ...], strides: tuple[int, ...]) -> Any:
    for order in "CF":
        made = numpy.empty(shape, dtype, order=order)
        if made.strides == strides or not made.size:
            return made
    reach = [(length - 1) * step for length, step in zip(shape, strides, strict=True)]
    low = sum(step for step in reach if step < 0)
    high = sum(step for step in reach if step > 0)
    memory = numpy.empty(high - low + dtype.itemsize, numpy.uint8)
    return numpy.ndarray(shape, dtype, memory, -low, strides)


def memory(buffer: Any) -> Any:
    """Return bytes that several arrays are views of."""
    import numpy as np

    made = np.empty(len(memoryview(buffer)), np.uint8)
    made[...] = np.frombuffer(buffer, np.uint8)
    return made


def view(  # noqa: PLR0913, PLR0917  # a pickle calls it by position
    of: Any,
    dtype: Any,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    offset: int,
    writeable: Any,
) -> Any:
    """Return an array that is a view of memory shared with others."""
    import numpy as np

    made = np.ndarray(shape, dtype, of, offset, strides)
    if not writeable:
        made.flags.writeable = False
    return made


def object_view(
    of: Any, shape: tuple[int, ...], strides: tuple[int, ...], offset: int, writeable: Any
) -> Any:
    """Return a view of an array of objects; `of` is flat, `offset` counts elements."""
    from numpy.lib.stride_tricks import as_strided

    made = as_strided(of[offset:], shape, strides)
    if not writeable:
        made.flags.writeable = False
    return made


def array_of_kind(kind: Any, plain: Any) -> Any:
    """Return a view of a plain array as an array of another kind."""
    return plain.view(kind)


def bare(kind: Any) -> Any:
    """Return an object without attributes."""
    return kind.__new__(kind)


def vectorizer_state(vectorizer: Any, state: dict[str, Any]) -> None:
    """Give a text vectorizer its state; it knows its stop words by their address here."""
    vectorizer.__setstate__(state)
    vectorizer._stop_words_id = id(vectorizer.stop_words)
