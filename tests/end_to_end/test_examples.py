"""The four examples run in containers and as processes, and give equal artifacts."""

import shutil
from pathlib import Path

import pytest

from support.cli import cellwright

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMES = ("churn", "demand", "reviews", "sales")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples")
    for name in NAMES:
        shutil.copytree(EXAMPLES / name, folder / name)
    return folder


def run(workspace, name, *arguments):
    said = cellwright(
        "run", f"{name}/{name}.ipynb", *arguments, "--json", folder=workspace, timeout=1800
    )
    assert said.code == 0, said.out[-4000:] + said.err[-4000:]
    return said.json()


def outputs(document):
    return {
        name: {**step["outputs"], **step["other_outputs"]}
        for name, step in document["steps"].items()
    }


@pytest.mark.parametrize("name", NAMES)
def test_an_example_forks_and_joins(workspace, name):
    pipeline = cellwright("compile", f"{name}/{name}.ipynb", "--json", folder=workspace).json()

    pairs = {(edge["producer"], edge["consumer"]) for edge in pipeline["edges"]}
    assert any(len([p for p, _ in pairs if p == step]) > 1 for step in pipeline["steps"])
    assert any(len([c for _, c in pairs if c == step]) > 1 for step in pipeline["steps"])
    assert pipeline["parameters"]
    assert any(step["metrics"] for step in pipeline["steps"].values())


@pytest.mark.docker
@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_an_example_gives_equal_artifacts_in_containers_and_as_processes(
    workspace,
    name,
    engine,
    base_image,
):
    contained = run(workspace, name, "--executor", "docker")
    local = run(workspace, name, "--executor", "process")

    assert outputs(contained) == outputs(local)
    for step, record in contained["steps"].items():
        assert record["metrics"] == local["steps"][step]["metrics"]
        assert record["stdout"] == local["steps"][step]["stdout"]
    again = run(workspace, name, "--executor", "docker")
    assert all(step["cached"] for step in again["steps"].values())
