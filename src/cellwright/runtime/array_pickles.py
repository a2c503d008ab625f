"""Owns how numpy arrays are written in a pickle: layout kept, shared memory kept shared."""

import copyreg
import pickle
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from . import rebuild
from .faults import OutputError
from .own_dicts import Attributes

_RAW = frozenset("biufcmMSUV")
"""Kinds of elements whose bytes are all there is to them."""

_INNER = ("_ndarray", "_data", "_mask", "_codes", "_values")
"""Where the arrays of pandas keep the numpy arrays that they are made of."""

_VIEWS = frozenset(
    {
        "numpy.matrix",
        "numpy.ma.MaskedArray",
        "numpy.ma.core.MaskedArray",
        "patsy.design_info.DesignMatrix",
    }
)
"""Kinds of arrays that are no more than a view of a plain one, and attributes, although they
have themselves pickled in a way of their own."""


@dataclass(frozen=True)
class OfPandas:
    """That an array belongs to pandas: whether pandas writes to it at all (never to labels),
    and copies it first, because another frame or series uses the same memory."""

    written: bool
    referenced: bool


_WRITTEN = ("__reduce__", "__reduce_ex__", "__setstate__", "__getstate__")
"""Methods that say how an object is written."""


@dataclass(frozen=True)
class Met:
    """An array that was met on the way through a value, and `of_pandas` what it is there."""

    array: Any
    owner: Any
    of_pandas: "OfPandas | None" = None

    @property
    def copied_on_write(self) -> bool:
        """Tell whether it belongs to pandas, which copies memory before it writes where
        others of its own use it, too."""
        return self.of_pandas is not None

    def bounds(self) -> tuple[int, int]:
        """Return the addresses of the first byte and behind the last."""
        array = self.array
        start = array.__array_interface__["data"][0]
        reach = [(n - 1) * s for n, s in zip(array.shape, array.strides, strict=True)]
        low = sum(step for step in reach if step < 0)
        high = sum(step for step in reach if step > 0)
        return start + low, start + high + array.itemsize


class Memory:
    """A stretch of memory that several arrays are views of."""

    def __init__(self, low: int, high: int, views: list[Met]) -> None:
        self.low, self.high = low, high
        self._views = views  # they keep it alive

    def reduction(self) -> tuple[Any, ...]:
        """Return how the memory is made again."""
        import numpy as np

        size = self.high - self.low
        read_only = not any(each.array.flags.writeable for each in self._views)
        # The interface of arrays is the one way to name memory by its address.
        self.__array_interface__ = {
            "data": (self.low, read_only),
            "shape": (size,),
            "typestr": "|u1",
            "version": 3,
        }
        return rebuild.memory, (_buffer(np.asarray(self)),)


@dataclass(frozen=True)
class Plain:
    """The plain array that an array of another kind is a view of, by how it is made again."""

    reduction: tuple[Any, ...]


