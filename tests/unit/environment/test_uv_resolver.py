"""uv turns requirements and the kernel's versions into a lock, or says why it cannot."""

import os
import sys

import pytest

from cellwright.base.errors import MachineError, ResolveError
from cellwright.environment.index_config import IndexConfig, read_index_config
from cellwright.environment.lock import (
    LockRequest,
    UnsatisfiableError,
    cut,
    lock_text,
    read_lock,
)
from cellwright.environment.uv_resolver import UvResolver
from cellwright.model.pipeline import Pin
from support.installing import make_source_archive, make_wheel, serve_index

ENVIRON = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "UV_HTTP_RETRIES": "0"}


@pytest.fixture
def shelf(tmp_path):
    """Return a folder of wheels: top needs mid, mid needs leaf, each in versions 1 and 2."""
    folder = tmp_path / "shelf"
    for version in ("1.0", "2.0"):
        make_wheel(folder, "top", version, requires=["mid>=1"], extras=["more"])
        make_wheel(folder, "mid", version, requires=["leaf>=1"])
        make_wheel(folder, "leaf", version)
    make_wheel(folder, "strict", "1.0", requires=["leaf<2"])
    return folder


def lock(folder, *requirements, config=None, environ=ENVIRON, **request):
    wanted = LockRequest(
        requirements=requirements,
        pins=request.pop("pins", {}),
        python=sys.executable,
        version="3.11",
        folder=folder,
        **request,
    )
    config = config or IndexConfig(find_links=(str(folder),), no_index=True)
    return UvResolver(config, environ).resolve(wanted, lambda _: None)


def versions(locked):
    return {name: pin.version for name, pin in locked.pins.items()}


def test_the_kernels_versions_are_kept(shelf):
    locked = lock(shelf, "top", pins={"top": "1.0", "leaf": "1.0"})

    assert versions(locked) == {"top": "1.0", "mid": "2.0", "leaf": "1.0"}
    assert locked.needs == {"top": ("mid",), "mid": ("leaf",)}


def test_the_lock_has_hashes_and_nothing_about_places(shelf):
    text = cut(lock(shelf, "top"), ["top"])

    assert [line for line in text.splitlines() if not line.startswith("    --hash=sha256:")] == [
        "leaf==2.0 \\",
        "mid==2.0 \\",
        "top==2.0 \\",
    ]
    assert str(shelf) not in text


def test_a_part_is_cut_out_by_what_it_reaches(shelf):
    locked = lock(shelf, "top", "strict")

    assert [pin.distribution for pin in read_lock(cut(locked, ["strict"]))] == ["leaf", "strict"]
    assert [pin.distribution for pin in read_lock(cut(locked, ["mid"]))] == ["leaf", "mid"]


def test_a_lock_reads_back():
    pins = (Pin("alpha", "1.0", ("sha256:aa", "sha256:bb")), Pin("beta", "2.0+cpu", ()))

    assert read_lock(lock_text(pins)) == pins


def test_requirements_that_exclude_each_other_are_explained(shelf):
    with pytest.raises(UnsatisfiableError, match=r"strict depend on leaf<2") as caught:
        lock(shelf, "strict", "top", pins={"leaf": "2.0", "strict": "1.0"})

    assert caught.value.names >= {"strict", "leaf"}
    assert "top" not in caught.value.names


def test_a_version_that_no_index_has_is_named(shelf):
    with pytest.raises(UnsatisfiableError, match=r"no index has leaf 9\.9") as caught:
        lock(shelf, "leaf", pins={"leaf": "9.9"})

    assert "find-links" in caught.value.hint


def test_an_environment_that_contradicts_its_metadata_can_be_locked(shelf):
    locked = lock(
        shelf,
        "strict",
        pins={"strict": "1.0", "leaf": "2.0"},
        overrides=frozenset({"leaf"}),
    )

    assert versions(locked) == {"strict": "1.0", "leaf": "2.0"}


def test_preferred_versions_move_where_they_must(shelf):
    locked = lock(shelf, "strict", "mid", preferred={"leaf": "2.0", "mid": "1.0"})

    assert versions(locked) == {"strict": "1.0", "leaf": "1.0", "mid": "1.0"}


def test_what_is_excluded_is_left_out(shelf):
    assert set(versions(lock(shelf, "top", excluded=frozenset({"mid"})))) == {"top"}


def test_a_prerelease_that_the_kernel_has_is_locked(shelf):
    make_wheel(shelf, "leaf", "3.0rc1")

    assert versions(lock(shelf, "mid", pins={"leaf": "3.0rc1"}))["leaf"] == "3.0rc1"


def test_a_source_archive_is_marked(shelf):
    make_source_archive(shelf, "raw", "1.0")

    assert lock(shelf, "raw", "leaf").sources == ("raw",)


def test_nothing_wanted_is_nothing_locked(shelf):
    assert lock(shelf).pins == {}


def test_a_platform_that_no_image_has_is_refused(shelf):
    with pytest.raises(ResolveError, match="windows/amd64"):
        lock(shelf, "leaf", platform="windows/amd64")


def test_an_image_for_another_machine_can_be_locked(shelf):
    assert versions(lock(shelf, "leaf", platform="linux/arm64")) == {"leaf": "2.0"}


def test_an_index_that_does_not_answer_is_the_machines_fault(tmp_path):
    config = IndexConfig(index_url="http://127.0.0.1:9/simple")

    with pytest.raises(MachineError, match="cannot be reached") as caught:
        lock(tmp_path, "leaf", config=config)

    assert "find-links" in caught.value.hint
    assert not isinstance(caught.value, UnsatisfiableError)


def test_credentials_open_the_index_and_show_nowhere(shelf, tmp_path):
    with serve_index(shelf, user="user", password="CANARY") as (address, answered):
        secret = address.replace("http://", "http://user:CANARY@")
        environ = {
            **ENVIRON,
            "PIP_INDEX_URL": secret,
            "PIP_CONFIG_FILE": "/dev/null",
            "UV_CACHE_DIR": str(tmp_path / "cache"),
        }
        config = read_index_config(environ, folder=tmp_path)
        locked = lock(tmp_path, "top", config=config, environ=environ)
        with pytest.raises(MachineError) as missing:
            lock(tmp_path, "nope", config=config, environ=environ)
        wrong = IndexConfig(index_url=secret.replace("CANARY", "CANARY-WRONG"))
        with pytest.raises(MachineError) as refused:
            lock(tmp_path, "mid", config=wrong, environ=environ)

    assert any(path.startswith("/simple/top") for path in answered)
    assert "refuses access" in str(refused.value)
    said = [repr(locked), cut(locked, ["top"]), repr(config)]
    said += [f"{one.value} {one.value.hint} {one.value!r}" for one in (missing, refused)]
    assert not [text for text in said if "CANARY" in text]


@pytest.mark.network
def test_the_usual_distributions_are_locked_in_seconds(tmp_path):
    config = read_index_config(os.environ, folder=tmp_path)
    locked = lock(tmp_path, "pandas", "scikit-learn", config=config, environ=os.environ)

    assert {"numpy", "scipy", "joblib"} <= set(locked.pins)
    assert all(pin.hashes for pin in locked.pins.values())
    assert not locked.sources
