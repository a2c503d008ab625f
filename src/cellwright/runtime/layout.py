"""Owns how the runtime is laid out in an image: the only part that runs on the host.

DIR/__main__.py                what `python DIR ATTEMPT` starts
DIR/cellwright_runtime/*.py    this package, under the name it has in images
"""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

PACKAGE = "cellwright_runtime"

_ENTRY = f'''"""Runs one attempt at a step: python {{folder}} ATTEMPT"""

import sys

from {PACKAGE}.main import main

sys.exit(main(sys.argv[1:]))
'''


def write_runtime(target: Path) -> None:
    """Make `target` a folder that `python TARGET ATTEMPT` runs.

    A folder that holds this version already is left alone; another version is replaced
    in one rename, so that a reader sees the one or the other.

    Raises:
        OSError: the folder cannot be written.
    """
    wanted = _contents()
    if _holds(target, wanted):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        for name, payload in wanted.items():
            path = fresh / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(payload)
            path.chmod(0o644)
        (fresh / PACKAGE).chmod(0o755)
        fresh.chmod(0o755)
        _swap(fresh, target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def runtime_digest() -> str:
    """Return `sha256:…` of what `write_runtime` writes."""
    total = hashlib.sha256()
    for name, payload in sorted(_contents().items()):
        total.update(f"{len(name)}:{name}{len(payload)}:".encode())
        total.update(payload)
    return f"sha256:{total.hexdigest()}"


def _contents() -> dict[str, bytes]:
    here = Path(__file__).parent
    modules = {
        f"{PACKAGE}/{path.name}": path.read_bytes()
        for path in sorted(here.glob("*.py"))
        if path.name != Path(__file__).name
    }
    return {"__main__.py": _ENTRY.encode(), **modules}


def _holds(target: Path, wanted: dict[str, bytes]) -> bool:
    try:
        return all((target / name).read_bytes() == payload for name, payload in wanted.items())
    except OSError:
        return False


def _swap(fresh: Path, target: Path) -> None:
    if not target.exists():
        try:
            os.rename(fresh, target)
        except OSError:
            if not _holds(target, _contents()):  # another process was faster
                raise
        return
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as aside:
        os.rename(target, Path(aside) / "old")
        os.rename(fresh, target)
