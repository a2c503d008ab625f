"""Owns which distribution an import comes from, as the installed metadata tells.

Nothing is guessed from names: a distribution owns the files that its RECORD lists. The
index of an environment is made once and remembered by the environment's fingerprint.
"""

import csv
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal
from urllib.parse import unquote, urlsplit

import msgspec

from cellwright.environment.interpreter import Interpreter, fingerprint
from cellwright.environment.memo import Memo, remembered

_FORMAT = 1
_DIST_INFO = re.compile(r"(?P<name>.+?)-(?P<version>[^-]+)\.dist-info$")
_EGG_INFO = re.compile(r"(?P<name>.+?)-(?P<version>[^-]+)(-py[\d.]+)?(-[\w.]+)?\.egg-info$")
_EDITABLE_FINDER = re.compile(r"__editable___.+_finder\.py$")
_MODULE_SUFFIXES = (".py", ".so", ".pyd")

Source = Literal["index", "editable", "folder", "file", "url", "vcs"]
"""Where a distribution was installed from; `index` is also find-links and unknown."""


class Distribution(msgspec.Struct, frozen=True):
    """An installed distribution.

    `folder` is the search-path entry that holds it, `info` the name of its metadata
    entry there. `location` is a path where `source` is editable, folder or file.
    """

    name: str
    version: str
    folder: str
    info: str
    source: Source = "index"
    location: str = ""


class Installed(msgspec.Struct, frozen=True):
    """What is installed for an interpreter, by normalized name; and who owns which module.

    `owners` maps a top-level module to the distributions that list files of it, `shared`
    maps dotted names below those that several own (namespace packages, rivals).
    `finders` maps top-level modules of editable installs to the path of their source.
    """

    distributions: dict[str, Distribution]
    owners: dict[str, tuple[str, ...]]
    shared: dict[str, tuple[str, ...]]
    finders: dict[str, str]

    def providers(self, module: str, names: Sequence[str] = ()) -> tuple[str, ...]:
        """Return the distributions that an import needs; () is unknown.

        `module` is a dotted name and `names` what is taken from it: of a namespace that
        several distributions share (`from google.cloud import storage`), they decide.
        """
        found = self._provider(module)
        if len(found) > 1:
            taken = [self._provider(f"{module}.{name}") for name in names]
            if taken and all(one != found for one in taken):
                return tuple(dict.fromkeys(name for one in taken for name in one))
        return found

    def _provider(self, module: str) -> tuple[str, ...]:
        """Return the owners of the longest known part of a dotted name."""
        parts = module.split(".")
        for length in range(len(parts), 0, -1):
            found = self.shared.get(".".join(parts[:length]))
            if found:
                return found
        return self.owners.get(parts[0], ())


def normalize(name: str) -> str:
    """Return the normalized name of a distribution (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_installed(interpreter: Interpreter, *, memo: Memo) -> Installed:
    """Return the index of an interpreter's environment; unchanged environments are remembered."""
    key = ("installed", _FORMAT, fingerprint(interpreter))
    return remembered(memo, key, Installed, lambda: _index(interpreter))


def recorded_paths(distribution: Distribution) -> tuple[str, ...]:
    """Return the paths of the files of a distribution, relative to its folder."""
    return tuple(path for path, _ in _record(distribution))


def _index(interpreter: Interpreter) -> Installed:
    distributions: dict[str, Distribution] = {}
    finders: dict[str, str] = {}
    for folder in interpreter.search:
        for name in _listing(folder):
            found = _distribution(folder, name)
            if found is not None:
                distributions.setdefault(found.name, found)
            elif _EDITABLE_FINDER.match(name):
                finders.update(_finder_mapping(os.path.join(folder, name)))
    modules = {found.name: _modules(found) for found in distributions.values()}
    owners: dict[str, set[str]] = {}
    for name, dotted in modules.items():
        for module in dotted:
            owners.setdefault(module.partition(".")[0], set()).add(name)
    shared = _shared(owners, modules, rank=_rank(distributions))
    return Installed(
        distributions,
        {top: tuple(sorted(names)) for top, names in owners.items()},
        shared,
        finders,
    )


def _shared(
    owners: Mapping[str, set[str]],
    modules: Mapping[str, frozenset[str]],
    *,
    rank: Callable[[str, Iterable[str]], tuple[str, ...]],
) -> dict[str, tuple[str, ...]]:
    """Return the owners of the dotted names under top-level names that several share."""
    found: dict[str, tuple[str, ...]] = {}
    for top, names in owners.items():
        if len(names) < 2:
            continue
        listed: dict[str, set[str]] = {}
        for name in names:
            for module in modules[name]:
                if module.partition(".")[0] == top:
                    listed.setdefault(module, set()).add(name)
        found.update(_owned(listed, rank))
    return found


