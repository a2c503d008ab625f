"""Owns how each kind of object is pickled: what our picklers do beyond Python's own."""

import builtins
import copyreg
import math
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any

from . import (
    array_pickles,
    array_rebuild,
    code_pickles,
    creation,
    dict_rebuild,
    formula_pickles,
    listeners,
    own_dicts,
    rebuild,
    set_pickles,
    typing_rebuild,
)
from .array_pickles import Layout, Memory, Met, OfPandas, Plain
from .code_pickles import Namespace
from .faults import OutputError
from .names import Names
from .own_dicts import Attributes, OwnDicts
from .refusals import cannot_travel, refused
from .set_pickles import Kept

_SINGLETON_TYPES = (type(None), type(NotImplemented), type(...))
_BUILTINS = builtins.__dict__
_LOOKED_AT = frozenset({float, dict, set, frozenset})
_HOOKS = (
    *("__setstate__", "__reduce__", "__reduce_ex__", "__new__", "__setattr__"),
    "__array_finalize__",
)


def dict_behind(view: Any) -> Any:
    """Return the mapping that a view shows: it shares its state."""
    import gc

    return gc.get_referents(view)[0]


def _dict_view(view: Any) -> Any:
    return dict_rebuild.dict_view, (dict_behind(view), type(view).__name__)


BY_PLACE: dict[str, Callable[[Any], Any]] = {
    "weakref.WeakKeyDictionary": lambda thing: (rebuild.weak_keys, (list(thing.items()),)),
    "weakref.WeakValueDictionary": lambda thing: (rebuild.weak_values, (list(thing.items()),)),
    "_weakrefset.WeakSet": lambda thing: (rebuild.weak_set, (list(thing),)),
    "functools.cached_property": lambda thing: (
        rebuild.cached_property,
        (thing.func, thing.attrname, thing.__doc__),
    ),
    "matplotlib.cbook.CallbackRegistry": listeners.reduction,
    "numpy.flatiter": lambda thing: (rebuild.flat, (thing.base, thing.index)),
    **{f"builtins.{name}": _dict_view for name in dict_rebuild.DICT_VIEWS},
}
"""How objects are made again, by where their class is found: it need not be loaded here."""


