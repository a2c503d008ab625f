"""Owns the search for the text of local modules: what the compiler is told of the folder."""

import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from cellwright.model.source import ModuleText

_IMPORT = re.compile(r"\b(?:import|from)[ \t]+([\w.][\w., \t]*)")
_ROOT = re.compile(r"[^\W\d]\w*")
MOST_FILES = 300
MOST_BYTES = 4 * 1024 * 1024
"""A package that has more than this is not followed: it counts as unknown."""


def local_modules(payload: bytes, folder: Path) -> Mapping[str, ModuleText]:
    """Return the modules beside a notebook that it may import, by dotted name.

    `folder` is the notebook's. Modules that a module imports in turn are found too. What
    cannot be read is left out, as the kernel may find it elsewhere.
    """
    found: dict[str, ModuleText] = {}
    waiting = _roots(payload.decode("utf-8", "replace"))
    seen: set[str] = set()
    while waiting:
        root = waiting.pop()
        if root in seen or root in sys.stdlib_module_names:
            continue
        seen.add(root)
        texts = _read(folder, root)
        found |= texts
        for module in texts.values():
            waiting |= _roots(module.text) - seen
    return {name: found[name] for name in sorted(found)}


def _roots(text: str) -> set[str]:
    """Return the top-level names after the words `import` and `from`, comments' too."""
    return {
        name[0]
        for match in _IMPORT.finditer(text)
        for part in match[1].split(",")
        if (name := _ROOT.match(part.strip())) is not None
    }


def _read(folder: Path, root: str) -> dict[str, ModuleText]:
    package = folder / root / "__init__.py"
    if package.is_file():
        return _texts(folder, sorted((folder / root).rglob("*.py")))
    return _texts(folder, [folder / f"{root}.py"])


def _texts(folder: Path, files: Iterable[Path]) -> dict[str, ModuleText]:
    found: dict[str, ModuleText] = {}
    size = 0
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        size += len(text)
        if len(found) == MOST_FILES or size > MOST_BYTES:
            return {}
        parts = file.relative_to(folder).with_suffix("").parts
        package = parts[-1] == "__init__"
        found[".".join(parts[:-1] if package else parts)] = ModuleText(text, package)
    return found
