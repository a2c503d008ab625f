"""Owns running something in a copy of the process, which takes its effects with it."""

import os
import pickle
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

from .faults import OutputError, UnfitError

T = TypeVar("T")

PATIENCE = 120.0
"""Seconds after which the copy is taken to hang: threads do not survive a fork."""


def in_fork(work: Callable[[], T]) -> T:
    """Return what `work` returns, with none of its effects on this process.

    Raises:
        OutputError, UnfitError: as `work` raised it.
    """
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            _answer(work, writing)
        finally:
            os._exit(0)
    os.close(writing)
    answer = _listen(reading, pid)
    if answer is None:
        raise OutputError("reading it back to check it did not end well, or took too long")
    kind, content, hint = answer
    if kind == "result":
        return content  # type: ignore[no-any-return]  # what `work` returned, pickled
    if kind == "unfit":
        raise UnfitError(content)
    raise OutputError(content, hint=hint)


def _answer(work: Callable[[], T], writing: int) -> None:
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    answer: tuple[str, Any, str]
    try:
        answer = ("result", work(), "")
    except UnfitError as error:
        answer = ("unfit", str(error), "")
    except OutputError as error:
        answer = ("output", str(error), error.hint)
    except BaseException as error:  # noqa: BLE001  # the user's code runs there
        answer = ("output", f"cannot be read back: {type(error).__qualname__}: {error}", "")
    with os.fdopen(writing, "wb") as handle:
        handle.write(pickle.dumps(answer))


def _listen(reading: int, pid: int) -> tuple[str, Any, str] | None:
    import select
    import signal

    payload = bytearray()
    deadline = time.monotonic() + PATIENCE
    with os.fdopen(reading, "rb", buffering=0) as handle:
        while True:
            ready, _, _ = select.select([handle], [], [], max(0.0, deadline - time.monotonic()))
            chunk = handle.read(65536) if ready else b""
            if not chunk:
                break
            payload += chunk
    if not ready:
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    try:
        answer: tuple[str, Any, str] = pickle.loads(bytes(payload))
    except (EOFError, pickle.UnpicklingError):
        return None
    return answer