class Layout:
    """Which arrays of a value share memory, and which are written by themselves."""

    def __init__(self, met: Iterable[Met], own_dicts: dict[int, Attributes]) -> None:
        self.own_dicts = own_dicts
        self._memory: dict[int, Memory] = {}
        self._flat: dict[int, Any] = {}
        self._buffers: dict[int, Any] = {}
        met = list(met)
        for each in met:
            if is_buffer(each.owner) and each.array.size:
                self._buffers[id(each.array)] = each.owner
        for cluster in clusters(each for each in met if id(each.array) not in self._buffers):
            self._note(cluster)

    def shares(self, array: Any) -> bool:
        """Tell whether an array lies on memory that others use."""
        known = (self._memory, self._flat, self._buffers)
        return any(id(array) in each for each in known)

    def reduction(self, array: Any) -> tuple[Any, ...] | None:
        """Return how an array is made again, or None where numpy's own way must do."""
        if id(array) in self._flat:
            return self._object_view(array)
        if not raw(array.dtype):
            return None
        memory = self._memory.get(id(array))
        shape, strides, writeable = array.shape, array.strides, array.flags.writeable
        dtype = spelled(array.dtype)
        buffer = self._buffers.get(id(array))
        if buffer is not None:
            offset = address(array) - _start(buffer)
            return rebuild.view, (buffer, dtype, shape, strides, offset, writeable)
        if memory is None:
            return rebuild.array, (_packed(plain(array)), dtype, shape, strides, writeable)
        offset = address(array) - memory.low
        return rebuild.view, (memory, dtype, shape, strides, offset, writeable)

    def _note(self, cluster: list[Met]) -> None:
        sharing = truly_shared(cluster)
        if len(sharing) < 2:
            return
        if not all(raw(each.array.dtype) for each in sharing):
            self._note_objects(sharing)
            return
        bounds = [each.bounds() for each in sharing]
        memory = Memory(min(low for low, _ in bounds), max(high for _, high in bounds), sharing)
        for each in sharing:
            self._memory[id(each.array)] = memory

    def _note_objects(self, sharing: list[Met]) -> None:
        owner = sharing[0].owner
        contiguous = hasattr(owner, "flags") and owner.flags.forc
        if not contiguous or any(each.array.dtype != owner.dtype for each in sharing):
            raise OutputError(
                "arrays of objects share memory in a way that cannot be written",
                culprit=sharing[0].array,
                hint="hand on copies (`array.copy()`)",
            )
        # Memory of objects is not bytes: all are views of the flat array that owns it.
        flat = owner.ravel(order="K")
        for each in sharing:
            self._flat[id(each.array)] = flat

    def _object_view(self, array: Any) -> tuple[Any, ...]:
        flat = self._flat[id(array)]
        start = flat.__array_interface__["data"][0]
        offset = (array.__array_interface__["data"][0] - start) // array.itemsize
        return rebuild.object_view, (
            flat,
            array.shape,
            array.strides,
            offset,
            array.flags.writeable,
        )


def address(array: Any) -> int:
    """Return where the first element of an array is."""
    found: int = array.__array_interface__["data"][0]
    return found


def is_buffer(owner: Any) -> bool:
    """Tell whether what owns the memory of an array is bytes that can be written to."""
    known = sys.modules.get("array")
    return isinstance(owner, bytearray) or (known is not None and isinstance(owner, known.array))


def _start(buffer: Any) -> int:
    import numpy as np

    return address(np.frombuffer(buffer, np.uint8))


def foreign(array: Any, kind: type) -> OutputError:
    """Return the refusal of an array that shares memory and is written in its own way."""
    return OutputError(
        f"the array shares memory with another, and `{kind.__qualname__}` writes a copy",
        culprit=array,
        hint="hand on copies (`array.copy()`)",
    )


def raw(dtype: Any) -> bool:
    """Tell whether the bytes of the elements are all there is to them."""
    return dtype.kind in _RAW and not dtype.hasobject and dtype.char != "T"


def spelled(dtype: Any) -> Any:
    """Return a type of elements as text, where that says it all, else the type itself.

    Equal types are one object or several, as chance has it; texts are always one.
    """
    import numpy as np

    simple = dtype.kind in _RAW and dtype.names is None and not dtype.metadata
    return dtype.str if simple and np.dtype(dtype.str) == dtype else dtype


def plain(array: Any) -> Any:
    """Return an array as one of numpy's own: no method of its class runs on the way."""
    ndarray = sys.modules["numpy"].ndarray
    return array if type(array) is ndarray else ndarray.view(array, ndarray)


def is_view(kind: type) -> bool:
    """Tell whether a class of arrays is no more than a view of a plain one, and attributes.

    Classes of the notebook are, whatever they say about being pickled: all that they have is
    written. Of libraries' classes those are that leave it to numpy, which drops attributes.
    """
    numpy = sys.modules["numpy"]
    if kind is numpy.ndarray or f"{kind.__module__}.{kind.__qualname__}" in _VIEWS:
        return True
    if any(base.__module__ == "__main__" for base in kind.__mro__):
        return True
    if issubclass(kind, numpy.memmap):
        return False
    masked = sys.modules.get("numpy.ma")
    base = numpy.ndarray
    if masked is not None and issubclass(kind, masked.MaskedArray):
        if kind.__module__.partition(".")[0] == "numpy":
            return False  # a single masked record, whose elements are its attributes
        base = masked.MaskedArray
    return all(getattr(kind, name, None) is getattr(base, name, None) for name in _WRITTEN)


