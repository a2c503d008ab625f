"""Owns other people's notebooks: fetched as source distributions, unpacked, converted.

The archives come from the package index that pip and uv are set to. They are fetched as
files: `pip download` would build their metadata, for which some need a compiler.
"""

import hashlib
import os
import re
import tarfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cellwright.environment.index_config import read_index_config

HERE = Path(__file__).parent
_SECONDS = 120
_FROM_THE_NETWORK = re.compile(
    r"\bload_dataset\(|\bfetch_(?!file)\w+\(|\bget_rdataset\(|\burlopen\(|\burlretrieve\("
    r"|\.read_\w+\(\s*[\"']https?:|\bskimage\.data\.(?:kidney|lily|cells3d|brain)\b"
)


class OutOfReachError(Exception):
    """No index that is configured here has the archive."""


@dataclass(frozen=True)
class Gallery:
    """A source distribution, and the patterns of the notebooks and scripts in it."""

    name: str
    version: str
    archive: str
    sha256: str
    notebooks: tuple[str, ...]


def galleries() -> tuple[Gallery, ...]:
    """Return all galleries that are known."""
    table = tomllib.loads((HERE / "galleries.toml").read_text(encoding="utf-8"))
    return tuple(
        Gallery(name, row["version"], row["archive"], row["sha256"], tuple(row["notebooks"]))
        for name, row in table.items()
    )


def unpacked(gallery: Gallery, folder: Path) -> Path:
    """Return the folder of an unpacked gallery, fetched if it is not there yet.

    Raises:
        OutOfReachError: no index has it.
    """
    target = folder / gallery.archive.removesuffix(".tar.gz")
    if target.is_dir():
        return target
    archive = folder / gallery.archive
    if not archive.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        _fetch(gallery, archive)
    fresh = folder / f".{target.name}.{os.getpid()}"
    with tarfile.open(archive) as bundle:
        bundle.extractall(fresh, filter="data")
    os.rename(next(fresh.iterdir()), target)
    fresh.rmdir()
    return target


def notebooks(gallery: Gallery, folder: Path) -> Iterator[Path]:
    """Yield the notebooks of a gallery, scripts converted; each stands where it was.

    Raises:
        OutOfReachError: no index has the gallery.
    """
    root = unpacked(gallery, folder)
    found = {path for pattern in gallery.notebooks for path in root.glob(pattern)}
    for path in sorted(found):
        if path.suffix == ".ipynb":
            yield path
        elif not path.name.startswith("_"):
            yield _converted(path)


def needs_network(notebook: Path) -> bool:
    """Tell whether the text of a notebook fetches data: it cannot run without a network."""
    return _FROM_THE_NETWORK.search(notebook.read_text(encoding="utf-8")) is not None


def _converted(script: Path) -> Path:
    target = script.with_suffix(".ipynb")
    if not target.exists():
        import jupytext

        # To sphinx-gallery, code may follow the text of such a block; to jupytext it is text.
        text = script.read_text(encoding="utf-8").replace("# %% [markdown]", "# %%")
        form = {"extension": ".py", "format_name": jupytext.guess_format(text, ".py")[0]}
        notebook = jupytext.reads(text, fmt=form)
        notebook.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        jupytext.write(notebook, target)
    return target


def _fetch(gallery: Gallery, archive: Path) -> None:
    """Download an archive from the first index that has it, byte for byte."""
    import requests
    from pypi_simple import PYPI_SIMPLE_ENDPOINT, NoSuchProjectError, PyPISimple

    config = read_index_config(os.environ, folder=HERE)
    indexes = (config.index_url or PYPI_SIMPLE_ENDPOINT, *config.extra_index_urls)
    arriving = archive.with_name(f"{archive.name}.{os.getpid()}")
    for index in () if config.no_index else indexes:
        session = requests.Session()
        session.verify = config.certificate or True
        try:
            with PyPISimple(index, session=session) as client:
                page = client.get_project_page(gallery.name, timeout=_SECONDS)
                for package in page.packages:
                    if package.filename == gallery.archive:
                        client.download_package(package, arriving, verify=False, timeout=_SECONDS)
                        if _digest(arriving) == gallery.sha256:
                            arriving.replace(archive)
                            return
        except (OSError, ValueError, NoSuchProjectError):
            continue  # the next index may have it
        finally:
            arriving.unlink(missing_ok=True)
    raise OutOfReachError(f"no package index here has {gallery.archive}")


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
