"""Owns the file format of pickled values: a pickle, the large buffers behind it, an index.

    b"CWPICKLE"                  what the file is
    the pickle                   protocol 5, buffers out of band
    the buffers                  each at a multiple of 64 bytes
    the index, as JSON           {"pickle": [at, size], "buffers": [[at, size], …]}
    size of the index            8 bytes, little-endian

Strings are given one identity per text and the order of everything is kept, so equal
values made in the same way have equal bytes (sets: given the same PYTHONHASHSEED).
"""

import hashlib
import json
import mmap
import pickle
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import array_rebuild, dict_rebuild, rebuild, set_rebuild, typing_rebuild
from .array_pickles import Layout, Met
from .faults import OutputError
from .identity import same_everywhere
from .names import Names
from .own_dicts import Attributes
from .reductions import Reductions
from .sink import Sink

_REBUILD = {
    "rebuild": rebuild,
    "dict_rebuild": dict_rebuild,
    "set_rebuild": set_rebuild,
    "array_rebuild": array_rebuild,
    "typing_rebuild": typing_rebuild,
}
"""The modules whose functions our pickles call, wherever they are."""
MAGIC = b"CWPICKLE"
ALIGNMENT = 64
DEEP_STACK = 512 << 20
DEEP_LIMIT = 400_000


class _Fast(Reductions, pickle.Pickler):
    """The pickler in C."""


class _Deep(Reductions, pickle._Pickler):
    """The pickler in Python, whose depth is limited by nothing but memory; slow."""

    def reducer_override(self, thing: Any) -> Any:
        """Leave to pickle what the pickler in C does not ask about either."""
        if type(thing) in _NATIVE:
            return NotImplemented
        return super().reducer_override(thing)


_NATIVE = frozenset({type(None), bool, int, float, str, bytes, bytearray, tuple, list, dict})
_NATIVE |= {set, frozenset, pickle.PickleBuffer}


@dataclass(frozen=True)
class Survey:
    """What a value is made of.

    `objects` are its parts whose identity may count, by id; they are kept alive, so that
    an id means one object for as long as the survey lives.
    """

    objects: dict[int, Any] = field(default_factory=dict)
    arrays: list[Met] = field(default_factory=list)
    own_dicts: dict[int, Attributes] = field(default_factory=dict)
    """What stands for dictionaries of attributes that are met by themselves, too."""


@dataclass(frozen=True)
class Pickled:
    """What was learned while writing: where it all stands, the buffers written, what got
    lost, whose code reading back will run (`hooks`: by name, the functions), and of each
    set whether pickle's own way keeps its order (`usual`)."""

    index: dict[str, Any]
    buffers: list[memoryview]
    losses: tuple[str, ...]
    hooks: dict[str, Any]
    usual: Sequence[bool]


class Fingerprint:
    """Takes bytes and keeps a hash of them."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    @property
    def digest(self) -> str:
        """Return the hash of what was written, in hexadecimal digits."""
        return self._hash.hexdigest()

    def write(self, payload: Any) -> int:
        """Add bytes."""
        self._hash.update(payload)
        return len(payload)

    def mark(self) -> Any:
        """Return what `rewind` needs to come back here."""
        return self._hash.copy()

    def rewind(self, mark: Any) -> None:
        """Forget all that was written since the mark."""
        self._hash = mark


class _Nowhere:
    """Takes bytes and forgets them."""

    def write(self, payload: Any) -> int:
        return len(payload)

    def mark(self) -> None:
        return None

    def rewind(self, _mark: None) -> None:
        return None


def survey(value: Any, names: Names) -> Survey:
    """Return what a value is made of, by pickling it to nowhere.

    Raises:
        OutputError: a part of it cannot be written.
    """
    pickler = dump_to(_Nowhere(), value, names, None)
    copied = pickler.memo
    memo = copied.copy() if hasattr(copied, "copy") else dict(copied)
    objects = {
        key: entry[1]
        for key, entry in memo.items()
        if key not in pickler.named and not same_everywhere(type(entry[1]))
    }
    objects |= pickler.own_dicts.of(objects)
    return Survey(objects, pickler.met, pickler.own_dicts.apart())


def dump(value: Any, sink: Sink, names: Names) -> Pickled:
    """Write a value.

    Raises:
        OutputError: a part of it cannot be written.
    """
    layout = layout_of(value, names)
    sink.write(MAGIC)
    start = sink.tell()
    pickler = dump_to(sink, value, names, layout)
    index: dict[str, Any] = {"pickle": [start, sink.tell() - start], "buffers": []}
    views = [buffer.raw() for buffer in pickler.buffers]
    for view in views:
        sink.write(b"\0" * (-sink.tell() % ALIGNMENT))
        index["buffers"].append([sink.tell(), len(view)])
        sink.write(view)
    text = json.dumps(index).encode()
    sink.write(text)
    sink.write(len(text).to_bytes(8, "little"))
    return Pickled(index, views, tuple(sorted(pickler.losses)), pickler.hooks, pickler.usual)


def layout_of(value: Any, names: Names) -> Layout:
    """Return which arrays of a value share memory, and which dictionaries are an object's."""
    pickler = dump_to(_Nowhere(), value, names, None)
    return Layout(pickler.met, pickler.own_dicts.apart())


