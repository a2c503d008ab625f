"""Which files a path names that the text tells only in part."""

import pytest

from cellwright.compiler.driver import compile_notebook
from cellwright.compiler.linking.files import overlap
from support.notebooks import code, ipynb

MAY_BE_THE_SAME = [
    ("a.txt", "a.txt"),
    ("*.txt", "a.txt"),
    ("*.txt", "part_*.txt"),
    ("part_*.txt", "*_1.txt"),
    ("a*", "*b"),
    ("p*", "part_*.txt"),
    ("out", "out/a.txt"),
    ("out/*", "out/a.txt"),
    ("*/a.txt", "out/*"),
    ("**", "out/deep/a.txt"),
    ("out/**/a.txt", "out/a.txt"),
    ("out/**/a.txt", "out/very/deep/a.txt"),
    ("o*/**", "out/a.txt"),
]

ARE_OTHERS = [
    ("a.txt", "b.txt"),
    ("*.txt", "a.csv"),
    ("part_*.txt", "part_*.csv"),
    ("part_*.txt", "whole_*.txt"),
    ("part_*.txt", "whole.txt"),
    ("out/a.txt", "in/a.txt"),
    ("out/*", "in/*"),
    ("out/**/a.txt", "in/a.txt"),
    ("out/a/**", "out/b/**"),
]


@pytest.mark.parametrize(("one", "other"), MAY_BE_THE_SAME)
def test_two_patterns_may_name_one_file(one, other):
    assert overlap(one, other)
    assert overlap(other, one)


@pytest.mark.parametrize(("one", "other"), ARE_OTHERS)
def test_two_patterns_name_other_files(one, other):
    assert not overlap(one, other)
    assert not overlap(other, one)


def feeds(*cells):
    found = compile_notebook(ipynb(cells), path="notebook.ipynb")
    assert found.pipeline is not None
    return [(edge.producer, edge.consumer, edge.port) for edge in found.pipeline.edges]


WRITTEN = 'for n in range(2):\n    open(f"part_{n}.txt", "w").write(str(n))'


def test_files_that_are_searched_come_from_who_may_have_written_them():
    assert feeds(
        code(WRITTEN, "step:write"),
        code('import glob\nprint(glob.glob("*_1.txt"))', "step:read"),
    ) == [("write", "read", "file:part_*.txt")]
    assert not feeds(
        code(WRITTEN, "step:write"),
        code('import glob\nprint(glob.glob("*_1.csv"))', "step:read"),
    )
