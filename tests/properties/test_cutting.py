"""That it makes no difference how a notebook is cut into steps, spelled or commented."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cellwright.compiler.driver import compile_notebook
from cellwright.model.pipeline import Pipeline, PortKind
from cellwright.model.source import Span
from properties.budget import budget
from properties.generated import LISTS, NAMES, Cells, notebooks
from properties.runs import compiled, expected_of, fresh_folder, printed_apart
from support.notebooks import CodeCell, code, ipynb

RENAMED = {name: f"{name * 2}_renamed" for name in NAMES}
NOISE = ("# a remark", "", "    # indented", '# "quoted"  # twice')


def pipeline_of(notebook: Cells) -> Pipeline:
    pipeline = compiled(notebook).pipeline
    assume(pipeline is not None)
    return pipeline


def in_one_step(notebook: Cells) -> Cells:
    return Cells(tuple(("step:all", source) for source in notebook.sources))


def cut_at_every_cell(notebook: Cells) -> Cells:
    return Cells(tuple((f"step:s{n}", source) for n, source in enumerate(notebook.sources)))


@pytest.mark.slow
@budget(15)
@given(notebooks(LISTS))
def test_cells_that_are_all_in_one_step_pass_nothing_on_but_files(notebook: Cells) -> None:
    merged = in_one_step(notebook)
    with fresh_folder() as folder:
        expected = expected_of(merged, folder)
        assume(expected is not None)
        pipeline = pipeline_of(merged)

        (component,) = pipeline.steps.values()
        assert component.inputs == ()
        assert {port.kind for port in component.outputs} <= {PortKind.FILE}
        assert printed_apart(pipeline, folder) == expected


@pytest.mark.slow
@budget(15)
@given(notebooks(LISTS))
def test_a_cut_between_any_two_cells_changes_nothing_that_is_printed(notebook: Cells) -> None:
    cut = cut_at_every_cell(notebook)
    with fresh_folder() as folder:
        expected = expected_of(cut, folder)
        assume(expected is not None)

        assert printed_apart(pipeline_of(cut), folder) == expected


@budget(40)
@given(notebooks(LISTS))
def test_other_names_for_the_variables_change_the_names_of_ports_and_nothing_else(
    notebook: Cells,
) -> None:
    # As a name of its own, and not in a text or as an attribute.
    pattern = re.compile(rf"(?<![\w'.])({'|'.join(NAMES)})(?![\w'])")
    renamed = Cells(
        tuple(
            (tag, pattern.sub(lambda match: RENAMED[match[1]], source))
            for tag, source in notebook.cells
        )
    )

    before, after = compiled(notebook), compiled(renamed)

    assert [found.rule for found in before.report] == [found.rule for found in after.report]
    assume(before.pipeline is not None)
    assert after.pipeline is not None
    assert _shape(after.pipeline) == _shape(before.pipeline, RENAMED)


def _shape(pipeline: Pipeline, names=None) -> dict[str, object]:
    """Return steps, ports and edges, the ports renamed."""

    def called(name: str | None) -> str | None:
        return (names or {}).get(name, name)

    return {
        "steps": {
            step: (
                sorted((called(port.name), port.optional) for port in component.inputs),
                sorted((called(port.name), port.optional) for port in component.outputs),
                sorted(map(called, component.definitions)),
            )
            for step, component in pipeline.steps.items()
        },
        "edges": sorted(
            (edge.producer, edge.consumer, called(edge.port) or "") for edge in pipeline.edges
        ),
    }


@st.composite
def noisy(draw) -> tuple[Cells, bytes]:
    """Make a notebook, and the same one with remarks, blank lines and Markdown cells."""
    notebook = draw(notebooks(LISTS))
    cells: list[CodeCell] = []
    for tag, source in notebook.cells:
        if draw(st.booleans()):
            cells.append(code("# not compiled"))
        lines = [draw(st.sampled_from(NOISE)).lstrip(), *source.split("\n")]
        at = [n for n, line in enumerate(lines) if not line.startswith(" ")]
        for number in reversed(at):
            if draw(st.booleans()):
                lines.insert(number, draw(st.sampled_from(NOISE)))
        cells.append(code("\n".join(lines), tag))
    return notebook, ipynb(cells)


@budget(40)
@given(noisy())
def test_remarks_blank_lines_and_other_cells_change_no_fingerprint(both) -> None:
    notebook, payload = both
    plain = pipeline_of(notebook)

    loud = compile_notebook(payload, path="generated.ipynb").pipeline

    assert loud is not None
    assert {step: one.fingerprint for step, one in loud.steps.items()} == {
        step: one.fingerprint for step, one in plain.steps.items()
    }


@budget(40)
@given(notebooks(LISTS))
def test_every_line_that_came_from_a_cell_is_that_line_of_the_cell(notebook: Cells) -> None:
    pipeline = pipeline_of(notebook)

    for component in pipeline.steps.values():
        lines = component.program.split("\n")
        for number, span in enumerate(component.origins, start=1):
            if span is None:
                continue
            typed = notebook.sources[span.number - 1].split("\n")[span.start.line - 1]
            # A statement may share its line with others, which the step does not need.
            whole = number >= component.body_line
            line = lines[number - 1]
            assert line == typed if whole else line in typed


@budget(40)
@given(notebooks(LISTS))
def test_every_port_says_where_it_comes_from(notebook: Cells) -> None:
    pipeline = pipeline_of(notebook)

    for component in pipeline.steps.values():
        for port in (*component.inputs, *component.outputs):
            if port.kind is PortKind.VALUE:
                assert _text(notebook, port.origin)


def _text(notebook: Cells, span: Span) -> str:
    line = notebook.sources[span.number - 1].split("\n")[span.start.line - 1]
    return line[span.start.column :]
