"""Owns how numpy arrays are written in a pickle: layout kept, shared memory kept shared."""

import pickle
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from . import rebuild
from .faults import OutputError

_RAW = frozenset("biufcmMSUV")
"""Kinds of elements whose bytes are all there is to them."""

_INNER = ("_ndarray", "_data", "_mask", "_codes", "_values")
"""Where the arrays of pandas keep the numpy arrays that they are made of."""


@dataclass(frozen=True)
class Met:
    """An array that was met on the way through a value. `copied_on_write` tells that it
    belongs to pandas, which copies memory before it writes where others use it, too."""

    array: Any
    owner: Any
    copied_on_write: bool

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

    def __init__(self, met: Iterable[Met] = ()) -> None:
        self._memory: dict[int, Memory] = {}
        self._flat: dict[int, Any] = {}
        for cluster in clusters(met):
            self._note(cluster)

    def reduction(self, array: Any) -> tuple[Any, ...] | None:
        """Return how an array is made again, or None where numpy's own way must do."""
        if id(array) in self._flat:
            return self._object_view(array)
        if not raw(array.dtype):
            return None
        memory = self._memory.get(id(array))
        shape, strides, writeable = array.shape, array.strides, array.flags.writeable
        dtype = spelled(array.dtype)
        if memory is None:
            return rebuild.array, (_packed(array), dtype, shape, strides, writeable)
        offset = array.__array_interface__["data"][0] - memory.low
        return rebuild.view, (memory, dtype, shape, strides, offset, writeable)

    def _note(self, cluster: list[Met]) -> None:
        first_of_pandas = next((each for each in cluster if each.copied_on_write), None)
        sharing = [each for each in cluster if not each.copied_on_write or each is first_of_pandas]
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


def met(array: Any, in_pandas: set[int]) -> Met:
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
            return Met(array, owner, id(array) in in_pandas)
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
    plain = array.view(rebuild.unnamed(array.dtype))
    turned = plain[first].transpose(rebuild.axes(array.shape, array.strides))
    # No copy where the elements lie without gaps already, in C or in Fortran order.
    flat = np.ascontiguousarray(turned).reshape(-1).view(np.uint8)
    return _buffer(flat)


def _buffer(flat: Any) -> pickle.PickleBuffer:
    return pickle.PickleBuffer(flat)
