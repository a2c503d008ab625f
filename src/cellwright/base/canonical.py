"""Owns the one canonical spelling of a value, and the digest of it.

Two values have the same encoding only if they are equal *and* of the same kind: every
value is framed with its kind and its length, so `1`, `True`, `"1"` and `b"1"` differ,
and no concatenation of two values can look like a third.
"""

import hashlib
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import NewType

Digest = NewType("Digest", str)
"""`sha256:` and 64 hexadecimal digits."""

PREFIX = "sha256:"


def digest_bytes(payload: bytes) -> Digest:
    """Return the digest of bytes as they are."""
    return Digest(PREFIX + hashlib.sha256(payload).hexdigest())


def digest_of(value: object) -> Digest:
    """Return the digest of the canonical encoding of a value."""
    return digest_bytes(encode(value))


def encode(value: object) -> bytes:
    """Return the canonical encoding of plain values, dataclasses and containers of them.

    Mappings and sets are ordered by the encoding of their keys or members, so the order
    of insertion does not count. A dataclass is its qualified name and its fields.

    Raises:
        TypeError: the value, or one inside it, has no canonical encoding.
    """
    kind, payload = _parts(value)
    return b"%s%d:%s" % (kind, len(payload), payload)


def _parts(value: object) -> tuple[bytes, bytes]:
    match value:
        case None:
            return b"n", b""
        case bool():
            return b"b", b"1" if value else b"0"
        case Enum():
            return b"e", encode(type(value).__qualname__) + encode(value.name)
        case int():
            return b"i", str(value).encode()
        case float():
            return b"f", value.hex().encode()
        case str():
            return b"s", value.encode("utf-8", "surrogatepass")
        case bytes():
            return b"y", value
        case tuple() | list():
            return b"l", b"".join(encode(item) for item in value)
        case Mapping():
            pairs = sorted((encode(key), encode(item)) for key, item in value.items())
            return b"m", b"".join(key + item for key, item in pairs)
        case AbstractSet():
            return b"u", b"".join(sorted(encode(item) for item in value))
        case _:
            return _dataclass_parts(value)


def _dataclass_parts(value: object) -> tuple[bytes, bytes]:
    if is_dataclass(value) and not isinstance(value, type):
        content = {field.name: getattr(value, field.name) for field in fields(value)}
        return b"d", encode(type(value).__qualname__) + encode(content)
    raise TypeError(f"{type(value).__qualname__} has no canonical encoding")