class Reductions:
    """What a pickler does with what it meets; mixed into one of Python's picklers.

    With a `layout` it writes. Without, it surveys: arrays are noted in `met`, and their
    contents left out.
    """

    def begin(self, names: Names, layout: Layout | None, usual: Sequence[bool] = ()) -> None:
        """Set up; to be called before the pickler is used.

        `usual` tells which of the sets, in the order in which they are met, need not be
        looked into: they were made as pickle makes them.
        """
        self.names = names
        self._usual = usual
        self.layout = layout
        self.met: list[Met] = []
        self.own_dicts = OwnDicts()
        self.named: set[int] = set()
        self.hooks: dict[str, types.FunctionType] = {}
        self.losses: set[str] = set()
        self.buffers: list[Any] = []
        self._keep: list[Any] = []
        self._owned: set[int] = set()
        self._in_pandas: dict[int, OfPandas] = {}
        self._strings: dict[str, str] = {}
        self._nans: dict[int, tuple[str, str, int]] = {}
        self._sets: dict[int, tuple[Any, Kept | None]] = {}
        self._by_kind: dict[type, Callable[[Any], Any]] = {
            types.FunctionType: self._function,
            types.CellType: lambda thing: code_pickles.cell(thing, self._owned),
            types.CodeType: code_pickles.code,
            types.MethodType: self._method,
            types.ModuleType: self._module,
            types.MappingProxyType: lambda thing: (rebuild.mapping_proxy, (dict_behind(thing),)),
            property: lambda it: (property, (it.fget, it.fset, it.fdel, it.__doc__)),
            staticmethod: lambda thing: (staticmethod, (thing.__func__,)),
            classmethod: lambda thing: (classmethod, (thing.__func__,)),
            Namespace: lambda thing: thing.reduction(),
            Memory: lambda thing: thing.reduction(),
            Plain: lambda thing: thing.reduction,
            Kept: lambda thing: thing.reduction(),
            Attributes: lambda thing: thing.reduction(),
        }

    def persistent_id(self, thing: Any) -> Any:
        """Give equal strings one identity, and each NaN its own, whatever they had.

        So the bytes of a pickle do not tell which of equal strings were one object, and
        `x in xs` finds a NaN that it found before. What is to be done about a set stands
        here too, since picklers ask about sets nowhere else.
        """
        kind = type(thing)
        if kind is str:
            return self._strings.setdefault(thing, thing)
        if kind not in _LOOKED_AT:
            return None
        if kind is float:
            return self._nan(thing) if thing != thing else None  # noqa: PLR0124  # so is a NaN
        if kind is dict:
            return ("builtins", "", 0) if thing is _BUILTINS else self._dict(thing)
        return None if self.layout is None else self._set(thing)

    def _dict(self, thing: dict[Any, Any]) -> Attributes | None:
        """Return what stands for the dictionary of an object, None for any other."""
        if self.layout is not None:
            return self.layout.own_dicts.get(id(thing))
        self.own_dicts.meet(thing)
        return None

    def reducer_override(self, thing: Any) -> Any:
        """Return how an object is made again."""
        kind = type(thing)
        reduce = self._by_kind.get(kind)
        if reduce is None:
            reduce = self._by_kind[kind] = self._choose(kind)
        return reduce(thing)

    def _choose(self, kind: type) -> Callable[[Any], Any]:
        if issubclass(kind, type):
            return self._class
        if issubclass(kind, types.ModuleType):
            return self._module
        if refused(kind):
            return _refuse
        if issubclass(kind, BaseException):
            return self._error
        if issubclass(kind, set | frozenset):
            return self._set_of_a_class
        special = self._special(kind)
        return self._plain if special is None else special

    def _special(self, kind: type) -> Callable[[Any], Any] | None:
        where = f"{kind.__module__}.{kind.__qualname__}"
        if where in BY_PLACE:
            return BY_PLACE[where]
        if where == "functools._lru_cache_wrapper":
            return self._cache
        if where == "typing.TypeVar":
            return _type_variable
        numpy = sys.modules.get("numpy")
        if numpy is not None and issubclass(kind, numpy.ndarray):
            return self._array
        if numpy is not None and issubclass(kind, numpy.dtype):
            return self._dtype
        text = sys.modules.get("sklearn.feature_extraction.text")
        if text is not None and issubclass(kind, getattr(text, "_VectorizerMixin", ())):
            return self._vectorizer
        if formula_pickles.holds_a_formula(kind):
            return self._as_it_is
        if not kind.__module__.startswith("pandas."):
            return None
        names = {base.__name__ for base in kind.__mro__}
        if "ArrowExtensionArray" in names and self.layout is None:
            return lambda _: (rebuild.memory, ())  # Arrow's memory is never written to
        holds = not names.isdisjoint({"Block", "BlockManager", "SingleBlockManager", "Index"})
        return self._pandas if holds and _copies_on_write() else None

    def _plain(self, thing: Any) -> Any:
        place = self.names.of_instance(thing)
        if place is not None:
            self.named.add(id(thing))
            return rebuild.attribute, place
        kind = type(thing)
        try:
            registered = copyreg.dispatch_table.get(kind)
            reduction = thing.__reduce_ex__(5) if registered is None else registered(thing)
        except OutputError:
            raise
        except Exception as error:
            raise cannot_travel(thing, str(error)) from error
        if isinstance(reduction, str):
            return self._global(thing, reduction)
        if kind.__module__ == "__main__":
            anew = creation.without_its_own(thing, reduction)
            self._note_hooks(kind, passed=() if anew is None else ("__new__",))
            reduction = anew or reduction
        return self._with_own_dict(thing, reduction)

    def _with_own_dict(self, thing: Any, reduction: tuple[Any, ...]) -> tuple[Any, ...]:
        if self.layout is None:
            self.own_dicts.note(thing, reduction)
        elif self.layout.own_dicts:
            return own_dicts.rewritten(thing, reduction, self.layout.own_dicts)
        return reduction

    def _vectorizer(self, thing: Any) -> Any:
        """Leave out the address of its stop words, which it keeps to know them again."""
        reduction = self._plain(thing)
        state = reduction[2] if isinstance(reduction, tuple) and len(reduction) > 2 else None
        if not isinstance(state, dict) or state.get("_stop_words_id") != id(thing.stop_words):
            return reduction
        rest = {name: value for name, value in state.items() if name != "_stop_words_id"}
        return (*reduction[:2], rest, None, None, rebuild.vectorizer_state)

    def _as_it_is(self, thing: Any) -> Any:
        """Write the attributes of an object, whatever its class says about that."""
        place = self.names.of_instance(thing)
        if place is not None:
            self.named.add(id(thing))
            return rebuild.attribute, place
        return (*formula_pickles.parts(thing), None, None, rebuild.set_attributes)

    def _global(self, thing: Any, name: str) -> Any:
        if getattr(thing, "__module__", None) == "__main__" and self.names.of(thing) is None:
            raise cannot_travel(thing, f"it is written as the name `{name}` of the notebook")
        self.named.add(id(thing))
        return name

    def _note_hooks(self, kind: type, passed: tuple[str, ...] = ()) -> None:
        for base in kind.__mro__:
            for name in (each for each in _HOOKS if each not in passed):
                hook = vars(base).get(name)
                hook = getattr(hook, "__func__", hook)
                if isinstance(hook, types.FunctionType) and base.__module__ == "__main__":
                    self.hooks[f"{base.__qualname__}.{name}"] = hook

    def _function(self, thing: types.FunctionType) -> Any:
        if self.names.of(thing) is not None:
            self.named.add(id(thing))
            return NotImplemented
        transform = formula_pickles.transform(thing)
        return transform or code_pickles.function(thing, self._owned)

    def _cache(self, thing: Any) -> Any:
        if self.names.of(thing) is not None:
            self.named.add(id(thing))
            return thing.__qualname__
        self.losses.add("contents of caches")
        options = thing.cache_parameters()
        made_of = (thing.__wrapped__, options["maxsize"], options["typed"])
        attributes = dict(vars(thing))
        return rebuild.cached, made_of, attributes, None, None, rebuild.set_attributes

    def _method(self, thing: types.MethodType) -> Any:
        return types.MethodType, (thing.__func__, thing.__self__)

    def _module(self, thing: types.ModuleType) -> Any:
        self.named.add(id(thing))
        return rebuild.module, (self.names.of_module(thing),)

    def _class(self, thing: type) -> Any:
        if thing in _SINGLETON_TYPES or self.names.of(thing) is not None:
            self.named.add(id(thing))
            return NotImplemented
        known = code_pickles.known_type(thing)
        if known is not None:
            self.named.add(id(thing))
            return rebuild.attribute, known
        if not thing.__flags__ & 0x200:  # not made by a class statement
            raise cannot_travel(thing, "no module has it under its name")
        return code_pickles.class_(thing)

    def _error(self, thing: BaseException) -> Any:
        if thing.__traceback__ is not None:
            self.losses.add("tracebacks of exceptions")
        if type(thing).__reduce__ is not BaseException.__reduce__:
            return self._plain(thing)
        state = (
            dict(vars(thing)),
            thing.__cause__,
            thing.__context__,
            thing.__suppress_context__,
        )
        made_of = (type(thing), thing.args)
        return rebuild.error, made_of, state, None, None, rebuild.set_error

    def _array(self, thing: Any) -> Any:
        if type(thing) is not sys.modules["numpy"].ndarray:
            return self._array_of_a_class(thing)
        if self.layout is None:
            return self._met(thing) or self._plain(thing)
        return self.layout.reduction(thing) or self._plain(thing)

    def _met(self, thing: Any) -> Any:
        """Note an array; return what stands for its memory where that is all there is to it."""
        met = array_pickles.met(thing, self._in_pandas)
        self.met.append(met)
        below = (met.owner,) if array_pickles.is_buffer(met.owner) else ()
        return (rebuild.memory, below) if array_pickles.raw(thing.dtype) else None

    def _array_of_a_class(self, thing: Any) -> Any:
        """Write an array of a class of its own as a plain one, and all of its attributes."""
        if self.names.of_instance(thing) is not None:
            return self._plain(thing)
        surveyed = self._met(thing) if self.layout is None else None
        if not array_pickles.is_view(type(thing)):
            if self.layout is not None and self.layout.shares(thing) and thing.flags.writeable:
                raise array_pickles.foreign(thing, type(thing))
            return self._plain(thing)
        made_of = surveyed if self.layout is None else self.layout.reduction(thing)
        if made_of is None:
            made_of = array_pickles.plain(thing).__reduce__()
        state = array_pickles.attributes(thing)
        if state[1]:
            self._note_hooks(type(thing))  # `__array_finalize__` does run where there are slots
        of_kind = (type(thing), Plain(made_of))
        return array_rebuild.array_of_class, of_kind, state, None, None, array_rebuild.set_array

    @property
    def usual(self) -> list[bool]:
        """Return of each set that was met whether pickle's own way keeps its order."""
        return [kept is None for _, kept in self._sets.values()]

    def _set(self, thing: Any) -> Kept | None:
        """Return what stands for a set, None where pickle's own way keeps its order."""
        known = self._sets.get(id(thing))
        if known is None:
            at = len(self._sets)
            usual = at < len(self._usual) and self._usual[at]
            known = (thing, None if usual else set_pickles.kept(thing))
            self._sets[id(thing)] = known
        return known[1]

    def _set_of_a_class(self, thing: Any) -> Any:
        reduction = set_pickles.whole(thing, self._plain(thing))
        if self.layout is None or id(thing) in self.named:
            return reduction
        return set_pickles.kept_of_a_class(thing, reduction)

    def _dtype(self, thing: Any) -> Any:
        spelled = array_pickles.spelled(thing)
        return self._plain(thing) if spelled is thing else (rebuild.dtype, (spelled,))

    def _pandas(self, thing: Any) -> Any:
        for holder in getattr(thing, "blocks", (thing,)):
            block = hasattr(holder, "mgr_locs")
            values = holder.values if block else getattr(holder, "_data", None)
            known = array_pickles.of_pandas(holder)
            self._in_pandas.update((id(it), known) for it in array_pickles.inner_arrays(values))
            self._keep.append(values)
        return self._plain(thing)

    def _nan(self, thing: float) -> tuple[str, str, int]:
        if id(thing) not in self._nans:
            self._keep.append(thing)
            numpy = sys.modules.get("numpy")
            if thing is math.nan:  # noqa: PLW0177  # it is one object
                spelled = "math"
            elif numpy is not None and thing is numpy.nan:
                spelled = "numpy"
            else:
                import struct

                spelled = struct.pack("<d", thing).hex()
            self._nans[id(thing)] = ("nan", spelled, len(self._nans))
        return self._nans[id(thing)]


def _refuse(thing: Any) -> Any:
    raise cannot_travel(thing)


def _type_variable(thing: Any) -> Any:
    options = {
        "bound": thing.__bound__,
        "covariant": thing.__covariant__,
        "contravariant": thing.__contravariant__,
    }
    ours = rebuild.main_namespace().get(thing.__name__) is thing
    makes = typing_rebuild.type_variable_of_main if ours else rebuild.type_variable
    return makes, (thing.__name__, thing.__constraints__, options)


def _copies_on_write() -> bool:
    pandas = sys.modules.get("pandas")
    if pandas is None:
        return False
    if int(pandas.__version__.partition(".")[0]) >= 3:
        return True
    try:
        return pandas.options.mode.copy_on_write is True
    except (AttributeError, KeyError):
        return False