def _owned(
    listed: Mapping[str, set[str]], rank: Callable[[str, Iterable[str]], tuple[str, ...]]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    inside: dict[str, set[str]] = {}
    for module, names in listed.items():
        parts = module.split(".")
        for length in range(1, len(parts) + 1):
            inside.setdefault(".".join(parts[:length]), set()).update(names)
    for module, names in sorted(inside.items()):
        parent = inside.get(module.rpartition(".")[0], set())
        direct = listed.get(module, set())
        if len(direct) > 1:
            # Rivals with the same file (opencv-python and its headless twin): whose file
            # it is decides. An `__init__` that all parts of a namespace bring is theirs.
            yield module, rank(module, direct)
        elif len(names) == 1 and len(parent) == 1 and "." in module:
            continue  # The parent says it already.
        else:
            yield module, tuple(sorted(direct or names))


def _rank(
    distributions: Mapping[str, Distribution],
) -> Callable[[str, Iterable[str]], tuple[str, ...]]:
    """Return how to choose among distributions that list one and the same module.

    The one whose RECORD has the size of the file that is there, for most of its files:
    it was installed last, so its code is what the notebook runs.
    """

    def matching(name: str, prefix: str) -> float:
        sizes = [
            (path, size)
            for path, size in _record(distributions[name])
            if path.startswith(prefix) and size >= 0
        ]
        folder = distributions[name].folder
        return sum(_size(os.path.join(folder, path)) == size for path, size in sizes) / max(
            len(sizes), 1
        )

    def rank(module: str, names: Iterable[str]) -> tuple[str, ...]:
        prefix = module.replace(".", "/")
        scores = {name: matching(name, prefix) for name in sorted(names)}
        best = max(scores.values())
        if best == 0:
            return tuple(scores)
        return (next(name for name, score in scores.items() if score == best),)

    return rank


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return -1


def _listing(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _distribution(folder: str, entry: str) -> Distribution | None:
    match = _DIST_INFO.match(entry) or _EGG_INFO.match(entry)
    if match is None:
        return None
    source, location = _origin(os.path.join(folder, entry, "direct_url.json"))
    return Distribution(
        normalize(match["name"]),
        match["version"].replace("_", "-"),
        folder,
        entry,
        source,
        location,
    )


def _origin(path: str) -> tuple[Source, str]:
    """Return where a distribution came from, as the installer wrote it down (PEP 610)."""
    try:
        with open(path, "rb") as handle:
            raw = msgspec.json.decode(handle.read(), type=dict[str, object])
    except (OSError, msgspec.DecodeError):
        return "index", ""
    url = urlsplit(str(raw.get("url", "")))
    local = unquote(url.path) if url.scheme == "file" else ""
    directory = raw.get("dir_info")
    if isinstance(directory, dict):
        return ("editable" if directory.get("editable") else "folder"), local
    if "vcs_info" in raw:
        return "vcs", ""
    return ("file", local) if local else ("url", "")


def _record(distribution: Distribution) -> list[tuple[str, int]]:
    """Return paths relative to the folder, and sizes (-1 where none is recorded)."""
    info = os.path.join(distribution.folder, distribution.info)
    try:
        with open(os.path.join(info, "RECORD"), encoding="utf-8", newline="") as handle:
            text = handle.read()
    except (OSError, UnicodeDecodeError):
        return [(path, -1) for path in _installed_files(info)]
    if '"' in text:
        rows = [row for row in csv.reader(text.splitlines()) if row]
    else:
        rows = [line.split(",") for line in text.splitlines() if line]
    return [(row[0], int(row[2]) if row[2:] and row[2].isdigit() else -1) for row in rows]


def _installed_files(info: str) -> list[str]:
    """Return the files that an old `.egg-info` folder lists, relative to its parent."""
    try:
        with open(os.path.join(info, "installed-files.txt"), encoding="utf-8") as handle:
            lines = handle.read().splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    base = os.path.basename(info)
    return [os.path.normpath(os.path.join(base, line)).replace(os.sep, "/") for line in lines]


def _modules(distribution: Distribution) -> frozenset[str]:
    """Return the dotted names of the modules that a distribution installed."""
    found = {
        module
        for path, _ in _record(distribution)
        if path.endswith(_MODULE_SUFFIXES) and (module := _dotted(path))
    }
    return frozenset(found) or _declared(distribution)


def _dotted(path: str) -> str:
    """Return the dotted name of a module file, "" where no import could mean it."""
    *folders, name = path.split("/")
    stem = name.split(".", 1)[0]
    parts = folders if stem == "__init__" else [*folders, stem]
    if all(part.isidentifier() for part in parts):
        return ".".join(parts)
    return ""


def _declared(distribution: Distribution) -> frozenset[str]:
    """Return the top-level names that metadata without a file list declares."""
    path = os.path.join(distribution.folder, distribution.info, "top_level.txt")
    try:
        with open(path, encoding="utf-8") as handle:
            names = handle.read().split()
    except (OSError, UnicodeDecodeError):
        return frozenset()
    return frozenset(name.replace("/", ".") for name in names)


def _finder_mapping(path: str) -> dict[str, str]:
    """Return the mapping of modules to sources that an editable install's finder holds."""
    import ast

    try:
        with open(path, encoding="utf-8") as handle:
            tree = ast.parse(handle.read())
    except (OSError, SyntaxError, ValueError):
        return {}
    for statement in tree.body:
        match statement:
            case (
                ast.AnnAssign(target=ast.Name(id="MAPPING"), value=ast.Dict() as value)
                | ast.Assign(targets=[ast.Name(id="MAPPING")], value=ast.Dict() as value)
            ):
                pairs = ast.literal_eval(value)
                return {str(name): str(source) for name, source in pairs.items()}
            case _:
                continue
    return {}
