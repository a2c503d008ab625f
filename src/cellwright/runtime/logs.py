"""Owns the log files of an attempt: bounded, in order, with secrets masked."""

import os

from .secrets import Redactor

TAIL = 256 * 1024
"""Bytes of the end that are kept when a log is cut."""


class LogFile:
    """A file that keeps the start and the end of what is written to it.

    Up to `limit` bytes are written as they come. What is beyond is left out but for the
    last `TAIL` bytes (less where the limit is small), after a line that says how much.
    """

    def __init__(self, path: str, limit: int) -> None:
        self._handle = open(path, "wb", buffering=0)  # noqa: SIM115  # closed by close()
        self._left = limit
        self._tail = bytearray()
        self._keep = min(TAIL, limit)
        self._beyond = 0
        self._failed = False

    def write(self, payload: bytes) -> None:
        """Add to the log; a full disk loses text, never the step."""
        head, rest = payload[: self._left], payload[self._left :]
        self._left -= len(head)
        self._put(head)
        if rest:
            self._beyond += len(rest)
            self._tail += rest
            if len(self._tail) > 2 * self._keep:
                del self._tail[: len(self._tail) - self._keep]

    def close(self) -> None:
        """Write the end of a log that was cut, and close it."""
        if self._beyond:
            tail = bytes(self._tail[-self._keep :]) if self._keep else b""
            left_out = self._beyond - len(tail)
            if left_out:
                self._put(b"\n[cellwright: %d bytes of the log left out here]\n" % left_out)
            self._put(tail)
        self._handle.close()

    def _put(self, payload: bytes) -> None:
        view = memoryview(payload)
        try:
            while view and not self._failed:
                view = view[self._handle.write(view) or 0 :]
        except OSError:
            self._failed = True


class Stream:
    """One of the two streams of the step, on its way to its log files.

    Bytes that may be the start of a secret or of a character are held back until the
    next bytes tell, so that neither is cut by the border of a chunk or by the other
    stream.
    """

    def __init__(self, descriptor: int, files: list[LogFile], redactor: Redactor) -> None:
        self.descriptor = descriptor
        self._files = files
        self._redactor = redactor
        self._held = b""

    def pump(self) -> bool:
        """Pass on what is there; False at the end of the stream."""
        try:
            chunk = os.read(self.descriptor, 65536)
        except BlockingIOError:
            return True
        if not chunk:
            return False
        self._pass_on(self._held + chunk)
        return True

    def close(self) -> None:
        """Pass on what was held back."""
        self._write(self._redactor.masked(self._held))
        self._held = b""
        os.close(self.descriptor)

    def _pass_on(self, payload: bytes) -> None:
        payload = self._redactor.masked(payload)
        held = self._redactor.begun(payload) or _unfinished(payload)
        self._held = payload[len(payload) - held :]
        self._write(payload[: len(payload) - held])

    def _write(self, payload: bytes) -> None:
        if payload:
            for file in self._files:
                file.write(payload)


def _unfinished(payload: bytes) -> int:
    """Return how many last bytes are the start of a UTF-8 character that goes on."""
    for back in range(1, min(3, len(payload)) + 1):
        byte = payload[-back]
        if byte & 0xC0 == 0x80:
            continue
        needed = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
        return back if needed > back else 0
    return 0
