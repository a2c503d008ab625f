"""Patterns mean what they mean to `glob`; of too many paths, their folders are left."""

import glob

import pytest

from cellwright.execution.paths import Spots, gathered

TREE = (
    "x.csv", ".hid.csv", "sub/x.csv", "sub/deep/x.csv", "sub/deep/y.txt", "a[1]/x.csv",
    ".dot/x.csv", "sub/.dot/x.csv",
)  # fmt: skip
PATTERNS = (
    "*.csv", "**/*.csv", "sub/*", "sub/**", "sub/**/x.csv", "**/*", "*/x.csv", "?.csv", "[xy].csv",
    "*/*/*", "**/deep/**", "**/**/y.txt", "sub/.*/x.csv", "none/*", "**/.dot/*",
)  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("hidden", [True, False])
def test_a_pattern_means_what_it_does_to_glob(tmp_path, pattern, hidden):
    for name in TREE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    spots = Spots()
    spots.add_pattern(f"/home/{pattern}", value=True, hidden=hidden)
    options = {"root_dir": tmp_path, "recursive": True, "include_hidden": hidden}
    found = {name.rstrip("/") for name in glob.glob(pattern, **options)}

    for name in TREE:
        around = [name, *(name[:at] for at, letter in enumerate(name) if letter == "/")]
        meant = any(each in found for each in around)
        assert any(spots.around(f"/home/{name}")) is meant, name


def test_a_path_means_itself_whatever_its_letters_are():
    spots = Spots()
    spots.add("/home/a[1].txt", value=1)
    spots.add_pattern("/home/b[1].txt", value=2)

    assert list(spots.around("/home/a[1].txt")) == [1]
    assert list(spots.around("/home/a1.txt")) == []
    assert list(spots.around("/home/b[1].txt")) == [2]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("full/x.csv", True),
        ("full/in/x.csv", True),
        ("full/*.csv", True),
        ("**/x.csv", True),
        ("*/x.csv", True),
        ("*.csv", False),
        ("other/*", False),
        ("fuller", False),
    ],
)
def test_what_may_mean_something_in_a_folder_is_found(pattern, expected):
    spots = Spots()
    spots.add_pattern(f"/home/{pattern}", value=True)

    assert any(spots.inside("/home/full")) is expected


def test_few_paths_stay_as_they_are():
    assert gathered(["b", "a/x", "a/y"], 3) == ("a/x", "a/y", "b")


def test_of_many_paths_the_fullest_folders_stand_for_what_is_in_them():
    assert gathered(["b", "a/x", "a/y", "a/z", "c/x"], 3) == ("a/", "b", "c/x")
    assert gathered(["a/b/x", "a/c/x", "a/d/x"], 1) == ("a/",)
    assert gathered(["a", "b", "../c/x", "../d"], 2) == ("../c/", "../d", "a", "b")
