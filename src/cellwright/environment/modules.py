"""Owns the local modules of a step: the files beside the notebook that its imports reach.

An import is looked up as the kernel does it: the notebook's folder first, then the
kernel's search path in order. Whatever is found there and belongs to no distribution
from an index goes along with the step, and so do the modules that it imports in turn.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cellwright.base.folders import SKIPPED_FOLDERS
from cellwright.environment.distributions import Installed
from cellwright.environment.files import FileDigests, LocalFile
from cellwright.environment.interpreter import Interpreter
from cellwright.environment.memo import Memo, remembered
from cellwright.environment.source_imports import SourceImport, source_imports

SIZE_LIMIT = 64 * 1024 * 1024
"""The bytes that one package may bring along: more is data, and belongs in files."""

_FORMAT = 1
_EXTENSIONS = (".so", ".pyd")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an import leads: to distributions, to the standard library, or to a file.

    `base` is the folder on the search path that holds a local module, `path` the file or
    package folder there. All empty: nowhere.
    """

    standard: bool = False
    distributions: tuple[str, ...] = ()
    base: str = ""
    path: str = ""

    @property
    def local(self) -> bool:
        """Tell whether it is a module to take along."""
        return bool(self.path)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a local module cannot be taken along; `line` is 0 where no line is meant."""

    file: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Outside:
    """What a local module, the file `importer`, imports and is not local itself."""

    wanted: SourceImport
    importer: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """Local modules, by path relative to the step's folder, and what they import besides."""

    files: Mapping[str, LocalFile] = field(default_factory=dict)
    outside: tuple[Outside, ...] = ()
    troubles: tuple[Trouble, ...] = ()


class ImportSearch:
    """Looks imports up as one notebook's kernel would; folders are listed once."""

    def __init__(
        self,
        interpreter: Interpreter,
        installed: Callable[[], Installed],
        *,
        first: Sequence[str],
        last: Sequence[str] = (),
    ) -> None:
        """Search in `first` (the notebook's folder is there), the interpreter's folders, `last`.

        `installed` is called when an import leads to the interpreter's own folders.
        """
        self._interpreter = interpreter
        self._installed = installed
        self._folders = tuple(dict.fromkeys(first))
        self._last = tuple(dict.fromkeys(last))
        self._listings: dict[str, frozenset[str]] = {}

    def find(self, module: str) -> Place:
        """Return where the top-level module of a dotted name is, and who provides the rest."""
        top = module.partition(".")[0]
        if top in self._interpreter.stdlib:
            return Place(standard=True)
        for folder in self._folders:
            path = self._regular(folder, top)
            if path:
                return Place(base=folder, path=path)
        for folder in self._interpreter.search:
            found = self._in_search(folder, top, module)
            if found is not None:
                return found
        for folder in self._last:
            path = self._regular(folder, top)
            if path:
                return Place(base=folder, path=path)
        return self._namespace(top)

    def hidden(self, module: str) -> str:
        """Return the local file with the name of a standard module, or ""."""
        top = module.partition(".")[0]
        if top not in self._interpreter.stdlib:
            return ""
        return next(filter(None, (self._regular(folder, top) for folder in self._folders)), "")

    def names(self) -> frozenset[str]:
        """Return the names of local modules, for a reader who mistyped one."""
        folders = (*self._folders, *self._last)
        listed = (name for folder in folders for name in self._listing(folder))
        stems = (name.removesuffix(".py") for name in listed if name.endswith(".py"))
        return frozenset(stem for stem in stems if stem.isidentifier())

    def below(self, place: Place, parts: Sequence[str]) -> str:
        """Return the file of a submodule of a local module, or "" where there is none."""
        path = place.path
        for part in parts:
            if not os.path.isdir(path):
                return ""
            path = self._regular(path, part) or self._folder(path, part)
            if not path:
                return ""
        return path

    def _in_search(self, folder: str, top: str, module: str) -> Place | None:
        installed = self._installed()
        owners = installed.owners.get(top, ())
        if any(installed.distributions[name].folder == folder for name in owners):
            return Place(distributions=installed.providers(module))
        source = installed.finders.get(top, "")
        if source and self._has_metadata(folder):
            return Place(base=os.path.dirname(source), path=source)
        path = self._regular(folder, top)
        return Place(base=folder, path=path) if path else None

    def _has_metadata(self, folder: str) -> bool:
        return any(name.endswith(".dist-info") for name in self._listing(folder))

    def _namespace(self, top: str) -> Place:
        for folder in (*self._folders, *self._interpreter.search, *self._last):
            path = self._folder(folder, top)
            if path:
                return Place(base=folder, path=path)
        return Place()

    def _regular(self, folder: str, name: str) -> str:
        """Return a package folder with `__init__`, or a module file, in a folder; or ""."""
        listing = self._listing(folder)
        if name in listing and "__init__.py" in self._listing(os.path.join(folder, name)):
            return os.path.join(folder, name)
        if f"{name}.py" in listing:
            return os.path.join(folder, f"{name}.py")
        for entry in sorted(listing):
            if entry.startswith(f"{name}.") and entry.endswith(_EXTENSIONS):
                return os.path.join(folder, entry)
        return ""

    def _folder(self, folder: str, name: str) -> str:
        path = os.path.join(folder, name)
        return path if name in self._listing(folder) and os.path.isdir(path) else ""

    def _listing(self, folder: str) -> frozenset[str]:
        if folder not in self._listings:
            try:
                self._listings[folder] = frozenset(os.listdir(folder))
            except OSError:
                self._listings[folder] = frozenset()
        return self._listings[folder]


