"""What comes out of the compiler, to the letter: a diff here is for a person to read.

pytest tests/golden --update-golden
"""

import shutil
import tempfile
from pathlib import Path

import pytest

from support.golden import CASES, GoldenCase, golden_cases, golden_files
from support.spec_judge import run_faults

ALL = list(golden_cases())
COMPILING = [case for case in ALL if case.name != "refused"]

of_each = pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
of_each_pipeline = pytest.mark.parametrize("case", COMPILING, ids=lambda case: case.name)


@of_each
def test_a_notebook_compiles_to_the_golden_files(case: GoldenCase, request):
    files = golden_files(case.compilation())
    if request.config.getoption("--update-golden"):
        _rewrite(case.expected, files)

    there = {path.name: path.read_text(encoding="utf-8") for path in case.expected.glob("*")}

    assert there.keys() == files.keys()
    for name, text in files.items():
        assert there[name] == text, f"{case.name}/{name}"


def _rewrite(folder: Path, files) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


@of_each
def test_golden_files_hold_nothing_of_this_machine(case: GoldenCase):
    for path in case.expected.glob("*"):
        text = path.read_text(encoding="utf-8")
        assert str(Path.home()) not in text
        assert str(CASES.parent) not in text
        assert "sha256:" not in text


@pytest.mark.slow
@of_each_pipeline
def test_the_golden_programs_compute_what_the_notebook_computes(case: GoldenCase):
    # No finalizer, as tmp_path has: a fork would run it, and take the folder away.
    folder = Path(tempfile.mkdtemp(prefix="cellwright-golden-"))

    found = run_faults(case.notebook, case.compilation(), folder)

    shutil.rmtree(folder)
    assert found == []


def test_no_folder_is_left_over():
    folders = {path.parent.name for path in CASES.glob("*/expected")}

    assert folders == {case.name for case in ALL}
