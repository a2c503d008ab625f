"""Owns who is at work in a workspace: locks that vanish with the process that held them.

    locks/run-ID.lock    held while a run is executed; says who holds it
    locks/key-HEX.lock   held while the step run of one cache key is executed

A lock is the kernel's (flock) on an open file: a killed process holds nothing, and a
process id that is used again means nothing. The file is removed with its lock, so
whoever gets a lock checks that the file is still the one under that name.
"""

import contextlib
import fcntl
import json
import os
import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from cellwright.base.canonical import PREFIX, Digest
from cellwright.base.errors import StoreError
from cellwright.model.run import RunId


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that executes a run."""

    pid: int
    host: str


class Lock:
    """A lock that is held; ends with `release` or with the process."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    def write(self, payload: bytes) -> None:
        """Say something in the lock's file; it is for reading by people and `owner`."""
        os.pwrite(self._descriptor, payload, 0)

    def release(self) -> None:
        """Let go; idempotent."""
        if self._descriptor < 0:
            return
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)
        os.close(self._descriptor)
        self._descriptor = -1


def try_lock(path: Path) -> Lock | None:
    """Return the lock of that name, or None when somebody else holds it.

    Raises:
        StoreError: the file cannot be made.
    """
    try:
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return None
            if _is_at(descriptor, path):
                return Lock(path, descriptor)
            os.close(descriptor)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return try_lock(path)
    except OSError as error:
        raise StoreError(f"cannot lock {path}: {error.strerror}") from error


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that everybody holds for a moment only; waits for it. The file stays."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


class KeyClaims:
    """Lets one step run at a time work at a cache key, over all processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def claim(self, key: Digest) -> Lock | None:
        """Return the claim to a key, or None while another step run works at it."""
        return try_lock(self._folder / f"key-{key[len(PREFIX) :]}.lock")


class RunLeases:
    """Says which runs are being executed now, over all processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextlib.contextmanager
    def hold(self, run: RunId) -> Iterator[None]:
        """Hold a run while it is executed.

        Raises:
            StoreError: another process executes a run of this id.
        """
        lock = try_lock(self._path(run))
        if lock is None:
            raise StoreError(f"run {run} is being executed by another process")
        try:
            owner = Owner(os.getpid(), platform.node())
            lock.write(json.dumps(asdict(owner)).encode())
            yield
        finally:
            lock.release()

    @contextlib.contextmanager
    def seize(self, run: RunId) -> Iterator[bool]:
        """Hold a run that nobody executes any more; gives False when somebody does."""
        lock = try_lock(self._path(run))
        try:
            yield lock is not None
        finally:
            if lock is not None:
                lock.release()

    def owner(self, run: RunId) -> Owner | None:
        """Return who executes a run; None when nobody does."""
        path = self._path(run)
        if not path.exists():
            return None
        lock = try_lock(path)
        if lock is not None:
            lock.release()
            return None
        try:
            return Owner(**json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError):  # it is just beginning, or just ending
            return Owner(0, "")

    def sweep(self) -> None:
        """Remove the files of locks that died with their processes."""
        for path in sorted(self._folder.glob("*.lock")):
            lock = try_lock(path)
            if lock is not None:
                lock.release()

    def _path(self, run: RunId) -> Path:
        if "/" in run or run.startswith("."):
            raise StoreError(f"`{run}` is not the id of a run")
        return self._folder / f"run-{run}.lock"
