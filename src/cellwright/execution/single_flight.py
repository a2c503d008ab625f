"""Owns that the same thing is made once, though many threads and processes want it."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_POLL = 0.1


@contextmanager
def single_flight(lock: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock file `lock`; `waiting` is called once if another holds it.

    The lock goes with the process that holds it, however that ends. Each caller opens
    the file anew, so threads of one process keep each other out as well. The file stays.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        if not _locked(descriptor):
            waiting()
            while not _locked(descriptor):
                time.sleep(_POLL)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
