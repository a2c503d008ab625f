"""`cellwright suggest`: tags for a notebook without, shown, and set."""

import json

import pytest

from support.cli import cellwright, write_notebook

CELLS = [
    ("", "import math"),
    ("", "rate = 0.5"),
    ("hide-input", "numbers = [v * rate for v in range(9)]"),
    ("", "numbers[:3]"),
    (["step:report", "metrics"], "total = math.fsum(numbers)"),
]
TAGS = ["imports", "parameters", "step:prepare", None, "step:report, metrics"]


@pytest.fixture
def notebook(tmp_path):
    path = write_notebook(tmp_path / "work.ipynb", *CELLS)
    document = json.loads(path.read_text())
    document["cells"][3]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": ["é\u2028 \\u00e9\n"]}
    ]
    document["metadata"]["widgets"] = {"b": 1, "a": [1.0, 1e400]}
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def test_a_proposal_says_what_and_why_and_changes_nothing(notebook, tmp_path):
    before = notebook.read_bytes()

    said = cellwright("suggest", notebook.name, folder=tmp_path)

    assert said.code == 0, said.err
    assert "imports and their settings" in said.out
    assert "shows something, and nothing after it needs it" in said.out
    assert "2 steps: prepare, report" in said.out
    assert "cellwright suggest work.ipynb --apply" in said.out
    assert notebook.read_bytes() == before


def test_the_proposal_as_json_has_every_cell(notebook, tmp_path):
    document = cellwright("suggest", notebook, "--json", folder=tmp_path).json()

    assert [cell["tag"] for cell in document["cells"]] == TAGS
    assert document["steps"] == ["prepare", "report"]
    assert (document["changes"], document["applied"]) == (3, False)


def test_applied_tags_are_all_that_changes(notebook, tmp_path):
    before = notebook.read_text(encoding="utf-8")

    said = cellwright("suggest", notebook, "--apply", folder=tmp_path)

    assert said.code == 0, said.err
    after = notebook.read_text(encoding="utf-8")
    tags = [cell["metadata"]["tags"] for cell in json.loads(after)["cells"]]
    assert tags[:4] == [["imports"], ["parameters"], ["hide-input", "step:prepare"], []]
    assert "".join(without_tags(after)) == "".join(without_tags(before))
    assert cellwright("check", notebook, folder=tmp_path).code == 0
    assert "nothing to tag" in cellwright("suggest", notebook, folder=tmp_path).out


def without_tags(text):
    """Yield the lines of a notebook that do not belong to lists of tags."""
    inside = False
    for line in text.splitlines(keepends=True):
        inside = inside or '"tags": [' in line
        if not inside:
            yield line
        inside = inside and "]" not in line


def test_a_suggested_notebook_runs(notebook, tmp_path):
    cellwright("suggest", notebook, "--apply", folder=tmp_path)

    said = cellwright(
        "run", notebook, "--executor", "process", "--environment", "current", "--json", "-p",
        "rate=2", folder=tmp_path,
    )  # fmt: skip

    assert said.json()["steps"]["report"]["metrics"] == {"total": 72.0}


def test_a_notebook_that_nothing_makes_compile_is_refused_with_the_findings(tmp_path):
    path = write_notebook(tmp_path / "work.ipynb", ("", "print(missing)"))
    before = path.read_bytes()

    said = cellwright("suggest", path, "--apply", folder=tmp_path)

    assert said.code == 3
    assert "FLOW201" in said.err
    assert "no tags were found with which it compiles" in said.err
    assert path.read_bytes() == before


def test_a_link_to_a_notebook_stays_a_link(notebook, tmp_path):
    link = tmp_path / "link.ipynb"
    link.symlink_to(notebook)

    cellwright("suggest", link, "--apply", folder=tmp_path)

    assert link.is_symlink()
    assert "step:prepare" in notebook.read_text(encoding="utf-8")
