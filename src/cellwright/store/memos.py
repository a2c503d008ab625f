"""Owns what is remembered to save time: losing any of it changes no result."""

import time
from collections.abc import Iterable, Mapping

from sqlalchemy import delete, select

from cellwright.base.canonical import Digest
from cellwright.store.database import Database, upsert
from cellwright.store.objects import Stamp
from cellwright.store.schema import memos, stamps

_KEPT_FOR = 90 * 24 * 3600.0
_BATCH = 500


class Memos:
    """Bytes by namespace and key, dropped 90 days after they were written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, namespace: str, key: str) -> bytes | None:
        """Return what was put under a key."""
        query = select(memos.c.value).where(memos.c.namespace == namespace, memos.c.key == key)
        with self._database.read() as connection:
            found = connection.scalar(query)
        return None if found is None else bytes(found)

    def get_all(self, namespace: str) -> Mapping[str, bytes]:
        """Return everything in a namespace, by key."""
        query = select(memos.c.key, memos.c.value).where(memos.c.namespace == namespace)
        with self._database.read() as connection:
            return {row.key: bytes(row.value) for row in connection.execute(query)}

    def put(self, namespace: str, key: str, value: bytes) -> None:
        """Remember bytes under a key; nothing happens in a store that is read-only."""
        self.put_all(namespace, {key: value})

    def put_all(self, namespace: str, values: Mapping[str, bytes]) -> None:
        """Remember several at once, in one transaction."""
        if self._database.read_only or not values:
            return
        now = time.time()
        row = {"namespace": namespace, "written": now}
        old = (memos.c.namespace == namespace) & (memos.c.written < now - _KEPT_FOR)
        with self._database.note() as connection:
            upsert(connection, memos, [{**row, "key": key, "value": values[key]} for key in values])
            connection.execute(delete(memos).where(old))


class StampBook:
    """Keeps the stamps of objects in the ledger's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, digests: Iterable[Digest]) -> Mapping[Digest, Stamp]:
        """Return the stamps that are known of these objects."""
        wanted = list(digests)
        found: dict[Digest, Stamp] = {}
        with self._database.read() as connection:
            for start in range(0, len(wanted), _BATCH):
                some = stamps.c.digest.in_(wanted[start : start + _BATCH])
                for row in connection.execute(select(stamps).where(some)):
                    found[Digest(row.digest)] = Stamp(row.fingerprint, row.verified)
        return found

    def save(self, stamps_by_digest: Mapping[Digest, Stamp]) -> None:
        """Keep stamps, instead of the older ones of the same objects."""
        if self._database.read_only:
            return
        rows = [
            {"digest": digest, "fingerprint": stamp.fingerprint, "verified": stamp.verified}
            for digest, stamp in stamps_by_digest.items()
        ]
        with self._database.note() as connection:
            upsert(connection, stamps, rows)
