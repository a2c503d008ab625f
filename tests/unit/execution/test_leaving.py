"""What a step changed in its folder and no port hands on is noted; what it was given is not."""

import os
import shutil

import pytest

from cellwright.base.canonical import digest_bytes
from cellwright.execution.leaving import left_behind
from cellwright.execution.places import make_places
from cellwright.execution.request import WorkFile
from cellwright.model.pipeline import StepName
from support.pipelines import pipeline, request, step

USE = StepName("use")
GIVEN = ("a.txt", "empty.txt", "data")


@pytest.fixture
def attempt(tmp_path):
    """Lay out an attempt as processes do: all that is given is copied; return its `work`."""
    for name, text in (("a.txt", "a"), ("empty.txt", ""), ("data/b.csv", "b"), ("data/c.csv", "")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    work = tmp_path / "attempt" / "work"
    shutil.copytree(tmp_path / "data", work / "data")
    for name in ("a.txt", "empty.txt"):
        shutil.copy2(tmp_path / name, work / name)
    return work


def left(attempt):
    root = attempt.parent.parent
    files = tuple(WorkFile(name, root / name, digest_bytes(b"")) for name in GIVEN)
    run = request(root, pipeline(step("use", "x = 1")), files={USE: files})
    return left_behind(attempt.parent, "work", USE, run)


def test_what_is_there_as_it_was_given_is_not_left(attempt):
    assert left(attempt) == ()


def test_what_was_written_emptied_or_removed_is(attempt):
    (attempt / "new.txt").write_text("1")
    (attempt / "data" / "new.csv").write_text("1")
    os.truncate(attempt / "a.txt", 0)
    (attempt / "data" / "b.csv").unlink()

    assert left(attempt) == ("a.txt", "data/b.csv", "data/new.csv", "new.txt")


def test_a_folder_that_was_removed_is_left_file_by_file(attempt):
    shutil.rmtree(attempt / "data")

    assert left(attempt) == ("data/b.csv", "data/c.csv")


def test_what_a_container_covers_with_the_files_themselves_is_not_left(attempt):
    shutil.rmtree(attempt)
    make_places((attempt / name, name == "data") for name in GIVEN)

    assert left(attempt) == ()


def test_of_very_many_files_the_fullest_folders_are_noted(attempt):
    for folder, count in (("full", 1500), ("few", 3)):
        (attempt / folder).mkdir()
        for number in range(count):
            (attempt / folder / str(number)).touch()

    assert left(attempt) == ("few/0", "few/1", "few/2", "full/")
