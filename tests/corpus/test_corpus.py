"""A sample of other people's notebooks: as pipelines with a step for each cell, they compute
what they compute as notebooks. The whole corpus is run by `python -m corpus`."""

import os
import shutil
import subprocess
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from corpus.galleries import HERE, OutOfReachError, galleries, notebooks
from corpus.judging import Row, verified_row

pytestmark = [pytest.mark.corpus, pytest.mark.network, pytest.mark.slow]

SAMPLE = (HERE / "sample.txt").read_text(encoding="utf-8").split()
SECONDS = 240
WORKERS = 2


def corpus_python(folder: Path) -> str:
    """Return the interpreter of an environment with what the galleries import."""
    named = os.environ.get("CELLWRIGHT_CORPUS_PYTHON")
    if named:
        return named
    uv = shutil.which("uv") or "uv"
    environment = folder / "environment"
    for command in (
        (uv, "venv", "-q", str(environment)),
        (uv, "pip", "install", "-q", "--python", str(environment), "-r", "requirements.txt"),
    ):
        done = subprocess.run(
            command, cwd=HERE, capture_output=True, text=True, timeout=600, check=False
        )
        if done.returncode:
            pytest.skip(f"the galleries' libraries cannot be installed: {done.stderr[-300:]}")
    return str(environment / "bin" / "python")


@pytest.fixture(scope="session")
def verifications(request, tmp_path_factory):
    """Begin to verify what was selected, two at a time; return what is to come of each."""
    folder = tmp_path_factory.mktemp("corpus")
    wanted = [
        item.callspec.params["name"]
        for item in request.session.items
        if "verifications" in getattr(item, "fixturenames", ())
    ]
    found: dict[str, Path] = {}
    try:
        for gallery in galleries():
            if not any(name.startswith(f"{gallery.name}/") for name in wanted):
                continue
            for path in notebooks(gallery, folder):
                inside = "/".join(path.relative_to(folder).parts[1:])
                found[f"{gallery.name}/{inside}"] = path
    except OutOfReachError as error:
        pytest.skip(str(error))
    python = corpus_python(folder)
    with ThreadPoolExecutor(WORKERS) as pool:
        yield {
            name: pool.submit(verified_row, found[name], seconds=SECONDS, python=python)
            for name in wanted
        }
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("name", SAMPLE)
def test_a_notebook_of_others_computes_the_same_as_a_pipeline(name, verifications):
    future: Future[Row] = verifications[name]

    row = future.result()

    assert row["outcome"] == "equal", row