def bundle(
    imports: Iterable[SourceImport], *, search: ImportSearch, digests: FileDigests, memo: Memo
) -> Bundle:
    """Return the local modules that imports reach, transitively.

    A package comes as its whole folder (code and the data beside it), but only modules
    that are reached count for what it imports. Imports that are not local are left to
    the caller, those at the start as well as those found on the way.
    """
    walk = _Walk(search, digests, memo)
    for wanted in imports:
        walk.follow(wanted, importer="", package="")
    return walk.result()


class _Walk:
    def __init__(self, search: ImportSearch, digests: FileDigests, memo: Memo) -> None:
        self._search = search
        self._digests = digests
        self._memo = memo
        self._files: dict[str, LocalFile] = {}
        self._outside: dict[tuple[str, str], Outside] = {}
        self._troubles: list[Trouble] = []
        self._read: set[str] = set()
        self._taken: set[str] = set()

    def result(self) -> Bundle:
        return Bundle(
            dict(sorted(self._files.items())), tuple(self._outside.values()), tuple(self._troubles)
        )

    def follow(self, wanted: SourceImport, *, importer: str, package: str) -> None:
        """Take along what one import leads to; `package` is that of the importing module."""
        waiting = [(wanted, importer, package)]
        while waiting:
            found, where, inside = waiting.pop()
            module = _absolute(found.module, inside)
            place = self._search.find(module) if module else Place(standard=True)
            if place.local:
                for name in (module, *(f"{module}.{taken}" for taken in found.names)):
                    waiting += self._one(name, place)
            elif where and not place.standard:
                self._outside[module, where] = Outside(found, where)

    def _one(self, module: str, place: Place) -> Iterator[tuple[SourceImport, str, str]]:
        self._take(place, module)
        parts = module.split(".")
        # Importing a.b.c runs a, then a.b, then a.b.c.
        for length in range(len(parts)):
            path = self._search.below(place, parts[1 : length + 1])
            file = os.path.join(path, "__init__.py") if os.path.isdir(path) else path
            if not path or file in self._read or not os.path.isfile(file):
                continue
            self._read.add(file)
            name = ".".join(parts[: length + 1])
            inside = name if os.path.isdir(path) else name.rpartition(".")[0]
            self._add(file, place)
            for found in self._imports(file):
                yield found, file, inside

    def _take(self, place: Place, module: str) -> None:
        """Take along the whole folder of the outermost package of a module."""
        path, parts = place.path, module.split(".")[1:]
        while os.path.isdir(path) and not os.path.isfile(os.path.join(path, "__init__.py")):
            if not parts:
                return  # A namespace: its parts are taken as they are asked for.
            inner = self._search.below(Place(path=path), parts[:1])
            if not inner:
                return
            path, parts = inner, parts[1:]
        if path in self._taken or not os.path.isdir(path):
            return
        self._taken.add(path)
        files = sorted(_package_files(path))
        size = sum(os.path.getsize(file) for file in files)
        if size > SIZE_LIMIT:
            text = f"the package holds {size >> 20} MiB; at most {SIZE_LIMIT >> 20} go along"
            self._troubles.append(Trouble(path, 0, text))
            return
        for file in files:
            self._add(file, place)

    def _add(self, file: str, place: Place) -> None:
        relative = os.path.relpath(file, place.base).replace(os.sep, "/")
        if relative not in self._files:
            of = self._digests.of_source if file.endswith(".py") else self._digests.of
            self._files[relative] = LocalFile(Path(file), of(file), os.path.getsize(file))

    def _imports(self, file: str) -> tuple[SourceImport, ...]:
        if not file.endswith(".py"):
            return ()
        key = ("source-imports", _FORMAT, self._digests.of_source(file))
        kind: Any = tuple[SourceImport, ...]
        try:
            with open(file, "rb") as handle:
                found: tuple[SourceImport, ...] = remembered(
                    self._memo, key, kind, lambda: source_imports(handle.read())
                )
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", 0) or 0
            self._troubles.append(Trouble(file, line, f"not valid Python: {error.args[0]}"))
            return ()
        return found


def _absolute(module: str, package: str) -> str:
    """Return the dotted name of an import within a package; "" where Python refuses it too."""
    name = module.lstrip(".")
    dots = len(module) - len(name)
    if not dots:
        return name
    parts = package.split(".")
    if not package or dots > len(parts):
        return ""
    return ".".join([*parts[: len(parts) - dots + 1], *([name] if name else [])])


def _package_files(path: str) -> Iterator[str]:
    for parent, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS)
        for name in sorted(names):
            full = os.path.join(parent, name)
            if not name.endswith((".pyc", ".pyo")) and os.path.isfile(full):
                yield full
