"""Owns writing an artifact's file: hashed while it is written, durable when closed."""

import hashlib
import os
from collections.abc import Callable
from typing import Any

LARGE = 1 << 20
"""Bytes from which on a second thread is worth its while."""
CHUNK = 8 << 20
"""Bytes that are hashed and written at a time."""


class Sink:
    """A file for writing; `size` and `digest` tell of the bytes so far.

    Large writes are hashed by a thread while this one writes: both let go of the
    interpreter's lock.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.size = 0
        self._hash = hashlib.sha256()
        self._handle = open(path, "wb", buffering=0)  # noqa: SIM115  # closed by close()
        self._worker: _Worker | None = None

    def write(self, payload: Any) -> int:
        """Write bytes, or a contiguous buffer of them; returns how many."""
        view = memoryview(payload).cast("B") if not isinstance(payload, bytes) else payload
        if len(view) < LARGE:
            self._hash.update(view)
            self._put(view)
        else:
            whole = memoryview(view)
            for start in range(0, len(whole), CHUNK):
                self._hashed_beside(whole[start : start + CHUNK])
        self.size += len(view)
        return len(view)

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self.size

    def flush(self) -> None:
        """Do nothing: nothing is buffered here."""

    def mark(self) -> tuple[int, Any]:
        """Return what `rewind` needs to come back here."""
        return self.size, self._hash.copy()

    def rewind(self, mark: tuple[int, Any]) -> None:
        """Forget all that was written since the mark."""
        self.size, self._hash = mark[0], mark[1].copy()
        if self._worker is not None:
            self._worker.stop()
            self._worker = None
        self._handle.seek(self.size)
        self._handle.truncate()

    @property
    def digest(self) -> str:
        """Return `sha256:…` of what was written."""
        return f"sha256:{self._hash.hexdigest()}"

    def close(self) -> None:
        """Make the file durable and close it."""
        try:
            os.fsync(self._handle.fileno())
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Close the file without more."""
        if self._worker is not None:
            self._worker.stop()
            self._worker = None
        self._handle.close()

    def _hashed_beside(self, chunk: memoryview) -> None:
        if self._worker is None:
            self._worker = _Worker(self._hash.update)
        self._worker.begin(chunk)
        try:
            self._put(chunk)
        finally:
            self._worker.end()

    def _put(self, payload: bytes | memoryview) -> None:
        view = memoryview(payload)
        while view:
            view = view[self._handle.write(view) or 0 :]


class _Worker:
    """A thread that does one thing to each buffer it is given."""

    def __init__(self, work: Callable[[memoryview], None]) -> None:
        import threading
        from queue import SimpleQueue

        self._work = work
        self._todo: SimpleQueue[memoryview | None] = SimpleQueue()
        self._done: SimpleQueue[None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def begin(self, buffer: memoryview) -> None:
        self._todo.put(buffer)

    def end(self) -> None:
        self._done.get()

    def stop(self) -> None:
        self._todo.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (buffer := self._todo.get()) is not None:
            self._work(buffer)
            self._done.put(None)


def same_bytes(path: str, offset: int, expected: memoryview) -> bool:
    """Tell whether a file has these bytes at an offset; reads it in pieces."""
    with open(path, "rb", buffering=0) as handle:
        descriptor = handle.fileno()
        for start in range(0, len(expected), LARGE):
            piece = expected[start : start + LARGE]
            if os.pread(descriptor, len(piece), offset + start) != piece.tobytes():
                return False
    return True
