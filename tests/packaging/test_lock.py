"""What is committed for the build of the front end names no host and no machine."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_lock_of_the_front_end_names_no_registry():
    text = (ROOT / "yarn.lock").read_text(encoding="utf-8")

    assert "@jupyterlab/notebook@npm:" in text
    assert "://" not in text
    assert "__archiveUrl" not in text


def test_no_other_lock_of_the_front_end_is_kept():
    # npm's own lock writes the registry's address beside every package.
    assert not (ROOT / "package-lock.json").exists()


@pytest.mark.parametrize("name", ["pyproject.toml", "package.json", ".yarnrc.yml"])
def test_the_build_files_choose_no_package_index(name):
    text = (ROOT / name).read_text(encoding="utf-8").lower()

    for word in ("index-url", "extra-index", "find-links", "npmregistryserver", '"registry"'):
        assert word not in text


def test_the_front_end_has_the_version_of_the_package():
    import cellwright

    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))

    assert package["version"] == cellwright.__version__
