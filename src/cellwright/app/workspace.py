"""Owns the project folder: where it is, what it is set to, and its store."""

import atexit
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cellwright.app.settings import Settings, read_settings
from cellwright.base.errors import UsageError

if TYPE_CHECKING:
    from cellwright.store.ledger import Ledger
    from cellwright.store.objects import ObjectStore
    from cellwright.store.opening import Store

FOLDER = ".cellwright"


class Workspace:
    """A project folder; its `.cellwright` is made when something is first kept."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    @property
    def folder(self) -> Path:
        """Return where everything is kept."""
        return self.root / FOLDER

    @cached_property
    def settings(self) -> Settings:
        """Return the settings of this workspace, read once."""
        return read_settings(self.root)

    @cached_property
    def store(self) -> "Store":
        """Return the store, opened (and made, if need be) on first use."""
        from cellwright.store.opening import open_store

        store = open_store(self.folder)
        # Closing writes down which objects were found whole, so that the next command
        # need not read them again.
        atexit.register(store.close)
        ignore = self.folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("# made by Cellwright; nothing here belongs in version control\n*\n")
        return store

    @property
    def ledger(self) -> "Ledger":
        """Return the history of the store."""
        return self.store.ledger

    @property
    def objects(self) -> "ObjectStore":
        """Return the objects of the store."""
        return self.store.objects

    def relative(self, path: Path) -> str:
        """Return a path as the workspace names it: relative where it is inside, with `/`."""
        resolved = path.resolve()
        if resolved.is_relative_to(self.root):
            return resolved.relative_to(self.root).as_posix()
        return resolved.as_posix()


def workspace_for(notebook: Path, explicit: Path | None = None) -> Workspace:
    """Return the workspace of a notebook.

    It is the folder that was asked for; else the nearest folder above the notebook that
    has a `.cellwright`; else the current folder, if the notebook is in it; else the
    notebook's own.
    """
    if explicit is not None:
        return Workspace(explicit)
    folder = notebook.resolve().parent
    found = _nearest(folder)
    if found is not None:
        return Workspace(found)
    here = Path.cwd().resolve()
    return Workspace(here if folder.is_relative_to(here) else folder)


def open_workspace(explicit: Path | None = None) -> Workspace:
    """Return the workspace around the current folder, which must hold runs.

    Raises:
        UsageError: no folder from here upwards has a `.cellwright`.
    """
    start = (explicit or Path.cwd()).resolve()
    found = start if explicit is not None else _nearest(start)
    if found is None or not (found / FOLDER).is_dir():
        raise UsageError(
            f"no {FOLDER} in {start} or above it",
            hint="go to the folder where you called `cellwright run`, or name it: --workspace",
        )
    return Workspace(found)


def _nearest(folder: Path) -> Path | None:
    return next((at for at in (folder, *folder.parents) if (at / FOLDER).is_dir()), None)
