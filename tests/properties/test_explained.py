"""That a notebook which runs is accepted, or refused for a reason that holds."""

import pytest
from hypothesis import given

from cellwright.compiler.driver import Compilation
from cellwright.diagnostics.diagnostic import Severity
from properties.budget import budget
from properties.generated import ARRAYS, FRAMES, LISTS, Cells, notebooks
from properties.runs import compiled, expected_of, fresh_folder

pytestmark = pytest.mark.slow

HOLDS = {"ART501"}
"""Rules whose condition a notebook of the grammar can meet though it runs to its end: a
generator would cross a border. All others say that it fails, or what the grammar has not."""


def errors(compilation: Compilation) -> dict[str, str]:
    return {
        found.rule.code: found.message
        for found in compilation.report
        if found.rule.severity is Severity.ERROR
    }


def check(notebook: Cells) -> None:
    compilation = compiled(notebook)
    if compilation.pipeline is not None:
        return  # accepted
    with fresh_folder() as folder:
        if expected_of(notebook, folder) is None:
            return  # it was right to be refused, for whatever reason

    assert {code: text for code, text in errors(compilation).items() if code not in HOLDS} == {}


@budget(100)
@given(notebooks(LISTS))
def test_a_notebook_with_lists_that_runs_is_accepted(notebook: Cells) -> None:
    check(notebook)


@budget(50)
@given(notebooks(ARRAYS))
def test_a_notebook_with_arrays_that_runs_is_accepted(notebook: Cells) -> None:
    check(notebook)


@budget(50)
@given(notebooks(FRAMES))
def test_a_notebook_with_frames_that_runs_is_accepted(notebook: Cells) -> None:
    check(notebook)
