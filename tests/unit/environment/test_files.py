"""Patterns mean files; digests are trusted only while nothing can have changed."""

import os
import time

import pytest

from cellwright.base.canonical import digest_bytes
from cellwright.base.errors import MachineError
from cellwright.environment import files
from cellwright.environment.files import FileDigests, existing, expand
from cellwright.environment.memo import MemoryMemo


@pytest.fixture
def nb(tmp_path):
    folder = tmp_path / "work" / "nb"
    (folder / "data" / "deep").mkdir(parents=True)
    (folder / "data" / "a.csv").write_text("a")
    (folder / "data" / "b.csv").write_text("b")
    (folder / "data" / ".hidden.csv").write_text("h")
    (folder / "data" / "deep" / "c.csv").write_text("c")
    (folder / ".cellwright").mkdir()
    (folder / ".cellwright" / "x.csv").write_text("ours")
    return folder


def found(nb, *patterns, workspace=None, memo=None):
    digests = FileDigests(memo or MemoryMemo())
    return expand(patterns, folder=nb, workspace=workspace or nb, digests=digests)


def old(path):
    """Make a file look as if it was not touched lately; its status change cannot be faked."""
    os.utime(path, (1, 1))


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("data/a.csv", ["data/a.csv"]),
        ("./data//a.csv", ["data/a.csv"]),
        ("data/?.csv", ["data/a.csv", "data/b.csv"]),
        ("data/*.csv", ["data/.hidden.csv", "data/a.csv", "data/b.csv"]),
        ("**/c.csv", ["data/deep/c.csv"]),
        ("data/[ab].csv", ["data/a.csv", "data/b.csv"]),
        ("data", ["data"]),
        ("data/", ["data"]),
        ("**/x.csv", []),
    ],
)
def test_patterns_start_from_the_notebooks_folder(nb, pattern, names):
    assert sorted(found(nb, pattern).found) == names


def test_a_name_with_brackets_in_it_is_found(nb):
    (nb / "part[1].csv").write_text("x")

    assert list(found(nb, "part[1].csv").found) == ["part[1].csv"]


def test_an_absolute_path_keeps_its_spelling(nb):
    path = str(nb / "data" / "a.csv")

    assert found(nb, path).found[path].digest == digest_bytes(b"a")


def test_what_is_not_there_is_absent(nb):
    expansion = found(nb, "data/no.csv", "none/*.csv", "data/a.csv")

    assert expansion.absent == ("data/no.csv", "none/*.csv")


def test_paths_and_links_that_leave_the_workspace_are_told(nb, tmp_path):
    (tmp_path / "secret.csv").write_text("s")
    (nb / "link.csv").symlink_to(tmp_path / "secret.csv")
    (nb / "fine.csv").symlink_to(nb / "data" / "a.csv")

    expansion = found(nb, "../../secret.csv", "link.csv", "fine.csv")

    assert expansion.outside == ("../../secret.csv", "link.csv")
    assert set(expansion.found) == {"../../secret.csv", "link.csv", "fine.csv"}


def test_a_file_beside_the_notebooks_folder_is_within_a_larger_workspace(nb):
    (nb.parent / "shared.csv").write_text("s")

    assert found(nb, "../shared.csv", workspace=nb.parent).outside == ()


def test_a_folder_is_one_entry_that_covers_what_is_in_it(nb):
    expansion = found(nb, "data", "data/a.csv")

    assert list(expansion.found) == ["data"]
    assert expansion.found["data"].folder
    assert expansion.found["data"].size == 4


@pytest.mark.parametrize(
    "change",
    [
        lambda data: (data / "deep" / "c.csv").write_text("other"),
        lambda data: (data / "a.csv").rename(data / "z.csv"),
        lambda data: (data / "new").mkdir(),
        lambda data: (data / "a.csv").chmod(0o755),
    ],
)
def test_any_change_in_a_folder_changes_its_digest(nb, change):
    before = found(nb, "data").found["data"].digest

    change(nb / "data")

    assert found(nb, "data").found["data"].digest != before


def test_a_settled_file_is_read_once(nb, monkeypatch):
    memo, path = MemoryMemo(), str(nb / "data" / "a.csv")
    future = time.time_ns() + 10_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: future)
    first = FileDigests(memo)
    digest = first.of(path)
    first.save()
    monkeypatch.setattr(files, "_hash", lambda _: pytest.fail("read again"))

    assert FileDigests(memo).of(path) == digest


def test_a_rewrite_that_leaves_size_and_time_is_seen(nb, monkeypatch):
    path = nb / "data" / "a.csv"
    memo = MemoryMemo()
    old(path)
    future = time.time_ns() + 10_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: future)
    digests = FileDigests(memo)
    digests.of(str(path))

    path.write_text("A")
    old(path)

    assert digests.of(str(path)) == digest_bytes(b"A")


def test_a_file_that_was_just_written_is_read_anew_each_time(nb):
    digests, path = FileDigests(MemoryMemo()), nb / "data" / "a.csv"
    path.write_text("1")
    digests.of(str(path))
    state = os.stat(path)
    with open(path, "r+") as handle:
        handle.write("2")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))

    assert digests.of(str(path)) == digest_bytes(b"2")


def test_a_file_that_cannot_be_read_is_an_error_of_the_machine(nb):
    with pytest.raises(MachineError, match="cannot be read"):
        FileDigests(MemoryMemo()).of(str(nb / "nope"))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("data/a.csv", ("data/a.csv",)),
        ("./data", ("data",)),
        ("data/*.csv", ("data/.hidden.csv", "data/a.csv", "data/b.csv")),
        ("../beside.csv", ("../beside.csv",)),
        ("mean", ()),
        ("..", ()),
        ("../nb", ()),
        (".cellwright/x.csv", ()),
        ("/etc/hosts", ()),
        ("x" * 4000, ()),
    ],
)
def test_of_texts_that_may_mean_anything_those_count_that_name_a_file(nb, text, names):
    (nb.parent / "beside.csv").write_text("b")

    assert tuple(sorted(existing([text], folder=nb, workspace=nb.parent))) == names