def attributes(array: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the attributes of an array of a class of its own, and those in slots."""
    slots = {}
    for name in copyreg._slotnames(type(array)):  # type: ignore[attr-defined]
        try:
            slots[name] = object.__getattribute__(array, name)
        except AttributeError:  # it was never set
            continue
    return dict(getattr(array, "__dict__", None) or {}), slots


def met(array: Any, in_pandas: dict[int, OfPandas]) -> Met:
    """Return an array with the object that owns its memory.

    Raises:
        OutputError: the memory is a file's, and writing to it changes the file.
    """
    numpy = sys.modules["numpy"]
    owner = array
    while True:
        if isinstance(owner, numpy.memmap) and owner.mode in ("r+", "w+"):
            raise OutputError(
                "the array is mapped to a file (`numpy.memmap`), and a copy would not be",
                culprit=array,
                hint="hand on `numpy.array(…)` of it, or open the file where it is used",
            )
        below = getattr(owner, "base", None)
        if below is None and isinstance(owner, memoryview):
            below = owner.obj
        if below is None:
            return Met(array, owner, in_pandas.get(id(array)))
        owner = below


def clusters(arrays: Iterable[Met]) -> list[list[Met]]:
    """Return the groups of two and more arrays whose memory overlaps, in a defined order."""
    by_owner: dict[int, dict[int, Met]] = {}
    for each in arrays:
        if each.array.size:
            by_owner.setdefault(id(each.owner), {}).setdefault(id(each.array), each)
    found: list[list[Met]] = []
    for group in by_owner.values():
        if len(group) < 2:
            continue
        order = {key: at for at, key in enumerate(group)}
        end = -1
        cluster: list[Met] = []
        for each in sorted(group.values(), key=lambda one: one.bounds()[0]):
            low, high = each.bounds()
            if low >= end and cluster:
                found.append(cluster)
                cluster = []
            cluster.append(each)
            end = max(end, high)
        found.append(cluster)
        for one in found:
            one.sort(key=lambda each: order.get(id(each.array), 0))
    return [cluster for cluster in found if len(cluster) > 1]


def truly_shared(cluster: Sequence[Met]) -> list[Met]:
    """Return those of the arrays over one stretch of memory through which it is shared.

    Arrays of pandas alone share nothing that can be noticed: whoever of them is written to
    makes a copy first. With others (`frame.values`) it is noticed, unless pandas makes a copy
    anyway, since another frame uses the memory, too; and the others cannot be written to.

    Raises:
        OutputError: what is written to the others shows in frames that do not share the memory
            with one another.
    """
    others = [each for each in cluster if each.of_pandas is None]
    holders = [each.of_pandas for each in cluster if each.of_pandas is not None]
    written = [each.referenced for each in holders if each.written]
    if not others:
        return []
    if not any(written):
        return list(cluster)
    if all(written) and not any(each.array.flags.writeable for each in others):
        return others
    raise OutputError(
        "an array shares its memory with frames of pandas that share it with one another, "
        "in a way that cannot be written",
        culprit=others[0].array,
        hint="hand on a copy of the array (`array.copy()`)",
    )


def of_pandas(holder: Any) -> OfPandas:
    """Return what the arrays of a block or an index are to pandas."""
    references = getattr(holder, "refs", None)
    shared = references is not None and bool(references.has_reference())
    return OfPandas(written=hasattr(holder, "mgr_locs"), referenced=shared)


def inner_arrays(values: Any) -> list[Any]:
    """Return the numpy arrays that an array of pandas is made of."""
    numpy = sys.modules["numpy"]
    waiting, found = [values], []
    while waiting:
        each = waiting.pop()
        if type(each) is numpy.ndarray:
            found.append(each)
            continue
        if type(each).__module__.startswith("pandas"):
            parts = (getattr(each, name, None) for name in _INNER)
            waiting.extend(part for part in parts if part is not None and part is not each)
    return found


def _packed(array: Any) -> pickle.PickleBuffer:
    """Return the elements without gaps, axes from the widest stride to the narrowest."""
    import numpy as np

    first = (*(slice(0, 1) if step == 0 else slice(None) for step in array.strides), ...)
    unnamed = array.view(rebuild.unnamed(array.dtype))
    turned = unnamed[first].transpose(rebuild.axes(array.shape, array.strides))
    # No copy where the elements lie without gaps already, in C or in Fortran order.
    flat = np.ascontiguousarray(turned).reshape(-1).view(np.uint8)
    return _buffer(flat)


def _buffer(flat: Any) -> pickle.PickleBuffer:
    return pickle.PickleBuffer(flat)
