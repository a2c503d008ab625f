"""Owns other people's notebooks: fetched as source distributions, unpacked, converted.

The archives come from the package index that pip and uv are set to. They are fetched as
files: `pip download` would build their metadata, for which some need a compiler.
"""

import hashlib
import html
import os
import re
import ssl
import tarfile
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from cellwright.environment.index_config import read_index_config

HERE = Path(__file__).parent
_DEFAULT_INDEX = ""
_LINK = re.compile(r"<a[^>]*\bhref=\"([^\"]+)\"")
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
        archive.write_bytes(_fetched(gallery))
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


def _fetched(gallery: Gallery) -> bytes:
    config = read_index_config(os.environ, folder=HERE)
    context = ssl.create_default_context(cafile=config.certificate or None)
    indexes = (config.index_url or _DEFAULT_INDEX, *config.extra_index_urls)
    for index in () if config.no_index else indexes:
        page = f"{index.rstrip('/')}/{gallery.name}/"
        try:
            text = _read(page, context).decode("utf-8", "replace")
            for link in map(html.unescape, _LINK.findall(text)):
                if urlsplit(link).path.endswith(f"/{gallery.archive}"):
                    payload = _read(urljoin(page, link), context)
                    if hashlib.sha256(payload).hexdigest() == gallery.sha256:
                        return payload
        except (OSError, ValueError):
            continue  # the next index may have it
    raise OutOfReachError(f"no package index here has {gallery.archive}")


def _read(url: str, context: ssl.SSLContext) -> bytes:
    with urllib.request.urlopen(url, timeout=_SECONDS, context=context) as answer:
        return answer.read()