def fingerprint(value: Any, names: Names) -> str:
    """Return a hash of all that would be written of a value.

    Raises:
        OutputError: a part of it cannot be written.
    """
    found = Fingerprint()
    layout = layout_of(value, names)
    for buffer in dump_to(found, value, names, layout).buffers:
        found.write(buffer.raw())
    return found.digest


def load(path: str) -> Any:
    """Return the value in a file that `dump` wrote.

    Raises whatever the constructors of the value raise.
    """
    with open(path, "rb") as handle:
        index = index_of(handle)
        if not index["buffers"]:
            handle.seek(index["pickle"][0])
            return Unpickler(handle).load()
        mapped = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
        whole = memoryview(mapped)
        views = [whole[at : at + size] for at, size in index["buffers"]]
        handle.seek(index["pickle"][0])
        return Unpickler(handle, buffers=views).load()


class Unpickler(pickle.Unpickler):
    """Reads our pickles, wherever the runtime is installed under what name."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._nans: dict[int, float] = {}

    def find_class(self, module: str, name: str) -> Any:
        """Return what stands under a name.

        Raises:
            OutputError: the notebook's own definition is not in this step's program.
        """
        home = _REBUILD.get(module.rpartition(".")[2])
        if home is not None and module.startswith("cellwright"):
            return getattr(home, name)
        try:
            return super().find_class(module, name)
        except AttributeError:
            if module != "__main__":
                raise
            raise OutputError(
                f"the value refers to `{name}`, which this step's program does not define",
                hint="this is a mistake of Cellwright: please report it",
            ) from None

    def persistent_load(self, pid: Any) -> Any:
        """Return a string, a set, a NaN, or the namespace of builtins."""
        if type(pid) is not tuple:
            return pid
        kind, spelled, number = pid
        if kind == "builtins":
            import builtins

            return builtins.__dict__
        if number not in self._nans:
            self._nans[number] = _nan(spelled)
        return self._nans[number]


def _nan(spelled: str) -> float:
    import math
    import struct

    if spelled == "math":
        return math.nan
    if spelled == "numpy":
        import numpy as np

        return np.nan
    value: float = struct.unpack("<d", bytes.fromhex(spelled))[0]
    return value


def dump_to(
    file: Any, value: Any, names: Names, layout: Layout | None, usual: Sequence[bool] = ()
) -> Any:
    """Pickle a value, in depth where it must be, and return the pickler with its buffers.

    Raises:
        OutputError: a part of it cannot be written.
    """

    def run(kind: Callable[..., Any]) -> Any:
        buffers: list[Any] = []
        pickler = kind(file, protocol=5, buffer_callback=buffers.append)
        pickler.begin(names, layout, usual)
        pickler.buffers = buffers
        pickler.dump(value)
        return pickler

    mark = file.mark()
    try:
        return run(_Fast)
    except RecursionError:
        file.rewind(mark)
    return in_depth(lambda: run(_Deep))


def in_depth(work: Callable[[], Any]) -> Any:
    """Run something deeply recursive in a thread with room for it; return its result.

    Raises:
        OutputError: even that room was not enough.
    """
    import threading

    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append((work(), None))
        except RecursionError:
            hint = "hand it on in a flat form, such as a list of its parts"
            outcome.append((None, OutputError("is nested too deeply to be written", hint=hint)))
        except BaseException as error:  # noqa: BLE001  # raised again in the caller's thread
            outcome.append((None, error))

    limit, stack = sys.getrecursionlimit(), threading.stack_size(DEEP_STACK)
    sys.setrecursionlimit(max(limit, DEEP_LIMIT))
    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(stack)
        sys.setrecursionlimit(limit)
    result, error = outcome[0]
    if error is not None:
        raise error
    return result


def index_of(handle: Any) -> dict[str, Any]:
    """Return where in an open file of ours the pickle and its buffers stand."""
    handle.seek(-8, 2)
    end = handle.tell()
    size = int.from_bytes(handle.read(8), "little")
    handle.seek(end - size)
    index: dict[str, Any] = json.loads(handle.read(size))
    return index
