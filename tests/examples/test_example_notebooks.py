"""The examples are notebooks as people write them, and compile without a complaint."""

import shutil
from collections import Counter
from pathlib import Path

import nbformat
import pytest

from cellwright.compiler.driver import compile_notebook
from cellwright.model.pipeline import StepKind

EXAMPLES = Path(__file__).parents[2] / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*/*.ipynb"))

of_each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=nbformat.NO_CONVERT)


def code_cells(path):
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def compiled(path):
    return compile_notebook(path.read_bytes(), path=path.name)


def tags(path):
    return Counter(tag for cell in code_cells(path) for tag in cell.metadata.get("tags", []))


@of_each
def test_it_is_a_whole_notebook_in_the_newest_format(path):
    notebook = read(path)

    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    assert 15 <= len(notebook.cells) <= 40


@of_each
def test_it_is_kept_without_outputs(path):
    for cell in code_cells(path):
        assert cell.outputs == []
        assert cell.execution_count is None


@of_each
def test_it_has_what_notebooks_have(path):
    found = tags(path)

    assert {"imports", "functions", "parameters", "metrics"} <= set(found)
    assert any(cell.cell_type == "markdown" for cell in read(path).cells)
    assert any(not cell.metadata.get("tags") for cell in code_cells(path))


@of_each
def test_its_data_is_small_and_its_local_module_is_used(path):
    data = list(path.parent.glob("data/*"))
    modules = [one.stem for one in path.parent.glob("*.py") if one.stem != "make_data"]
    text = "\n".join(cell.source for cell in code_cells(path))

    assert data
    assert all(file.stat().st_size < 400_000 for file in data)
    assert modules
    assert all(f"from {module} import" in text for module in modules)


@of_each
def test_it_compiles_without_errors_or_warnings(path):
    compilation = compiled(path)

    findings = [
        f"{found.rule.code} {found.message}"
        for found in compilation.report
        if found.rule.severity.value != "hint"
    ]
    assert findings == []
    assert compilation.pipeline is not None


@of_each
def test_its_pipeline_has_the_steps_of_its_tags_and_forks_and_joins(path):
    pipeline = compiled(path).pipeline

    named = {tag.partition(":")[2] for tag in tags(path) if tag.startswith(("step:", "check:"))}
    assert set(pipeline.steps) == named
    steps = [name for name, one in pipeline.steps.items() if one.kind is StepKind.STEP]
    pairs = {(edge.producer, edge.consumer) for edge in pipeline.edges}
    successors = Counter(producer for producer, consumer in pairs if consumer in steps)
    predecessors = Counter(consumer for producer, consumer in pairs if producer in steps)
    assert max(predecessors.values()) >= 2
    assert max(successors.values()) >= 2
    assert _some_are_independent(steps, pairs)


@of_each
def test_every_data_file_belongs_to_the_step_that_reads_it(path):
    pipeline = compiled(path).pipeline

    read_by_steps = {file.pattern for step in pipeline.steps.values() for file in step.files}

    assert read_by_steps == {f"data/{file.name}" for file in path.parent.glob("data/*")}


def _some_are_independent(steps, pairs):
    """Tell whether two steps may run at the same time: none leads to the other."""
    later = {name: {name} for name in steps}
    for name in reversed(steps):
        for producer, consumer in pairs:
            if producer == name and consumer in later:
                later[name] |= later[consumer]
    return any(one not in later[two] and two not in later[one] for one in steps for two in steps)


@of_each
@pytest.mark.slow
def test_it_runs_top_to_bottom_in_a_fresh_kernel(path, tmp_path):
    from nbclient import NotebookClient

    folder = shutil.copytree(path.parent, tmp_path / path.stem)
    notebook = read(folder / path.name)

    NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()

    assert list((folder / "report").iterdir())


def test_a_file_that_one_step_writes_reaches_the_step_that_reads_it():
    pipeline = compiled(EXAMPLES / "sales" / "sales.ipynb").pipeline

    ports = {(edge.producer, edge.consumer, edge.port) for edge in pipeline.edges}

    assert ("chart", "report", "file:report/revenue.png") in ports
