"""Owns comparing values with pickles of ours, without a second copy of the large parts."""

import mmap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from . import rebuild
from .faults import OutputError
from .names import Names
from .pickling import Fingerprint, Pickled, Unpickler, dump_to, index_of, layout_of, survey
from .sink import equal_bytes, same_bytes

LARGE = 1 << 20
"""Bytes of an array from which on it is checked without a copy."""


def compare(value: Any, path: str, pickled: Pickled, names: Names) -> str:
    """Read back what was written, without a second copy of the large parts.

    Returns `exact` where writing the value that was read gives the same bytes once more,
    else `opaque`, or what was lost.

    Raises:
        OutputError: it cannot be read, or is of another type.
    """
    for (at, _), view in zip(pickled.index["buffers"], pickled.buffers, strict=True):
        if not same_bytes(path, at, view):
            raise OutputError("the disk gave back other bytes than were written")
    start, size = pickled.index["pickle"]
    try:
        with open(path, "rb") as handle:
            handle.seek(start)
            back = _Checker(handle, buffers=pickled.buffers).load()
    except OutputError:
        raise
    except Exception as error:
        raise OutputError(
            f"was written, but cannot be read back: {type(error).__qualname__}: {error}"
        ) from error
    if type(back).__qualname__ != type(value).__qualname__:
        raise OutputError(f"comes back as `{type(back).__qualname__}`")
    if pickled.losses:
        return "without " + ", ".join(pickled.losses)
    again = Fingerprint()
    try:
        dump_to(again, back, names, layout_of(back, names), pickled.usual)
    except OutputError:
        return "opaque"
    return "exact" if again.digest == _stream_digest(path, start, size) else "opaque"


def as_written(value: Any, path: str, names: Names) -> bool:
    """Tell whether writing a value would give the very file.

    Raises:
        OutputError: a part of the value cannot be written.
    """
    with open(path, "rb") as handle:
        index = index_of(handle)
    stream = Fingerprint()
    buffers = dump_to(stream, value, names, layout_of(value, names)).buffers
    return (
        len(buffers) == len(index["buffers"])
        and stream.digest == _stream_digest(path, *index["pickle"])
        and all(
            len(view := buffer.raw()) == size and same_bytes(path, at, view)
            for buffer, (at, size) in zip(buffers, index["buffers"], strict=True)
        )
    )


def alike(one: Any, other: Any, names: Names) -> bool:
    """Tell whether two values would be written alike.

    Raises:
        OutputError: a part of them cannot be written.
    """
    streams = Fingerprint(), Fingerprint()
    first, second = (
        [buffer.raw() for buffer in dump_to(stream, value, names, layout_of(value, names)).buffers]
        for stream, value in zip(streams, (one, other), strict=True)
    )
    return (
        streams[0].digest == streams[1].digest
        and list(map(len, first)) == list(map(len, second))
        and all(map(equal_bytes, first, second))
    )


@contextmanager
def peek(path: str) -> Iterator[Any]:
    """Give the value in a file, its large arrays over the file itself: only to be looked at."""
    with open(path, "rb") as handle:
        index = index_of(handle)
        views: list[memoryview] = []
        if index["buffers"]:
            # Arrays that are writeable want memory that is: what is written stays private.
            whole = memoryview(mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_COPY))
            views = [whole[at : at + size] for at, size in index["buffers"]]
        handle.seek(index["pickle"][0])
        yield _Checker(handle, buffers=views).load()


def made_of(value: Any, kinds: Iterable[type], names: Names) -> bool:
    """Tell whether all parts of a value that can change are of these kinds.

    Raises:
        OutputError: a part of the value cannot be written.
    """
    return set(kinds).issuperset(map(type, survey(value, names).objects.values()))


def stream(path: str) -> bytes:
    """Return a pickle without its buffers."""
    with open(path, "rb") as handle:
        start, size = index_of(handle)["pickle"]
        handle.seek(start)
        return bytes(handle.read(size))


def stream_size(path: str) -> int:
    """Return the bytes of a pickle without its buffers."""
    with open(path, "rb") as handle:
        size: int = index_of(handle)["pickle"][1]
    return size


class _Checker(Unpickler):
    """Reads large arrays without copying them, small ones as every reader does."""

    def find_class(self, module: str, name: str) -> Any:
        found = super().find_class(module, name)
        if found is rebuild.array:
            return lambda buffer, *rest: _checked(rebuild.array_over, found, buffer, *rest)
        if found is rebuild.memory:
            return lambda buffer: _checked(rebuild.memory_over, found, buffer)
        return found


def _checked(over: Any, own: Any, buffer: Any, *rest: Any) -> Any:
    return (own if len(buffer) < LARGE else over)(buffer, *rest)


def _stream_digest(path: str, start: int, size: int) -> str:
    found = Fingerprint()
    with open(path, "rb") as handle:
        handle.seek(start)
        while size:
            chunk = handle.read(min(size, 1 << 20))
            found.write(chunk)
            size -= len(chunk)
    return found.digest
