"""That a pipeline computes what its notebook computes, however it is cut into steps."""

import pytest
from hypothesis import assume, given

from properties.budget import budget
from properties.generated import ARRAYS, FRAMES, LISTS, Cells, notebooks
from properties.runs import compiled, expected_of, fresh_folder, printed_apart

pytestmark = pytest.mark.slow


def check(notebook: Cells) -> None:
    """Compare the notebook with its pipeline; one that fails, or is refused, says nothing."""
    with fresh_folder() as folder:
        expected = expected_of(notebook, folder)
        assume(expected is not None)
        compilation = compiled(notebook)
        assume(compilation.pipeline is not None)

        actual = printed_apart(compilation.pipeline, folder)

    assert actual == expected


@budget(60)
@given(notebooks(LISTS))
def test_pipeline_computes_what_the_notebook_computes_with_lists(notebook: Cells) -> None:
    check(notebook)


@budget(25)
@given(notebooks(ARRAYS))
def test_pipeline_computes_what_the_notebook_computes_with_arrays(notebook: Cells) -> None:
    check(notebook)


@budget(15)
@given(notebooks(FRAMES))
def test_pipeline_computes_what_the_notebook_computes_with_frames(notebook: Cells) -> None:
    check(notebook)
