"""Owns write-once bytes, filed under their digest, and the check that they still are it.

    objects/sha256/ab/cdef…    one object; mode 0444 as a courtesy, trusted for nothing
    objects/incoming/          being written; safe to delete when nothing runs
    objects/quarantine/        what was found damaged, kept for a look

An object appears whole: written beside, fsynced, renamed; `sync` makes the names
durable, once for all objects that one ledger transaction is about to name.

Hashing gigabytes to see that nothing changed is too dear, and trusting a name is too
cheap: when an object's bytes were last hashed, the file's inode, size, mtime and ctime
were noted (a stamp). While they are the same the object is taken as intact, for at most
`FRESH_FOR`; a change of bytes that restores the mtime still moves the ctime.
"""

import contextlib
import errno
import hashlib
import os
import re
import secrets
import stat
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import BinaryIO, Protocol

from cellwright.base.canonical import PREFIX, Digest, digest_bytes
from cellwright.base.errors import StoreError

FRESH_FOR = 7 * 24 * 3600.0
"""Seconds after which an object is hashed again, whatever its stamp says."""

_NEW_FOR = 3600.0
_CHUNK = 1 << 20
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a file looked like when its bytes were hashed; `verified` in epoch seconds."""

    fingerprint: str
    verified: float


class Stamps(Protocol):
    """Keeps stamps from one process to the next; losing them costs time, nothing else."""

    def load(self, digests: Iterable[Digest]) -> Mapping[Digest, Stamp]:
        """Return the stamps that are known of these objects."""

    def save(self, stamps: Mapping[Digest, Stamp]) -> None:
        """Keep stamps, instead of the older ones of the same objects."""


class NoStamps:
    """Remembers nothing: every process hashes once what it uses."""

    def load(self, digests: Iterable[Digest]) -> Mapping[Digest, Stamp]:
        """Return no stamp."""
        del digests
        return {}

    def save(self, stamps: Mapping[Digest, Stamp]) -> None:
        """Forget the stamps."""


class ObjectStore:
    """The objects under one folder; safe to share between threads and processes.

    Every method that touches the disk raises StoreError when the disk is full or fails.
    """

    def __init__(self, root: Path, stamps: Stamps | None = None) -> None:
        self._root = root
        self._stamps = stamps or NoStamps()
        self._known: dict[Digest, Stamp] = {}
        self._unsaved: dict[Digest, Stamp] = {}
        self._unsynced: set[str] = set()
        self._lock = threading.Lock()
        self._syncing = threading.Lock()

    def put_bytes(self, payload: bytes) -> Digest:
        """File bytes under their digest."""
        digest = digest_bytes(payload)
        with _explained(f"cannot store an object of {len(payload)} bytes"):
            if self._freshen(digest):
                return digest
            with self._incoming() as beside:
                with open(beside, "xb") as handle:
                    handle.write(payload)
                    _settle(handle)
                self._appear(beside, digest)
        return digest

    def put_file(self, path: Path, *, expected: Digest | None = None) -> Digest:
        """File a copy of a regular file's bytes; the digest is of the bytes as copied.

        Raises:
            StoreError: also when it is no regular file, or not what was expected.
        """
        with _explained(f"cannot store {path}"), self._incoming() as beside:
            with _opened(path) as source, open(beside, "xb") as handle:
                digest = _copy(source, handle)
                _check(path, digest, expected)
                if self._freshen(digest):
                    return digest
                _settle(handle)
            self._appear(beside, digest)
        return digest

    def take_file(self, path: Path, *, expected: Digest | None = None) -> Digest:
        """File a file of ours that nobody writes any more: it is moved where it can be.

        It is copied where it lies on another filesystem, has other hard links (somebody
        could still write through them) or belongs to another user.

        Raises:
            StoreError: also when it is no regular file, or not what was expected.
        """
        with _explained(f"cannot store {path}"):
            with _opened(path) as source:
                before = os.fstat(source.fileno())
                digest = Digest(PREFIX + hashlib.file_digest(source, "sha256").hexdigest())
                _check(path, digest, expected)
                if _fingerprint(os.fstat(source.fileno())) != _fingerprint(before):
                    raise StoreError(f"{path} changed while it was read")
                if self._freshen(digest):
                    os.unlink(path)
                    return digest
                movable = before.st_nlink == 1 and before.st_uid == os.geteuid()
                if movable:
                    os.fsync(source.fileno())
            if movable and self._moved(path, digest):
                return digest
            self.put_file(path, expected=digest)
            os.unlink(path)
        return digest

    def sync(self) -> None:
        """Make durable the names of all objects put so far."""
        with self._syncing:  # a second caller waits until what it put is durable, too
            with self._lock:
                folders = sorted(self._unsynced)
            with _explained("cannot write the object store"):
                for folder in folders:
                    _sync_folder(folder)
            with self._lock:
                self._unsynced.difference_update(folders)

    def settle(self) -> None:
        """Keep for the next process what this one has verified, so that it need not."""
        with self._lock:
            stamps, self._unsaved = self._unsaved, {}
        if stamps:
            self._stamps.save(stamps)

    def has(self, digest: Digest) -> bool:
        """Tell whether there is a file for this object; says nothing about its bytes."""
        return os.path.isfile(self._place(digest))

    def size(self, digest: Digest) -> int:
        """Return the size of an object in bytes; StoreError when it is missing."""
        with _explained(f"no object {digest}"):
            return os.lstat(self._place(digest)).st_size

    def intact(self, digests: Iterable[Digest]) -> bool:
        """Tell whether all these objects are there, with the bytes they are named for.

        One that is damaged is moved to quarantine, so that it can be made again.
        """
        wanted = list(dict.fromkeys(digests))
        unknown = [digest for digest in wanted if digest not in self._known]
        if unknown:
            loaded = self._stamps.load(unknown)
            with self._lock:
                for digest, stamp in loaded.items():
                    self._known.setdefault(digest, stamp)
        damaged = [digest for digest in wanted if not self._is_intact(digest)]
        return not damaged

    def path(self, digest: Digest) -> Path:
        """Return the file of an intact object: to be read or mounted, never written.

        Raises:
            StoreError: the object is missing or damaged.
        """
        if not self.intact([digest]):
            raise StoreError(
                f"object {digest} is missing or damaged",
                hint="run again: the step that makes it is executed once more",
            )
        return Path(self._place(digest))

    def open(self, digest: Digest) -> BinaryIO:
        """Open an intact object for reading; StoreError as for `path`."""
        path = self.path(digest)
        with _explained(f"cannot read object {digest}"):
            return path.open("rb")

    def read(self, digest: Digest) -> bytes:
        """Return the bytes of an object, hashed as they were read.

        Raises:
            StoreError: the object is missing or damaged.
        """
        with _explained(f"cannot read object {digest}"), _opened(self.path(digest)) as handle:
            payload = handle.readall()
        if digest_bytes(payload) != digest:
            self._quarantine(digest)
            raise StoreError(f"object {digest} is damaged")
        return payload

    def verify(self) -> tuple[Digest, ...]:
        """Hash every object, whatever its stamp; return those found damaged, sorted."""
        with self._lock:
            self._known.clear()
        return tuple(d for d in sorted(self._all()) if not self._hash_again(d))

    def _place(self, digest: Digest) -> str:
        if not _DIGEST.fullmatch(digest):
            raise StoreError(f"`{digest}` is not a digest")
        name = digest[len(PREFIX) :]
        return f"{self._root}/sha256/{name[:2]}/{name[2:]}"

    def _all(self) -> Iterator[Digest]:
        for folder in (self._root / "sha256").glob("??"):
            for entry in folder.iterdir():
                digest = Digest(f"{PREFIX}{folder.name}{entry.name}")
                if _DIGEST.fullmatch(digest):
                    yield digest

    @contextlib.contextmanager
    def _incoming(self) -> Iterator[str]:
        """Give a name for a file being written; what still has it at the end is removed."""
        folder = f"{self._root}/incoming"
        os.makedirs(folder, exist_ok=True)
        beside = f"{folder}/{os.getpid()}-{secrets.token_hex(8)}"
        try:
            yield beside
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(beside)

    def _freshen(self, digest: Digest) -> bool:
        """Tell whether the object is there and intact; if so, make it look new.

        The new mtime keeps it from a clean-up that runs at this moment.
        """
        place = self._place(digest)
        if not os.path.lexists(place) or not self.intact([digest]):
            return False
        try:
            if time.time() - os.lstat(place).st_mtime > _NEW_FOR:
                os.utime(place)
                self._note(digest, os.lstat(place), time.time())
        except PermissionError:
            pass  # somebody else's store, which we may only read
        except FileNotFoundError:
            return False
        return True

    def _moved(self, path: Path, digest: Digest) -> bool:
        try:
            os.chmod(path, 0o444)
            self._appear(str(path), digest)
        except PermissionError:
            return False
        except OSError as error:
            if error.errno == errno.EXDEV:
                return False
            raise
        return True

    def _appear(self, beside: str, digest: Digest) -> None:
        place = self._place(digest)
        folder = os.path.dirname(place)
        if not os.path.isdir(folder):
            os.makedirs(folder, exist_ok=True)
            with self._lock:
                self._unsynced.add(os.path.dirname(folder))
        os.chmod(beside, 0o444)
        if os.path.isdir(place) and not os.path.islink(place):
            self._quarantine(digest)  # nothing of ours: a rename would fail on it
        os.replace(beside, place)
        with self._lock:
            self._unsynced.add(folder)
        self._note(digest, os.lstat(place), time.time())

    def _note(self, digest: Digest, seen: os.stat_result, verified: float) -> None:
        stamp = Stamp(_fingerprint(seen), verified)
        with self._lock:
            self._known[digest] = self._unsaved[digest] = stamp

    def _is_intact(self, digest: Digest) -> bool:
        try:
            seen = os.lstat(self._place(digest))
        except OSError:
            return self._hash_again(digest)
        stamp = self._known.get(digest)
        if stamp and stamp.fingerprint == _fingerprint(seen):
            age = time.time() - stamp.verified
            if 0 <= age < FRESH_FOR:
                return True
        return self._hash_again(digest)

    def _hash_again(self, digest: Digest) -> bool:
        place = Path(self._place(digest))
        with _explained(f"cannot read object {digest}"):
            try:
                with _opened(place) as handle:
                    # Looked at first: a change while we read must not carry our stamp.
                    seen = os.fstat(handle.fileno())
                    if PREFIX + hashlib.file_digest(handle, "sha256").hexdigest() == digest:
                        self._note(digest, seen, time.time())
                        return True
            except FileNotFoundError:
                return False
            except _NotRegularError:
                pass
        self._quarantine(digest)
        return False

    def _quarantine(self, digest: Digest) -> None:
        folder = self._root / "quarantine"
        with self._lock:
            self._known.pop(digest, None)
            self._unsaved.pop(digest, None)
        with _explained(f"object {digest} is damaged and cannot be moved away"):
            folder.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):  # another process was faster
                name = f"{digest[len(PREFIX) :]}-{secrets.token_hex(4)}"
                os.rename(self._place(digest), folder / name)


def _fingerprint(seen: os.stat_result) -> str:
    return f"{seen.st_ino}:{seen.st_size}:{seen.st_mtime_ns}:{seen.st_ctime_ns}"


class _NotRegularError(StoreError):
    """A link, folder, device or pipe stands where a file should."""


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[FileIO]:
    """Open a regular file: no link, no device, no pipe that would block."""
    try:
        descriptor = os.open(path, _READ)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise _NotRegularError(f"{path} is not a regular file") from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _NotRegularError(f"{path} is not a regular file")
    with FileIO(descriptor, "rb") as handle:
        yield handle


def _copy(source: FileIO, target: BinaryIO) -> Digest:
    running = hashlib.sha256()
    while chunk := source.read(_CHUNK):
        running.update(chunk)
        target.write(chunk)
    return Digest(PREFIX + running.hexdigest())


def _check(path: Path, digest: Digest, expected: Digest | None) -> None:
    if expected is not None and digest != expected:
        raise StoreError(f"{path} is {digest}, and should be {expected}")


def _settle(handle: BinaryIO) -> None:
    handle.flush()
    os.fsync(handle.fileno())


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _explained(what: str) -> Iterator[None]:
    """Turn what the system says into an error that says what was asked and what to try."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        hint = "free some space on the disk and run again" if full else None
        raise StoreError(f"{what}: {error.strerror or error}", hint=hint) from error
