"""Owns writing an artifact's file: hashed while it is written, durable while it is checked."""

import hashlib
import mmap
import os
import sys
from collections.abc import Callable
from typing import Any

LARGE = 1 << 20
"""Bytes from which on a second thread is worth its while."""
CHUNK = 8 << 20
"""Bytes that are hashed and written at a time."""
WAITING = 64
"""Chunks that may wait to be hashed; they are views, so they cost no memory by themselves."""
WINDOW = 8 << 20
"""Bytes of a file that are mapped at a time: what is mapped counts as the process's memory."""
PIECE = 256 << 10
"""Bytes that are compared at a time: they fit in a processor's cache."""


class Sink:
    """A file for writing; `size` and `digest` tell of the bytes so far.

    Large writes are hashed by a thread behind this one's back, and flushed to the disk by
    another: all let go of the interpreter's lock. Until `digest` is asked for, what was
    written must not change. The file may be read from `close` on, and counts from `settle`.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.size = 0
        self._hash = hashlib.sha256()
        self._handle = open(path, "wb", buffering=0)  # noqa: SIM115  # closed by close()
        self._worker: _Worker | None = None
        self._flushing: _Flush | None = None

    def write(self, payload: Any) -> int:
        """Write bytes, or a contiguous buffer of them; returns how many."""
        whole = memoryview(bytes(payload) if isinstance(payload, bytearray) else payload)
        if whole.format != "B" or whole.ndim != 1:
            whole = whole.cast("B")
        if self._worker is None and len(whole) >= LARGE:
            self._worker = _Worker(self._hash.update)
        for start in range(0, len(whole), CHUNK):
            chunk = whole[start : start + CHUNK]
            if self._worker is not None:
                self._worker.begin(chunk)
            else:
                self._hash.update(chunk)
            self._put(chunk)
        self.size += len(whole)
        return len(whole)

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self.size

    def flush(self) -> None:  # numpy and tarfile call it
        """Do nothing: nothing is buffered here."""

    def mark(self) -> tuple[int, Any]:
        """Return what `rewind` needs to come back here."""
        self._catch_up()
        return self.size, self._hash.copy()

    def rewind(self, mark: tuple[int, Any]) -> None:
        """Forget all that was written since the mark."""
        self._catch_up()
        self.size, self._hash = mark[0], mark[1].copy()
        self._handle.seek(self.size)
        self._handle.truncate()

    @property
    def digest(self) -> str:
        """Return `sha256:…` of what was written."""
        self._catch_up()
        return f"sha256:{self._hash.hexdigest()}"

    def close(self) -> "_Flush":
        """End the writing, and begin to make the file durable."""
        self._flushing = _Flush(self._handle.fileno(), large=self.size >= LARGE)
        return self._flushing

    def settle(self) -> None:
        """Return when the file is durable.

        Raises:
            OSError: the disk did not take it.
        """
        flushing = self._flushing or self.close()
        flushing.end()
        self._handle.close()

    def abandon(self) -> None:
        """Let go of the file, if it has not settled, and of the threads."""
        self._catch_up()
        if self._flushing is not None:
            self._flushing.wait()
        self._handle.close()

    def _catch_up(self) -> None:
        if self._worker is not None:
            self._worker.end()
            self._worker = None

    def _put(self, view: memoryview) -> None:
        while view:
            view = view[self._handle.write(view) or 0 :]


class _Worker:
    """A thread that does one thing to each buffer it is given, in order."""

    def __init__(self, work: Callable[[memoryview], None]) -> None:
        import threading
        from queue import Queue

        self._work = work
        self._todo: Queue[memoryview | None] = Queue(maxsize=WAITING)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def begin(self, buffer: memoryview) -> None:
        self._todo.put(buffer)

    def end(self) -> None:
        self._todo.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (buffer := self._todo.get()) is not None:
            self._work(buffer)


class _Flush:
    """A flush of a file to the disk; of a large one in a thread."""

    def __init__(self, descriptor: int, *, large: bool) -> None:
        self._descriptor = descriptor
        self._error: OSError | None = None
        self._thread: Any = None
        if not large:
            self._run()
            return
        import threading

        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def wait(self) -> None:
        if self._thread is not None:
            self._thread.join()

    def end(self) -> None:
        self.wait()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            self._error = error


def same_bytes(path: str, offset: int, expected: memoryview) -> bool:
    """Tell whether a file has these bytes at an offset, without a copy of either."""
    with open(path, "rb", buffering=0) as handle:
        if os.fstat(handle.fileno()).st_size < offset + len(expected):
            return False
        for start in range(0, len(expected), WINDOW):
            wanted = expected[start : start + WINDOW]
            before = (offset + start) % mmap.ALLOCATIONGRANULARITY
            with (
                mmap.mmap(
                    handle.fileno(),
                    before + len(wanted),
                    access=mmap.ACCESS_READ,
                    offset=offset + start - before,
                ) as mapped,
                memoryview(mapped) as whole,
                whole[before:] as found,
            ):
                if not equal_bytes(found, wanted):
                    return False
    return True


def equal_bytes(one: memoryview, other: memoryview) -> bool:
    """Tell whether two buffers of one length hold the same bytes."""
    pieces = range(0, len(one), PIECE)
    return all(_same_piece(one[at : at + PIECE], other[at : at + PIECE]) for at in pieces)


def _same_piece(one: memoryview, other: memoryview) -> bool:
    """Compare two buffers of bytes; Python alone would look at one byte at a time."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return one.tobytes() == other.tobytes()
    whole = len(one) // 8 * 8
    words = [numpy.frombuffer(each[:whole], numpy.uint64) for each in (one, other)]
    return bool((words[0] == words[1]).all()) and one[whole:] == other[whole:]
