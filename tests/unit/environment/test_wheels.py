"""The wheelhouse holds verified wheels, by their hash."""

import hashlib
import os
import zipfile
from importlib.metadata import version

import pytest

from cellwright.base.errors import MachineError, UsageError
from cellwright.environment.index_config import IndexConfig
from cellwright.environment.lock import Locked, cut, lock_text, read_lock
from cellwright.environment.wheels import Wheelhouse
from cellwright.model.pipeline import Environment, Pin
from support.installing import interpreter, make_source_archive, make_wheel, serve_index

ENVIRON = {
    "PATH": os.environ["PATH"],
    "HOME": os.environ.get("HOME", "/"),
    "PIP_CONFIG_FILE": "/dev/null",
    "PIP_RETRIES": "0",
}


def sha256(path):
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


@pytest.fixture
def shelf(tmp_path):
    make_wheel(tmp_path / "shelf", "alpha")
    make_wheel(tmp_path / "shelf", "beta")
    return tmp_path / "shelf"


@pytest.fixture
def house(tmp_path, shelf):
    config = IndexConfig(find_links=(str(shelf),), no_index=True)
    return Wheelhouse(tmp_path / "house", config, ENVIRON)


def pin(shelf, name):
    (path,) = shelf.glob(f"{name}-*.whl")
    return Pin(name, "1.0", (sha256(path),))


def fetch(house, lock, target, *, python="3.11", platform="linux/amd64"):
    said = []
    house.fetch(lock, target, python=python, platform=platform, say=said.append)
    return said


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_wheels_are_fetched_once_and_then_held(shelf, house, tmp_path):
    lock = lock_text([pin(shelf, "alpha"), pin(shelf, "beta")])

    first = fetch(house, lock, tmp_path / "one")
    second = fetch(house, lock, tmp_path / "two")

    assert names(tmp_path / "one") == ["alpha-1.0-py3-none-any.whl", "beta-1.0-py3-none-any.whl"]
    assert names(tmp_path / "two") == names(tmp_path / "one")
    assert first[0] == "fetching 2 of 2 wheels"
    assert second == []


def test_a_wheel_with_other_bytes_is_refused(shelf, house, tmp_path):
    lock = lock_text([Pin("alpha", "1.0", ("sha256:" + "0" * 64,))])

    with pytest.raises(MachineError, match="pip cannot fetch the locked wheels"):
        fetch(house, lock, tmp_path / "one")


def test_a_wheel_damaged_on_the_disk_is_fetched_anew(shelf, house, tmp_path):
    lock = lock_text([pin(shelf, "alpha")])
    fetch(house, lock, tmp_path / "one")
    (held,) = (tmp_path / "house").glob("*/alpha*.whl")
    held.unlink()
    held.write_bytes(b"damaged")

    fetch(house, lock, tmp_path / "two")

    assert sha256(tmp_path / "two" / held.name) == pin(shelf, "alpha").hashes[0]


def test_a_wheel_that_does_not_fit_the_platform_is_not_fetched(shelf, house, tmp_path):
    (shelf / "alpha-1.0-py3-none-any.whl").rename(shelf / "alpha-1.0-cp39-cp39-win_amd64.whl")

    with pytest.raises(MachineError):
        fetch(house, lock_text([pin(shelf, "alpha")]), tmp_path / "one")


def test_a_platform_without_images_is_refused(shelf, house, tmp_path):
    with pytest.raises(UsageError):
        fetch(house, lock_text([pin(shelf, "alpha")]), tmp_path / "one", platform="darwin/arm64")


def test_a_source_archive_is_built_and_its_wheel_may_be_installed(shelf, house, tmp_path):
    archive = make_source_archive(shelf, "raw")
    locked = Locked({"raw": Pin("raw", "1.0", (sha256(archive),))}, {}, ("raw",))

    python = interpreter()

    built = house.build_sources(locked, interpreter=python, say=lambda _: None)
    again = house.build_sources(locked, interpreter=python, say=pytest.fail)
    archive.unlink()
    fetch(house, cut(built, ["raw"]), tmp_path / "one")

    (wheel,) = (tmp_path / "one").glob("raw-*.whl")
    assert again == built
    assert built.pins["raw"].hashes == (locked.pins["raw"].hashes[0], sha256(wheel))
    assert "raw.py" in zipfile.ZipFile(wheel).namelist()


def test_an_image_gets_uv_along_with_its_wheels(shelf, house, tmp_path):
    make_wheel(shelf, "uv", version("uv"))
    environment = Environment("3.11.7", lock_text([pin(shelf, "alpha")]), "", "linux/amd64")

    house.fetch_for_image(environment, tmp_path / "one", lambda _: None)

    assert {name.partition("-")[0] for name in names(tmp_path / "one")} == {"alpha", "uv"}


def test_credentials_open_the_index_and_stay_out_of_files_and_messages(shelf, tmp_path):
    lock = lock_text([pin(shelf, "alpha")])
    with serve_index(shelf, user="user", password="CANARY") as (address, _):
        secret = address.replace("http://", "http://user:CANARY@")
        house = Wheelhouse(tmp_path / "house", IndexConfig(index_url=secret), ENVIRON)
        fetch(house, lock, tmp_path / "one")
        lacking = lock_text([Pin("gamma", "1.0", ("sha256:" + "1" * 64,))])
        with pytest.raises(MachineError) as refused:
            fetch(house, lacking, tmp_path / "two")

    assert names(tmp_path / "one") == ["alpha-1.0-py3-none-any.whl"]
    assert "CANARY" not in f"{refused.value} {refused.value.hint}"
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or b"CANARY" not in path.read_bytes()


def test_what_is_fetched_is_what_was_locked(shelf, house, tmp_path):
    lock = lock_text([pin(shelf, "alpha"), pin(shelf, "beta")])
    fetch(house, lock, tmp_path / "one")

    held = {sha256(path) for path in (tmp_path / "one").iterdir()}

    assert held == {value for one in read_lock(lock) for value in one.hashes}
