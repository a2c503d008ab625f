"""The wheel and the sdist hold what an installation needs, and nothing else."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OUTPUT = Path("src/cellwright/labextension")

pytestmark = pytest.mark.slow

pytest.importorskip("hatchling")


def build(checkout, hook, target):
    """Call one hook of the build backend, in a process of its own as pip does."""
    call = f"import build_backend, sys; build_backend.{hook}(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", call, os.fspath(target)],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": os.fspath(checkout / "labextension")},
        check=True,
        timeout=300,
    )
    return next(target.iterdir())


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """Return a copy of what is committed or to be, with the front end built."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    if not (ROOT / OUTPUT / "static" / "style.js").is_file():
        pytest.skip("the front end is not built; run: jlpm build:prod")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    copy = tmp_path_factory.mktemp("checkout")
    for name in listed:
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    shutil.copytree(ROOT / OUTPUT, copy / OUTPUT)
    return copy


@pytest.fixture(scope="module")
def wheel(checkout, tmp_path_factory):
    with zipfile.ZipFile(build(checkout, "build_wheel", tmp_path_factory.mktemp("w"))) as file:
        yield file


@pytest.fixture(scope="module")
def sdist(checkout, tmp_path_factory):
    with tarfile.open(build(checkout, "build_sdist", tmp_path_factory.mktemp("s"))) as file:
        yield file


def committed(pattern):
    return {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src").glob(pattern)}


def test_the_wheel_has_every_module_and_data_file(wheel):
    names = set(wheel.namelist())

    assert committed("**/*.py") <= names
    assert committed("**/*.toml") <= names
    assert "cellwright/py.typed" in names


def test_the_wheel_puts_both_extensions_where_jupyter_looks(wheel):
    data = [name.partition(".data/data/")[2] for name in wheel.namelist()]

    assert "share/jupyter/labextensions/cellwright/package.json" in data
    assert "share/jupyter/labextensions/cellwright/install.json" in data
    assert any(
        name.startswith("share/jupyter/labextensions/cellwright/static/remoteEntry")
        for name in data
    )
    assert "share/jupyter/labextensions/cellwright/schemas/cellwright/compilation.json" in data
    assert "etc/jupyter/jupyter_server_config.d/cellwright.json" in data


def test_the_wheel_is_small_and_without_strays(wheel):
    assert sum(entry.compress_size for entry in wheel.infolist()) < 2_000_000
    for name in wheel.namelist():
        assert not name.endswith((".pyc", ".ipynb"))
        assert not name.startswith(("tests/", "examples/"))


def test_the_sdist_can_be_built_without_node(sdist):
    names = {name.partition("/")[2] for name in sdist.getnames()}

    assert f"{OUTPUT.as_posix()}/static/style.js" in names
    assert {"labextension/build_backend.py", "labextension/src/index.ts", "yarn.lock"} <= names
    assert not [name for name in names if name.startswith(("node_modules/", ".venv/"))]
