"""Owns remembering: results that depend on nothing but their key, kept between commands."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from cellwright.base.canonical import PREFIX, digest_of

T = TypeVar("T")


class Memo(Protocol):
    """A small key-value store; losing an entry costs time and nothing else."""

    def get(self, key: str) -> bytes | None:
        """Return what was put under a key, or None."""

    def put(self, key: str, payload: bytes) -> None:
        """Keep bytes under a key; a later value replaces an earlier one."""


class MemoryMemo:
    """A memo that lives as long as its process."""

    def __init__(self) -> None:
        self._entries: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        """Return what was put under a key, or None."""
        return self._entries.get(key)

    def put(self, key: str, payload: bytes) -> None:
        """Keep bytes under a key."""
        self._entries[key] = payload


class FolderMemo:
    """A memo of one file per key; several processes may share the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> bytes | None:
        """Return what was put under a key, or None; a file that cannot be read is none."""
        try:
            return self._path(key).read_bytes()
        except OSError:
            return None

    def put(self, key: str, payload: bytes) -> None:
        """Keep bytes under a key; where the folder cannot be written, nothing is kept."""
        path = self._path(key)
        beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(payload)
            os.replace(beside, path)
        except OSError:
            beside.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        name = digest_of(key).removeprefix(PREFIX)
        return self._folder / name[:2] / name[2:]


def recall(memo: Memo, key: object, kind: type[T]) -> T | None:
    """Return the value kept under a key (anything with a canonical encoding), or None.

    An entry of another shape, as an older version may have left it, is no entry.
    """
    payload = memo.get(digest_of(key))
    if payload is None:
        return None
    try:
        return msgspec.json.decode(payload, type=kind)
    except msgspec.DecodeError:
        return None


def keep(memo: Memo, key: object, value: object) -> None:
    """Keep a value (dataclasses and plain containers) under a key."""
    memo.put(digest_of(key), msgspec.json.encode(value))


def remembered(memo: Memo, key: object, kind: type[T], make: Callable[[], T]) -> T:
    """Return the value kept under a key, else make it and keep it."""
    known = recall(memo, key, kind)
    if known is not None:
        return known
    value = make()
    keep(memo, key, value)
    return value
