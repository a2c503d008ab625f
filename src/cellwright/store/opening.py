"""Owns how the parts of a store are put together in one folder."""

from pathlib import Path
from typing import Self

from cellwright.model.run import RunId
from cellwright.store.cache import StepCache
from cellwright.store.database import open_database
from cellwright.store.equivalences import Equivalences
from cellwright.store.lease import KeyClaims, RunLeases
from cellwright.store.ledger import Ledger
from cellwright.store.lineage import Lineage
from cellwright.store.memos import Memos, StampBook
from cellwright.store.objects import ObjectStore
from cellwright.store.recovery import close_dead_runs, remove_leftovers

LEDGER = "ledger.sqlite"


class Store:
    """The parts of one store. Close it when done, or use it as a context manager."""

    def __init__(self, root: Path, location: Path | str) -> None:
        self.root = root
        self._database = open_database(location)
        self.objects = ObjectStore(root / "objects", StampBook(self._database))
        self.ledger = Ledger(self._database)
        self.lineage = Lineage(self._database)
        self.equivalences = Equivalences(self._database)
        self.cache = StepCache(self._database, self.objects)
        self.memos = Memos(self._database)
        self.claims = KeyClaims(root / "locks")
        self.leases = RunLeases(root / "locks")

    @property
    def read_only(self) -> bool:
        """Tell whether nothing can be recorded here."""
        return self._database.read_only

    def recover(self) -> tuple[RunId, ...]:
        """Put right what dead processes left; return the runs that were closed."""
        if self.read_only:
            return ()
        closed = close_dead_runs(self.ledger, self.leases)
        remove_leftovers(self.root, frozenset(self.ledger.unfinished()))
        self.leases.sweep()
        return closed

    def close(self) -> None:
        """Keep what is worth keeping, and let go of the database."""
        try:
            self.objects.settle()
        finally:
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()


def open_store(root: Path, ledger: str = "") -> Store:
    """Open the store in a folder, made where there is none.

    Args:
        root: the `.cellwright` folder of a workspace.
        ledger: URL of a database to keep the history in, instead of a file in `root`.

    Raises:
        StoreError: a network filesystem, a newer schema, damage, no access, no space.
    """
    return Store(root, ledger or root / LEDGER)
