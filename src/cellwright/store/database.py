"""Owns the connection to the ledger's database: transactions, dialect, schema, errors.

SQLite unless a URL says otherwise. Its journal is a write-ahead log where SQLite is new
enough; releases before 3.51.3 can lose frames of it when one process commits while
another resets it, so there the rollback journal is kept: slower by little, and safe.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from cellwright.base.errors import StoreError
from cellwright.store import schema
from cellwright.store.filesystem import refuse_remote
from cellwright.store.lease import locked

Row = dict[str, Any]

_SAFE_WAL = (3, 51, 3)
_BUSY_SECONDS = 60
_MIGRATIONS = Path(__file__).parent / "migrations"


class Access(Enum):
    """What a transaction is for: it decides how it begins and how durable it is."""

    READ = "read"
    NOTE = "note"
    WRITE = "write"


class Database:
    """The ledger's database; transactions may be opened from any thread."""

    def __init__(self, engine: Engine, *, read_only: bool) -> None:
        self._engine = engine
        self.read_only = read_only

    def read(self) -> "contextlib.AbstractContextManager[Connection]":
        """Open a transaction that sees one state of the database and changes nothing."""
        return self._transaction(Access.READ)

    def write(self) -> "contextlib.AbstractContextManager[Connection]":
        """Open a transaction that is durable once it ends well."""
        return self._transaction(Access.WRITE)

    def note(self) -> "contextlib.AbstractContextManager[Connection]":
        """Open a transaction for what may be lost in a power cut: it can be made again."""
        return self._transaction(Access.NOTE)

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    @contextlib.contextmanager
    def _transaction(self, access: Access) -> Iterator[Connection]:
        if self.read_only and access is not Access.READ:
            raise StoreError("the store is read-only", hint="run in a folder you can write to")
        with explained(), self._engine.connect() as connection:
            marked = connection.execution_options(cellwright_access=access)
            with marked.begin():
                yield marked


def upsert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows; one whose primary key is there already takes the place of the old one."""
    if rows:
        insert = _insert(connection, table)
        keys = [column.name for column in table.primary_key]
        rest = {name: insert.excluded[name] for name in rows[0] if name not in keys}
        connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=rest), rows)


def insert_missing(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert those rows that are not there yet."""
    if rows:
        connection.execute(_insert(connection, table).on_conflict_do_nothing(), rows)


def _insert(connection: Connection, table: Table) -> Any:
    # The one place that speaks a dialect: both spell it alike, in different modules.
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)


def open_database(location: Path | str) -> Database:
    """Open the ledger's database, made or brought up to date where needed.

    Args:
        location: a file of SQLite, or a URL as SQLAlchemy spells it.

    Raises:
        StoreError: a network filesystem, a newer schema, no database, no access.
    """
    if isinstance(location, Path):
        return _open_file(location)
    url = make_url(location)
    if url.get_backend_name() == "sqlite":
        return _open_file(Path(url.database or ""))
    database = Database(create_engine(url, pool_pre_ping=True), read_only=False)
    with explained():
        _bring_up_to_date(database)
    return database


def _open_file(path: Path) -> Database:
    folder = path.parent
    with _disk(f"cannot make {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
    refuse_remote(folder)
    read_only = not os.access(folder, os.W_OK)
    if read_only and not path.exists():
        raise StoreError(f"{folder} is read-only and holds no ledger")
    query = {"mode": "ro", "immutable": "1", "uri": "true"} if read_only else {}
    name = f"file:{path}" if read_only else str(path)
    engine = create_engine(
        URL.create("sqlite", database=name, query=query),
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
    )
    _speak_sqlite(engine, read_only=read_only)
    database = Database(engine, read_only=read_only)
    if read_only:
        _check(_version(database))
    elif _check(_version(database)) != schema.HEAD:
        with _disk(f"cannot lock {folder}"), locked(folder / "ledger.lock"):
            _bring_up_to_date(database)
    return database


def _speak_sqlite(engine: Engine, *, read_only: bool) -> None:
    wal = sqlite3.sqlite_version_info >= _SAFE_WAL

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        # The driver's own idea of transactions would leave schema changes out of them.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")
        if not read_only:
            connection.execute(f"PRAGMA journal_mode = {'WAL' if wal else 'PERSIST'}")
            connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        access = connection.get_execution_options().get("cellwright_access", Access.WRITE)
        if access is Access.READ:
            connection.exec_driver_sql("BEGIN")
            return
        if wal:  # NORMAL may lose the last commits then, but cannot break the file
            level = "NORMAL" if access is Access.NOTE else "FULL"
            connection.exec_driver_sql(f"PRAGMA synchronous = {level}")
        # A deferred transaction that reads and then writes is refused, whatever the
        # timeout, when another process wrote in between.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _version(database: Database) -> str:
    try:
        with database._engine.connect() as connection:
            found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    except DBAPIError as error:
        if "alembic_version" in str(error.orig):
            return ""
        raise _translated(error) from error
    return str(found or "")


def _check(version: str) -> str:
    if version > schema.HEAD:
        raise StoreError(
            f"the store was made by a newer Cellwright (schema {version}; "
            f"this one knows {schema.HEAD})",
            hint="upgrade Cellwright, or use another workspace",
        )
    return version


def _bring_up_to_date(database: Database) -> None:
    if _check(_version(database)) == schema.HEAD:
        return  # another process was faster
    # Alembic takes a third of a second to import, so only here, where it has work.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Turn what the database says into an error that says what to try."""
    try:
        yield
    except SQLAlchemyError as error:
        raise _translated(error) from error


def _translated(error: SQLAlchemyError) -> StoreError:
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return StoreError(
            "the disk is full: the ledger cannot be written",
            hint="free some space and run again; what was recorded is safe",
        )
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StoreError(
            f"the ledger is damaged: {cause}",
            hint="move ledger.sqlite away: history is lost with it, the objects are not",
        )
    if code == sqlite3.SQLITE_BUSY:
        return StoreError(
            f"another process has held the ledger for {_BUSY_SECONDS} s",
            hint="find the process that uses this workspace, and end it",
        )
    return StoreError(f"the ledger cannot be used: {cause}")


@contextlib.contextmanager
def _disk(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"{what}: {error.strerror}") from error
