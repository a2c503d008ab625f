"""That the same bytes give the same pipeline and report in every process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from properties.budget import budget
from properties.generated import ARRAYS, LISTS, notebooks
from support.golden import golden_cases
from support.notebooks import ipynb, markdown_notebooks

PAGES = Path(__file__).parents[1] / "spec"
COMPILE = """
import json, sys
from cellwright.base.canonical import digest_of
from cellwright.compiler.driver import compile_notebook
told = []
for text in json.load(sys.stdin):
    made = compile_notebook(text.encode("utf-8", "surrogatepass"), path="one.ipynb")
    told.append(digest_of((repr(made.pipeline), repr(list(made.report)))))
print(json.dumps(told))
"""


def digests(payloads: list[bytes], *, hash_seed: str) -> list[str]:
    """Return a digest of what each notebook compiles to, in a process of that hash seed."""
    texts = [payload.decode("utf-8", "surrogatepass") for payload in payloads]
    ran = subprocess.run(
        [sys.executable, "-c", COMPILE],
        input=json.dumps(texts),
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    return json.loads(ran.stdout)


def known() -> list[bytes]:
    pages = (page.read_text(encoding="utf-8") for page in sorted(PAGES.rglob("*.md")))
    found = [ipynb(one.cells) for page in pages for one in markdown_notebooks(page) if one.cells]
    return [*found, *(case.payload for case in golden_cases())]


@pytest.mark.slow
def test_every_known_notebook_compiles_to_the_same_under_any_hash_seed():
    payloads = known()

    assert len(payloads) > 100
    assert digests(payloads, hash_seed="1") == digests(payloads, hash_seed="2")


@pytest.mark.slow
@budget(2)
@given(st.lists(notebooks(LISTS) | notebooks(ARRAYS), min_size=30, max_size=30))
def test_generated_notebooks_compile_to_the_same_under_any_hash_seed(made) -> None:
    payloads = [notebook.payload for notebook in made]

    assert digests(payloads, hash_seed="3") == digests(payloads, hash_seed="4")
